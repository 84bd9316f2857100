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
                row[j] = (k[j] - dot(row, 0, all[j], 0, j)) / all[j][j];
            }
            row[i] = Math.sqrt(Math.max(k[i] - dot(row, 0, row, 0, i), LEAST_PIVOT));
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
            v[i] = (b[i] - dot(rows[i], 0, v, 0, i)) / rows[i][i];
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
                inverse[i][j] = dot(columns[i], 0, columns[j], i - j, columns[i].length);
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
                column[i - c] = -dot(rows[i], c, column, 0, i - c) / rows[i][i];
            }
            columns[c] = column;
        }
        return columns;
    }

    /** Sum of the products of so many numbers from two places on; four partial sums keep the processor busy. */
    static double dot(double[] a, int fromA, double[] b, int fromB, int length) {
        double s0 = 0;
        double s1 = 0;
        double s2 = 0;
        double s3 = 0;
        int i = 0;
        for (; i + 3 < length; i += 4) {
            s0 += a[fromA + i] * b[fromB + i];
            s1 += a[fromA + i + 1] * b[fromB + i + 1];
            s2 += a[fromA + i + 2] * b[fromB + i + 2];
            s3 += a[fromA + i + 3] * b[fromB + i + 3];
        }
        for (; i < length; i++) {
            s0 += a[fromA + i] * b[fromB + i];
        }
        return s0 + s1 + (s2 + s3);
    }
}
