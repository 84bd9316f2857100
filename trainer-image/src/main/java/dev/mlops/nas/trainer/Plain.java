package dev.mlops.nas.trainer;

import static dev.mlops.nas.trainer.Kernel.in;
import static dev.mlops.nas.trainer.Kernel.out;

import dev.mlops.nas.trainer.Network.Shape;
import dev.mlops.nas.trainer.Tape.Slot;
import java.util.List;
import java.util.stream.IntStream;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The layers without parameters, but for pooling over windows. */
final class Plain {
    private Plain() {}

    /** Where the examples come in; the array is filled from outside. */
    record Input(Shape shape) implements Layer {
        @Override
        public Slot forward(Tape tape, Site site) {
            return tape.acquire(shape.withBatch(tape.batch()));
        }

        @Override
        public void backward(Tape tape, Site site, Slot gradient) {}
    }

    /** The input as it is. */
    record Identity(Shape shape) implements Layer {
        @Override
        public Slot forward(Tape tape, Site site) {
            return site.inputs().getFirst().share();
        }

        @Override
        public void backward(Tape tape, Site site, Slot gradient) {
            site.give(0, gradient.share());
        }

        @Override
        public boolean readsOutput() {
            return true;
        }
    }

    /** The same numbers in another shape; channels are the innermost side in all of them. */
    record Reshape(Shape input, Shape shape) implements Layer {
        @Override
        public Slot forward(Tape tape, Site site) {
            return site.inputs().getFirst().as(shape.withBatch(tape.batch()));
        }

        @Override
        public void backward(Tape tape, Site site, Slot gradient) {
            site.give(0, gradient.as(input.withBatch(tape.batch())));
        }

        @Override
        public boolean readsOutput() {
            return true;
        }
    }

    /**
     * A smooth activation: the hyperbolic tangent, or the input times a gate. ND4J's own GELU and Swish take three times as long.
     */
    record Activation(Shape shape, Kind kind) implements Layer {
        private static final double SLOPE = Math.sqrt(2 / Math.PI);
        private static final double CUBE = 0.044715 * SLOPE;

        /**
         * GELU by its formula with tanh (Hendrycks and Gimpel 2016), which is within 0.0005 of the exact one; SiLU (Ramachandran et
         * al. 2017); tanh.
         */
        enum Kind {
            GELU,
            SILU,
            TANH
        }

        @Override
        public Slot forward(Tape tape, Site site) {
            var x = site.inputs().getFirst().array();
            var y = tape.acquire(x.shape());
            if (kind == Kind.TANH) {
                tape.add(Arithmetic.tanh(x, y.array()));
                return y;
            }
            var gate = tape.acquire(x.shape());
            gate(tape, x, gate.array());
            tape.add(Arithmetic.product(x, gate.array(), y.array()));
            if (tape.training()) {
                site.keep(gate);
            } else {
                tape.release(gate);
            }
            return y;
        }

        /** The logistic function of x for SiLU, of 2 (SLOPE x + CUBE x^3) for GELU. */
        private void gate(Tape tape, INDArray x, INDArray gate) {
            var half = tape.constant(0.5, 1);
            if (kind == Kind.GELU) {
                tape.add(Arithmetic.product(x, x, gate));
                tape.add(Arithmetic.product(gate, tape.constant(CUBE, 1), gate));
                tape.add(Arithmetic.sum(gate, tape.constant(SLOPE, 1), gate));
                tape.add(Arithmetic.product(gate, x, gate));
            } else {
                tape.add(Arithmetic.product(x, half, gate));
            }
            tape.add(Arithmetic.tanh(gate, gate));
            tape.add(Arithmetic.product(gate, half, gate));
            tape.add(Arithmetic.sum(gate, half, gate));
        }

        @Override
        public void backward(Tape tape, Site site, Slot gradient) {
            var x = site.inputs().getFirst().array();
            var y = site.output().array();
            var given = tape.acquire(x.shape());
            var dx = given.array();
            if (kind == Kind.TANH) {
                tape.add(Kernel.of("tanh_bp", in(x, gradient.array()), out(dx)));
            } else {
                // gate + y (1 - gate) times the slope of what the gate is the logistic function of
                var gate = site.kept().getFirst().array();
                tape.add(Arithmetic.product(y, gate, dx));
                tape.add(Arithmetic.difference(y, dx, dx));
                if (kind == Kind.GELU) {
                    timesSlope(tape, x, dx);
                }
                tape.add(Arithmetic.sum(dx, gate, dx));
                tape.add(Arithmetic.product(gradient.array(), dx, dx));
            }
            site.give(0, given);
        }

        private static void timesSlope(Tape tape, INDArray x, INDArray values) {
            var slope = tape.acquire(x.shape());
            tape.add(Arithmetic.product(x, x, slope.array()));
            tape.add(Arithmetic.product(slope.array(), tape.constant(6 * CUBE, 1), slope.array()));
            tape.add(Arithmetic.sum(slope.array(), tape.constant(2 * SLOPE, 1), slope.array()));
            tape.add(Arithmetic.product(values, slope.array(), values));
            tape.release(slope);
        }

        @Override
        public boolean readsOutput() {
            return true;
        }
    }

    /** Nothing, in the input's shape divided by a stride; no gradient passes. */
    record Zero(Shape shape) implements Layer {
        @Override
        public Slot forward(Tape tape, Site site) {
            var y = tape.acquire(shape.withBatch(tape.batch()));
            var array = y.array();
            tape.add(() -> array.assign(0f));
            return y;
        }

