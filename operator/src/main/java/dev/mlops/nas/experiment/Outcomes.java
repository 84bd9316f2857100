package dev.mlops.nas.experiment;

import dev.mlops.nas.contract.ExitCode;
import dev.mlops.nas.contract.TrialResult;
import dev.mlops.nas.search.Experiment;
import dev.mlops.nas.search.Experiment.Objective;
import dev.mlops.nas.search.Preparation;
import dev.mlops.nas.search.Purpose;
import dev.mlops.nas.search.TrialRequest;
import dev.mlops.nas.search.TrialState;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Reads the end of a trainer process. */
public final class Outcomes {
    /**
     * The outcome of a trainer that has ended; empty when it is to be retried ({@link ExitCode#TEMPORARY} and every code that
     * the contract does not name).
     *
     * @param exitCode of the process
     * @param result what it wrote; null when nothing readable
     * @param wanted of the trial
     * @param seconds wall time
     */
    public static Optional<TrialState.Outcome> of(
            int exitCode, @Nullable TrialResult result, Wanted wanted, double seconds) {
        String message = result == null || result.message() == null
                ? "the trainer ended with exit code %d and no message".formatted(exitCode)
                : result.message();
        if (exitCode == ExitCode.DONE.code() && result != null) {
            return Optional.of(new TrialState.Completed(
                    metrics(result, wanted), seconds, derived(result), curve(result, wanted.objective())));
        }
        if (exitCode == ExitCode.ARCHITECTURE.code()) {
            return Optional.of(new TrialState.Failed(message, seconds));
        }
        if (exitCode == ExitCode.DATA.code()) {
            return Optional.of(new TrialState.Rejected(message, seconds));
        }
        if (exitCode == ExitCode.INFEASIBLE.code()) {
            return Optional.of(new TrialState.Infeasible(message, seconds));
        }
        return Optional.empty();
    }

    /** Without the costs of a smaller network that stood in for the architecture: whoever reads them takes them for the architecture's. */
    private static Map<String, Double> metrics(TrialResult result, Wanted wanted) {
        var metrics = new HashMap<>(result.metrics());
        if (!wanted.ownCosts()) {
            metrics.keySet().removeAll(TrialResult.NETWORK_COSTS);
        }
        return metrics;
    }

    private static List<TrialState.Derived> derived(TrialResult result) {
        return result.derived() == null
                ? List.of()
                : result.derived().stream()
                        .map(d -> new TrialState.Derived(d.choices(), d.accuracy()))
                        .toList();
    }

    private static List<Double> curve(TrialResult result, String metric) {
        return result.history().stream()
                .map(e -> e.metric(metric))
                .filter(v -> v != null && Double.isFinite(v))
                .toList();
    }

    /**
     * What a trial's result has to tell.
     *
     * @param objective the metric whose learning curve belongs to the outcome
     * @param required metrics without which a result is none
     * @param ownCosts whether the network is the architecture's own, so that {@link TrialResult#NETWORK_COSTS} of it are
     */
    public record Wanted(String objective, List<String> required, boolean ownCosts) {
        /** What is wanted of a trial of the experiment. */
        public static Wanted of(Experiment experiment, TrialRequest request) {
            Purpose purpose = request.purpose();
            Objective objective = experiment.objective();
            Preparation preparation = experiment.preparation();
            var required = new ArrayList<String>();
            if (purpose.hasArchitecture()) {
                required.add(objective.metric());
                if (purpose.opensTest()) {
                    required.add(objective.testMetric());
                }
                required.addAll(experiment.measuredCosts());
            } else if (preparation != null) {
                required.add(preparation.metric());
            }
            return new Wanted(objective.metric(), List.copyOf(required), !experiment.trainsProxy(request));
        }
    }

    private Outcomes() {}
}
