package dev.mlops.nas.trainer;

import static dev.mlops.nas.trainer.Kernel.in;
import static dev.mlops.nas.trainer.Kernel.out;

import dev.mlops.nas.trainer.Network.Shape;
import dev.mlops.nas.trainer.Tape.Slot;
import java.util.List;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Scaled dot-product attention with heads (Vaswani et al. 2017): every position of the queries gets the mean of the values, weighted by
 * the softmax of its products with the keys; of all positions, or of those up to a window away.
 */
final class Attention implements Layer {
    private static final float NEVER = -1e9f;

    private final Heads heads;
    private final int window;

    /**
     * Attention.
     *
     * @param window in positions; 0 for all
     */
    Attention(Heads heads, int window) {
        this.heads = heads;
        this.window = window;
    }

    @Override
    public Shape shape() {
        return heads.shape();
    }

    /** Of the pairs of positions that see each other, though products are computed for all. */
    @Override
    public long macs() {
        long length = heads.length();
        long near = window == 0 ? length - 1 : Math.min(window, length - 1);
        return 2L * heads.shape().channels() * (length * (2 * near + 1) - near * (near + 1));
    }

    private double scale() {
        return 1 / Math.sqrt(heads.channels());
    }

    @Override
    public Slot forward(Tape tape, Site site) {
        var queries = heads.split(tape, site.inputs().get(0));
        var keys = heads.split(tape, site.inputs().get(1));
        var values = heads.split(tape, site.inputs().get(2));
        var scores = heads.acquire(tape, heads.length());
        tape.add(Arithmetic.transposedSecond(scale(), queries.array(), keys.array(), scores.array()));
        if (window > 0) {
            tape.add(Arithmetic.sum(scores.array(), mask(tape), scores.array()));
        }
        var weights = heads.acquire(tape, heads.length());
        tape.add(Kernel.of("softmax", in(scores.array()), out(weights.array()), 2));
        tape.release(scores);
        var mixed = heads.acquire(tape, heads.channels());
        tape.add(Arithmetic.matrices(weights.array(), values.array(), mixed.array()));
        var y = heads.merge(tape, mixed.array());
        tape.release(mixed);
        for (var slot : List.of(queries, keys, values, weights)) {
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
        var queries = site.kept().get(0).array();
        var keys = site.kept().get(1).array();
        var values = site.kept().get(2).array();
        var weights = site.kept().get(3).array();
        var dMixed = heads.split(tape, gradient);
        var dScores = heads.acquire(tape, heads.length());
        tape.add(Arithmetic.transposedSecond(1, dMixed.array(), values, dScores.array()));
        throughSoftmax(tape, heads.rows(weights), heads.rows(dScores.array()));
        var dHeads = heads.acquire(tape, heads.channels());
        tape.add(Arithmetic.matrices(scale(), dScores.array(), keys, dHeads.array()));
        site.give(0, heads.merge(tape, dHeads.array()));
        tape.add(Arithmetic.transposedFirst(scale(), dScores.array(), queries, dHeads.array()));
        site.give(1, heads.merge(tape, dHeads.array()));
        tape.add(Arithmetic.transposedFirst(1, weights, dMixed.array(), dHeads.array()));
        site.give(2, heads.merge(tape, dHeads.array()));
        for (var slot : List.of(dMixed, dScores, dHeads)) {
            tape.release(slot);
        }
    }

    /** The derivative through softmax of each row at its result p: d becomes p (d - sum(p d)). */
    private static void throughSoftmax(Tape tape, INDArray p, INDArray d) {
        var products = tape.acquire(d.shape());
        var sums = tape.acquire(d.size(0), 1);
        tape.add(Arithmetic.product(p, d, products.array()));
        tape.add(Arithmetic.matrices(products.array(), tape.constant(1, d.size(1), 1), sums.array()));
        tape.add(Arithmetic.difference(d, sums.array(), d));
        tape.add(Arithmetic.product(p, d, d));
        tape.release(products);
        tape.release(sums);
    }

    /** What keeps far positions out, once for each head: adding it as one matrix to all takes seven times as long. */
    private INDArray mask(Tape tape) {
        int length = heads.length();
        var mask = tape.lasting(heads.all(tape), length, length);
        var one = new float[length][length];
        for (int from = 0; from < length; from++) {
            for (int to = 0; to < length; to++) {
                one[from][to] = Math.abs(from - to) > window ? NEVER : 0;
            }
        }
        var pattern = Nd4j.createFromArray(one);
        for (long head = 0; head < mask.size(0); head++) {
            mask.slice(head).assign(pattern);
        }
        return mask;
    }
}
