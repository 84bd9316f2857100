package dev.mlops.nas.search;

import java.util.List;

/**
 * How often values fell into the central intervals that normal predictions gave for them beforehand. A calibrated predictor has as
 * large a share in each as the interval's level (Kuleshov, Fenner and Ermon, "Accurate Uncertainties for Deep Learning Using
 * Calibrated Regression", ICML 2018).
 *
 * @param predictions that were compared, one or more
 * @param within50 share within the 50 % interval
 * @param within80 share within the 80 % interval
 * @param within95 share within the 95 % interval
 */
public record Calibration(int predictions, double within50, double within80, double within95) {
    /** From how many standard deviations each value lies off its prediction. */
    public static Calibration of(List<Double> deviations) {
        return new Calibration(
                deviations.size(), share(deviations, 0.5), share(deviations, 0.8), share(deviations, 0.95));
    }

    private static double share(List<Double> deviations, double level) {
        double reach = Statistics.normalQuantile((1 + level) / 2);
        return (double) deviations.stream().filter(d -> Math.abs(d) <= reach).count() / deviations.size();
    }
}
