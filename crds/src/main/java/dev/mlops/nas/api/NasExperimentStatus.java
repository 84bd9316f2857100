package dev.mlops.nas.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.fabric8.kubernetes.api.model.Condition;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Progress and result of a search; its size does not depend on the number of trials.
 *
 * @param phase where the search is
 * @param observedGeneration the spec's generation that this status speaks of
 * @param message one sentence on progress
 * @param progress trials of the search, "done/budget"
 * @param conditions Ready, Reconciling, Stalled, Succeeded, PredictorTrusted, TrackingSynced
 * @param trials counts by state
 * @param best the incumbent, later the winner
 * @param predictor quality of the surrogate
 * @param front what no other architecture beats in all objectives, where the experiment has several
 * @param cost what was spent
 * @param comparison the winner beside random search and human references, at the end
 * @param tracking where the runs are
 * @param startTime first reconcile, RFC 3339
 * @param completionTime end of the search, RFC 3339
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record NasExperimentStatus(
        @Nullable Phase phase,
        @Nullable Long observedGeneration,
        @Nullable String message,
        @Nullable String progress,
        @Nullable List<Condition> conditions,
        @Nullable TrialCounts trials,
        @Nullable Best best,
        @Nullable PredictorQuality predictor,
        @Nullable ParetoFront front,
        @Nullable Cost cost,
        @Nullable List<ComparisonRow> comparison,
        @Nullable TrackingStatus tracking,
        @Nullable String startTime,
        @Nullable String completionTime) {

    /** Where the search is. */
    public enum Phase {
        Pending,
        Preparing,
        WarmingUp,
        Searching,
        Finalizing,
        Succeeded,
        Failed,
        Suspended
    }

    /** Trials by state. */
    public record TrialCounts(int completed, int running, int pending, int infeasible, int failed, int stopped) {}

    /**
     * The best architecture known.
     *
     * @param trial its name
     * @param score the objective as text; with interval once retrained
     * @param metrics of that trial
     * @param architecture canonical hash
     * @param decisions as names and values
     */
    public record Best(
            String trial,
            String score,
            Map<String, Double> metrics,
            String architecture,
            Map<String, String> decisions) {}

    /**
     * How well the surrogate ranks, by cross-validation on the finished trials.
     *
     * @param surrogate the one in use
     * @param tau as text, for printer columns
     * @param kendallTau from -1 to 1
     * @param interval confidence interval, two numbers
     * @param trials trials it rests on
     */
    public record PredictorQuality(
            String surrogate, String tau, double kendallTau, List<Double> interval, int trials) {}

    /**
     * The objective and the costs that are kept low beside it.
     *
     * @param architectures by ascending cost, the first of them first; where they are more than 20, 20 of them, the ends included
     * @param size how many the front has
     * @param hypervolume the volume that the front dominates up to the reference, in units of the objective times units of the costs
     * @param referenceValue the worst objective among the first 10 architectures that the search measured
     * @param referenceCosts by metric, the limit of the cost where the experiment sets one, otherwise the largest among them
     */
    public record ParetoFront(
            List<FrontArchitecture> architectures,
            int size,
            double hypervolume,
            double referenceValue,
            Map<String, Double> referenceCosts) {}

    /**
     * One architecture of the front.
     *
     * @param trial name of its first trial
     * @param value the objective on validation
     * @param costs the other objectives by metric
     * @param test mean of the objective on the test split over its trainings from scratch, where it was a finalist
     */
    public record FrontArchitecture(
            String trial,
            double value,
            Map<String, Double> costs,
            @Nullable Double test) {}

    /**
     * What was spent.
     *
     * @param trainTime sum of the trials' wall time as text, for printer columns
     * @param trainSeconds the same in seconds; failed trials included
     * @param trainings trials started
     */
    public record Cost(String trainTime, double trainSeconds, int trainings) {}

    /**
     * One line of the final comparison, by the objective on the test split.
     *
     * @param entrant Search, RandomSearch or a reference's name
     * @param architecture canonical hash
     * @param seeds trainings behind the mean
     * @param test mean objective on the test split over the seeds, where there is one
     * @param interval its confidence interval, two numbers, where something is known of its error
     * @param params trainable parameters; 0 where the search space has no network
     * @param latencyMs median of single inferences, where measured
     * @param verdict how the search's winner relates to it, one sentence
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record ComparisonRow(
            String entrant,
            String architecture,
            int seeds,
            @Nullable Double test,
            @Nullable List<Double> interval,
            double params,
            @Nullable Double latencyMs,
            @Nullable String verdict) {}

    /**
     * Where the runs are.
     *
     * @param experimentId MLflow's
     * @param runId of the parent run
     * @param url of the parent run in the MLflow UI
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record TrackingStatus(
            @Nullable String experimentId,
            @Nullable String runId,
            @Nullable String url) {}
}
