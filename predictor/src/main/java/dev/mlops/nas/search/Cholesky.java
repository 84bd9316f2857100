package dev.mlops.nas.search;

import java.util.Arrays;

/**
 * Lower triangular factor L of a symmetric positive definite matrix K = L L<sup>T</sup>, kept by rows. Written here because the
 * same input must give the same bits on every machine. Pivots that rounding made negative are lifted to a small positive number.
 */
final class Cholesky {
    private static final double LEAST_PIVOT = 1e-10;

    private final double[][] rows;

    private Cholesky(double[][] rows) {
        this.rows = rows;
    }

    /** Factorises the matrix whose lower triangle is given by rows. */
    static Cholesky of(double[][] lower) {
        return new Cholesky(new double[0][]).extended(lower);
    }

    /** The factor of a matrix that has more rows: those after the known ones, each up to its diagonal. */
    Cholesky extended(double[][] more) {
        double[][] all = Arrays.copyOf(rows, rows.length + more.length);
        for (int i = rows.length; i < all.length; i++) {
            double[] k = more[i - rows.length];
            double[] row = new double[i + 1];
            all[i] = row;
            for (int j = 0; j < i; j++) {
                row[j] = (k[j] - dot(row, all[j], j)) / all[j][j];
            }
            row[i] = Math.sqrt(Math.max(k[i] - dot(row, row, i), LEAST_PIVOT));
        }
        return new Cholesky(all);
    }

    int size() {
        return rows.length;
    }

    /** L<sup>-1</sup> b. */
    double[] forward(double[] b) {
        double[] v = new double[rows.length];
        for (int i = 0; i < v.length; i++) {
            v[i] = (b[i] - dot(rows[i], v, i)) / rows[i][i];
        }
        return v;
    }

    /** K<sup>-1</sup> b. */
    double[] solve(double[] b) {
        double[] v = forward(b);
        for (int i = v.length - 1; i >= 0; i--) {
            double[] row = rows[i];
            v[i] /= row[i];
            for (int j = 0; j < i; j++) {
                v[j] -= row[j] * v[i];
            }
        }
        return v;
    }

    /** Logarithm of the determinant of K. */
    double logDeterminant() {
        double sum = 0;
        for (int i = 0; i < rows.length; i++) {
            sum += StrictMath.log(rows[i][i]);
        }
        return 2 * sum;
    }

    /** Lower triangle of K<sup>-1</sup>, by rows. */
    double[][] inverse() {
        double[][] columns = inverseFactorByColumns();
        double[][] inverse = new double[rows.length][];
        for (int i = 0; i < rows.length; i++) {
            inverse[i] = new double[i + 1];
            for (int j = 0; j <= i; j++) {
                // Columns of the inverse factor are 0 above their diagonal.
                double sum = 0;
                double[] a = columns[i];
                double[] b = columns[j];
                for (int c = 0; c < a.length; c++) {
                    sum += a[c] * b[c + i - j];
                }
                inverse[i][j] = sum;
            }
        }
        return inverse;
    }

    /** Columns of L<sup>-1</sup>, each from its diagonal downwards. */
    private double[][] inverseFactorByColumns() {
        int n = rows.length;
        double[][] columns = new double[n][];
        for (int c = 0; c < n; c++) {
            double[] column = new double[n - c];
            column[0] = 1 / rows[c][c];
            for (int i = c + 1; i < n; i++) {
                double[] row = rows[i];
                double sum = 0;
                for (int j = c; j < i; j++) {
                    sum += row[j] * column[j - c];
                }
                column[i - c] = -sum / row[i];
            }
            columns[c] = column;
        }
        return columns;
    }

    /** Sum of the first products; four partial sums keep the processor busy. */
    private static double dot(double[] a, double[] b, int length) {
        double s0 = 0;
        double s1 = 0;
        double s2 = 0;
        double s3 = 0;
        int i = 0;
        for (; i + 3 < length; i += 4) {
            s0 += a[i] * b[i];
            s1 += a[i + 1] * b[i + 1];
            s2 += a[i + 2] * b[i + 2];
            s3 += a[i + 3] * b[i + 3];
        }
        for (; i < length; i++) {
            s0 += a[i] * b[i];
        }
        return s0 + s1 + (s2 + s3);
    }
}
