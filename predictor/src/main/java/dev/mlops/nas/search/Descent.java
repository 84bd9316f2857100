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
        Point at(double[] arguments);
    }

    /** What a function is at one place; the gradient is worked out when it is asked for. */
    interface Point {
        double[] arguments();

        double value();

        double[] gradient();
    }

    /**
     * The best point found; never worse than the start.
     *
     * @param tolerance largest component of the gradient that counts as 0
     */
    static double[] minimise(Function function, double[] start, double tolerance, int iterations) {
        int n = start.length;
        Point point = function.at(start.clone());
        double[] gradient = point.gradient();
        double[][] inverse = identity(n);
        for (int iteration = 0; iteration < iterations && largest(gradient) > tolerance; iteration++) {
            double[] direction = times(inverse, gradient, -1);
            if (dot(direction, gradient) >= 0) {
                inverse = identity(n);
                direction = times(inverse, gradient, -1);
            }
            Point next = backtrack(function, point, direction, dot(direction, gradient));
            if (next == null) {
                break;
            }
            double[] slope = next.gradient();
            update(
                    inverse,
                    difference(next.arguments(), point.arguments()),
                    difference(slope, gradient),
                    iteration == 0);
            point = next;
            gradient = slope;
        }
        return point.arguments();
    }

    /** The first point on the way that is lower by a fair part of what the slope promises; null if there is none. */
    private static @Nullable Point backtrack(Function function, Point from, double[] direction, double slope) {
        double[] x = from.arguments();
        double step = Math.min(1, LONGEST / largest(direction));
        for (int i = 0; i < HALVINGS; i++, step /= 2) {
            double[] next = new double[x.length];
            for (int p = 0; p < x.length; p++) {
                next[p] = x[p] + step * direction[p];
            }
            Point point = function.at(next);
            if (point.value() <= from.value() + SUFFICIENT * step * slope) {
                return point;
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
