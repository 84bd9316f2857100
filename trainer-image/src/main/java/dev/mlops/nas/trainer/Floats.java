package dev.mlops.nas.trainer;

import org.bytedeco.javacpp.FloatPointer;
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
     * Reads rows of a matrix.
     *
     * @param rows which ones, from 0; the first goes to the first row of the values, and so on
     * @param values row by row, all of the same width
     * @param from where in each row of the values those of the matrix begin
     */
    static void readRows(INDArray matrix, int[] rows, float[] values, int from) {
        int columns = Math.toIntExact(matrix.size(1));
        int width = values.length / rows.length;
        var pointer = new FloatPointer(onThisSide(matrix));
        for (int i = 0; i < rows.length; i++) {
            pointer.position(matrix.offset() + (long) rows[i] * columns).get(values, i * width + from, columns);
        }
    }

    private static FloatPointer onThisSide(INDArray array) {
        Nd4j.getAffinityManager().ensureLocation(array, Location.HOST);
        return (FloatPointer) array.data().pointer();
    }
}
