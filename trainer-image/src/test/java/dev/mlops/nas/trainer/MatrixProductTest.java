package dev.mlops.nas.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** Products of matrices are those of the definition, whoever computes them and however the matrices lie in memory. */
class MatrixProductTest {
    private final SplittableRandom random = new SplittableRandom(1);

    /** Rows, columns, inner side, and matrices in a batch, 0 for a single one; the last is oneDNN's. */
    @ParameterizedTest
    @CsvSource({
        "1, 1, 1, 0",
        "1, 10, 64, 0",
        "64, 1, 33, 0",
        "5, 7, 3, 0",
        "5, 7, 3, 4",
        "1, 9, 2, 3",
        "64, 64, 80, 0",
        "300, 80, 200, 0"
    })
    void productsAreThoseOfTheDefinition(int rows, int columns, int inner, int count) {
        for (boolean firstTransposed : new boolean[] {false, true}) {
            for (boolean secondTransposed : new boolean[] {false, true}) {
                var a = firstTransposed ? array(count, inner, rows) : array(count, rows, inner);
                var b = secondTransposed ? array(count, columns, inner) : array(count, inner, columns);
                check(a, firstTransposed, b, secondTransposed, array(count, rows, columns));
            }
        }
    }

    @Test
    void matricesMayBePartsOfOthers() {
        var matrix = array(0, 9, 12).get(NDArrayIndex.interval(2, 7), NDArrayIndex.interval(3, 9));
        var column = array(0, 6, 4).getColumn(2, true);
        check(matrix, false, column, false, array(0, 5, 3).getColumn(1, true));
        var batch = array(4, 5, 6).get(NDArrayIndex.interval(1, 3), NDArrayIndex.all(), NDArrayIndex.interval(2, 6));
        check(
                batch,
                false,
                array(3, 4, 2).get(NDArrayIndex.interval(1, 3), NDArrayIndex.all(), NDArrayIndex.all()),
                false,
                array(2, 5, 2));
    }

    /** Heads of attention: the channels of a head are a part of a position's. */
    @Test
    void batchesMayLieInOthers() {
        var queries = array(2 * 5, 3, 4).reshape('c', 2, 5, 3, 4).permute(0, 2, 1, 3);
        var keys = array(2 * 6, 3, 4).reshape('c', 2, 6, 3, 4).permute(0, 2, 1, 3);
        var scores = array(2 * 3, 5, 6).reshape('c', 2, 3, 5, 6);
        check(queries, false, keys, true, scores);
        check(scores, false, keys, false, queries);
    }

    /** Numbers of a row are not adjacent. */
    @Test
    void matricesMayBePermuted() {
        check(array(0, 6, 5).permute(1, 0), false, array(0, 6, 2), false, array(0, 5, 2));
        check(array(6, 3, 5).permute(1, 2, 0), false, array(3, 6, 2), false, array(3, 5, 2));
    }

    private void check(INDArray a, boolean firstTransposed, INDArray b, boolean secondTransposed, INDArray to) {
        for (double before : new double[] {0, 1}) {
            double[][][] expected =
                    expected(matrices(a, firstTransposed), matrices(b, secondTransposed), matrices(to, false), before);
            MatrixProduct.of(0.5, a, firstTransposed, b, secondTransposed, before, to)
                    .run();
            double[][][] result = matrices(to, false);
            for (int i = 0; i < expected.length; i++) {
                for (int row = 0; row < expected[i].length; row++) {
                    assertThat(result[i][row]).containsExactly(expected[i][row], within(1e-4));
                }
            }
        }
    }

    private static double[][][] expected(double[][][] a, double[][][] b, double[][][] to, double before) {
        var expected = new double[to.length][to[0].length][to[0][0].length];
        for (int i = 0; i < to.length; i++) {
            for (int row = 0; row < to[i].length; row++) {
                for (int column = 0; column < to[i][row].length; column++) {
                    double sum = 0;
                    for (int k = 0; k < b[i].length; k++) {
                        sum += a[i][row][k] * b[i][k][column];
                    }
                    expected[i][row][column] = 0.5 * sum + before * to[i][row][column];
                }
            }
        }
        return expected;
    }

    /** As numbers of their own, transposed where wanted; a single matrix as a batch of one. */
    private static double[][][] matrices(INDArray array, boolean transposed) {
        int rank = array.rank();
        int rows = (int) array.size(rank - 2);
        int columns = (int) array.size(rank - 1);
        var all = array.dup('c').reshape('c', array.length() / rows / columns, rows, columns);
        var matrices = new double[(int) all.size(0)][transposed ? columns : rows][transposed ? rows : columns];
        for (int i = 0; i < matrices.length; i++) {
            for (int row = 0; row < rows; row++) {
                for (int column = 0; column < columns; column++) {
                    matrices[i][transposed ? column : row][transposed ? row : column] = all.getDouble(i, row, column);
                }
            }
        }
        return matrices;
    }

    /** Random numbers; a single matrix where there is no count. */
    private INDArray array(int count, int rows, int columns) {
        long[] shape = count == 0 ? new long[] {rows, columns} : new long[] {count, rows, columns};
        var numbers = new float[Math.max(count, 1) * rows * columns];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = (float) random.nextDouble(-1, 1);
        }
        return Nd4j.createFromArray(numbers).reshape('c', shape);
    }
}
