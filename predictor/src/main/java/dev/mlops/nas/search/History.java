package dev.mlops.nas.search;

import java.time.Instant;
import java.util.List;

/**
 * Everything that happened so far.
 *
 * @param startedAt when the experiment began
 * @param trials in the order of their numbers
 */
public record History(Instant startedAt, List<Trial> trials) {
    /** Copies the trials and puts them in the order of their numbers. */
    public History {
        trials = trials.stream()
                .sorted(java.util.Comparator.comparingInt(t -> t.request().number()))
                .toList();
    }

    /** A trial and what is known of it. */
    public record Trial(TrialRequest request, TrialState state) {}
}
