package dev.mlops.nas.search;

import org.jspecify.annotations.Nullable;

/**
 * A trial to start: one architecture at one fidelity with one seed, or a preparation.
 *
 * @param number from 1, unique in the experiment; a plan continues after the highest number of the history
 * @param purpose why
 * @param genotype what; {@link Genotype#NONE} for a preparation
 * @param epochs fidelity; those of a preparation are its own
 * @param seed of the training
 * @param reference the human design's name, for purpose REFERENCE
 * @param continues number of the trial with fewer epochs whose training goes on here; null where it begins
 * @param prediction the surrogate's word, before training, on the result after these epochs; null where none chose, and for a rung of
 *     which little is known yet
 */
public record TrialRequest(
        int number,
        Purpose purpose,
        Genotype genotype,
        int epochs,
        long seed,
        @Nullable String reference,
        @Nullable Integer continues,
        @Nullable Prediction prediction) {
    /** Mean and standard deviation of the objective, in its own units. */
    public record Prediction(double mean, double sd) {}
}
