package dev.mlops.nas.search;

import java.util.List;

/**
 * Proposes what to train next. A function of its arguments alone, so that a restarted search goes on where it was: the n-th
 * trial follows from the trials before it, however many are planned at a time.
 */
sealed interface Strategy permits RandomSearch, RegularizedEvolution, PredictorSearch {
    /**
     * Proposes architectures that are new to the search.
     *
     * @param candidates what may be trained
     * @param observations the search so far, in the order of the trials' numbers; pending ones included
     * @param count how many at most; fewer only when nothing new was found
     * @param seed of the experiment
     */
    List<Proposal> propose(Candidates candidates, List<Observation> observations, int count, long seed);

    /** The strategy for the options. */
    static Strategy of(Experiment.StrategyOptions options, List<Experiment.Constraint> constraints) {
        return switch (options) {
            case Experiment.StrategyOptions.RandomSearch() -> new RandomSearch();
            case Experiment.StrategyOptions.Evolution evolution -> new RegularizedEvolution(evolution);
            case Experiment.StrategyOptions.Predictor predictor -> new PredictorSearch(predictor, constraints);
        };
    }
}
