package dev.mlops.nas.trainer;

import static dev.mlops.nas.trainer.Kernel.in;
import static dev.mlops.nas.trainer.Kernel.out;

import dev.mlops.nas.trainer.Network.Shape;
import dev.mlops.nas.trainer.Tape.Slot;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Scales every channel by a gate that is computed from the means of all channels (Hu et al. 2018): dense, relu, dense, sigmoid.
 */
final class SqueezeExcite implements Layer {
    private final Shape shape;
    private final Dense squeeze;
    private final Dense excite;

    SqueezeExcite(Shape shape, int units, Parameters parameters) {
        this.shape = shape;
        this.squeeze = new Dense(Shape.flat(shape.channels()), units, 2, parameters);
        this.excite = new Dense(Shape.flat(units), shape.channels(), 1, parameters);
    }

    @Override
    public Shape shape() {
        return shape;
    }

    @Override
    public long macs() {
        return squeeze.macs() + excite.macs();
    }

    @Override
    public Slot forward(Tape tape, Site site) {
        var x = site.inputs().getFirst();
        var means = tape.acquire(tape.batch(), shape.channels());
        tape.add(Kernel.of("reduce_mean", in(x.array()), out(means.array()), 1, 2));
        var hidden = squeeze.forward(tape, means);
        tape.add(Kernel.of("relu", in(hidden.array()), out(hidden.array()), new double[] {0}));
        var gate = excite.forward(tape, hidden);
        tape.add(Kernel.of("sigmoid", in(gate.array()), out(gate.array())));
        var y = tape.acquire(x.array().shape());
        tape.add(Kernel.of("multiply", in(x.array(), perChannel(tape, gate)), out(y.array())));
        for (var slot : new Slot[] {means, hidden, gate}) {
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
        var x = site.inputs().getFirst();
        var means = site.kept().get(0);
        var hidden = site.kept().get(1);
        var gate = site.kept().get(2);
        var scratch = tape.acquire(x.array().shape());
        var slope = tape.acquire(tape.batch(), shape.channels());
        var one = tape.acquire(tape.batch(), shape.channels());
        // through the sigmoid: slope * gate * (1 - gate)
        tape.add(Kernel.of("multiply", in(gradient.array(), x.array()), out(scratch.array())));
        tape.add(Kernel.of("reduce_sum", in(scratch.array()), out(slope.array()), 1, 2));
        tape.add(Kernel.of("multiply", in(slope.array(), gate.array()), out(slope.array())));
        tape.add(Kernel.of("multiply", in(slope.array(), gate.array()), out(one.array())));
        tape.add(Kernel.of("subtract", in(slope.array(), one.array()), out(slope.array())));
        excite.parameterGradients(tape, hidden, slope);
        var hiddenSlope = excite.inputGradient(tape, slope);
        tape.add(Kernel.of(
                "relu_bp", in(hidden.array(), hiddenSlope.array()), out(hiddenSlope.array()), new double[] {0}));
        squeeze.parameterGradients(tape, means, hiddenSlope);
        if (site.wanted(0)) {
            var meansSlope = squeeze.inputGradient(tape, hiddenSlope);
            var spread = meansSlope.array();
            int pixels = shape.height() * shape.width();
            tape.add(() -> spread.divi(pixels));
            var dx = tape.acquire(x.array().shape());
            tape.add(Kernel.of("multiply", in(gradient.array(), perChannel(tape, gate)), out(dx.array())));
            tape.add(Kernel.of("add", in(dx.array(), perChannel(tape, meansSlope)), out(dx.array())));
            tape.release(meansSlope);
            site.give(0, dx);
        }
        tape.release(hiddenSlope);
        tape.release(one);
        tape.release(slope);
        tape.release(scratch);
    }

    private INDArray perChannel(Tape tape, Slot slot) {
        return slot.array().reshape('c', tape.batch(), 1, 1, shape.channels());
    }
}
