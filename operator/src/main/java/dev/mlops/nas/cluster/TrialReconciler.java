package dev.mlops.nas.cluster;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.mlops.nas.api.NasApi;
import dev.mlops.nas.api.NasExperiment;
import dev.mlops.nas.api.NasTrial;
import dev.mlops.nas.api.NasTrialStatus;
import dev.mlops.nas.api.NasTrialStatus.DerivedArchitecture;
import dev.mlops.nas.api.NasTrialStatus.TrialPhase;
import dev.mlops.nas.contract.TrialFile;
import dev.mlops.nas.experiment.GpuLimits;
import dev.mlops.nas.experiment.Outcomes.Wanted;
import dev.mlops.nas.experiment.TrialFiles;
import dev.mlops.nas.report.Figures;
import dev.mlops.nas.search.Experiment;
import dev.mlops.nas.search.TrialRequest;
import dev.mlops.nas.search.TrialState;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.javaoperatorsdk.operator.api.config.informer.InformerEventSourceConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.ControllerConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.ErrorStatusUpdateControl;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import io.javaoperatorsdk.operator.processing.event.source.informer.InformerEventSource;
import io.javaoperatorsdk.operator.processing.event.source.informer.Mappers;
import io.javaoperatorsdk.operator.processing.retry.GradualRetry;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import jakarta.inject.Singleton;
import java.net.HttpURLConnection;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Runs one trial: creates its ConfigMap and Job, reads its end from the pod, and writes the outcome once. Retries are the
 * Job's business.
 */
@ControllerConfiguration(
        name = TrialReconciler.NAME,
        fieldManager = Owners.MANAGER,
        generationAwareEventProcessing = false)
@GradualRetry(maxAttempts = Integer.MAX_VALUE, initialInterval = 500, intervalMultiplier = 2, maxInterval = 60_000)
@Singleton
public final class TrialReconciler implements Reconciler<NasTrial> {
    static final String NAME = "trial";

    /** Reason of a pending trial whose Job the API server does not accept; goes on when the experiment is changed. */
    static final String JOB_REJECTED = "JobRejected";

    private static final Logger LOG = Logger.getLogger(TrialReconciler.class);
    private static final int UNPROCESSABLE = 422;
    private static final String BY_EXPERIMENT = "experiment";
    private static final Duration LOOK_AGAIN = Duration.ofMillis(300);
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final Planner planner;
    private final Trackers trackers;
    private final Milestones milestones;
    private final TrainerDefaults defaults;
    private final MeterRegistry meters;
    private final Clock clock;
    private @Nullable InformerEventSource<Job, NasTrial> jobs;

    TrialReconciler(
            Planner planner,
            Trackers trackers,
            Milestones milestones,
            TrainerDefaults defaults,
            MeterRegistry meters,
            Clock clock) {
        this.planner = planner;
        this.trackers = trackers;
        this.milestones = milestones;
        this.defaults = defaults;
        this.meters = meters;
        this.clock = clock;
    }

    @Override
    public List<EventSource<?, NasTrial>> prepareEventSources(EventSourceContext<NasTrial> context) {
        jobs = new InformerEventSource<>(
                InformerEventSourceConfiguration.from(Job.class, NasTrial.class)
                        .withName("jobs")
                        .withLabelSelector(NasApi.TRIAL_LABEL)
                        .withSecondaryToPrimaryMapper(Mappers.fromOwnerReferences(NasTrial.class))
                        .build(),
                context);
        var pods = new InformerEventSource<>(
                InformerEventSourceConfiguration.from(Pod.class, NasTrial.class)
                        .withName("pods")
                        .withLabelSelector(NasApi.TRIAL_LABEL)
                        .withSecondaryToPrimaryMapper((Pod pod) -> Set.of(new ResourceID(
                                pod.getMetadata().getLabels().get(NasApi.TRIAL_LABEL),
                                pod.getMetadata().getNamespace())))
                        .build(),
                context);
        var trials = context.getPrimaryCache();
        trials.addIndexers(Map.of(
                BY_EXPERIMENT,
                trial -> List.of(
                        key(trial.getMetadata().getNamespace(), trial.getSpec().experiment()))));
        for (TrialPhase phase : TrialPhase.values()) {
            Gauge.builder(
                            "nas.trials",
                            trials,
                            t -> t.list(x -> phase(x) == phase).count())
                    .tag("phase", phase.name())
                    .register(meters);
        }
        // A changed spec (an image, a template) may help the trials whose Job was refused; progress in the status does
        // not.
        var experiments =
                new InformerEventSource<>(
                        InformerEventSourceConfiguration.from(NasExperiment.class, NasTrial.class)
                                .withName("experiments")
                                .withPrimaryToSecondaryMapper((NasTrial trial) -> Set.of(new ResourceID(
                                        trial.getSpec().experiment(),
                                        trial.getMetadata().getNamespace())))
                                .withSecondaryToPrimaryMapper((NasExperiment e) -> trials
                                        .byIndex(
                                                BY_EXPERIMENT,
                                                key(
                                                        e.getMetadata().getNamespace(),
                                                        e.getMetadata().getName()))
                                        .stream()
                                        .filter(t -> !Trials.isFinal(t))
                                        .map(ResourceID::fromResource)
                                        .collect(Collectors.toSet()))
                                .withOnUpdateFilter((after, before) -> !Objects.equals(
                                        after.getMetadata().getGeneration(),
                                        before.getMetadata().getGeneration()))
                                .build(),
                        context);
        return List.of(jobs, pods, experiments);
    }

