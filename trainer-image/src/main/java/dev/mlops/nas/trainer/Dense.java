package dev.mlops.nas.trainer;

import static dev.mlops.nas.trainer.Kernel.in;
import static dev.mlops.nas.trainer.Kernel.out;

import dev.mlops.nas.trainer.Network.Shape;
import dev.mlops.nas.trainer.Parameters.Parameter;
import dev.mlops.nas.trainer.Tape.Slot;

/** A fully connected layer with bias; an image is flattened first. */
final class Dense implements Layer {
    private final int inputs;
    private final int units;
    private final Parameter weight;
    private final Parameter bias;

    Dense(int inputs, int units, double gain, Parameters parameters) {
        this.inputs = inputs;
        this.units = units;
        this.weight = parameters.weight(inputs, gain, inputs, units);
        this.bias = parameters.constant(0, units);
    }

    @Override
    public Shape shape() {
        return Shape.flat(units);
    }

    @Override
    public long macs() {
        return (long) inputs * units;
    }

    @Override
    public Slot forward(Tape tape, Site site) {
        return forward(tape, site.inputs().getFirst());
    }

    Slot forward(Tape tape, Slot input) {
        var x = input.as(tape.batch(), inputs);
        var y = tape.acquire(tape.batch(), units);
        tape.add(Kernel.of("xw_plus_b", in(x.array(), weight.value(), bias.value()), out(y.array())));
        tape.release(x);
        return y;
    }

    @Override
    public void backward(Tape tape, Site site, Slot gradient) {
        var input = site.inputs().getFirst();
        parameterGradients(tape, input, gradient);
        if (site.wanted(0)) {
            var flat = inputGradient(tape, gradient);
            site.give(0, flat.as(input.array().shape()));
            tape.release(flat);
        }
    }

    void parameterGradients(Tape tape, Slot input, Slot gradient) {
        var x = input.as(tape.batch(), inputs);
        tape.add(Kernel.of("matmul", in(x.array(), gradient.array()), out(weight.gradient()), 1, 0, 0));
        tape.add(Kernel.of("reduce_sum", in(gradient.array()), out(bias.gradient()), 0));
        tape.release(x);
    }

    Slot inputGradient(Tape tape, Slot gradient) {
        var dx = tape.acquire(tape.batch(), inputs);
        tape.add(Kernel.of("matmul", in(gradient.array(), weight.value()), out(dx.array()), 0, 1, 0));
        return dx;
    }
}
