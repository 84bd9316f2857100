package dev.mlops.nas.report;

import dev.mlops.nas.api.NasExperimentSpec;
import dev.mlops.nas.search.Experiment;
import dev.mlops.nas.search.History;
import dev.mlops.nas.search.Plan;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A search, as it is reported.
 *
 * @param spec what the user asked for, with all defaults
 * @param experiment the same for the engine
 * @param history every trial
 * @param phase where the search is
 * @param summary the last plan's
 * @param endedAt when the last outcome was known
 * @param environment what it ran on and with, by name, in the order to show: versions, processor, threads, sha256 of the data
 */
public record SearchRecord(
        NasExperimentSpec spec,
        Experiment experiment,
        History history,
        Plan.Phase phase,
        Plan.Summary summary,
        Instant endedAt,
        Map<String, String> environment) {
    /** Copies the environment. */
    public SearchRecord {
        environment = Collections.unmodifiableMap(new LinkedHashMap<>(environment));
    }

    /** From the beginning to the last outcome, pauses included. */
    public Duration wallClock() {
        return Duration.between(history.startedAt(), endedAt);
    }
}
