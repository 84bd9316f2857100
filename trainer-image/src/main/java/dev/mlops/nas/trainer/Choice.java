package dev.mlops.nas.trainer;

import static dev.mlops.nas.trainer.Kernel.in;
import static dev.mlops.nas.trainer.Kernel.out;

import dev.mlops.nas.trainer.Network.Shape;
import dev.mlops.nas.trainer.Tape.Slot;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The inputs, each times its weight in a mixture (Liu et al. 2019, DARTS). */
record Choice(Shape shape, Mixtures mixtures, int mixture) implements Layer {
    @Override
    public Slot forward(Tape tape, Site site) {
        var inputs = site.inputs();
        var y = tape.acquire(shape.withBatch(tape.batch()));
        var scaled = tape.acquire(shape.withBatch(tape.batch()));
        for (int i = 0; i < inputs.size(); i++) {
            var to = i == 0 ? y : scaled;
            tape.add(Arithmetic.product(inputs.get(i).array(), mixtures.weight(mixture, i), to.array()));
            if (i > 0) {
                tape.add(Kernel.of("add", in(y.array(), scaled.array()), out(y.array())));
            }
        }
        tape.release(scaled);
        return y;
    }

    @Override
    public void backward(Tape tape, Site site, Slot gradient) {
        for (int i = 0; i < site.inputs().size(); i++) {
            var x = site.inputs().get(i).array();
            tape.add(Arithmetic.addMatrices(row(gradient.array()), column(x), mixtures.gradient(mixture, i)));
            if (site.wanted(i)) {
                var dx = tape.acquire(shape.withBatch(tape.batch()));
                tape.add(Arithmetic.product(gradient.array(), mixtures.weight(mixture, i), dx.array()));
                site.give(i, dx);
            }
        }
    }

    private static INDArray row(INDArray array) {
        return array.reshape('c', 1, array.length());
    }

    private static INDArray column(INDArray array) {
        return array.reshape('c', array.length(), 1);
    }
}
