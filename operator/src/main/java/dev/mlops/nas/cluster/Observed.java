package dev.mlops.nas.cluster;

import dev.mlops.nas.api.NasExperiment;
import dev.mlops.nas.api.NasExperimentStatus;
import dev.mlops.nas.api.NasTrial;
import dev.mlops.nas.search.Experiment;
import dev.mlops.nas.search.History;
import dev.mlops.nas.search.TrialState;
import java.time.Instant;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;

/**
 * What the reconciler sees of one experiment.
 *
 * @param resource the experiment as it is on the cluster
 * @param experiment the same for the engine
 * @param trials its own trials, in the order of their numbers
 * @param history the same for the engine
 */
record Observed(NasExperiment resource, Experiment experiment, List<NasTrial> trials, History history) {
    /**
     * Makes records of API objects. Trials that an earlier experiment of the same name left behind do not count.
     *
     * @param now start of the experiment when none was recorded yet
     */
    static Observed of(NasExperiment resource, Experiment experiment, Collection<NasTrial> trials, Instant now) {
        List<NasTrial> own = trials.stream()
                .filter(t -> Owners.owns(resource, t))
                .sorted(Comparator.comparingInt(t -> t.getSpec().number()))
                .toList();
        return new Observed(
                resource,
                experiment,
                own,
                new History(
                        startedAt(resource, own, now),
                        own.stream()
                                .map(t -> new History.Trial(TrialRecords.request(t.getSpec()), known(t)))
                                .toList()));
    }

    /** To the engine a trial is open or done; that an open one began to run changes no plan and costs no new one. */
    private static TrialState known(NasTrial trial) {
        TrialState state = TrialRecords.state(trial.getStatus());
        return state instanceof TrialState.Running ? new TrialState.Pending() : state;
    }

    private static Instant startedAt(NasExperiment resource, List<NasTrial> trials, Instant now) {
        NasExperimentStatus status = resource.getStatus();
        if (status != null && status.startTime() != null) {
            return Instant.parse(status.startTime());
        }
        // The status was lost or not written before a crash: the oldest trial is the best witness.
        return trials.stream()
                .map(t -> Instant.parse(t.getMetadata().getCreationTimestamp()))
                .min(Comparator.naturalOrder())
                .orElse(now);
    }
}
