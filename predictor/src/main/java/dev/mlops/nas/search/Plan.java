package dev.mlops.nas.search;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What to do next and what to tell the user.
 *
 * @param phase where the search is
 * @param start trials to start now; at most as many as fit beside those that run
 * @param stop numbers of trials to end
 * @param summary figures for status, terminal and report
 * @param question to a strategy outside the engine, without whose answer the search does not go on; null where none is open
 */
public record Plan(
        Phase phase,
        List<TrialRequest> start,
        List<Integer> stop,
        Summary summary,
        @Nullable Question question) {
    /** Without a question. */
    public Plan(Phase phase, List<TrialRequest> start, List<Integer> stop, Summary summary) {
        this(phase, start, stop, summary, null);
    }

    /** Where the search is. */
    public enum Phase {
        /** A trial runs that the search cannot begin without. */
        PREPARING,
        WARMING_UP,
        SEARCHING,
        FINALIZING,
        SUCCEEDED,
        FAILED,
        SUSPENDED
    }

    /**
     * Figures for the user.
     *
     * @param reason one CamelCase word for conditions: Preparing, WarmingUp, Searching, Finalizing, Succeeded, Suspended, DataUnusable,
     *     PreparationFailed, TrainerUnavailable, TooManyFailures, NoFeasibleArchitecture, StrategyUnavailable
     * @param message one sentence
     * @param searchDone architectures of the search (warm-up included) with a first outcome
     * @param searchTotal architectures of the budget (less when the space is exhausted)
     * @param totalTrainings trainings the whole experiment will make, protocol included, as far as known
     * @param best the incumbent; the winner in the end; null before the first feasible result
     * @param predictor quality of the surrogate; null before its first fit or for other strategies
     * @param exploresByEvolution whether the predictor strategy has fallen back
     * @param trainSeconds sum over all outcomes
     * @param comparison winner, random search and references on the test split; empty before the end
     * @param rankCorrelation Kendall tau between search result and retrained mean over finalists and baselines; null before
     * @param front what no other architecture of the search beats in all objectives; null without a trade-off
     * @param rankingNoise what each lower fidelity says of full training; empty where the search trains in full
     * @param promotions how those who went on were chosen, rung by rung; empty where the search has one rung
     */
    public record Summary(
            String reason,
            String message,
            int searchDone,
            int searchTotal,
            int totalTrainings,
            @Nullable Incumbent best,
            @Nullable PredictorQuality predictor,
            boolean exploresByEvolution,
            double trainSeconds,
            List<Entrant> comparison,
            @Nullable Double rankCorrelation,
            @Nullable Front front,
            List<RankingNoise> rankingNoise,
            List<Promotions> promotions) {}

    /**
     * The Pareto front of the objective and one or more costs, over the feasible architectures of the highest fidelity that the search has
     * measured.
     *
     * @param metrics of the costs
     * @param points by ascending cost, the first of them first
     * @param hypervolume the volume that they dominate up to the reference, in units of the objective times units of the costs
     * @param referenceValue the worst objective among the first {@value #REFERENCE} of those architectures: it stays, so that
     *     hypervolumes of one search can be compared
     * @param referenceCosts the limit of each cost where the experiment sets one, otherwise the largest among these; empty while
     *     there are no points
     */
    public record Front(
            List<String> metrics,
            List<Point> points,
            double hypervolume,
            double referenceValue,
            List<Double> referenceCosts) {
        /** How many architectures the reference is taken from. */
        public static final int REFERENCE = 10;

        /** Costs of a point, or of the reference, by their metrics and in their order; none where there are no costs. */
        public Map<String, Double> byMetric(List<Double> costs) {
            var byMetric = new LinkedHashMap<String, Double>();
            for (int i = 0; i < costs.size(); i++) {
                byMetric.put(metrics.get(i), costs.get(i));
            }
            return byMetric;
        }

        /**
         * An architecture of the front.
         *
         * @param number of its first trial
         * @param value the objective on validation in the search
         * @param costs the other objectives
         * @param test mean of the objective on the test split over its trainings from scratch; NaN where it was no finalist
         */
        public record Point(int number, Genotype genotype, double value, List<Double> costs, double test) {}
    }

    /**
     * How well results of a lower fidelity rank architectures, measured on those that were trained in full too: by the search or as
     * finalists. They are the better ones, among which ranks are harder to tell than in the whole space.
     *
     * @param epochs of the lower fidelity; 0 for inherited weights, which every full training reports the worth of, those of random
     *     search and references included
     * @param kendallTau between its results and those of full training
     * @param low lower end of its interval
     * @param high upper end
     * @param architectures it was measured on, three or more
     */
    public record RankingNoise(int epochs, double kendallTau, double low, double high, int architectures) {}

    /**
     * Who went on from a rung to the next, and how well that can be told before. They are the better ones, among which ranks are
     * harder to tell than in the whole rung.
     *
     * @param from epochs of the rung
     * @param to epochs of the next
     * @param architectures measured at both, three or more
     * @param byPredictor whether the predictor chooses now, otherwise what the curves of the rung promise
     * @param tauOfResults Kendall tau between what the curves of the rung promise and the results at the next
     * @param tauOfForetold the same between what was foretold of those that went on, before they did, and their results; null where
     *     that was done for fewer than three
     */
    public record Promotions(
            int from,
            int to,
            int architectures,
            boolean byPredictor,
            double tauOfResults,
            @Nullable Double tauOfForetold) {}

    /** The best feasible architecture: trial number, objective on validation. */
    public record Incumbent(int number, Genotype genotype, double value) {}

    /** Cross-validated rank quality: surrogate's name, Kendall tau, its interval, trials it rests on. */
    public record PredictorQuality(String surrogate, double kendallTau, double low, double high, int trials) {}

    /**
     * One line of the final comparison, by the objective on the test split.
     *
     * @param name {@code search}, {@code random search} or a reference's name
     * @param genotype its architecture
     * @param numbers the trials behind it
     * @param validation mean objective on validation over the seeds
     * @param test mean objective on the test split over the seeds
     * @param seedSd standard deviation over the seeds; NaN with one seed
     * @param low lower end of the interval of the test result; NaN where nothing is known of its error
     * @param high upper end
     * @param seedsOnly whether the interval holds the spread over seeds alone, as the trainer told nothing of the sampling error
     * @param params trainable parameters
     * @param macs multiply-accumulates
     * @param latencyMs mean of the measured medians; NaN where none
     * @param verdict how the winner relates to it, one sentence with the difference and its interval; null for the winner
     */
    public record Entrant(
            String name,
            Genotype genotype,
            List<Integer> numbers,
            double validation,
            double test,
            double seedSd,
            double low,
            double high,
            boolean seedsOnly,
            long params,
            long macs,
            double latencyMs,
            @Nullable String verdict) {}
}
