package dev.mlops.nas.validation;

import dev.mlops.nas.search.SpaceException;
import java.nio.file.Path;

/**
 * One thing that is wrong with an experiment.
 *
 * @param field path such as {@code spec.budget.trials}; empty when the whole file is meant
 * @param sentence what is wrong, with the value and what is allowed
 */
public record Problem(String field, String sentence) {

    /** What only the engine can know, as a problem of the file. */
    public static Problem of(SpaceException refused) {
        return new Problem("spec." + refused.field(), String.valueOf(refused.getMessage()));
    }

    /** The line for a terminal: {@code FILE: FIELD: sentence}. */
    public String line(Path file) {
        return file + ": " + this;
    }

    /** {@code FIELD: sentence}. */
    @Override
    public String toString() {
        return field.isEmpty() ? sentence : field + ": " + sentence;
    }
}
