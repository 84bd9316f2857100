package dev.mlops.nas.search;

/**
 * A genotype with what is known of it before training.
 *
 * @param genotype what to train
 * @param hash of the architecture, see {@link SearchSpace#architectureHash}
 * @param cost analytic
 */
record Candidate(Genotype genotype, String hash, SearchSpace.Cost cost) {
    /** The analytic metric of a constraint. */
    double value(Experiment.Constraint constraint) {
        return cost.value(constraint.metric());
    }
}
