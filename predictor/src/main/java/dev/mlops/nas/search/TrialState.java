package dev.mlops.nas.search;

import java.util.Map;

/** What is known of a trial. */
public sealed interface TrialState {
    /** Asked for, not yet running. */
    record Pending() implements TrialState {}

    /** Training now. */
    record Running() implements TrialState {}

    /** A trial that will not change any more. */
    sealed interface Outcome extends TrialState {
        /** Wall time of the training, seconds; counts as cost whatever came of it. */
        double seconds();
    }

    /** Trained; metrics by the names of the trial contract. */
    record Completed(Map<String, Double> metrics, double seconds) implements Outcome {
        /** Copies the metrics. */
        public Completed {
            metrics = Map.copyOf(metrics);
        }
    }

    /** Ran out of memory or the device lacks something; teaches, is not retried, does not count as failed. */
    record Infeasible(String reason, double seconds) implements Outcome {}

    /** Could not be built, diverged, or failed more often than is retried. */
    record Failed(String reason, double seconds) implements Outcome {}

    /** Data or contract that no trial of this experiment can use; ends the search at once. */
    record Rejected(String reason, double seconds) implements Outcome {}

    /** Ended by us before it was done. */
    record Stopped(String reason, double seconds) implements Outcome {}
}
