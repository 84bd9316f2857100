package dev.mlops.nas.trainer;

import static dev.mlops.nas.trainer.Kernel.in;
import static dev.mlops.nas.trainer.Kernel.out;

import dev.mlops.nas.trainer.Tape.Slot;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * The gradient of a convolution's weights alone, for stride 1: input and gradient lie in zeros as wide as the kernel, so that a tap of
 * the kernel is one product of two matrices, of which the first begins a few rows later. ND4J's {@code conv2d_bp} always computes
 * the gradient of the input too, which nobody needs at a network's first layer, and takes four times as long there.
 */
final class ShiftedProducts {
    /**
     * Appends the steps.
     *
     * @param x input, examples x height x width x channels
     * @param dy gradient of the output, examples x height x width x filters
     * @param dw where the gradient goes, rows x columns x channels x filters
     */
    static void add(Tape tape, INDArray x, INDArray dy, INDArray dw) {
        int rows = (int) dw.size(0);
        int columns = (int) dw.size(1);
        var inputs = padded(tape, x, (rows - 1) / 2, rows / 2, (columns - 1) / 2, columns / 2);
        var gradients = padded(tape, dy, 0, rows - 1, 0, columns - 1);
        long width = x.size(2) + columns - 1;
        long length = x.size(0) * (x.size(1) + rows - 1) * width;
        long products = length - (rows - 1) * width - (columns - 1);
        var taps = dw.reshape((long) rows * columns, dw.size(2), dw.size(3));
        for (int tap = 0; tap < rows * columns; tap++) {
            long shift = tap / columns * width + tap % columns;
            tape.add(Arithmetic.transposedFirst(
                    part(inputs, shift, products),
                    part(gradients, 0, products),
                    taps.get(NDArrayIndex.point(tap), NDArrayIndex.all(), NDArrayIndex.all())));
        }
        tape.release(inputs);
        tape.release(gradients);
    }

    private static Slot padded(Tape tape, INDArray images, int above, int below, int left, int right) {
        var padded = tape.acquire(
                images.size(0), images.size(1) + above + below, images.size(2) + left + right, images.size(3));
        var margins = Nd4j.createFromArray(new int[][] {{0, 0}, {above, below}, {left, right}, {0, 0}});
        tape.add(Kernel.of("pad", in(images, margins), out(padded.array()), new double[] {0}, 0));
        return padded;
    }

    /** Pixels as rows of a matrix, from one on. */
    private static INDArray part(Slot images, long from, long count) {
        long channels = images.array().size(3);
        return images.array()
                .reshape(images.array().length())
                .get(NDArrayIndex.interval(from * channels, (from + count) * channels))
                .reshape(count, channels);
    }

    private ShiftedProducts() {}
}
