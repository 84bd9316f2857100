package dev.mlops.nas.cluster;

import dev.mlops.nas.api.NasApi;
import dev.mlops.nas.api.NasExperiment;
import dev.mlops.nas.api.NasExperimentStatus;
import dev.mlops.nas.api.NasExperimentStatus.Phase;
import dev.mlops.nas.api.NasTrial;
import dev.mlops.nas.api.NasTrialStatus;
import dev.mlops.nas.api.NasTrialStatus.TrialPhase;
import dev.mlops.nas.cluster.EarlierExperiments.MissingExperimentException;
import dev.mlops.nas.experiment.BuiltInTrainer;
import dev.mlops.nas.experiment.GpuLimits;
import dev.mlops.nas.search.Earlier;
import dev.mlops.nas.search.Experiment;
import dev.mlops.nas.search.Plan;
import dev.mlops.nas.search.SpaceException;
import dev.mlops.nas.search.TrialRequest;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.javaoperatorsdk.operator.api.config.informer.InformerEventSourceConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.ControllerConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.ErrorStatusUpdateControl;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import io.javaoperatorsdk.operator.processing.event.source.informer.InformerEventSource;
import io.javaoperatorsdk.operator.processing.event.source.informer.Mappers;
import io.javaoperatorsdk.operator.processing.retry.GradualRetry;
import jakarta.inject.Singleton;
import java.net.HttpURLConnection;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Runs a search: observes the experiment and its trials, asks the engine, creates the trials of the plan, writes the status.
 * Holds no state; a trial's name follows from its number, so that a plan made from an old view can only ask again for what
 * exists.
 */
@ControllerConfiguration(
        name = ExperimentReconciler.NAME,
        fieldManager = Owners.MANAGER,
        triggerReconcilerOnAllEvents = true)
@GradualRetry(maxAttempts = Integer.MAX_VALUE, initialInterval = 500, intervalMultiplier = 2, maxInterval = 60_000)
@Singleton
public final class ExperimentReconciler implements Reconciler<NasExperiment> {
    static final String NAME = "experiment";

    private static final Logger LOG = Logger.getLogger(ExperimentReconciler.class);
    private static final Duration LOOK_AGAIN = Duration.ofMillis(500);
    private static final Duration MISSING_AGAIN = Duration.ofSeconds(30);
    private static final Duration RETRY = Duration.ofSeconds(10);

    private final Planner planner;
    private final ExperimentTracking tracking;
    private final Milestones milestones;
    private final Clock clock;
    private @Nullable InformerEventSource<NasTrial, NasExperiment> trials;

    ExperimentReconciler(Planner planner, ExperimentTracking tracking, Milestones milestones, Clock clock) {
        this.planner = planner;
        this.tracking = tracking;
        this.milestones = milestones;
        this.clock = clock;
    }

    @Override
    public List<EventSource<?, NasExperiment>> prepareEventSources(EventSourceContext<NasExperiment> context) {
        trials = new InformerEventSource<>(
                InformerEventSourceConfiguration.from(NasTrial.class, NasExperiment.class)
                        .withName("trials")
                        .withLabelSelector(NasApi.EXPERIMENT_LABEL)
                        .withSecondaryToPrimaryMapper(Mappers.fromOwnerReferences(NasExperiment.class))
                        .build(),
                context);
        return List.of(trials, tracking.news());
    }

