package dev.mlops.nas.trainer;

import static dev.mlops.nas.trainer.Kernel.in;
import static dev.mlops.nas.trainer.Kernel.out;

import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.openblas.global.openblas_nolapack;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Products of small matrices, one or as many as lie in arrays of three or four sides, by OpenBLAS itself. ND4J's operation makes three arrays for
 * each matrix of a batch, and a primitive of oneDNN for a single one, which takes longer than a small product.
 */
final class MatrixProduct implements Step {
    /** Multiplications of a single product up to which this is faster than oneDNN, which ND4J has for AVX2 only. */
    private static final long SMALL = OpenBlas.hasAvx512() ? 600_000 : 20_000;

    /** How many times fewer those are of a vector and a matrix. */
    private static final long THIN = 4;

    static {
        if (Backend.ofThisBuild() == Backend.PROCESSORS) {
            // Its threads take longer to agree than such products take, above all on a busy machine.
            openblas_nolapack.blas_set_num_threads(1);
        }
    }

    private final double factor;
    private final double before;
    private final Matrices first;
    private final Matrices second;
    private final Matrices result;
    private final int inner;

    private MatrixProduct(double factor, double before, Matrices first, Matrices second, Matrices result) {
        this.factor = factor;
        this.before = before;
        this.first = first;
        this.second = second;
        this.result = result;
        this.inner = first.transposed ? first.rows : first.columns;
    }

    /**
     * {@code to = factor a b + before to}, of the last two sides.
     *
     * @param firstTransposed whether a is transposed first
     * @param secondTransposed whether b is
     */
    static Step of(
            double factor,
            INDArray a,
            boolean firstTransposed,
            INDArray b,
            boolean secondTransposed,
            double before,
            INDArray to) {
        if (Backend.ofThisBuild() == Backend.PROCESSORS && Stream.of(a, b, to).allMatch(x -> Matrices.fit(x, to))) {
            var product = new MatrixProduct(
                    factor,
                    before,
                    Matrices.of(a, firstTransposed),
                    Matrices.of(b, secondTransposed),
                    Matrices.of(to, false));
            if (to.rank() > 2 || product.isSmall()) {
                return product;
            }
        }
        return Kernel.of(
                "matmul",
                in(a, b),
                out(to),
                new double[] {factor, before},
                firstTransposed ? 1 : 0,
                secondTransposed ? 1 : 0,
                0);
    }

    private boolean isSmall() {
        boolean thin = result.rows == 1 || result.columns == 1;
        return (long) result.rows * result.columns * inner <= (thin ? SMALL / THIN : SMALL);
    }

    @Override
    public void run() {
        for (int i = 0; i < result.count; i++) {
            openblas_nolapack.cblas_sgemm(
                    openblas_nolapack.CblasRowMajor,
                    first.order(),
                    second.order(),
                    result.rows,
                    result.columns,
                    inner,
                    (float) factor,
                    first.at(i),
                    first.leading,
                    second.at(i),
                    second.leading,
                    (float) before,
                    result.at(i),
                    result.leading);
        }
    }

    /**
     * Matrices in memory, all of one shape.
     *
     * @param array keeps the memory
     * @param from where in memory the first begins
     * @param together matrices of the innermost batch
     * @param apart numbers from one of these to the next
     * @param outer numbers from one such batch to the next
     * @param leading numbers from one row to the next
     */
    private record Matrices(
            INDArray array,
            FloatPointer memory,
            long from,
            int count,
            int together,
            long apart,
            long outer,
            int rows,
            int columns,
            int leading,
            boolean transposed) {
        /** Whether there are as many matrices as in the result, the numbers of a row are adjacent and rows do not overlap. */
        static boolean fit(INDArray array, INDArray result) {
            int rank = array.rank();
            return array.dataType() == DataType.FLOAT
                    && rank == result.rank()
                    && rank <= 4
                    && IntStream.range(0, rank - 2).allMatch(i -> array.size(i) == result.size(i))
                    && (array.size(rank - 1) == 1 || array.stride(rank - 1) == 1)
                    && (array.size(rank - 2) == 1 || array.stride(rank - 2) >= array.size(rank - 1));
        }

        static Matrices of(INDArray array, boolean transposed) {
            int rank = array.rank();
            int rows = Math.toIntExact(array.size(rank - 2));
            int columns = Math.toIntExact(array.size(rank - 1));
            return new Matrices(
                    array,
                    new FloatPointer(array.data().pointer()),
                    array.offset(),
                    Math.toIntExact(array.length() / rows / columns),
                    rank > 2 ? Math.toIntExact(array.size(rank - 3)) : 1,
                    rank > 2 ? array.stride(rank - 3) : 0,
                    rank > 3 ? array.stride(0) : 0,
                    rows,
                    columns,
                    rows == 1 ? columns : Math.toIntExact(array.stride(rank - 2)),
                    transposed);
        }

        FloatPointer at(int i) {
            return memory.position(from + i / together * outer + i % together * apart);
        }

        int order() {
            return transposed ? openblas_nolapack.CblasTrans : openblas_nolapack.CblasNoTrans;
        }
    }
}
