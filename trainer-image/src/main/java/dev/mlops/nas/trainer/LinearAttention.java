package dev.mlops.nas.trainer;

import static dev.mlops.nas.trainer.Kernel.in;
import static dev.mlops.nas.trainer.Kernel.out;

import dev.mlops.nas.trainer.Network.Shape;
import dev.mlops.nas.trainer.Tape.Slot;
import java.util.List;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Attention with elu(x) + 1 of queries and keys in place of the softmax of their products (Katharopoulos et al. 2020), whose cost grows
 * with the length and not with its square. A column of ones beside the values gives the sum that the mean is divided by.
 */
final class LinearAttention implements Layer {
    private final Heads heads;

    LinearAttention(Heads heads) {
        this.heads = heads;
    }

    @Override
    public Shape shape() {
        return heads.shape();
    }

    @Override
    public long macs() {
        return 2L * heads.length() * heads.shape().channels() * heads.channels();
    }

    @Override
    public Slot forward(Tape tape, Site site) {
        int channels = heads.channels();
        var queries = feature(tape, site.inputs().get(0));
        var keys = feature(tape, site.inputs().get(1));
        var values = heads.acquire(tape, channels + 1L);
        heads.split(tape, site.inputs().get(2), leading(tape, values.array()));
        var ones = last(values.array());
        tape.add(() -> ones.assign(1f));
        var context = tape.acquire(heads.all(tape), channels, channels + 1L);
        tape.add(Arithmetic.transposedFirst(keys.array(), values.array(), context.array()));
        var sums = heads.acquire(tape, channels + 1L);
        tape.add(Arithmetic.matrices(queries.array(), context.array(), sums.array()));
        var mixed = heads.acquire(tape, channels);
        tape.add(Kernel.of("divide", in(leading(sums.array()), last(sums.array())), out(heads.rows(mixed.array()))));
        var y = heads.merge(tape, mixed.array());
        for (var slot : List.of(queries, keys, values, context, sums, mixed)) {
            if (tape.training()) {
                site.keep(slot);
            } else {
                tape.release(slot);
            }
        }
        return y;
    }

    @Override
    public void backward(Tape tape, Site site, Slot gradient) {
        int channels = heads.channels();
        var queries = site.kept().get(0).array();
        var keys = site.kept().get(1).array();
        var values = site.kept().get(2).array();
        var context = site.kept().get(3).array();
        var dSums = heads.acquire(tape, channels + 1L);
        throughMean(tape, site, gradient, dSums.array());
        var dContext = tape.acquire(context.shape());
        var dFeature = heads.acquire(tape, channels);
        tape.add(Arithmetic.transposedSecond(1, dSums.array(), context, dFeature.array()));
        site.give(0, throughFeature(tape, queries, dFeature.array()));
        tape.add(Arithmetic.transposedFirst(queries, dSums.array(), dContext.array()));
        tape.add(Arithmetic.transposedSecond(1, values, dContext.array(), dFeature.array()));
        site.give(1, throughFeature(tape, keys, dFeature.array()));
        tape.add(Arithmetic.matrices(keys, dContext.array(), dSums.array()));
        site.give(2, heads.merge(tape, leading(tape, dSums.array())));
        for (var slot : List.of(dSums, dContext, dFeature)) {
            tape.release(slot);
        }
    }

    /** elu(x) + 1, head by head. */
    private Slot feature(Tape tape, Slot sequence) {
        var feature = heads.split(tape, sequence);
        tape.add(Kernel.of("elu", in(feature.array()), out(feature.array()), new double[] {1}));
        tape.add(
                Arithmetic.sum(feature.array(), tape.constant(1, feature.array().shape()), feature.array()));
        return feature;
    }

    /** The slope of elu(x) + 1 is its value, but no more than 1. */
    private Slot throughFeature(Tape tape, INDArray feature, INDArray gradient) {
        var slope = tape.acquire(feature.shape());
        tape.add(Kernel.of("minimum", in(feature, tape.constant(1, feature.shape())), out(slope.array())));
        tape.add(Arithmetic.product(slope.array(), gradient, gradient));
        tape.release(slope);
        return heads.merge(tape, gradient);
    }

    /** Of the mean m = s / n: ds is dm / n, and dn is -sum(m ds). */
    private void throughMean(Tape tape, Site site, Slot gradient, INDArray dSums) {
        var sums = site.kept().get(4).array();
        var mixed = heads.rows(site.kept().get(5).array());
        var dMixed = heads.split(tape, gradient);
        var rows = heads.rows(dMixed.array());
        var column = tape.acquire(rows.size(0), 1);
        tape.add(Kernel.of("divide", in(rows, last(sums)), out(rows)));
        var numerator = leading(dSums);
        var denominator = last(dSums);
        var from = column.array();
        tape.add(() -> numerator.assign(rows));
        tape.add(Arithmetic.product(rows, mixed, rows));
        tape.add(Arithmetic.matrices(-1, rows, tape.constant(1, rows.size(1), 1), from));
        tape.add(() -> denominator.assign(from));
        tape.release(dMixed);
        tape.release(column);
    }

    /** All columns of all heads' matrices but the last, below each other. */
    private INDArray leading(INDArray array) {
        return heads.rows(array).get(NDArrayIndex.all(), NDArrayIndex.interval(0, heads.channels()));
    }

    /** The same by example and head. */
    private INDArray leading(Tape tape, INDArray array) {
        return array.reshape('c', tape.batch(), heads.count(), heads.length(), heads.channels() + 1L)
                .get(
                        NDArrayIndex.all(),
                        NDArrayIndex.all(),
                        NDArrayIndex.all(),
                        NDArrayIndex.interval(0, heads.channels()));
    }

    private INDArray last(INDArray array) {
        int channels = heads.channels();
        return heads.rows(array).get(NDArrayIndex.all(), NDArrayIndex.interval(channels, channels + 1L));
    }
}
