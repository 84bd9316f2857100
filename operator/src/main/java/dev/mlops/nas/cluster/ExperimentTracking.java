package dev.mlops.nas.cluster;

import dev.mlops.nas.api.NasApi;
import dev.mlops.nas.api.NasExperiment;
import dev.mlops.nas.api.NasExperimentStatus;
import dev.mlops.nas.api.NasExperimentStatus.Phase;
import dev.mlops.nas.api.NasExperimentStatus.TrackingStatus;
import dev.mlops.nas.api.NasTrial;
import dev.mlops.nas.api.NasTrialStatus;
import dev.mlops.nas.report.HtmlReport;
import dev.mlops.nas.report.MarkdownReport;
import dev.mlops.nas.report.SearchRecord;
import dev.mlops.nas.search.Plan;
import dev.mlops.nas.search.TrialRequest;
import dev.mlops.nas.tracking.Delivery;
import dev.mlops.nas.tracking.Delivery.Outcome;
import dev.mlops.nas.tracking.Delivery.Snapshot;
import dev.mlops.nas.tracking.MlflowTracking;
import dev.mlops.nas.tracking.TrackedTrial;
import dev.mlops.nas.tracking.Tracking;
import dev.mlops.nas.tracking.Tracking.Run;
import dev.mlops.nas.tracking.Tracking.RunState;
import dev.mlops.nas.tracking.TrackingException;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.inbound.SimpleInboundEventSource;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** The experiment reconciler's side of tracking: what is delivered, what of it is recorded in statuses, what deletion closes. */
final class ExperimentTracking {
    /** Keeps a deleted experiment until its MLflow runs are closed, for a bounded time; only tracked experiments carry it. */
    static final String FINALIZER = NasApi.GROUP + "/mlflow-runs";

    /** Deletion waits no longer than this for the tracking server. */
    static final Duration PATIENCE = Duration.ofSeconds(30);

    private static final Logger LOG = Logger.getLogger(ExperimentTracking.class);
    private static final String PROMISE = "results reach MLflow as they come";
    private static final Duration PAUSE = Duration.ofSeconds(5);
    /** Before it is looked again whether a delivery has ended. */
    private static final Duration SOON = Duration.ofMillis(500);

    private final Trackers trackers;
    private final InstantSource clock;
    private final SimpleInboundEventSource<NasExperiment> news = new SimpleInboundEventSource<>("tracking");

    ExperimentTracking(Trackers trackers, InstantSource clock) {
        this.trackers = trackers;
        this.clock = clock;
    }

    /** Triggers a reconcile when a delivery has brought something to record. */
    SimpleInboundEventSource<NasExperiment> news() {
        return news;
    }

    /** The run of a trial that is about to be created; empty where it is not tracked, or later. */
    Optional<Run> open(Observed observed, TrialRequest request) {
        return tracked(observed).flatMap(t -> t.open(request, clock.instant()));
    }

