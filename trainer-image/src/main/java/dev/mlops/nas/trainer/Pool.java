package dev.mlops.nas.trainer;

import static dev.mlops.nas.trainer.Kernel.in;
import static dev.mlops.nas.trainer.Kernel.out;

import dev.mlops.nas.trainer.Network.Shape;
import dev.mlops.nas.trainer.Tape.Slot;

/** Maximum or average over windows; padding never counts. */
final class Pool implements Layer {
    private final Shape input;
    private final Shape shape;
    private final String operation;
    private final long[] arguments;

    Pool(Shape input, boolean maximum, int kernel, int stride) {
        this.input = input;
        this.shape = input.strided(stride);
        this.operation = maximum ? "maxpool2d" : "avgpool2d";
        // kernel, stride, padding, dilation, "same", divide by what is covered, channels last
        this.arguments = new long[] {kernel, kernel, stride, stride, 0, 0, 1, 1, 1, 0, 1};
    }

    @Override
    public Shape shape() {
        return shape;
    }

    @Override
    public Slot forward(Tape tape, Site site) {
        var y = tape.acquire(shape.withBatch(tape.batch()));
        tape.add(Kernel.of(operation, in(site.inputs().getFirst().array()), out(y.array()), arguments));
        return y;
    }

    @Override
    public void backward(Tape tape, Site site, Slot gradient) {
        if (site.wanted(0)) {
            var dx = tape.acquire(input.withBatch(tape.batch()));
            tape.add(Kernel.of(
                    operation + "_bp",
                    in(site.inputs().getFirst().array(), gradient.array()),
                    out(dx.array()),
                    arguments));
            site.give(0, dx);
        }
    }
}
