package dev.mlops.nas.trainer;

import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.IntPointer;
import org.nd4j.linalg.api.concurrency.AffinityManager.Location;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Carries numbers into native arrays and back. Where a GPU computes, an array has a second place in its memory, and ND4J has to know
 * which of both was written last; on processors this costs nothing.
 */
final class Floats {
    private Floats() {}

    /**
     * Overwrites an array.
     *
     * @param values as many as the array has, in its order
     */
    static void write(float[] values, INDArray array) {
        onThisSide(array).put(values, 0, values.length);
        Nd4j.getAffinityManager().tagLocation(array, Location.HOST);
    }

    /**
     * Reads an array.
     *
     * @param values overwritten; as many as the array has, in its order
     */
    static void read(INDArray array, float[] values) {
        onThisSide(array).get(values, 0, values.length);
    }

    /**
     * Overwrites an array of whole numbers.
     *
     * @param values as many as the array has, in its order
     */
    static void write(int[] values, INDArray array) {
        Nd4j.getAffinityManager().ensureLocation(array, Location.HOST);
        ((IntPointer) array.data().pointer()).put(values, 0, values.length);
        Nd4j.getAffinityManager().tagLocation(array, Location.HOST);
    }

    private static FloatPointer onThisSide(INDArray array) {
        Nd4j.getAffinityManager().ensureLocation(array, Location.HOST);
        return (FloatPointer) array.data().pointer();
    }
}
