package dev.mlops.nas.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How a trial went; written by the operator only.
 *
 * @param phase Pending, Running, Completed, Infeasible, Failed or Stopped
 * @param score the objective as text, for printer columns
 * @param metrics results and measured costs by name
 * @param reason one CamelCase word for the phase
 * @param message one sentence
 * @param startTime when the pod began, RFC 3339
 * @param completionTime when the outcome was known, RFC 3339
 * @param seconds wall time of the training container
 * @param runId MLflow run; absent while untracked
 * @param derived for purpose Preparation of strategy Differentiable: the architectures that it came to, the most promising first
 * @param curve the objective's metric after one epoch after the other, as far as the trainer told
 * @param tracked whether everything about this trial has reached MLflow
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record NasTrialStatus(
        TrialPhase phase,
        @Nullable String score,
        @Nullable Map<String, Double> metrics,
        @Nullable String reason,
        @Nullable String message,
        @Nullable String startTime,
        @Nullable String completionTime,
        @Nullable Double seconds,
        @Nullable String runId,
        @Nullable List<DerivedArchitecture> derived,
        @Nullable List<Double> curve,
        @Nullable Boolean tracked) {

    /** Without derived architectures and curve. */
    public NasTrialStatus(
            TrialPhase phase,
            @Nullable String score,
            @Nullable Map<String, Double> metrics,
            @Nullable String reason,
            @Nullable String message,
            @Nullable String startTime,
            @Nullable String completionTime,
            @Nullable Double seconds,
            @Nullable String runId,
            @Nullable Boolean tracked) {
        this(phase, score, metrics, reason, message, startTime, completionTime, seconds, runId, null, null, tracked);
    }

    /**
     * An architecture that open choices came to.
     *
     * @param choices an index for each open choice, -1 for nothing
     * @param accuracy on the validation part, with weights from the network with open choices
     */
    public record DerivedArchitecture(List<Integer> choices, Double accuracy) {}

    /** States of a trial; the last four are final. */
    public enum TrialPhase {
        Pending,
        Running,
        Completed,
        Infeasible,
        Failed,
        Stopped;

        /** Whether the trial will not change any more. */
        public boolean isFinal() {
            return switch (this) {
                case Pending, Running -> false;
                case Completed, Infeasible, Failed, Stopped -> true;
            };
        }
    }
}