        @Override
        public void backward(Tape tape, Site site, Slot gradient) {}
    }

    /** max(x, 0). */
    record Relu(Shape shape) implements Layer {
        @Override
        public Slot forward(Tape tape, Site site) {
            var x = site.inputs().getFirst();
            var y = site.mayOverwrite() ? x.share() : tape.acquire(x.array().shape());
            tape.add(Kernel.of("relu", in(x.array()), out(y.array()), new double[] {0}));
            return y;
        }

        @Override
        public void backward(Tape tape, Site site, Slot gradient) {
            var dx = gradient.exclusive()
                    ? gradient.share()
                    : tape.acquire(gradient.array().shape());
            // Five times as fast as ND4J's relu_bp: 1 where the output is above 0, times the gradient.
            var mask = tape.acquire(gradient.array().shape());
            var step =
                    new org.nd4j.linalg.api.ops.impl.scalar.Step(site.output().array(), mask.array(), 0);
            tape.add(() -> Nd4j.getExecutioner().exec(step));
            tape.add(Kernel.of("multiply", in(gradient.array(), mask.array()), out(dx.array())));
            tape.release(mask);
            site.give(0, dx);
        }

        @Override
        public boolean readsOutput() {
            return true;
        }
    }

    /** Sum of the inputs. */
    record Add(Shape shape) implements Layer {
        @Override
        public Slot forward(Tape tape, Site site) {
            var inputs = site.inputs();
            var y = tape.acquire(shape.withBatch(tape.batch()));
            tape.add(Kernel.of("add", in(inputs.get(0).array(), inputs.get(1).array()), out(y.array())));
            for (var input : inputs.subList(2, inputs.size())) {
                tape.add(Kernel.of("add", in(y.array(), input.array()), out(y.array())));
            }
            return y;
        }

        @Override
        public void backward(Tape tape, Site site, Slot gradient) {
            for (int i = 0; i < site.inputs().size(); i++) {
                site.give(i, gradient.share());
            }
        }
    }

    /** The inputs' channels one after another. */
    record Concat(Shape shape) implements Layer {
        @Override
        public Slot forward(Tape tape, Site site) {
            var y = tape.acquire(shape.withBatch(tape.batch()));
            tape.add(Kernel.of(
                    "concat", arrays(site.inputs()), out(y.array()), y.array().rank() - 1));
            return y;
        }

        @Override
        public void backward(Tape tape, Site site, Slot gradient) {
            var parts = site.inputs().stream()
                    .map(input -> tape.acquire(input.array().shape()))
                    .toList();
            var arguments = IntStream.rangeClosed(0, parts.size())
                    .mapToObj(i -> i < parts.size() ? site.inputs().get(i).array() : gradient.array());
            tape.add(Kernel.of(
                    "concat_bp",
                    arguments.toArray(INDArray[]::new),
                    arrays(parts),
                    gradient.array().rank() - 1));
            for (int i = 0; i < parts.size(); i++) {
                site.give(i, parts.get(i));
            }
        }

        private static INDArray[] arrays(List<Slot> slots) {
            return slots.stream().map(Slot::array).toArray(INDArray[]::new);
        }
    }

    /** The mean of every channel. */
    record GlobalAvgPool(Shape input) implements Layer {
        @Override
        public Shape shape() {
            return Shape.flat(input.channels());
        }

        @Override
        public Slot forward(Tape tape, Site site) {
            var y = tape.acquire(tape.batch(), input.channels());
            tape.add(Kernel.of(
                    "reduce_mean", in(input.asImages(site.inputs().getFirst().array())), out(y.array()), 1, 2));
            return y;
        }

        @Override
        public void backward(Tape tape, Site site, Slot gradient) {
            if (site.wanted(0)) {
                var x = input.asImages(site.inputs().getFirst().array());
                var dx = tape.acquire(input.withBatch(tape.batch()));
                tape.add(Kernel.of("reduce_mean_bp", in(x, gradient.array()), out(input.asImages(dx.array())), 1, 2));
                site.give(0, dx);
            }
        }
    }

    /** Sets a share of the values to 0 and scales the others up while training (Srivastava et al. 2014); nothing else. */
    record Dropout(Shape shape, double rate) implements Layer {
        @Override
        public Slot forward(Tape tape, Site site) {
            var x = site.inputs().getFirst();
            if (!tape.training() || rate == 0) {
                return x.share();
            }
            var y = tape.acquire(x.array().shape());
            var mask = tape.acquire(x.array().shape());
            var values = new float[(int) mask.array().length()];
            tape.addDraw(random -> {
                for (int i = 0; i < values.length; i++) {
                    values[i] = random.nextDouble() < rate ? 0f : (float) (1 / (1 - rate));
                }
                Floats.write(values, mask.array());
            });
            tape.add(Kernel.of("multiply", in(x.array(), mask.array()), out(y.array())));
            site.keep(mask);
            return y;
        }

        @Override
        public void backward(Tape tape, Site site, Slot gradient) {
            if (rate == 0) {
                site.give(0, gradient.share());
                return;
            }
            var dx = tape.acquire(gradient.array().shape());
            tape.add(Kernel.of(
                    "multiply", in(gradient.array(), site.kept().getFirst().array()), out(dx.array())));
            site.give(0, dx);
        }

        @Override
        public boolean readsOutput() {
            return true;
        }
    }
}
