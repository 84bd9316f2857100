package dev.mlops.nas.search;

import java.util.List;
import java.util.Map;

/** What came of asking a strategy outside the engine. */
public sealed interface Answer {
    /**
     * Architectures to train, in this order; none ends the search.
     *
     * @param architectures the value of each decision by its name; those of decisions that are inactive do not count
     */
    record Architectures(List<Map<String, String>> architectures) implements Answer {
        /** Copies the list. */
        public Architectures {
            architectures = List.copyOf(architectures);
        }
    }

    /**
     * It could not be asked, or what it said makes no sense.
     *
     * @param why one sentence without its full stop, which names the strategy's address
     */
    record None(String why) implements Answer {}
}
