package dev.mlops.nas.tracking;

import dev.mlops.nas.api.NasExperimentSpec;
import dev.mlops.nas.search.Experiment;
import java.time.Instant;
import java.util.Map;

/**
 * The search that is tracked.
 *
 * @param uid its identity on the server: the uid of the NasExperiment, locally one that the state folder keeps
 * @param experimentName name of the experiment on the server
 * @param experiment as the engine sees it
 * @param spec as the user wrote it
 * @param startedAt when it began; the same at every call
 * @param tags what else to show with the parent run, such as versions
 */
public record TrackedSearch(
        String uid,
        String experimentName,
        Experiment experiment,
        NasExperimentSpec spec,
        Instant startedAt,
        Map<String, String> tags) {}
