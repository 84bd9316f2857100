package dev.mlops.nas.trainer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;

/**
 * The dominant eigenvalue of a loss's Hessian by the logits of open choices, epoch by epoch: where it rises, architectures lose when
 * choices are closed, and the search had better stop (Zela et al., "Understanding and Robustifying Differentiable Architecture Search",
 * ICLR 2020). Power iteration on products of the Hessian with a vector, which are central differences of slopes.
 */
final class Curvature {
    /** How far apart the slopes are taken. */
    private static final double REACH = 0.02;

    /** Iterations an epoch; each goes on from the vector of the last. */
    private static final int ITERATIONS = 4;

    /** Epochs before the first of those that are compared: until then it is the network that changes most. */
    private static final int SETTLED = 10;

    /** Epochs that a value is averaged over, and that lie between two that are compared. */
    static final int WINDOW = 5;

    /** The part of the present value that an earlier one must fall below. */
    private static final double STOP = 0.75;

    private final List<Double> values = new ArrayList<>();
    private double[] direction = {};

    /**
     * Measures after an epoch.
     *
     * @param slopes of the loss at any logits
     * @return the eigenvalue, without its sign
     */
    double measure(double[] logits, UnaryOperator<double[]> slopes, SplittableRandom random) {
        if (direction.length == 0) {
            direction = new double[logits.length];
            Arrays.setAll(direction, i -> Gaussian.draw(random));
            normalise(direction);
        }
        double eigenvalue = 0;
        for (int i = 0; i < ITERATIONS; i++) {
            var product = product(logits, slopes);
            eigenvalue = Math.abs(dot(direction, product));
            if (normalise(product)) {
                direction = product;
            }
        }
        values.add(eigenvalue);
        return eigenvalue;
    }

    private double[] product(double[] logits, UnaryOperator<double[]> slopes) {
        var ahead = slopes.apply(moved(logits, REACH / 2));
        var behind = slopes.apply(moved(logits, -REACH / 2));
        var product = new double[logits.length];
        Arrays.setAll(product, i -> (ahead[i] - behind[i]) / REACH);
        return product;
    }

    private double[] moved(double[] logits, double by) {
        var moved = logits.clone();
        Arrays.setAll(moved, i -> moved[i] + by * direction[i]);
        return moved;
    }

    /** Whether it has a direction. */
    private static boolean normalise(double[] vector) {
        double length = Math.sqrt(dot(vector, vector));
        for (int i = 0; i < vector.length && length > 0; i++) {
            vector[i] /= length;
        }
        return length > 0;
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }

    /**
     * Whether the search had better have stopped {@value #WINDOW} epochs ago; never in the first {@value #SETTLED} epochs, nor in the
     * first fifth of the search.
     */
    boolean rises(int epochs) {
        int now = values.size();
        return now - WINDOW >= Math.max(SETTLED, epochs / 5) && mean(now - WINDOW) < STOP * mean(now);
    }

    /** The eigenvalues so far, and the vector from which the next power iteration goes on. */
    List<double[]> state() {
        return List.of(values.stream().mapToDouble(Double::doubleValue).toArray(), direction.clone());
    }

    /** Goes on from what {@link #state} told. */
    void restore(List<double[]> state) {
        values.clear();
        Arrays.stream(state.get(0)).forEach(values::add);
        direction = state.get(1).clone();
    }

    private double mean(int end) {
        return values.subList(end - WINDOW, end).stream()
                .mapToDouble(Double::doubleValue)
                .average()
                .orElseThrow();
    }
}
