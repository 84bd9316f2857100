package dev.mlops.nas.tracking;

import java.time.Instant;
import java.util.List;
import java.util.Map;

/**
 * A tracking server. Every method is idempotent, so that a caller that crashed in between simply calls again: runs are found
 * by their uid before one is created, and points of metrics carry their own time and step. Every call is bounded in time.
 */
public interface Tracking {
    /** A run on the server, with the page that shows it. */
    record Run(String experimentId, String runId, String url) {}

    /** How a run ended. */
    enum RunState {
        FINISHED,
        FAILED,
        KILLED
    }

    /**
     * What a run is created with.
     *
     * @param uid by which it is found again
     * @param name shown to people
     * @param startedAt when the work began
     * @param params written once; a value that differs later becomes a tag {@code changed.NAME}
     * @param tags may change later
     */
    record RunSpec(String uid, String name, Instant startedAt, Map<String, String> params, Map<String, String> tags) {}

    /** One value of a metric; the same point delivered twice is one point. */
    record Point(String metric, double value, long step, Instant time) {}

    /**
     * The parent run of a search: found by its uid, else created, with the server's experiment where that is new. A run that
     * was closed as {@link RunState#KILLED} runs again.
     *
     * @param experiment name of the experiment on the server
     */
    Run openExperiment(String experiment, RunSpec spec) throws TrackingException;

    /** The run of one trial, nested under the parent; found, created and reopened as the parent is. */
    Run openTrial(Run parent, RunSpec spec) throws TrackingException;

    /** Adds points, and sets tags, replacing earlier values. */
    void log(Run run, List<Point> points, Map<String, String> tags) throws TrackingException;

    /**
     * Stores text files with the run, replacing earlier ones of the same name.
     *
     * @param artifacts file name to text
     */
    void storeArtifacts(Run run, Map<String, String> artifacts) throws TrackingException;

    /** The latest step of every metric that the run has. */
    Map<String, Long> lastSteps(Run run) throws TrackingException;

    /** Closes a run. */
    void close(Run run, RunState state, Instant endedAt) throws TrackingException;

    /** Closes, as {@link RunState#KILLED}, every trial run under the parent that is still open. */
    void closeOpenTrials(Run parent, Instant endedAt) throws TrackingException;
}
