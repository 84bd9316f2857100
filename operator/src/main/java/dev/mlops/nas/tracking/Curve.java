package dev.mlops.nas.tracking;

import dev.mlops.nas.search.Experiment;
import dev.mlops.nas.search.Experiment.Constraint;
import dev.mlops.nas.search.Purpose;
import dev.mlops.nas.search.TrialState.Completed;
import dev.mlops.nas.search.TrialState.Outcome;
import dev.mlops.nas.tracking.Tracking.Point;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Best so far against trials, for the search and for its random arm. A function of the trials alone, in the order of their
 * numbers up to the first that is not done: points that were missed while the server was away come out the same later.
 */
final class Curve {
    /** The points of both arms. The warm-up counts for both, as it does in the comparison. */
    static List<Point> points(Experiment experiment, List<TrackedTrial> trials) {
        var points = new ArrayList<Point>();
        String metric = "best_" + experiment.objective().metric();
        add(points, experiment, trials, p -> p == Purpose.WARM_UP || p == Purpose.SEARCH, metric, true);
        if (trials.stream().anyMatch(t -> t.request().purpose() == Purpose.RANDOM_ARM)) {
            add(
                    points,
                    experiment,
                    trials,
                    p -> p == Purpose.WARM_UP || p == Purpose.RANDOM_ARM,
                    metric + "_random",
                    false);
        }
        return points;
    }

    private static void add(
            List<Point> points,
            Experiment experiment,
            List<TrackedTrial> trials,
            Predicate<Purpose> arm,
            String metric,
            boolean costs) {
        Double best = null;
        double seconds = 0;
        int step = 0;
        for (TrackedTrial trial : trials) {
            if (!arm.test(trial.request().purpose())) {
                continue;
            }
            Instant endedAt = trial.endedAt();
            if (!(trial.state() instanceof Outcome outcome) || endedAt == null) {
                return;
            }
            step++;
            seconds += outcome.seconds();
            // Results of lower rungs have no common order with those of the highest.
            Double value =
                    trial.request().epochs() == experiment.fidelity().highest() ? feasible(experiment, outcome) : null;
            if (value != null
                    && (best == null
                            || experiment.objective().score(value)
                                    > experiment.objective().score(best))) {
                best = value;
            }
            if (best != null) {
                points.add(new Point(metric, best, step, endedAt));
            }
            if (costs) {
                points.add(new Point("train_seconds", seconds, step, endedAt));
                var prediction = trial.request().prediction();
                Double result = prediction == null ? null : value(experiment, outcome);
                if (prediction != null && result != null) {
                    points.add(new Point("prediction_error", Math.abs(prediction.mean() - result), step, endedAt));
                }
            }
        }
    }

    private static @Nullable Double value(Experiment experiment, Outcome outcome) {
        return outcome instanceof Completed c
                ? c.metrics().get(experiment.objective().metric())
                : null;
    }

    /** The objective, where no constraint is known to be violated. */
    private static @Nullable Double feasible(Experiment experiment, Outcome outcome) {
        if (!(outcome instanceof Completed completed)) {
            return null;
        }
        for (Constraint constraint : experiment.constraints()) {
            Double cost = completed.metrics().get(constraint.metric());
            if (cost != null && cost > constraint.max()) {
                return null;
            }
        }
        return value(experiment, outcome);
    }

    private Curve() {}
}
