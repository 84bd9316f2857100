package dev.mlops.nas.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mlops.nas.api.NasTrialStatus;
import dev.mlops.nas.api.NasTrialStatus.TrialPhase;
import dev.mlops.nas.search.TrialState.Completed;
import dev.mlops.nas.search.TrialState.Derived;
import dev.mlops.nas.search.TrialState.Failed;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What the engine is told of a trial is what it said. */
class TrialRecordsTest {
    @Test
    void whoIsToBlameForAFailureComesBackFromTheStatus() {
        assertThat(TrialRecords.state(failed("TrainerUnavailable"))).isEqualTo(new Failed("no GPU", 60, true));
        assertThat(TrialRecords.state(failed("BackoffLimitExceeded"))).isEqualTo(new Failed("no GPU", 60, false));
    }

    private static NasTrialStatus failed(String reason) {
        return new NasTrialStatus(
                TrialPhase.Failed, null, null, reason, "no GPU", null, null, 60.0, null, null, null, null);
    }

    @Test
    void derivedArchitecturesAndCurvesComeBackFromTheStatus() {
        var derived = List.of(new Derived(List.of(1, -1), 0.9), new Derived(List.of(-1, 0), 0.8));
        var status = new NasTrialStatus(
                TrialPhase.Completed,
                null,
                Map.of("relaxedAccuracy", 0.95),
                "Completed",
                null,
                null,
                null,
                60.0,
                null,
                TrialRecords.derivedStatus(derived),
                List.of(0.5, 0.75),
                null);

        assertThat(TrialRecords.state(status))
                .isEqualTo(new Completed(Map.of("relaxedAccuracy", 0.95), 60, derived, List.of(0.5, 0.75)));
        assertThat(TrialRecords.derivedStatus(List.of())).isNull();
    }
}
