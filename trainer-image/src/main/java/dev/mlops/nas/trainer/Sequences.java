package dev.mlops.nas.trainer;

import dev.mlops.nas.trainer.Network.Shape;
import dev.mlops.nas.trainer.Parameters.Parameter;
import dev.mlops.nas.trainer.Tape.Slot;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** Small layers of sequences. */
final class Sequences {
    private Sequences() {}

    /** The last position. */
    record LastPosition(Shape input) implements Layer {
        @Override
        public Shape shape() {
            return Shape.flat(input.channels());
        }

        @Override
        public Slot forward(Tape tape, Site site) {
            var y = tape.acquire(shape().withBatch(tape.batch()));
            var to = y.array();
            var last = last(site.inputs().getFirst());
            tape.add(() -> to.assign(last));
            return y;
        }

        @Override
        public void backward(Tape tape, Site site, Slot gradient) {
            if (site.wanted(0)) {
                var dx = tape.acquire(input.withBatch(tape.batch()));
                var all = dx.array();
                var last = last(dx);
                var from = gradient.array();
                tape.add(() -> {
                    all.assign(0f);
                    last.assign(from);
                });
                site.give(0, dx);
            }
        }

        private INDArray last(Slot slot) {
            return slot.array().get(NDArrayIndex.all(), NDArrayIndex.point(input.width() - 1), NDArrayIndex.all());
        }
    }

    /** Adds a trainable number to every channel of every position. */
    static final class PositionEmbedding implements Layer {
        private static final double DEVIATION = 0.02;

        private final Shape shape;
        private final Parameter embedding;

        PositionEmbedding(Shape shape, Parameters parameters) {
            this.shape = shape;
            this.embedding = parameters.weight(1, DEVIATION * DEVIATION, 1, shape.size());
        }

        @Override
        public Shape shape() {
            return shape;
        }

        @Override
        public Slot forward(Tape tape, Site site) {
            var y = tape.acquire(shape.withBatch(tape.batch()));
            tape.add(Arithmetic.sum(rows(site.inputs().getFirst()), embedding.value(), rows(y)));
            return y;
        }

        @Override
        public void backward(Tape tape, Site site, Slot gradient) {
            tape.add(Arithmetic.columnSums(tape, rows(gradient), embedding.gradient()));
            site.give(0, gradient.share());
        }

        private INDArray rows(Slot slot) {
            return slot.array().reshape('c', slot.array().size(0), shape.size());
        }
    }
}
