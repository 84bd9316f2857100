package dev.mlops.nas.search;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Evolution after the warm-up. */
record PredictorSearch(
        Experiment.StrategyOptions.Predictor options,
        Experiment.Objective objective,
        List<Experiment.Constraint> constraints)
        implements Strategy {
    @Override
    public List<Proposal> propose(Candidates candidates, List<Observation> observations, int count, long seed) {
        return new RegularizedEvolution(options.fallback()).propose(candidates, observations, count, seed);
    }

    /** What is known of the surrogate. */
    record Quality(Plan.PredictorQuality figures, boolean trusted) {}

    @Nullable
    Quality quality(Candidates candidates, List<Observation> observations, long seed) {
        return null;
    }
}
