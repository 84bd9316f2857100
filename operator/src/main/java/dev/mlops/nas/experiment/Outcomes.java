package dev.mlops.nas.experiment;

import dev.mlops.nas.contract.ExitCode;
import dev.mlops.nas.contract.TrialResult;
import dev.mlops.nas.search.Experiment;
import dev.mlops.nas.search.Experiment.Objective;
import dev.mlops.nas.search.Preparation;
import dev.mlops.nas.search.Purpose;
import dev.mlops.nas.search.TrialState;
import java.util.ArrayList;
import java.util.List;
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
     * @param seconds wall time
     */
    public static Optional<TrialState.Outcome> of(int exitCode, @Nullable TrialResult result, double seconds) {
        String message = result == null || result.message() == null
                ? "the trainer ended with exit code %d and no message".formatted(exitCode)
                : result.message();
        if (exitCode == ExitCode.DONE.code() && result != null) {
            return Optional.of(new TrialState.Completed(result.metrics(), seconds, derived(result)));
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

    private static List<TrialState.Derived> derived(TrialResult result) {
        return result.derived() == null
                ? List.of()
                : result.derived().stream()
                        .map(d -> new TrialState.Derived(d.choices(), d.accuracy()))
                        .toList();
    }

    /** Metrics without which a trial's result is none. */
    public static List<String> required(Experiment experiment, Purpose purpose) {
        Preparation preparation = experiment.preparation();
        if (!purpose.hasArchitecture()) {
            return preparation == null ? List.of() : List.of(preparation.metric());
        }
        Objective objective = experiment.objective();
        var required = new ArrayList<String>();
        required.add(objective.metric());
        if (purpose.opensTest()) {
            required.add(objective.testMetric());
        }
        required.addAll(experiment.measuredCosts());
        return required;
    }

    private Outcomes() {}
}