    /** Writes down, in the trials' statuses, what the last delivery brought to the server, and tells how tracking stands. */
    TrackingState record(Observed observed, Plan plan, List<NasTrial> all, Context<NasExperiment> context) {
        NasExperiment resource = observed.resource();
        TrackingStatus before =
                resource.getStatus() == null ? null : resource.getStatus().tracking();
        TrackedExperiment tracked;
        try {
            tracked = trackers.of(observed).orElse(null);
        } catch (IllegalArgumentException e) {
            return new TrackingState(before, false, "InvalidAddress", String.valueOf(e.getMessage()), false);
        }
        if (tracked == null) {
            return new TrackingState(
                    before,
                    false,
                    "NotConfigured",
                    "neither spec.tracking.mlflow.uri nor the operator's MLFLOW_TRACKING_URI is set; the trials are not tracked",
                    false);
        }
        Outcome outcome = tracked.last().orElse(null);
        if (outcome == null) {
            return new TrackingState(
                    before, isSynced(resource), isSynced(resource) ? "UpToDate" : "Delivering", PROMISE, true);
        }
        all.replaceAll(trial -> isFinalUntracked(trial)
                        && outcome.delivered().contains(trial.getSpec().number())
                ? context.resourceOperations().updateStatus(Trials.with(trial, tracked(trial, outcome)))
                : trial);
        boolean waits = all.stream().anyMatch(ExperimentTracking::isFinalUntracked);
        Run parent = outcome.parent();
        TrackingStatus run =
                parent == null ? before : new TrackingStatus(parent.experimentId(), parent.runId(), parent.url());
        if (run != null && !resource.hasFinalizer(FINALIZER)) {
            context.resourceOperations().addFinalizer(FINALIZER);
        }
        if (outcome.problem() != null) {
            return new TrackingState(run, false, outcome.reason(), outcome.message(), true);
        }
        boolean over = plan.phase() == Plan.Phase.SUCCEEDED || plan.phase() == Plan.Phase.FAILED;
        if (!over) {
            return new TrackingState(run, true, "UpToDate", PROMISE, waits);
        }
        boolean done = !waits && outcome.endDelivered();
        return new TrackingState(
                run,
                done,
                done ? "UpToDate" : "Delivering",
                done ? "everything has reached MLflow" : "the last results are on their way to MLflow",
                !done);
    }

    /** Brings what is missing to the server, on another thread. */
    void deliver(
            Observed observed,
            Plan plan,
            List<NasTrial> all,
            NasExperimentStatus status,
            Context<NasExperiment> context) {
        List<NasTrial> trials = List.copyOf(all);
        KubernetesClient client = context.getClient();
        ResourceID id = ResourceID.fromResource(observed.resource());
        tracked(observed)
                .ifPresent(t -> t.deliver(
                        () -> new Snapshot(
                                plan.phase(),
                                plan.summary(),
                                trials.stream()
                                        .map(trial -> trackedTrial(trial, client))
                                        .toList(),
                                end(observed, plan, status)),
                        () -> news.propagateEvent(id)));
    }

    /** Whether nothing is left to deliver for an experiment that is over. */
    boolean isDone(NasExperiment resource) {
        return trackers.address(resource).isEmpty() || isSynced(resource) || isInvalid(resource);
    }

    /** Closes the runs of an experiment that is being deleted and lets it go; gives up after {@link #PATIENCE}. */
    UpdateControl<NasExperiment> release(NasExperiment resource, Context<NasExperiment> context) {
        if (context.isPrimaryResourceDeleted() || !resource.hasFinalizer(FINALIZER)) {
            trackers.forget(resource);
            return UpdateControl.noUpdate();
        }
        TrackingStatus run =
                resource.getStatus() == null ? null : resource.getStatus().tracking();
        String address = trackers.address(resource).orElse(null);
        boolean open = run != null && run.runId() != null && !(isOver(resource) && isSynced(resource));
        boolean patient = clock.instant()
                .isBefore(Instant.parse(resource.getMetadata().getDeletionTimestamp())
                        .plus(PATIENCE));
        if (!trackers.stop(resource) && patient) {
            return UpdateControl.<NasExperiment>noUpdate().rescheduleAfter(SOON);
        }
        if (open && address != null && run != null) {
            try {
                kill(new MlflowTracking(address, trackers.environment()), run);
            } catch (TrackingException | IllegalArgumentException e) {
                if (patient) {
                    return UpdateControl.<NasExperiment>noUpdate().rescheduleAfter(PAUSE);
                }
                LOG.warnf(
                        "experiment %s: deleted without closing its MLflow run %s: %s",
                        Trials.path(resource), run.runId(), e.getMessage());
            }
        }
        context.resourceOperations().removeFinalizer(FINALIZER);
        trackers.forget(resource);
        return UpdateControl.noUpdate();
    }

