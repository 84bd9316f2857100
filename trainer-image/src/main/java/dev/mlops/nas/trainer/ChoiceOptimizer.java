package dev.mlops.nas.trainer;

import java.util.List;

/**
 * Adam on the logits of open choices with the paper's constants (Liu et al. 2019: betas 0.5 and 0.999, L2 decay 0.001) but for the rate:
 * its 0.0003 goes with some 20,000 steps. Where there are fewer, the rate is higher, so that logits come as far, up to 0.1.
 */
final class ChoiceOptimizer {
    private static final double LOWEST_RATE = 3e-4;
    private static final double HIGHEST_RATE = 0.1;
    private static final double STEPS = 20_000;
    private static final double DECAY = 1e-3;
    private static final double BETA1 = 0.5;
    private static final double BETA2 = 0.999;
    private static final double EPSILON = 1e-8;

    private final double rate;
    private final double[] first;
    private final double[] second;
    private int step;

    /**
     * An optimiser.
     *
     * @param logits that it is for
     * @param steps of the whole search
     */
    ChoiceOptimizer(double[] logits, long steps) {
        this.rate = Math.clamp(LOWEST_RATE * STEPS / steps, LOWEST_RATE, HIGHEST_RATE);
        this.first = new double[logits.length];
        this.second = new double[logits.length];
    }

    /** The logits after one more step. */
    double[] update(double[] logits, double[] slopes) {
        step++;
        var updated = new double[logits.length];
        for (int i = 0; i < logits.length; i++) {
            double slope = slopes[i] + DECAY * logits[i];
            first[i] = BETA1 * first[i] + (1 - BETA1) * slope;
            second[i] = BETA2 * second[i] + (1 - BETA2) * slope * slope;
            double mean = first[i] / (1 - Math.pow(BETA1, step));
            double square = second[i] / (1 - Math.pow(BETA2, step));
            updated[i] = logits[i] - rate * mean / (Math.sqrt(square) + EPSILON);
        }
        return updated;
    }

    /** Both moments, logit by logit. */
    List<double[]> moments() {
        return List.of(first.clone(), second.clone());
    }

    /** Goes on with these moments after so many steps. */
    void restore(List<double[]> moments, long stepsSoFar) {
        System.arraycopy(moments.get(0), 0, first, 0, first.length);
        System.arraycopy(moments.get(1), 0, second, 0, second.length);
        step = Math.toIntExact(stepsSoFar);
    }
}
