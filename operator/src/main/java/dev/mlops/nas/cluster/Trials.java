package dev.mlops.nas.cluster;

import dev.mlops.nas.api.NasTrial;
import dev.mlops.nas.api.NasTrialStatus;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/** Small questions to a trial's object. */
final class Trials {
    /** Whether the trial will not change any more. */
    static boolean isFinal(NasTrial trial) {
        return trial.getStatus() != null && trial.getStatus().phase().isFinal();
    }

    /** The same trial, at the version that was read, with another status. */
    static NasTrial with(NasTrial trial, NasTrialStatus status) {
        var changed = new NasTrial();
        changed.setMetadata(trial.getMetadata());
        changed.setSpec(trial.getSpec());
        changed.setStatus(status);
        return changed;
    }

    static String name(NasTrial trial) {
        return trial.getMetadata().getName();
    }

    /** RFC 3339 to the second, as the API writes time. */
    static String text(Instant instant) {
        return instant.truncatedTo(ChronoUnit.SECONDS).toString();
    }

    private Trials() {}
}
