package dev.mlops.nas.trainer;

import dev.mlops.nas.trainer.Network.Shape;
import dev.mlops.nas.trainer.Tape.Slot;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * How attention deals a sequence's channels out to its heads: [batch, length, channels] becomes one matrix of positions by channels
 * for each head of each example, and back.
 *
 * @param shape of the sequence
 * @param count heads; divides the channels
 */
record Heads(Shape shape, int count) {
    int length() {
        return shape.width();
    }

    /** Channels of one head. */
    int channels() {
        return shape.channels() / count;
    }

    /** Heads of all examples. */
    long all(Tape tape) {
        return (long) tape.batch() * count;
    }

    /** One matrix for each head, with so many columns. */
    Slot acquire(Tape tape, long columns) {
        return tape.acquire(all(tape), length(), columns);
    }

    /** All heads' matrices below each other. */
    INDArray rows(INDArray heads) {
        return heads.reshape('c', heads.size(0) * heads.size(1), heads.size(2));
    }

    /** A copy of a sequence, head by head. */
    Slot split(Tape tape, Slot sequence) {
        var heads = acquire(tape, channels());
        split(tape, sequence, heads.array());
        return heads;
    }

    /** Copies a sequence into the heads' matrices, which may be parts of larger ones. */
    void split(Tape tape, Slot sequence, INDArray heads) {
        var from = byHead(tape, sequence);
        var to = heads.rank() == 4 ? heads : byExample(tape, heads);
        tape.add(() -> to.assign(from));
    }

    /** A sequence of the heads' matrices. */
    Slot merge(Tape tape, INDArray heads) {
        var sequence = tape.acquire(shape.withBatch(tape.batch()));
        var to = byHead(tape, sequence);
        var from = heads.rank() == 4 ? heads : byExample(tape, heads);
        tape.add(() -> to.assign(from));
        return sequence;
    }

    /** The same matrices by example and head. */
    INDArray byExample(Tape tape, INDArray heads) {
        return heads.reshape('c', tape.batch(), count, heads.size(1), heads.size(2));
    }

    /** A sequence as matrices by example and head, in its own memory: rows of one head lie as far apart as positions. */
    INDArray byHead(Tape tape, Slot sequence) {
        return sequence.array()
                .reshape('c', tape.batch(), length(), count, channels())
                .permute(0, 2, 1, 3);
    }
}