    @Override
    public UpdateControl<NasTrial> reconcile(NasTrial trial, Context<NasTrial> context) {
        Optional<NasExperiment> owner = context.getSecondaryResource(NasExperiment.class)
                .filter(e -> Owners.owns(e, trial) && !e.isMarkedForDeletion());
        if (trial.isMarkedForDeletion()) {
            return UpdateControl.noUpdate();
        }
        if (owner.isEmpty()) {
            // Either deleted, and garbage collection comes for the trial, or not yet seen here.
            return Trials.isFinal(trial)
                    ? UpdateControl.noUpdate()
                    : UpdateControl.<NasTrial>noUpdate().rescheduleAfter(LOOK_AGAIN);
        }
        NasExperiment experiment = owner.get();
        Job job = context.getSecondaryResource(Job.class)
                .filter(j -> Owners.owns(trial, j))
                .orElse(null);
        if (Trials.isFinal(trial)) {
            end(trial, job, context);
            return UpdateControl.noUpdate();
        }
        if (job == null) {
            return create(experiment, trial, context);
        }
        List<Pod> pods = context.getSecondaryResources(Pod.class).stream()
                .filter(p -> Owners.owns(job, p))
                .toList();
        TrialEnd.Progress progress = progress(experiment, trial, job, pods);
        if (progress instanceof TrialEnd.Unread) {
            pods = read(job, context);
            progress = progress(experiment, trial, job, pods);
        }
        return switch (progress) {
            case TrialEnd.Waiting waiting -> waiting(trial, waiting, context);
            case TrialEnd.Running running -> running(trial, running, context);
            case TrialEnd.Ended ended -> {
                warnOfIdleGpu(experiment, trial, pods, context);
                yield ended(
                        experiment,
                        trial,
                        job,
                        Datasets.explained(ended, experiment.getSpec().dataset(), defaults.dataFolder()),
                        context);
            }
            case TrialEnd.Unread ignored ->
                ended(experiment, trial, job, TrialEnd.lost(job, Trials.startedAt(trial)), context);
        };
    }

    private UpdateControl<NasTrial> create(NasExperiment experiment, NasTrial trial, Context<NasTrial> context) {
        Experiment engine = planner.experiment(experiment);
        try {
            Job job = JobFactory.job(experiment, trial, variables(experiment, trial), defaults);
            createOnce(
                    JobFactory.configMap(
                            trial,
                            trialFile(experiment, engine, trial),
                            TrialFiles.architectures(engine, TrialRecords.request(trial.getSpec()))),
                    trial,
                    context);
            context.resourceOperations().create(job, Objects.requireNonNull(jobs));
            LOG.infof("experiment %s trial %s: created its Job", Trials.experimentPath(trial), Trials.name(trial));
        } catch (TemplateException e) {
            return refused(trial, String.valueOf(e.getMessage()), context);
        } catch (KubernetesClientException e) {
            if (e.getCode() == UNPROCESSABLE || e.getCode() == HttpURLConnection.HTTP_BAD_REQUEST) {
                return refused(trial, "the API server does not accept the Job: " + sentence(e), context);
            }
            if (e.getCode() == HttpURLConnection.HTTP_FORBIDDEN) {
                // A quota or a policy: it may pass, and is tried again at growing intervals.
                return forbidden(trial, e, context);
            }
            if (e.getCode() != HttpURLConnection.HTTP_CONFLICT) {
                throw e;
            }
            // Created before and not seen yet, or left by an earlier trial of this name and about to go.
            return UpdateControl.<NasTrial>noUpdate().rescheduleAfter(LOOK_AGAIN);
        }
        return UpdateControl.noUpdate();
    }