    private void kill(Tracking tracking, TrackingStatus status) throws TrackingException {
        var run = new Run(
                String.valueOf(status.experimentId()), String.valueOf(status.runId()), String.valueOf(status.url()));
        tracking.closeOpenTrials(run, clock.instant());
        tracking.close(run, RunState.KILLED, clock.instant());
    }

    private Optional<TrackedExperiment> tracked(Observed observed) {
        try {
            return trackers.of(observed);
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    private static Delivery.@Nullable End end(Observed observed, Plan plan, NasExperimentStatus status) {
        if (status.completionTime() == null) {
            return null;
        }
        NasExperiment resource = observed.resource();
        Instant endedAt = Instant.parse(status.completionTime());
        boolean delivered = isOver(resource) && isSynced(resource);
        return new Delivery.End(
                plan.phase() == Plan.Phase.SUCCEEDED ? RunState.FINISHED : RunState.FAILED,
                delivered ? Map.of() : report(observed, plan, endedAt),
                endedAt,
                delivered);
    }

    private static Map<String, String> report(Observed observed, Plan plan, Instant endedAt) {
        var record = new SearchRecord(
                observed.resource().getSpec(),
                observed.experiment(),
                observed.history(),
                plan.phase(),
                plan.summary(),
                endedAt,
                Map.of("trainings", "Kubernetes Jobs"));
        return Map.of("report.md", MarkdownReport.of(record), "report.html", HtmlReport.of(record));
    }

    private static TrackedTrial trackedTrial(NasTrial trial, KubernetesClient client) {
        NasTrialStatus status = trial.getStatus();
        boolean delivered = status != null && Boolean.TRUE.equals(status.tracked());
        String ended = status == null ? null : status.completionTime();
        return new TrackedTrial(
                TrialRecords.request(trial.getSpec()),
                TrialRecords.state(status),
                isFinalUntracked(trial)
                        ? TrialEnd.result(Trials.name(trial), pods(trial, client))
                                .orElse(null)
                        : null,
                Instant.parse(trial.getMetadata().getCreationTimestamp()),
                ended == null ? null : Instant.parse(ended),
                delivered);
    }

    /** The trial's pods, whose termination messages hold the history of its epochs. */
    private static List<io.fabric8.kubernetes.api.model.Pod> pods(NasTrial trial, KubernetesClient client) {
        return client.pods()
                .inNamespace(trial.getMetadata().getNamespace())
                .withLabel(NasApi.TRIAL_LABEL, Trials.name(trial))
                .list()
                .getItems();
    }

    private static NasTrialStatus tracked(NasTrial trial, Outcome outcome) {
        NasTrialStatus s = trial.getStatus();
        Run run = outcome.runs().get(trial.getSpec().number());
        return new NasTrialStatus(
                s.phase(),
                s.score(),
                s.metrics(),
                s.reason(),
                s.message(),
                s.startTime(),
                s.completionTime(),
                s.seconds(),
                run == null ? s.runId() : run.runId(),
                s.derived(),
                s.curve(),
                true);
    }

    private static boolean isFinalUntracked(NasTrial trial) {
        return Trials.isFinal(trial) && !Boolean.TRUE.equals(trial.getStatus().tracked());
    }

    private static boolean isOver(NasExperiment resource) {
        NasExperimentStatus status = resource.getStatus();
        return status != null && (status.phase() == Phase.Succeeded || status.phase() == Phase.Failed);
    }

    private static boolean isSynced(NasExperiment resource) {
        return hasTracking(resource, "True", "UpToDate");
    }

    private static boolean isInvalid(NasExperiment resource) {
        return hasTracking(resource, "False", "InvalidAddress");
    }

    private static boolean hasTracking(NasExperiment resource, String status, String reason) {
        return resource.getStatus() != null
                && resource.getStatus().conditions() != null
                && resource.getStatus().conditions().stream()
                        .anyMatch(c -> c.getType().equals("TrackingSynced")
                                && c.getStatus().equals(status)
                                && c.getReason().equals(reason));
    }
}
