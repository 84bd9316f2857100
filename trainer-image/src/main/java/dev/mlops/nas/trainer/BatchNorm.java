package dev.mlops.nas.trainer;

import static dev.mlops.nas.trainer.Kernel.in;
import static dev.mlops.nas.trainer.Kernel.out;

import dev.mlops.nas.trainer.Network.Shape;
import dev.mlops.nas.trainer.Parameters.Parameter;
import dev.mlops.nas.trainer.Statistics.Moments;
import dev.mlops.nas.trainer.Tape.Slot;
import java.util.stream.LongStream;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Batch normalisation (Ioffe and Szegedy 2015): by the batch's own moments in training, by their average in evaluation. ND4J's
 * {@code batchnorm_bp} already contains the gradient through the batch's moments.
 */
final class BatchNorm implements Layer {
    private static final double EPSILON = 1e-5;

    private final Shape shape;
    private final Parameter gamma;
    private final Parameter beta;
    private final Moments moments;

    BatchNorm(Shape shape, Parameters parameters, Statistics statistics) {
        this.shape = shape;
        this.gamma = parameters.constant(1, shape.channels());
        this.beta = parameters.constant(0, shape.channels());
        this.moments = statistics.add(shape.channels());
    }

    @Override
    public Shape shape() {
        return shape;
    }

    @Override
    public Slot forward(Tape tape, Site site) {
        var x = asImages(site.inputs().getFirst().array());
        var y = tape.acquire(shape.withBatch(tape.batch()));
        var mean = moments.mean(tape.training());
        var variance = moments.variance(tape.training());
        if (tape.training()) {
            var allButChannels = LongStream.range(0, x.rank() - 1).toArray();
            tape.add(Kernel.of("moments", in(x), out(mean, variance), allButChannels));
        }
        tape.add(Kernel.of(
                "batchnorm",
                in(x, mean, variance, gamma.value(), beta.value()),
                out(asImages(y.array())),
                new double[] {EPSILON},
                arguments(x)));
        return y;
    }

    @Override
    public void backward(Tape tape, Site site, Slot gradient) {
        var x = asImages(site.inputs().getFirst().array());
        var dx = tape.acquire(shape.withBatch(tape.batch()));
        var unused = tape.acquire(shape.channels());
        var unusedToo = tape.acquire(shape.channels());
        tape.add(Kernel.of(
                "batchnorm_bp",
                in(
                        x,
                        moments.mean(true),
                        moments.variance(true),
                        gamma.value(),
                        beta.value(),
                        asImages(gradient.array())),
                out(asImages(dx.array()), unused.array(), unusedToo.array(), gamma.gradient(), beta.gradient()),
                new double[] {EPSILON},
                arguments(x)));
        tape.release(unused);
        tape.release(unusedToo);
        site.give(0, dx);
    }

    /** oneDNN has no batch normalisation of sequences. */
    private INDArray asImages(INDArray array) {
        return shape.isFlat() ? array : shape.asImages(array);
    }

    private static long[] arguments(INDArray x) {
        return new long[] {1, 1, x.rank() - 1};
    }
}
