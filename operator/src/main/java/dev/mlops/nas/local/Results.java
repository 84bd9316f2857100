package dev.mlops.nas.local;

import dev.mlops.nas.experiment.Outcomes.Wanted;
import dev.mlops.nas.search.TrialState;
import dev.mlops.nas.search.TrialState.Completed;
import dev.mlops.nas.search.TrialState.Failed;
import dev.mlops.nas.search.TrialState.Outcome;

/** Holds a trainer to what it has to report, so that a trainer of one's own that forgets a metric is told so. */
final class Results {
    static Outcome checked(Outcome outcome, Wanted wanted) {
        return switch (outcome) {
            case Completed c ->
                wanted.required().stream()
                        .filter(metric -> lacks(c, metric))
                        .findFirst()
                        .<Outcome>map(metric -> lacking(c, metric))
                        .orElse(c);
            case Failed f -> f;
            case TrialState.Infeasible i -> i;
            case TrialState.Rejected r -> r;
            case TrialState.Stopped s -> s;
        };
    }

    private static boolean lacks(Completed completed, String metric) {
        Double value = completed.metrics().get(metric);
        return value == null || !Double.isFinite(value);
    }

    private static Failed lacking(Completed completed, String metric) {
        Double value = completed.metrics().get(metric);
        return new Failed(
                value == null
                        ? "the trainer's result has no metric " + metric
                        : "the trainer's result has %s = %s, which is not a number to go by".formatted(metric, value),
                completed.seconds());
    }

    private Results() {}
}
