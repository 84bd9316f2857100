package dev.mlops.nas.local;

import dev.mlops.nas.contract.TrialResult;
import dev.mlops.nas.search.History;
import dev.mlops.nas.search.TrialRequest;
import dev.mlops.nas.search.TrialState;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** A trial of a running local search; touched by the loop's thread only. */
final class LocalTrial {
    /** Why we end a trainer. */
    enum Ending {
        /** The plan has no use for the trial any more. */
        STOPPED,
        /** It ran longer than it may. */
        DEADLINE,
        /** The whole search ends for now. */
        INTERRUPTED
    }

    final TrialRequest request;
    final TrialFolder folder;
    final Instant plannedAt;
    private @Nullable TrialResult result;
    TrialFolder.@Nullable OutcomeFile outcome;

    @Nullable
    TrainerProcess process;

    @Nullable
    Ending ending;
    /** When a trainer that was asked to leave is killed. */
    Instant killAt = Instant.MAX;
    /** When the next attempt may begin. */
    Instant startAfter = Instant.MIN;

    LocalTrial(TrialRequest request, TrialFolder folder) {
        this.request = request;
        this.folder = folder;
        this.plannedAt = folder.plannedAt();
    }

    int number() {
        return request.number();
    }

    boolean isRunning() {
        return process != null;
    }

    boolean isWaiting() {
        return process == null && outcome == null;
    }

    TrialState state() {
        if (outcome != null) {
            return outcome.outcome();
        }
        return process == null ? new TrialState.Pending() : new TrialState.Running();
    }

    History.Trial record() {
        return new History.Trial(request, state());
    }

    /** What the trainer wrote at its end; null before, and where it wrote nothing. */
    @Nullable
    TrialResult result() {
        if (result == null && outcome != null) {
            result = folder.lastResult().orElse(null);
        }
        return result;
    }

    /** Wall time of the attempts that have ended. */
    double endedSeconds() {
        return folder.attempts().stream()
                .flatMap(a -> a.ended().stream())
                .mapToDouble(AttemptFolder.Ended::seconds)
                .sum();
    }
}
