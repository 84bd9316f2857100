package dev.mlops.nas.search;

import org.jspecify.annotations.Nullable;

/**
 * Minimises a smooth function of a few variables by the BFGS method with backtracking (Nocedal and Wright, "Numerical
 * Optimization", 2006, algorithm 6.1). Smile's loops for ever when a step is so short that the gradient does not change.
 */
final class Descent {
    private static final double SUFFICIENT = 1e-4;
    private static final int HALVINGS = 20;
    private static final double LEAST_CURVATURE = 1e-12;
    private static final double LONGEST = 3;

    /** A function with its gradient. */
    interface Function {
        double value(double[] at);

        /** The value; writes the gradient. */
        double value(double[] at, double[] gradient);
    }

    /**
     * The best point found; never worse than the start.
     *
     * @param tolerance largest component of the gradient that counts as 0
     */
    static double[] minimise(Function function, double[] start, double tolerance, int iterations) {
        int n = start.length;
        double[] x = start.clone();
        double[] gradient = new double[n];
        double value = function.value(x, gradient);
        double[][] inverse = identity(n);
        for (int iteration = 0; iteration < iterations && largest(gradient) > tolerance; iteration++) {
            double[] direction = times(inverse, gradient, -1);
            if (dot(direction, gradient) >= 0) {
                inverse = identity(n);
                direction = times(inverse, gradient, -1);
            }
            double[] next = backtrack(function, x, value, direction, dot(direction, gradient));
            if (next == null) {
                break;
            }
            double[] slope = new double[n];
            value = function.value(next, slope);
            update(inverse, difference(next, x), difference(slope, gradient), iteration == 0);
            x = next;
            gradient = slope;
        }
        return x;
    }

    /** The first point on the way that is lower by a fair part of what the slope promises; null if there is none. */
    private static double @Nullable [] backtrack(
            Function function, double[] x, double value, double[] direction, double slope) {
        double step = Math.min(1, LONGEST / largest(direction));
        for (int i = 0; i < HALVINGS; i++, step /= 2) {
            double[] next = new double[x.length];
            for (int p = 0; p < x.length; p++) {
                next[p] = x[p] + step * direction[p];
            }
            if (function.value(next) <= value + SUFFICIENT * step * slope) {
                return next;
            }
        }
        return null;
    }

    /** Formula 6.17; the first time after scaling by formula 6.20. */
    private static void update(double[][] inverse, double[] s, double[] y, boolean first) {
        double curvature = dot(s, y);
        if (curvature <= LEAST_CURVATURE) {
            return;
        }
        if (first) {
            for (int i = 0; i < s.length; i++) {
                inverse[i][i] = curvature / dot(y, y);
            }
        }
        double[] hy = times(inverse, y, 1);
        double scale = (1 + dot(y, hy) / curvature) / curvature;
        for (int i = 0; i < s.length; i++) {
            for (int j = 0; j < s.length; j++) {
                inverse[i][j] += scale * s[i] * s[j] - (hy[i] * s[j] + s[i] * hy[j]) / curvature;
            }
        }
    }

    private static double[][] identity(int n) {
        double[][] identity = new double[n][n];
        for (int i = 0; i < n; i++) {
            identity[i][i] = 1;
        }
        return identity;
    }

    private static double[] times(double[][] matrix, double[] vector, double factor) {
        double[] product = new double[vector.length];
        for (int i = 0; i < product.length; i++) {
            product[i] = factor * dot(matrix[i], vector);
        }
        return product;
    }

    private static double[] difference(double[] a, double[] b) {
        double[] difference = new double[a.length];
        for (int i = 0; i < a.length; i++) {
            difference[i] = a[i] - b[i];
        }
        return difference;
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }

    private static double largest(double[] values) {
        double largest = 0;
        for (double v : values) {
            largest = Math.max(largest, Math.abs(v));
        }
        return largest;
    }

    private Descent() {}
}
