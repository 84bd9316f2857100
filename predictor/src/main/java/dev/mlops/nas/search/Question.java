package dev.mlops.nas.search;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a plan wants to know of a strategy outside the engine. Its answer is an {@link Answer} to the same history.
 *
 * @param count architectures that may be named at most
 * @param known the architectures of the search, in the order in which they were started
 */
public record Question(int count, List<Known> known) {
    /**
     * An architecture of the search.
     *
     * @param number of its first trial
     * @param decisions names and values of the active ones
     * @param state what came of it
     * @param value the objective, of the highest fidelity; null unless measured
     * @param metrics all that was measured
     * @param feasible whether all measured constraints are kept; false unless measured
     * @param epochs fidelity of the value; of the training to come while there is none
     */
    public record Known(
            int number,
            Map<String, String> decisions,
            State state,
            @Nullable Double value,
            Map<String, Double> metrics,
            boolean feasible,
            int epochs) {}

    /** What came of an architecture. */
    public enum State {
        /** Planned or running. */
        PENDING,
        /** The objective is known. */
        MEASURED,
        /** Does not fit the device. */
        INFEASIBLE,
        /** No result, for whatever reason. */
        FAILED
    }
}
