package dev.mlops.nas.search;

import java.util.List;
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

    /**
     * Trained.
     *
     * @param metrics by the names of the trial contract
     * @param derived architectures that the preparation {@link Preparation.OpenChoices} came to, the most promising first; empty for
     *     other trials
     * @param curve the objective's metric after one epoch after the other, as far as the trainer told; empty where it did not
     */
    record Completed(Map<String, Double> metrics, double seconds, List<Derived> derived, List<Double> curve)
            implements Outcome {
        /** Copies the metrics and the lists. */
        public Completed {
            metrics = Map.copyOf(metrics);
            derived = List.copyOf(derived);
            curve = List.copyOf(curve);
        }

        /** Without derived architectures and curve. */
        public Completed(Map<String, Double> metrics, double seconds) {
            this(metrics, seconds, List.of(), List.of());
        }
    }

    /**
     * An architecture that open choices came to.
     *
     * @param choices an index for each mixture of {@link Relaxation#mixtures()}, -1 for none of its choices
     * @param accuracy on the validation part with the weights that it has in the open graph
     */
    record Derived(List<Integer> choices, double accuracy) {
        /** Copies the choices. */
        public Derived {
            choices = List.copyOf(choices);
        }
    }

    /** Ran out of memory or the device lacks something; teaches, is not retried, does not count as failed. */
    record Infeasible(String reason, double seconds) implements Outcome {}

    /**
     * Could not be built, diverged, or failed more often than is retried.
     *
     * @param machine whether the trainer blamed the machine to the last, such as for want of a GPU, or measured none of a cost that a
     *     limit or trade-off goes by: nothing is known of the
     *     architecture then, which costs no trial of the budget and may be tried again
     */
    record Failed(String reason, double seconds, boolean machine) implements Outcome {
        /** One whose architecture is to blame. */
        public Failed(String reason, double seconds) {
            this(reason, seconds, false);
        }
    }

    /** Data or contract that no trial of this experiment can use; ends the search at once. */
    record Rejected(String reason, double seconds) implements Outcome {}

    /** Ended by us before it was done. */
    record Stopped(String reason, double seconds) implements Outcome {}
}