    /** What a trainer with a plain MLflow client needs to log into the right run. */
    private Map<String, String> variables(NasExperiment experiment, NasTrial trial) {
        String runId = Trials.runId(trial);
        return runId == null
                ? Map.of()
                : trackers.address(experiment)
                        .map(address -> Map.of("MLFLOW_TRACKING_URI", address, "MLFLOW_RUN_ID", runId))
                        .orElse(Map.of());
    }

    private static void createOnce(HasMetadata object, NasTrial trial, Context<NasTrial> context) {
        try {
            context.getClient().resource(object).create();
        } catch (KubernetesClientException e) {
            if (e.getCode() != HttpURLConnection.HTTP_CONFLICT) {
                throw e;
            }
            HasMetadata existing = context.getClient().resource(object).get();
            if (existing == null || !Owners.owns(trial, existing)) {
                throw e;
            }
        }
    }

    private String trialFile(NasExperiment experiment, Experiment engine, NasTrial trial) {
        TrialRequest request = TrialRecords.request(trial.getSpec());
        TrialFile file = TrialFiles.create(
                engine,
                experiment.getSpec(),
                request,
                CheckpointFolders.folders(experiment, trial.getSpec(), defaults.dataFolder()));
        try {
            return JSON.writeValueAsString(Datasets.resolve(file));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a trial file is always JSON", e);
        }
    }

    private TrialEnd.Progress progress(NasExperiment experiment, NasTrial trial, Job job, List<Pod> pods) {
        return TrialEnd.of(
                Trials.name(trial),
                Wanted.of(planner.experiment(experiment), TrialRecords.request(trial.getSpec())),
                experiment.getSpec().trainer().deadlineSeconds(),
                Trials.startedAt(trial),
                job,
                pods);
    }

    /** The Job's pods as the API server has them now; the cache may lag behind that of the Jobs. */
    private static List<Pod> read(Job job, Context<NasTrial> context) {
        return context
                .getClient()
                .pods()
                .inNamespace(job.getMetadata().getNamespace())
                .withLabel(NasApi.TRIAL_LABEL, job.getMetadata().getName())
                .list()
                .getItems()
                .stream()
                .filter(p -> Owners.owns(job, p))
                .toList();
    }

    private UpdateControl<NasTrial> waiting(NasTrial trial, TrialEnd.Waiting waiting, Context<NasTrial> context) {
        NasTrialStatus status = trial.getStatus();
        boolean wasRunning = status != null && status.phase() == TrialPhase.Running;
        boolean sameReason = Objects.equals(status == null ? null : status.reason(), waiting.reason());
        if (!wasRunning && !sameReason) {
            write(trial, pending(waiting.reason(), waiting.message()), context);
            LOG.infof(
                    "experiment %s trial %s: waits, %s",
                    Trials.experimentPath(trial), Trials.name(trial), waiting.message());
        }
        return UpdateControl.noUpdate();
    }

    private UpdateControl<NasTrial> running(NasTrial trial, TrialEnd.Running running, Context<NasTrial> context) {
        NasTrialStatus status = trial.getStatus();
        if (status == null || status.phase() != TrialPhase.Running) {
            write(
                    trial,
                    new NasTrialStatus(
                            TrialPhase.Running,
                            null,
                            null,
                            "Running",
                            null,
                            Trials.text(running.since()),
                            null,
                            null,
                            Trials.runId(trial),
                            null),
                    context);
        }
        return UpdateControl.noUpdate();
    }

    private UpdateControl<NasTrial> ended(
            NasExperiment experiment, NasTrial trial, Job job, TrialEnd.Ended ended, Context<NasTrial> context) {
        NasTrialStatus status = finalStatus(experiment, trial, ended);
        if (status.phase() == TrialPhase.Failed) {
            milestones.warning(
                    context.getClient(),
                    experiment,
                    "TrialFailed",
                    "%s: %s".formatted(Trials.name(trial), status.message()));
        }
        NasTrial written = write(trial, status, context);
        LOG.infof(
                "experiment %s trial %s: %s%s",
                Trials.experimentPath(trial),
                Trials.name(trial),
                status.phase(),
                status.message() == null ? "" : ", " + status.message());
        end(written, job, context);
        return UpdateControl.noUpdate();
    }

