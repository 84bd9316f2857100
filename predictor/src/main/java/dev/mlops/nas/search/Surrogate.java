package dev.mlops.nas.search;

import dev.mlops.nas.search.GaussianProcess.Normal;

/** A fitted model of a score: cheap to ask, immutable. */
sealed interface Surrogate permits Trees, GaussianProcess {
    /** Mean of the target for an architecture, and the model's own doubt; 0 where it has none. */
    Normal predict(Features.Vector row);

    /** The mean of {@link #predict} alone, cheaper. */
    double mean(Features.Vector row);
}
