package dev.mlops.nas.trainer;

import static dev.mlops.nas.trainer.Kernel.in;
import static dev.mlops.nas.trainer.Kernel.out;

import dev.mlops.nas.trainer.Network.Shape;
import dev.mlops.nas.trainer.Parameters.Parameter;
import dev.mlops.nas.trainer.Statistics.Moments;
import dev.mlops.nas.trainer.Tape.Slot;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Batch normalisation (Ioffe and Szegedy 2015): by the batch's own moments in training, by their average in evaluation. Sums over
 * rows are products with a row of ones, and what is affine in every channel is ND4J's {@code batchnorm} with other arguments:
 * {@code moments} and {@code batchnorm_bp} take about ten times as long.
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
        var x = site.inputs().getFirst().array();
        var y = tape.acquire(x.shape());
        var mean = moments.mean(tape.training());
        var variance = moments.variance(tape.training());
        if (tape.training()) {
            // The result's place holds the squared deviations for a moment.
            var rows = rows(y.array());
            tape.add(Arithmetic.columnMeans(tape, rows(x), mean));
            tape.add(Arithmetic.difference(rows(x), mean, rows));
            tape.add(Arithmetic.product(rows, rows, rows));
            tape.add(Arithmetic.columnMeans(tape, rows, variance));
        }
        tape.add(normalise(x, mean, variance, gamma.value(), beta.value(), y.array()));
        return y;
    }

    /**
     * With n rows, gradient g, its mean m and x normalised to z: {@code dgamma = sum(g z)}, {@code dbeta = sum(g)} and
     * {@code dx = gamma / deviation * (g - m - z dgamma / n)}.
     */
    @Override
    public void backward(Tape tape, Site site, Slot gradient) {
        var x = site.inputs().getFirst().array();
        var g = gradient.array();
        var mean = moments.mean(true);
        var variance = moments.variance(true);
        var zero = tape.constant(0, shape.channels());
        var product = tape.acquire(x.shape());
        tape.add(normalise(x, mean, variance, tape.constant(1, shape.channels()), zero, product.array()));
        tape.add(Arithmetic.product(product.array(), g, product.array()));
        tape.add(Arithmetic.columnSums(tape, rows(product.array()), gamma.gradient()));
        tape.add(Arithmetic.columnSums(tape, rows(g), beta.gradient()));

        var gradientMean = tape.acquire(shape.channels());
        var scale = tape.acquire(shape.channels());
        double part = 1.0 / rows(x).rows();
        tape.add(Arithmetic.scaled(tape, beta.gradient(), part, gradientMean.array()));
        tape.add(Arithmetic.scaled(tape, gamma.value(), -part, scale.array()));
        tape.add(normalise(gamma.gradient(), zero, variance, scale.array(), zero, scale.array()));
        var dx = tape.acquire(x.shape());
        tape.add(normalise(x, mean, variance, scale.array(), zero, product.array()));
        tape.add(normalise(g, gradientMean.array(), variance, gamma.value(), zero, dx.array()));
        tape.add(Arithmetic.sum(dx.array(), product.array(), dx.array()));
        tape.release(product);
        tape.release(gradientMean);
        tape.release(scale);
        site.give(0, dx);
    }

    private static Kernel normalise(
            INDArray x, INDArray mean, INDArray variance, INDArray gamma, INDArray beta, INDArray y) {
        return Kernel.of(
                "batchnorm", in(image(x), mean, variance, gamma, beta), out(image(y)), new double[] {EPSILON}, 1, 1, 3);
    }

    /** One image of one row: ND4J gives no other ranks to oneDNN, which is thirty times as fast. */
    private static INDArray image(INDArray x) {
        return x.reshape('c', 1, 1, x.length() / x.size(-1), x.size(-1));
    }

    /** Everything but the channels as one side. */
    private static INDArray rows(INDArray x) {
        return x.reshape('c', x.length() / x.size(-1), x.size(-1));
    }
}
