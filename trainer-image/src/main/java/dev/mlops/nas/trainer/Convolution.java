package dev.mlops.nas.trainer;

import static dev.mlops.nas.trainer.Kernel.in;
import static dev.mlops.nas.trainer.Kernel.out;

import dev.mlops.nas.trainer.Network.Shape;
import dev.mlops.nas.trainer.Network.Shape.Form;
import dev.mlops.nas.trainer.Parameters.Parameter;
import dev.mlops.nas.trainer.Tape.Slot;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.INDArrayIndex;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Convolution without bias: plain, grouped, or depthwise (as many groups as input channels); dilated or not. A sequence is an image
 * of height 1, and the kernel a row.
 */
final class Convolution implements Layer {
    private final Shape input;
    private final Shape shape;
    private final int rows;
    private final int kernel;
    private final int stride;
    private final int groups;
    private final int dilation;
    private final boolean depthwise;
    private final List<Parameter> weights = new ArrayList<>();
    private final Span down;
    private final Span across;
    private final long[] arguments;

    Convolution(Shape input, int filters, int kernel, int stride, int groups, int dilation, Parameters parameters) {
        this.input = input;
        this.shape = input.strided(stride).withChannels(filters);
        this.kernel = kernel;
        this.stride = stride;
        this.rows = input.form() == Form.SEQUENCE ? 1 : kernel;
        this.groups = groups;
        this.depthwise = groups > 1 && groups == input.channels();
        long perGroup = input.channels() / groups;
        double fanIn = (double) rows * kernel * perGroup;
        if (depthwise) {
            weights.add(parameters.weight(fanIn, 2, rows, kernel, groups, filters / groups));
        } else {
            for (int group = 0; group < groups; group++) {
                weights.add(parameters.weight(fanIn, 2, rows, kernel, perGroup, filters / groups));
            }
        }
        this.dilation = dilation;
        int rowStride = input.height() == 1 ? 1 : stride;
        this.down = Span.of(input.height(), rows, dilation, rowStride);
        this.across = Span.of(input.width(), kernel, dilation, stride);
        // window, stride, padding, dilation, "same", channels last, weights as window x window x in x out
        this.arguments = new long[] {down.side, across.side, rowStride, stride, 0, 0, 1, 1, 1, 1, 0};
    }

    /**
     * How the taps of a kernel lie in a window, in one direction.
     *
     * @param from place of the first tap
     * @param to place behind the last
     * @param side of the window
     */
    private record Span(long from, long to, long side) {
        /**
         * As short as it can be; but where windows would leave pixels out between them, as long as the stride: ND4J's "same" starts
         * with a negative padding there, which oneDNN refuses.
         */
        static Span of(long input, int taps, long dilation, long stride) {
            long reach = dilation * (taps - 1) + 1;
            long missing = (Math.ceilDiv(input, stride) - 1) * stride + reach - input;
            if (missing >= -1) {
                return new Span(0, reach, reach);
            }
            long from = (missing + stride - reach) / 2;
            return new Span(from, from + reach, stride);
        }
    }

    /** Whether the window is larger than the weights, which are copied into it then. */
    private boolean hasWindow() {
        return dilation > 1 || across.side > kernel || down.side > rows;
    }

    @Override
    public Shape shape() {
        return shape;
    }

    @Override
    public long macs() {
        return (long) shape.size() * rows * kernel * (input.channels() / groups);
    }

    @Override
    public Slot forward(Tape tape, Site site) {
        var x = input.asImages(site.inputs().getFirst().array());
        var result = tape.acquire(shape.withBatch(tape.batch()));
        var y = shape.asImages(result.array());
        if (weights.size() == 1) {
            var window = window(tape, site, weights.getFirst().value());
            tape.add(Kernel.of(depthwise ? "depthwise_conv2d" : "conv2d", in(x, window), out(y), arguments));
            return result;
        }
        var parts = acquireParts(tape, input);
        var results = acquireParts(tape, shape);
        tape.add(split(x, parts));
        for (int group = 0; group < groups; group++) {
            var window = window(tape, site, weights.get(group).value());
            tape.add(Kernel.of(
                    "conv2d",
                    in(parts.get(group).array(), window),
                    out(results.get(group).array()),
                    arguments));
        }
        tape.add(Kernel.of("concat", arrays(results), out(y), 3));
        parts.forEach(tape::release);
        results.forEach(tape::release);
        return result;
    }