    @Override
    public UpdateControl<NasExperiment> reconcile(NasExperiment resource, Context<NasExperiment> context) {
        if (context.isPrimaryResourceDeleted() || resource.isMarkedForDeletion()) {
            planner.forget(resource);
            return tracking.release(resource, context);
        }
        if (isOver(resource) && tracking.isDone(resource)) {
            planner.forget(resource);
            return UpdateControl.noUpdate();
        }
        Instant now = clock.instant();
        Experiment experiment;
        try {
            experiment = planner.experiment(resource, e -> learning(e, resource, context));
        } catch (MissingExperimentException e) {
            var status = ExperimentStatuses.waiting(
                    resource.getStatus(),
                    resource.getMetadata().getGeneration(),
                    "MissingExperiment",
                    String.valueOf(e.getMessage()),
                    now);
            announce(resource, status, context);
            return write(resource, status, MISSING_AGAIN);
        } catch (SpaceException e) {
            return stalled(resource, "InvalidSpec", sentence(e), now, context);
        }
        var observed = Observed.of(resource, experiment, context.getSecondaryResources(NasTrial.class), now);
        Plan plan;
        try {
            var tokens =
                    new SecretToken(context.getClient(), resource.getMetadata().getNamespace());
            plan = planner.plan(observed, now, tokens);
        } catch (SpaceException e) {
            return stalled(resource, "NoFeasibleArchitecture", sentence(e), now, context);
        }
        List<NasTrial> all = new ArrayList<>(observed.trials());
        stop(plan, all, context);
        boolean viewWasOld = start(observed, plan, all, context);
        TrackingState tracked = tracking.record(observed, plan, all, context);
        NasExperimentStatus status = ExperimentStatuses.planned(observed, plan, all, tracked, now);
        if (resource.getStatus() == null) {
            warnOfTrainer(resource, experiment, context);
        }
        announce(resource, status, context);
        tracking.deliver(observed, plan, all, status, context);
        return write(resource, status, viewWasOld ? LOOK_AGAIN : lookAgain(observed, plan, status, tracked, now));
    }

    /** When to look again though nothing happens; null for never. */
    private static @Nullable Duration lookAgain(
            Observed observed, Plan plan, NasExperimentStatus status, TrackingState tracked, Instant now) {
        if (tracked.retry() || plan.question() != null) {
            return RETRY;
        }
        Duration wallClock = observed.experiment().budget().wallClock();
        if (wallClock == null || status.completionTime() != null) {
            return null;
        }
        Duration left = Duration.between(now, observed.history().startedAt().plus(wallClock));
        return left.isPositive() ? left.plusMillis(1) : null;
    }

    /**
     * Creates the trials of the plan, in the order of their numbers; an error ends the loop, so that numbers have no gap.
     *
     * @return whether one of them existed already: the plan was made from an old view
     */
    private boolean start(Observed observed, Plan plan, List<NasTrial> all, Context<NasExperiment> context) {
        var source = Objects.requireNonNull(trials);
        for (TrialRequest request : plan.start()) {
            NasTrial trial = TrialRecords.trial(
                    observed.resource(),
                    observed.experiment().space(),
                    request,
                    tracking.open(observed, request).orElse(null));
            try {
                all.add(context.resourceOperations().create(trial, source));
                LOG.infof(
                        "experiment %s: created trial %s (%s)",
                        Trials.path(observed.resource()), trial.getMetadata().getName(), request.purpose());
            } catch (KubernetesClientException e) {
                if (e.getCode() != HttpURLConnection.HTTP_CONFLICT) {
                    throw e;
                }
                LOG.infof(
                        "experiment %s: trial %s exists already; looking again",
                        Trials.path(observed.resource()), trial.getMetadata().getName());
                return true;
            }
        }
        return false;
    }

    /** Writes the end of trials that the plan gives up; their reconciler then removes the Jobs. */
    private void stop(Plan plan, List<NasTrial> all, Context<NasExperiment> context) {
        all.replaceAll(trial -> {
            if (!plan.stop().contains(trial.getSpec().number()) || Trials.isFinal(trial)) {
                return trial;
            }
            NasTrialStatus before = trial.getStatus();
            var stopped = Trials.with(
                    trial,
                    new NasTrialStatus(
                            TrialPhase.Stopped,
                            null,
                            null,
                            "Stopped",
                            "stopped: " + plan.summary().message(),
                            before == null ? null : before.startTime(),
                            Trials.text(clock.instant()),
                            null,
                            before == null ? null : before.runId(),
                            null));
            return context.resourceOperations().updateStatus(stopped);
        });
    }

    private static boolean isOver(NasExperiment resource) {
        NasExperimentStatus status = resource.getStatus();
        return status != null
                && (status.phase() == Phase.Succeeded || status.phase() == Phase.Failed)
                && Objects.equals(
                        status.observedGeneration(), resource.getMetadata().getGeneration());
    }

    private UpdateControl<NasExperiment> stalled(
            NasExperiment resource, String reason, String message, Instant now, Context<NasExperiment> context) {
        LOG.infof("experiment %s: stalled, %s: %s", Trials.path(resource), reason, message);
        var status = ExperimentStatuses.stalled(
                resource.getStatus(), resource.getMetadata().getGeneration(), reason, message, now);
        announce(resource, status, context);
        return write(resource, status, null);
    }

