package dev.mlops.nas.trainer;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Native arrays by length. Several tapes may use one arena, as long as only one of them runs at a time. */
final class Arena implements AutoCloseable {
    private final Map<Long, Deque<INDArray>> free = new HashMap<>();
    private final List<INDArray> all = new ArrayList<>();
    private final MemoryLimit limit;

    Arena(MemoryLimit limit) {
        this.limit = limit;
    }

    /**
     * A free array, or a new one.
     *
     * @throws TrialException with exit code 69 when there is no memory for it
     */
    INDArray take(long length) {
        var array = queue(length).poll();
        if (array == null) {
            limit.claim(Math.multiplyExact(length, Float.BYTES));
            array = Nd4j.create(DataType.FLOAT, length);
            all.add(array);
        }
        return array;
    }

    /** Takes memory for something that lies outside of the arena's arrays. */
    void claim(long bytes) {
        limit.claim(bytes);
    }

    void give(INDArray array) {
        queue(array.length()).push(array);
    }

    /** All arrays are free again, for the next tape; those before keep theirs, and find other numbers in them. */
    void reclaim() {
        free.clear();
        all.forEach(this::give);
    }

    private Deque<INDArray> queue(long length) {
        return free.computeIfAbsent(length, l -> new ArrayDeque<>());
    }

    /** Frees the arrays at once: the garbage collector does not see how large they are. */
    @Override
    public void close() {
        all.forEach(INDArray::close);
    }
}
