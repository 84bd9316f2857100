package dev.mlops.nas.tracking;

import dev.mlops.nas.contract.TrialResult;
import dev.mlops.nas.search.TrialRequest;
import dev.mlops.nas.search.TrialState;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A trial as a shell knows it.
 *
 * @param request what was planned
 * @param state what is known
 * @param result what the trainer wrote, with its history; null where there is none
 * @param startedAt when it was planned or its trainer began; the same at every call
 * @param endedAt when its outcome was known; the same at every call, null before
 * @param delivered whether everything about it has reached the tracking server
 */
public record TrackedTrial(
        TrialRequest request,
        TrialState state,
        @Nullable TrialResult result,
        Instant startedAt,
        @Nullable Instant endedAt,
        boolean delivered) {
    /** The trial's number. */
    public int number() {
        return request.number();
    }
}
