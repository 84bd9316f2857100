package dev.mlops.nas.trainer;

import static dev.mlops.nas.trainer.Kernel.in;
import static dev.mlops.nas.trainer.Kernel.out;

import dev.mlops.nas.trainer.Network.Shape;
import dev.mlops.nas.trainer.Tape.Slot;
import java.util.List;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.FloatPointer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.Op;
import org.nd4j.linalg.api.ops.impl.transforms.strict.GELU;
import org.nd4j.linalg.api.ops.impl.transforms.strict.GELUDerivative;
import org.nd4j.linalg.api.ops.impl.transforms.strict.Swish;
import org.nd4j.linalg.api.ops.impl.transforms.strict.SwishDerivative;
import org.nd4j.linalg.api.ops.impl.transforms.strict.Tanh;
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

    /** A smooth activation; its slope is computed from the input, which nobody may overwrite. */
    record Activation(Shape shape, Kind kind) implements Layer {
        /** Hendrycks and Gimpel 2016 (as x sigmoid(1.702 x)), Ramachandran et al. 2017, and the hyperbolic tangent. */
        enum Kind {
            GELU,
            SILU,
            TANH;

            private Op value(INDArray x, INDArray y) {
                return switch (this) {
                    case GELU -> new GELU(x, y);
                    case SILU -> new Swish(x, y);
                    case TANH -> new Tanh(x, y);
                };
            }
        }

        @Override
        public Slot forward(Tape tape, Site site) {
            var x = site.inputs().getFirst();
            var y = tape.acquire(x.array().shape());
            var value = kind.value(x.array(), y.array());
            tape.add(() -> Nd4j.getExecutioner().exec(value));
            return y;
        }

        @Override
        public void backward(Tape tape, Site site, Slot gradient) {
            var x = site.inputs().getFirst();
            var dx = tape.acquire(x.array().shape());
            switch (kind) {
                case GELU -> addScaled(tape, new GELUDerivative(x.array(), dx.array()), gradient, dx);
                case SILU -> addScaled(tape, new SwishDerivative(x.array(), dx.array()), gradient, dx);
                case TANH -> tape.add(Kernel.of("tanh_bp", in(x.array(), gradient.array()), out(dx.array())));
            }
            site.give(0, dx);
        }

        private static void addScaled(Tape tape, Op slope, Slot gradient, Slot dx) {
            tape.add(() -> Nd4j.getExecutioner().exec(slope));
            tape.add(Kernel.of("multiply", in(gradient.array(), dx.array()), out(dx.array())));
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
            var pointer = (FloatPointer) mask.array().data().pointer();
            tape.addDraw(random -> {
                for (int i = 0; i < values.length; i++) {
                    values[i] = random.nextDouble() < rate ? 0f : (float) (1 / (1 - rate));
                }
                pointer.put(values, 0, values.length);
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
