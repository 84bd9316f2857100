package dev.mlops.nas.trainer;

import dev.mlops.nas.trainer.Network.Shape;
import dev.mlops.nas.trainer.Parameters.Parameter;
import dev.mlops.nas.trainer.Tape.Slot;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.transforms.floating.RSqrt;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Layer normalisation (Ba et al. 2016): every position by the moments of its channels, in training and evaluation alike. Composed of
 * products of matrices, which is ten times as fast as ND4J's {@code standardize}, and has the epsilon that it lacks.
 */
final class LayerNorm implements Layer {
    private static final double EPSILON = 1e-5;

    private final Shape shape;
    private final Parameter gamma;
    private final Parameter beta;

    LayerNorm(Shape shape, Parameters parameters) {
        this.shape = shape;
        this.gamma = parameters.constant(1, shape.channels());
        this.beta = parameters.constant(0, shape.channels());
    }

    @Override
    public Shape shape() {
        return shape;
    }

    @Override
    public Slot forward(Tape tape, Site site) {
        var x = rows(site.inputs().getFirst());
        var standard = tape.acquire(x.shape());
        var result = tape.acquire(shape.withBatch(tape.batch()));
        var inverse = tape.acquire(x.size(0), 1);
        var column = inverse.array();
        var y = rows(result);
        tape.add(Arithmetic.rowMeans(tape, x, column));
        tape.add(Arithmetic.difference(x, column, standard.array()));
        tape.add(Arithmetic.product(standard.array(), standard.array(), y));
        tape.add(Arithmetic.rowMeans(tape, y, column));
        tape.add(Arithmetic.sum(column, tape.constant(EPSILON, column.shape()), column));
        var root = new RSqrt(column, column);
        tape.add(() -> Nd4j.getExecutioner().exec(root));
        tape.add(Arithmetic.product(standard.array(), column, standard.array()));
        tape.add(Arithmetic.product(standard.array(), gamma.value(), y));
        tape.add(Arithmetic.sum(y, beta.value(), y));
        if (tape.training()) {
            site.keep(standard);
            site.keep(inverse);
        } else {
            tape.release(standard);
            tape.release(inverse);
        }
        return result;
    }

    @Override
    public void backward(Tape tape, Site site, Slot gradient) {
        var standard = site.kept().getFirst().array();
        var inverse = site.kept().getLast().array();
        var dy = rows(gradient);
        var scratch = tape.acquire(dy.shape());
        tape.add(Arithmetic.columnSums(tape, dy, beta.gradient()));
        tape.add(Arithmetic.product(dy, standard, scratch.array()));
        tape.add(Arithmetic.columnSums(tape, scratch.array(), gamma.gradient()));
        if (site.wanted(0)) {
            var given = tape.acquire(shape.withBatch(tape.batch()));
            var dx = rows(given);
            var mean = tape.acquire(inverse.shape());
            // (h - mean(h) - standard mean(h standard)) / deviation, where h = dy gamma
            tape.add(Arithmetic.product(scratch.array(), gamma.value(), scratch.array()));
            tape.add(Arithmetic.rowMeans(tape, scratch.array(), mean.array()));
            tape.add(Arithmetic.product(standard, mean.array(), scratch.array()));
            tape.add(Arithmetic.product(dy, gamma.value(), dx));
            tape.add(Arithmetic.difference(dx, scratch.array(), scratch.array()));
            tape.add(Arithmetic.rowMeans(tape, dx, mean.array()));
            tape.add(Arithmetic.difference(scratch.array(), mean.array(), scratch.array()));
            tape.add(Arithmetic.product(scratch.array(), inverse, dx));
            tape.release(mean);
            site.give(0, given);
        }
        tape.release(scratch);
    }

    /** A matrix with a row for every position of every example. */
    private INDArray rows(Slot slot) {
        return slot.array().reshape('c', slot.array().length() / shape.channels(), shape.channels());
    }
}
