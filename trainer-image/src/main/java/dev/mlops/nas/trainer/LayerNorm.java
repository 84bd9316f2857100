package dev.mlops.nas.trainer;

import static dev.mlops.nas.trainer.Kernel.in;
import static dev.mlops.nas.trainer.Kernel.out;

import dev.mlops.nas.trainer.Network.Shape;
import dev.mlops.nas.trainer.Parameters.Parameter;
import dev.mlops.nas.trainer.Tape.Slot;
import java.util.stream.LongStream;

/** Layer normalisation (Ba et al. 2016): every position by the moments of its channels, in training and evaluation alike. */
final class LayerNorm implements Layer {
    private final Shape shape;
    private final Parameter gamma;
    private final Parameter beta;

    LayerNorm(Shape shape, Parameters parameters) {
        this.shape = shape;
        this.gamma = parameters.constant(1, shape.channels());
        this.beta = parameters.constant(0, shape.channels());
    }

    @Override
    public Shape shape() {
        return shape;
    }

    @Override
    public Slot forward(Tape tape, Site site) {
        var x = site.inputs().getFirst();
        var standard = tape.acquire(x.array().shape());
        tape.add(Kernel.of("standardize", in(x.array()), out(standard.array()), channels(x)));
        var y = tape.acquire(x.array().shape());
        tape.add(Kernel.of("multiply", in(standard.array(), gamma.value()), out(y.array())));
        tape.add(Kernel.of("add", in(y.array(), beta.value()), out(y.array())));
        if (tape.training()) {
            site.keep(standard);
        } else {
            tape.release(standard);
        }
        return y;
    }

    @Override
    public void backward(Tape tape, Site site, Slot gradient) {
        var x = site.inputs().getFirst();
        var standard = site.kept().getFirst();
        var positions = LongStream.range(0, channels(x)).toArray();
        var scratch = tape.acquire(x.array().shape());
        tape.add(Kernel.of("reduce_sum", in(gradient.array()), out(beta.gradient()), positions));
        tape.add(Kernel.of("multiply", in(gradient.array(), standard.array()), out(scratch.array())));
        tape.add(Kernel.of("reduce_sum", in(scratch.array()), out(gamma.gradient()), positions));
        if (site.wanted(0)) {
            var dx = tape.acquire(x.array().shape());
            tape.add(Kernel.of("multiply", in(gradient.array(), gamma.value()), out(scratch.array())));
            tape.add(Kernel.of("standardize_bp", in(x.array(), scratch.array()), out(dx.array()), channels(x)));
            site.give(0, dx);
        }
        tape.release(scratch);
    }

    /** The array's side of the channels: the last. */
    private static long channels(Slot x) {
        return x.array().rank() - 1L;
    }
}
