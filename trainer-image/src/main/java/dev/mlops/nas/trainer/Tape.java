package dev.mlops.nas.trainer;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.stream.LongStream;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The compiled form of a network for one batch size and one purpose: the steps in order and the arrays that they share. Arrays
 * that nobody needs any more are used again, so memory grows with the depth of the network only where gradients need the past.
 */
final class Tape implements AutoCloseable {
    private final int batch;
    private final boolean training;
    private final List<Step> forward = new ArrayList<>();
    private final List<Step> backward = new ArrayList<>();
    private final List<Consumer<SplittableRandom>> draws = new ArrayList<>();
    private final Map<Constant, INDArray> constants = new HashMap<>();
    private final Arena arena;
    private boolean differentiating;

    private record Constant(double value, List<Long> shape) {}

    private static final class Buffer {
        private final INDArray flat;
        private int users = 1;

        private Buffer(INDArray flat) {
            this.flat = flat;
        }
    }

    /** One use of a buffer, in a shape. */
    static final class Slot {
        private final Buffer buffer;
        private final INDArray array;

        private Slot(Buffer buffer, INDArray array) {
            this.buffer = buffer;
            this.array = array;
        }

        INDArray array() {
            return array;
        }

        /** Whether nobody else uses the buffer, so that it may be overwritten. */
        boolean exclusive() {
            return buffer.users == 1;
        }

        /** One more use of the same buffer, in another shape of the same length. */
        Slot as(long... shape) {
            buffer.users++;
            return new Slot(buffer, buffer.flat.reshape('c', shape));
        }

        /** One more use of the same buffer. */
        Slot share() {
            return as(array.shape());
        }
    }

    Tape(int batch, boolean training, Arena arena) {
        this.batch = batch;
        this.training = training;
        this.arena = arena;
    }

    int batch() {
        return batch;
    }

    boolean training() {
        return training;
    }

    /** Appends a step to the pass that is being compiled. */
    void add(Step step) {
        (differentiating ? backward : forward).add(step);
    }

    /** Something to be drawn anew before each training batch. */
    void addDraw(Consumer<SplittableRandom> draw) {
        draws.add(draw);
    }

    /** From here on steps belong to the backward pass. */
    void differentiate() {
        differentiating = true;
    }

    /** An array with undefined content. */
    Slot acquire(long... shape) {
        long length = 1;
        for (var side : shape) {
            length = Math.multiplyExact(length, side);
        }
        var buffer = arena.take(length);
        return new Slot(new Buffer(buffer), buffer.reshape('c', shape));
    }

    /** An array that holds one number everywhere, for good; nobody may write into it. */
    INDArray constant(double value, long... shape) {
        return constants.computeIfAbsent(
                new Constant(value, LongStream.of(shape).boxed().toList()),
                key -> lasting(shape).assign(value));
    }

    /** An array of zeros for what is written once: an acquired one may be another tape's too, which runs in between. */
    INDArray lasting(long... shape) {
        arena.claim(Math.multiplyExact(LongStream.of(shape).reduce(1, Math::multiplyExact), Float.BYTES));
        return Nd4j.create(DataType.FLOAT, shape);
    }

    /** Ends one use; the buffer is free when it was the last. */
    void release(Slot slot) {
        if (--slot.buffer.users == 0) {
            arena.give(slot.buffer.flat);
        }
    }

    void runForward() {
        for (var step : forward) {
            step.run();
        }
    }

    void runBackward() {
        for (var step : backward) {
            step.run();
        }
    }

    /** Frees its arena. */
    @Override
    public void close() {
        arena.close();
    }

    void draw(SplittableRandom random) {
        for (var draw : draws) {
            draw.accept(random);
        }
    }
}
