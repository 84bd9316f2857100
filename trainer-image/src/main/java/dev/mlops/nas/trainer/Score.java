package dev.mlops.nas.trainer;

import java.util.Map;
import java.util.stream.Collectors;

/**
 * How well a network does on some examples.
 *
 * @param metrics by the contract's names; NaN for what these examples do not allow
 */
record Score(Map<String, Double> metrics) {
    double of(String metric) {
        return metrics.getOrDefault(metric, Double.NaN);
    }

    double loss() {
        return of("loss");
    }

    @Override
    public String toString() {
        return metrics.entrySet().stream()
                .map(e -> e.getKey() + " " + Training.rounded(e.getValue()))
                .collect(Collectors.joining(", "));
    }
}
