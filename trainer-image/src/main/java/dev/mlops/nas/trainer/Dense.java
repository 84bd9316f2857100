package dev.mlops.nas.trainer;

import static dev.mlops.nas.trainer.Kernel.in;
import static dev.mlops.nas.trainer.Kernel.out;

import dev.mlops.nas.trainer.Network.Shape;
import dev.mlops.nas.trainer.Network.Shape.Form;
import dev.mlops.nas.trainer.Parameters.Parameter;
import dev.mlops.nas.trainer.Tape.Slot;

/** A fully connected layer with bias, on every position of a sequence alike; an image is flattened first. */
final class Dense implements Layer {
    /**
     * Where inputs and units are multiples of this, weights are quickly brought into the order in which oneDNN multiplies; with any other
     * number that takes up to a hundred times as long as the product itself.
     */
    private static final int BLOCK = 16;

    /** Rows from which oneDNN's product with the bias in it is faster than a product and a sum. */
    private static final int MANY = 128;

    private final Shape shape;
    private final int inputs;
    private final int units;
    private final Parameter weight;
    private final Parameter bias;

    Dense(Shape input, int units, double gain, Parameters parameters) {
        this.shape = input.form() == Form.SEQUENCE ? input.withChannels(units) : Shape.flat(units);
        this.inputs = input.form() == Form.SEQUENCE ? input.channels() : input.size();
        this.units = units;
        this.weight = parameters.weight(inputs, gain, inputs, units);
        this.bias = parameters.constant(0, units);
    }

    @Override
    public Shape shape() {
        return shape;
    }

    @Override
    public long macs() {
        return (long) inputs * units * shape.positions();
    }

    @Override
    public Slot forward(Tape tape, Site site) {
        return forward(tape, site.inputs().getFirst());
    }

    Slot forward(Tape tape, Slot input) {
        var x = input.as(rows(tape), inputs);
        var result = tape.acquire(shape.withBatch(tape.batch()));
        var y = result.as(rows(tape), units);
        if (rows(tape) >= MANY && inputs % BLOCK == 0 && units % BLOCK == 0) {
            tape.add(Kernel.of("xw_plus_b", in(x.array(), weight.value(), bias.value()), out(y.array())));
        } else {
            tape.add(Arithmetic.matrices(x.array(), weight.value(), y.array()));
            tape.add(Arithmetic.sum(y.array(), bias.value(), y.array()));
        }
        tape.release(x);
        tape.release(y);
        return result;
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
        var x = input.as(rows(tape), inputs);
        var dy = gradient.as(rows(tape), units);
        tape.add(Arithmetic.transposedFirst(x.array(), dy.array(), weight.gradient()));
        tape.add(Arithmetic.columnSums(tape, dy.array(), bias.gradient()));
        tape.release(x);
        tape.release(dy);
    }

    Slot inputGradient(Tape tape, Slot gradient) {
        var dy = gradient.as(rows(tape), units);
        var dx = tape.acquire(rows(tape), inputs);
        tape.add(Arithmetic.transposedSecond(1, dy.array(), weight.value(), dx.array()));
        tape.release(dy);
        return dx;
    }

    private long rows(Tape tape) {
        return (long) tape.batch() * shape.positions();
    }
}
