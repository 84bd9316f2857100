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
            return Optional.of(completed(result, wanted, seconds));
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

    /**
     * A result that tells what it has to. One without the objective says nothing for its architecture; a cost that is missing is the
     * trainer's or the machine's to measure, whatever the architecture.
     */
    private static TrialState.Outcome completed(TrialResult result, Wanted wanted, double seconds) {
        var metrics = metrics(result, wanted);
        for (String metric : wanted.required()) {
            if (lacks(metrics, metric)) {
                return new TrialState.Failed(lacking(metrics, metric), seconds);
            }
        }
        for (String cost : wanted.costs()) {
            if (lacks(metrics, cost)) {
                return new TrialState.Failed(
                        "%s, and a limit or trade-off goes by it%s"
                                .formatted(lacking(metrics, cost), why(result, cost)),
                        seconds,
                        true);
            }
        }
        return new TrialState.Completed(metrics, seconds, derived(result), curve(result, wanted.objective()));
    }

    private static boolean lacks(Map<String, Double> metrics, String metric) {
        Double value = metrics.get(metric);
        return value == null || !Double.isFinite(value);
    }

    private static String lacking(Map<String, Double> metrics, String metric) {
        Double value = metrics.get(metric);
        return value == null
                ? "the trainer's result has no metric " + metric
                : "the trainer's result has %s = %s, which is not a number to go by".formatted(metric, value);
    }

    /** What the trainer says of what it could not measure; nothing where it says nothing. */
    private static String why(TrialResult result, String cost) {
        String entry = TrialResult.EXPORTED_COSTS.contains(cost)
                ? TrialResult.ONNX_RUNTIME
                : cost.equals("energyJoules") ? TrialResult.ENERGY : "";
        String told = result.environment() == null ? null : result.environment().get(entry);
        return told == null ? "" : " (%s: %s)".formatted(entry, told);
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
     * @param costs metrics by which limits and trade-offs go
     * @param ownCosts whether the network is the architecture's own, so that {@link TrialResult#NETWORK_COSTS} of it are
     */
    public record Wanted(String objective, List<String> required, List<String> costs, boolean ownCosts) {
        /** What is wanted of a trial of the experiment. */
        public static Wanted of(Experiment experiment, TrialRequest request) {
            Purpose purpose = request.purpose();
            Objective objective = experiment.objective();
            Preparation preparation = experiment.preparation();
            var required = new ArrayList<String>();
            var costs = new ArrayList<String>();
            if (purpose.hasArchitecture()) {
                required.add(objective.metric());
                if (purpose.opensTest()) {
                    required.add(objective.testMetric());
                }
                costs.addAll(experiment.measuredCosts());
            } else if (preparation != null) {
                required.add(preparation.metric());
            }
            return new Wanted(
                    objective.metric(), List.copyOf(required), List.copyOf(costs), !experiment.trainsProxy(request));
        }
    }

    private Outcomes() {}
}
