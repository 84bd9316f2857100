package dev.mlops.nas.search;

import org.jspecify.annotations.Nullable;

/**
 * What a strategy wants trained.
 *
 * @param candidate new to the search
 * @param uniform whether it is a uniform random draw, which random search would have made too
 * @param prediction of the score (as something to maximise); null where no surrogate chose
 */
record Proposal(Candidate candidate, boolean uniform, TrialRequest.@Nullable Prediction prediction) {
    /** A random draw. */
    static Proposal drawn(Candidate candidate) {
        return new Proposal(candidate, true, null);
    }

    /** Chosen without a surrogate. */
    static Proposal chosen(Candidate candidate) {
        return new Proposal(candidate, false, null);
    }
}
