package dev.mlops.nas.cluster;

import dev.mlops.nas.api.NasTrial;
import dev.mlops.nas.api.NasTrialStatus;
import io.fabric8.kubernetes.api.model.HasMetadata;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import org.jspecify.annotations.Nullable;

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

    /** The MLflow run that was opened for the trial before it was created; null where there is none. */
    static @Nullable String runId(NasTrial trial) {
        return trial.getMetadata().getAnnotations() == null
                ? null
                : trial.getMetadata().getAnnotations().get(TrialRecords.RUN_ANNOTATION);
    }

    /** An object in a log line: NAMESPACE/NAME. */
    static String path(HasMetadata object) {
        return object.getMetadata().getNamespace() + "/" + object.getMetadata().getName();
    }

    /** A trial's experiment in a log line. */
    static String experimentPath(NasTrial trial) {
        return trial.getMetadata().getNamespace() + "/" + trial.getSpec().experiment();
    }

    /** When the trial was first seen to run; null when it never was. */
    static @Nullable Instant startedAt(NasTrial trial) {
        NasTrialStatus status = trial.getStatus();
        return status == null || status.startTime() == null ? null : Instant.parse(status.startTime());
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