    @Override
    public void backward(Tape tape, Site site, Slot gradient) {
        var x = input.asImages(site.inputs().getFirst().array());
        var dy = shape.asImages(gradient.array());
        if (!site.wanted(0) && groups == 1 && dilation == 1 && stride == 1) {
            ShiftedProducts.add(tape, x, dy, weights.getFirst().gradient());
            return;
        }
        var given = tape.acquire(input.withBatch(tape.batch()));
        var dx = input.asImages(given.array());
        if (rows == 1 && kernel == 1 && groups == 1 && stride == 1) {
            // Two products, which take a third of conv2d_bp's time.
            var weight = weights.getFirst();
            tape.add(Arithmetic.transposedSecond(1, pixels(dy), matrix(weight.value()), pixels(dx)));
            tape.add(Arithmetic.transposedFirst(pixels(x), pixels(dy), matrix(weight.gradient())));
        } else if (weights.size() == 1) {
            var slope = slope(tape, 0);
            tape.add(Kernel.of(
                    depthwise ? "depthwise_conv2d_bp" : "conv2d_bp",
                    in(x, window(site, 0), dy),
                    out(dx, slope),
                    arguments));
            gather(tape, slope, 0);
        } else {
            var parts = acquireParts(tape, input);
            var slopes = acquireParts(tape, shape);
            var results = acquireParts(tape, input);
            tape.add(split(x, parts));
            tape.add(split(dy, slopes));
            for (int group = 0; group < groups; group++) {
                var slope = slope(tape, group);
                tape.add(Kernel.of(
                        "conv2d_bp",
                        in(
                                parts.get(group).array(),
                                window(site, group),
                                slopes.get(group).array()),
                        out(results.get(group).array(), slope),
                        arguments));
                gather(tape, slope, group);
            }
            tape.add(Kernel.of("concat", arrays(results), out(dx), 3));
            parts.forEach(tape::release);
            slopes.forEach(tape::release);
            results.forEach(tape::release);
        }
        site.give(0, given);
    }

    /** Pixels as rows. */
    private static INDArray pixels(INDArray images) {
        return images.reshape(-1, images.size(3));
    }

    /** The weights of a 1x1 kernel. */
    private static INDArray matrix(INDArray weights) {
        return weights.reshape(weights.size(2), weights.size(3));
    }

    /**
     * The weights as they lie in their window, with zeros between them where the kernel is dilated (ND4J's dilated convolutions ask
     * oneDNN for a padding that does not exist), and around them where the window is longer.
     */
    private INDArray window(Tape tape, Site site, INDArray weights) {
        if (!hasWindow()) {
            return weights;
        }
        var slot = tape.acquire(windowShape(weights));
        site.keep(slot);
        var window = slot.array();
        var taps = taps(window);
        tape.add(() -> {
            window.assign(0f);
            taps.assign(weights);
        });
        return window;
    }

    /** The window that the forward pass made. */
    private INDArray window(Site site, int group) {
        return hasWindow() ? site.kept().get(group).array() : weights.get(group).value();
    }

    /** Where the gradient of a window goes. */
    private INDArray slope(Tape tape, int group) {
        var gradient = weights.get(group).gradient();
        return hasWindow() ? tape.acquire(windowShape(gradient)).array() : gradient;
    }

    /** The gradient of the weights out of that of their window. */
    private void gather(Tape tape, INDArray slope, int group) {
        if (hasWindow()) {
            var gradient = weights.get(group).gradient();
            var taps = taps(slope);
            tape.add(() -> gradient.assign(taps));
        }
    }

    private long[] windowShape(INDArray weights) {
        return new long[] {down.side, across.side, weights.size(2), weights.size(3)};
    }

    private INDArray taps(INDArray window) {
        return window.get(every(down), every(across), NDArrayIndex.all(), NDArrayIndex.all());
    }

    private INDArrayIndex every(Span span) {
        return span.side == 1 ? NDArrayIndex.all() : NDArrayIndex.interval(span.from, dilation, span.to);
    }

    private List<Slot> acquireParts(Tape tape, Shape whole) {
        var part = whole.withChannels(whole.channels() / groups);
        return IntStream.range(0, groups)
                .mapToObj(group -> tape.acquire(tape.batch(), part.height(), part.width(), part.channels()))
                .toList();
    }

    private static Kernel split(INDArray whole, List<Slot> parts) {
        return Kernel.of("split", in(whole), arrays(parts), parts.size(), 3);
    }

    private static INDArray[] arrays(List<Slot> slots) {
        return slots.stream().map(Slot::array).toArray(INDArray[]::new);
    }
}
