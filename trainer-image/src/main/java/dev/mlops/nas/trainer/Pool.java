package dev.mlops.nas.trainer;

import static dev.mlops.nas.trainer.Kernel.in;
import static dev.mlops.nas.trainer.Kernel.out;

import dev.mlops.nas.trainer.Network.Shape;
import dev.mlops.nas.trainer.Tape.Slot;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Maximum or average over windows; padding never counts. */
final class Pool implements Layer {
    private final Shape input;
    private final Shape shape;
    private final String operation;
    private final long[] arguments;

    private Pool(Shape input, Shape shape, String operation, long... arguments) {
        this.input = input;
        this.shape = shape;
        this.operation = operation;
        this.arguments = arguments;
    }

    /** Over square windows of an image. */
    static Pool windows(Shape input, boolean maximum, int kernel, int stride) {
        // kernel, stride, padding, dilation, "same", divide by what is covered, channels last
        long[] arguments = {kernel, kernel, stride, stride, 0, 0, 1, 1, 1, 0, 1};
        return new Pool(input, input.strided(stride), maximum ? "maxpool2d" : "avgpool2d", arguments);
    }

    /** The largest value of every channel, as one window over everything: ND4J's {@code reduce_max_bp} takes four times as long. */
    static Pool globalMaximum(Shape input) {
        long[] arguments = {input.height(), input.width(), input.height(), input.width(), 0, 0, 1, 1, 0, 0, 1};
        return new Pool(input, Shape.flat(input.channels()), "maxpool2d", arguments);
    }

    @Override
    public Shape shape() {
        return shape;
    }

    @Override
    public Slot forward(Tape tape, Site site) {
        var y = tape.acquire(shape.withBatch(tape.batch()));
        tape.add(Kernel.of(operation, in(given(site)), out(shape.asImages(y.array())), arguments));
        return y;
    }

    @Override
    public void backward(Tape tape, Site site, Slot gradient) {
        if (site.wanted(0)) {
            var dx = tape.acquire(input.withBatch(tape.batch()));
            tape.add(Kernel.of(
                    operation + "_bp",
                    in(given(site), shape.asImages(gradient.array())),
                    out(input.asImages(dx.array())),
                    arguments));
            site.give(0, dx);
        }
    }

    private INDArray given(Site site) {
        return input.asImages(site.inputs().getFirst().array());
    }
}
