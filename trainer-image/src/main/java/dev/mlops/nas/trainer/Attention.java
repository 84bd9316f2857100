package dev.mlops.nas.trainer;

import static dev.mlops.nas.trainer.Kernel.in;
import static dev.mlops.nas.trainer.Kernel.out;

import dev.mlops.nas.trainer.Network.Shape;
import dev.mlops.nas.trainer.Tape.Slot;
import java.util.function.Function;
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
        var queries = heads.byHead(tape, site.inputs().get(0));
        var keys = heads.byHead(tape, site.inputs().get(1));
        var values = heads.byHead(tape, site.inputs().get(2));
        var scores = heads.acquire(tape, heads.length());
        tape.add(Arithmetic.transposedSecond(scale(), queries, keys, heads.byExample(tape, scores.array())));
        if (window > 0) {
            tape.add(Arithmetic.sum(scores.array(), mask(tape), scores.array()));
        }
        var weights = heads.acquire(tape, heads.length());
        tape.add(Kernel.of("softmax", in(scores.array()), out(weights.array()), 2));
        tape.release(scores);
        var y = tape.acquire(shape().withBatch(tape.batch()));
        tape.add(Arithmetic.matrices(heads.byExample(tape, weights.array()), values, heads.byHead(tape, y)));
        if (tape.training()) {
            site.keep(weights);
        } else {
            tape.release(weights);
        }
        return y;
    }

    @Override
    public void backward(Tape tape, Site site, Slot gradient) {
        var queries = heads.byHead(tape, site.inputs().get(0));
        var keys = heads.byHead(tape, site.inputs().get(1));
        var values = heads.byHead(tape, site.inputs().get(2));
        var weights = site.kept().getFirst().array();
        var dMixed = heads.byHead(tape, gradient);
        var dScores = heads.acquire(tape, heads.length());
        var byExample = heads.byExample(tape, dScores.array());
        tape.add(Arithmetic.transposedSecond(1, dMixed, values, byExample));
        throughSoftmax(tape, heads.rows(weights), heads.rows(dScores.array()));
        give(tape, site, 0, to -> Arithmetic.matrices(scale(), byExample, keys, to));
        give(tape, site, 1, to -> Arithmetic.transposedFirst(scale(), byExample, queries, to));
        give(tape, site, 2, to -> Arithmetic.transposedFirst(1, heads.byExample(tape, weights), dMixed, to));
        tape.release(dScores);
    }

    private void give(Tape tape, Site site, int input, Function<INDArray, Step> slope) {
        var sequence = tape.acquire(shape().withBatch(tape.batch()));
        tape.add(slope.apply(heads.byHead(tape, sequence)));
        site.give(input, sequence);
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