    /** Said once for all trials that ran on the same device. */
    private void warnOfIdleGpu(NasExperiment experiment, NasTrial trial, List<Pod> pods, Context<NasTrial> context) {
        TrialEnd.result(Trials.name(trial), pods)
                .flatMap(result -> GpuLimits.idle(experiment.getSpec().trainer(), result))
                .ifPresent(note -> milestones.warning(context.getClient(), experiment, "GpuIdle", note));
    }

    private NasTrialStatus finalStatus(NasExperiment experiment, NasTrial trial, TrialEnd.Ended ended) {
        TrialPhase phase;
        String message = null;
        Map<String, Double> metrics = null;
        List<DerivedArchitecture> derived = null;
        List<Double> curve = null;
        String score = null;
        switch (ended.outcome()) {
            case TrialState.Completed c -> {
                phase = TrialPhase.Completed;
                metrics = c.metrics();
                derived = TrialRecords.derivedStatus(c.derived());
                curve = c.curve().isEmpty() ? null : c.curve();
                Double value =
                        metrics.get(experiment.getSpec().objective().metric().name());
                score = value == null ? null : Figures.score(value);
            }
            case TrialState.Infeasible i -> {
                phase = TrialPhase.Infeasible;
                message = i.reason();
            }
            case TrialState.Failed f -> {
                phase = TrialPhase.Failed;
                message = f.reason();
            }
            case TrialState.Rejected r -> {
                phase = TrialPhase.Failed;
                message = r.reason();
            }
            case TrialState.Stopped s -> {
                phase = TrialPhase.Stopped;
                message = s.reason();
            }
        }
        return new NasTrialStatus(
                phase,
                score,
                metrics,
                ended.reason(),
                message,
                ended.since() == null ? null : Trials.text(ended.since()),
                Trials.text(clock.instant()),
                ended.outcome().seconds(),
                Trials.runId(trial),
                derived,
                curve,
                null);
    }

    /** What is left to do for a trial that is over: end a Job that would go on. */
    private static void end(NasTrial trial, @Nullable Job job, Context<NasTrial> context) {
        boolean wouldGoOn = trial.getStatus().phase() == TrialPhase.Stopped
                || TrialEnd.OUT_OF_MEMORY.equals(trial.getStatus().reason());
        if (job != null && wouldGoOn && !TrialEnd.isOver(job) && !job.isMarkedForDeletion()) {
            context.getClient().resource(job).delete();
        }
    }

    private UpdateControl<NasTrial> forbidden(NasTrial trial, KubernetesClientException e, Context<NasTrial> context) {
        waiting(trial, new TrialEnd.Waiting("Forbidden", "the Job is not allowed yet: " + sentence(e)), context);
        throw e;
    }

    private UpdateControl<NasTrial> refused(NasTrial trial, String message, Context<NasTrial> context) {
        NasTrialStatus status = pending(JOB_REJECTED, message);
        if (!status.equals(trial.getStatus())) {
            write(trial, status, context);
            LOG.infof("experiment %s trial %s: %s", Trials.experimentPath(trial), Trials.name(trial), message);
        }
        return UpdateControl.noUpdate();
    }

    @Override
    public ErrorStatusUpdateControl<NasTrial> updateErrorStatus(
            NasTrial trial, Context<NasTrial> context, Exception e) {
        if (e instanceof KubernetesClientException) {
            LOG.infof(
                    "experiment %s trial %s: the API server refused or did not answer, trying again: %s",
                    Trials.experimentPath(trial), Trials.name(trial), e.getMessage());
        } else {
            LOG.errorf(e, "experiment %s trial %s: internal error", Trials.experimentPath(trial), Trials.name(trial));
        }
        return ErrorStatusUpdateControl.noStatusUpdate();
    }

    /** Writes with the version that was read: what another view has already brought to an end is never overwritten. */
    private static NasTrial write(NasTrial trial, NasTrialStatus status, Context<NasTrial> context) {
        return context.resourceOperations().updatePrimaryStatus(Trials.with(trial, status));
    }

    private static NasTrialStatus pending(@Nullable String reason, @Nullable String message) {
        return new NasTrialStatus(TrialPhase.Pending, null, null, reason, message, null, null, null, null, null);
    }

    private static String sentence(KubernetesClientException e) {
        return e.getStatus() == null || e.getStatus().getMessage() == null
                ? String.valueOf(e.getMessage())
                : e.getStatus().getMessage();
    }

    private static TrialPhase phase(NasTrial trial) {
        return trial.getStatus() == null
                ? TrialPhase.Pending
                : trial.getStatus().phase();
    }

    private static String key(String namespace, String name) {
        return namespace + "/" + name;
    }
}