    /** The experiment with what it may learn from others; tells what that is. */
    private Experiment learning(Experiment experiment, NasExperiment resource, Context<NasExperiment> context) {
        boolean begun = !context.getSecondaryResources(NasTrial.class).isEmpty();
        List<Earlier> earlier = EarlierExperiments.read(resource, begun, context.getClient());
        for (Earlier one : earlier) {
            milestones.normal(context.getClient(), resource, "WarmStart", one.sentence(experiment.space()));
        }
        return experiment.learningFrom(earlier);
    }

    private static String sentence(SpaceException e) {
        return "spec.%s: %s".formatted(e.field(), e.getMessage());
    }

    /** Where the built-in trainer is to train decisions that mean nothing to it, so that every trial would fail, or has an idle GPU. */
    private void warnOfTrainer(NasExperiment resource, Experiment experiment, Context<NasExperiment> context) {
        if (resource.getSpec().trainer().image() == null) {
            BuiltInTrainer.lack(experiment.space())
                    .ifPresent(lack -> milestones.warning(
                            context.getClient(),
                            resource,
                            "TrainerDoesNotFit",
                            lack + ": name an image of your own in spec.trainer.image, unless the platform's does"));
        }
        GpuLimits.foreseenIdle(resource.getSpec().trainer())
                .ifPresent(note -> milestones.warning(context.getClient(), resource, "GpuIdle", note));
    }

    /** Events for changes of the phase; written before the status, so that a crash in between loses none. */
    private void announce(NasExperiment resource, NasExperimentStatus status, Context<NasExperiment> context) {
        NasExperimentStatus before = resource.getStatus();
        Phase phase = Objects.requireNonNull(status.phase());
        if (before != null && before.phase() == phase) {
            return;
        }
        LOG.infof("experiment %s: %s, %s", Trials.path(resource), phase, status.message());
        String note = String.valueOf(status.message());
        if (phase == Phase.Failed) {
            milestones.warning(context.getClient(), resource, phase.name(), note);
        } else {
            milestones.normal(context.getClient(), resource, phase.name(), note);
        }
        if (before == null) {
            CheckpointFolders.notices(resource)
                    .forEach(notice -> milestones.normal(context.getClient(), resource, "NoCheckpoints", notice));
        }
    }

    @Override
    public ErrorStatusUpdateControl<NasExperiment> updateErrorStatus(
            NasExperiment resource, Context<NasExperiment> context, Exception e) {
        if (e instanceof KubernetesClientException) {
            LOG.infof(
                    "experiment %s: the API server refused or did not answer, trying again: %s",
                    Trials.path(resource), e.getMessage());
            return ErrorStatusUpdateControl.noStatusUpdate();
        }
        LOG.errorf(e, "experiment %s: internal error", Trials.path(resource));
        if (resource.isMarkedForDeletion()) {
            return ErrorStatusUpdateControl.noStatusUpdate();
        }
        var status = ExperimentStatuses.broken(
                resource.getStatus(),
                resource.getMetadata().getGeneration(),
                "the operator met an error of its own and tries again: " + e,
                clock.instant());
        return status.equals(resource.getStatus())
                ? ErrorStatusUpdateControl.noStatusUpdate()
                : ErrorStatusUpdateControl.patchStatus(patch(resource, status));
    }

    /** At most one write, and none where nothing changed. */
    private static UpdateControl<NasExperiment> write(
            NasExperiment resource, NasExperimentStatus status, @Nullable Duration again) {
        UpdateControl<NasExperiment> control = status.equals(resource.getStatus())
                ? UpdateControl.noUpdate()
                : UpdateControl.patchStatus(patch(resource, status));
        return again == null ? control : control.rescheduleAfter(again);
    }

    private static NasExperiment patch(NasExperiment resource, NasExperimentStatus status) {
        var patch = new NasExperiment();
        patch.setMetadata(new ObjectMetaBuilder()
                .withName(resource.getMetadata().getName())
                .withNamespace(resource.getMetadata().getNamespace())
                .build());
        patch.setStatus(status);
        return patch;
    }
}
