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

    /** Epochs that a trial adds: one that continues another begins where that ended. */
    public int added(TrialRequest request) {
        Integer before = request.continues();
        return before == null
                ? request.epochs()
                : request.epochs()
                        - trials.stream()
                                .map(Trial::request)
                                .filter(r -> r.number() == before)
                                .mapToInt(TrialRequest::epochs)
                                .findFirst()
                                .orElse(0);
    }

    /** A trial and what is known of it. */
    public record Trial(TrialRequest request, TrialState state) {}
}
