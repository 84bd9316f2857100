package dev.mlops.nas.tracking;

import dev.mlops.nas.contract.TrialResult.Epoch;
import java.util.List;
import java.util.Map;

/**
 * A tracking server. Every method is idempotent, so that a caller that crashed in between simply calls again: runs are found
 * by their uid tag before one is created, and points of metrics carry their own time. Calls are bounded in time.
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
     * The parent run of a search: found by its uid, else created (with the server's experiment where that is new).
     *
     * @param experiment name of the experiment on the server
     * @param uid of the search
     * @param name of the run
     * @param params logged once
     */
    Run openExperiment(String experiment, String uid, String name, Map<String, String> params) throws TrackingException;

    /** The run of one trial, nested under the parent: found by its uid, else created. Params: decisions, fidelity, purpose. */
    Run openTrial(Run parent, String uid, String name, Map<String, String> params, Map<String, String> tags)
            throws TrackingException;

    /**
     * Delivers what is known of a finished trial and closes its run.
     *
     * @param metrics final ones, with predictions and their errors
     * @param history per epoch, as train_loss, val_accuracy, val_loss
     * @param artifacts file name to text
     */
    void finishTrial(
            Run run,
            RunState state,
            Map<String, Double> metrics,
            List<Epoch> history,
            Map<String, String> tags,
            Map<String, String> artifacts)
            throws TrackingException;

    /** Progress of the search as metrics of the parent run; step is the number of finished trials. */
    void logProgress(Run parent, int step, long timeMs, Map<String, Double> metrics) throws TrackingException;

    /** Closes the parent run, and every trial run under it that is still open (as {@link RunState#KILLED}). */
    void finishExperiment(
            Run parent,
            RunState state,
            Map<String, Double> metrics,
            Map<String, String> tags,
            Map<String, String> artifacts)
            throws TrackingException;
}
