package dev.mlops.nas.trainer;

import static dev.mlops.nas.trainer.Kernel.in;
import static dev.mlops.nas.trainer.Kernel.out;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Means and variances of all batch normalisations of a network in one vector (Ioffe and Szegedy 2015): of the current batch,
 * their exponential average, and the average corrected for its start at zero, which evaluation uses.
 */
final class Statistics {
    private static final double MOMENTUM = 0.9;

    private final List<Moments> list = new ArrayList<>();
    private String owner = "";
    private int size;
    private int batches;
    private @Nullable INDArray batch;
    private @Nullable INDArray average;
    private @Nullable INDArray population;
    private Step accumulate = () -> {};

    /** Mean and variance per channel of one normalisation. */
    final class Moments {
        private final String owner;
        private final int offset;
        private final int channels;

        private Moments(String owner, int offset, int channels) {
            this.owner = owner;
            this.offset = offset;
            this.channels = channels;
        }

        INDArray mean(boolean training) {
            return part(training, offset);
        }

        INDArray variance(boolean training) {
            return part(training, offset + channels);
        }

        private INDArray part(boolean training, int from) {
            return allocated(training ? batch : population).get(NDArrayIndex.interval(from, from + channels));
        }
    }

    /** What is asked for from here on belongs to this node. */
    void belongTo(String node) {
        owner = node;
    }

    /** What evaluation uses, by {@code node/mean} and {@code node/variance}. */
    Map<String, INDArray> named() {
        var named = new TreeMap<String, INDArray>();
        for (var moments : list) {
            named.put(moments.owner + "/mean", moments.mean(false));
            named.put(moments.owner + "/variance", moments.variance(false));
        }
        return named;
    }

    Moments add(int channels) {
        var moments = new Moments(owner, size, channels);
        list.add(moments);
        size += 2 * channels;
        return moments;
    }

    /** Means and variances of all channels. */
    long count() {
        return size;
    }

    void allocate() {
        int length = Math.max(1, size);
        batch = Nd4j.create(DataType.FLOAT, length);
        average = Nd4j.create(DataType.FLOAT, length);
        // ND4J's axpy: first + a second
        accumulate = Kernel.of(
                "axpy", in(allocated(average), allocated(batch)), out(allocated(average)), new double[] {1 - MOMENTUM});
        population = Nd4j.create(DataType.FLOAT, length);
    }

    /** Takes the current batch into the average. */
    void update() {
        if (size > 0) {
            allocated(average).muli(MOMENTUM);
            accumulate.run();
            batches++;
        }
    }

    /** Makes what was averaged so far visible to evaluation. */
    void publish() {
        if (size > 0 && batches > 0) {
            allocated(population).assign(allocated(average)).divi(1 - Math.pow(MOMENTUM, batches));
        }
    }

    /** Forgets what was averaged. */
    void restart() {
        allocated(average).assign(0f);
        batches = 0;
    }

    int batches() {
        return batches;
    }

    INDArray average() {
        return allocated(average);
    }

    void restore(int batchesSoFar) {
        batches = batchesSoFar;
    }

    private static INDArray allocated(@Nullable INDArray array) {
        if (array == null) {
            throw new IllegalStateException("statistics are not allocated yet");
        }
        return array;
    }
}
