package dev.mlops.nas.cluster;

import dev.mlops.nas.api.NasApi;
import dev.mlops.nas.api.NasExperimentStatus;
import dev.mlops.nas.api.NasExperimentStatus.Best;
import dev.mlops.nas.api.NasExperimentStatus.ComparisonRow;
import dev.mlops.nas.api.NasExperimentStatus.Cost;
import dev.mlops.nas.api.NasExperimentStatus.FrontArchitecture;
import dev.mlops.nas.api.NasExperimentStatus.ParetoFront;
import dev.mlops.nas.api.NasExperimentStatus.Phase;
import dev.mlops.nas.api.NasExperimentStatus.PredictorQuality;
import dev.mlops.nas.api.NasExperimentStatus.TrialCounts;
import dev.mlops.nas.api.NasTrial;
import dev.mlops.nas.api.NasTrialStatus;
import dev.mlops.nas.api.NasTrialStatus.TrialPhase;
import dev.mlops.nas.report.Figures;
import dev.mlops.nas.search.Experiment;
import dev.mlops.nas.search.Experiment.StrategyOptions;
import dev.mlops.nas.search.Plan;
import dev.mlops.nas.search.Plan.Entrant;
import io.fabric8.kubernetes.api.model.Condition;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Writes the status of an experiment from what was observed and planned. Pure: the same input gives the same status. */
final class ExperimentStatuses {
    private static final int SHOWN_OF_FRONT = 20;

    /**
     * The status after a plan was carried out.
     *
     * @param trials all of the experiment, those that were just created included
     * @param tracking where runs go and how delivery stands
     */
    static NasExperimentStatus planned(
            Observed observed, Plan plan, List<NasTrial> trials, TrackingState tracking, Instant now) {
        NasExperimentStatus previous = observed.resource().getStatus();
        long generation = observed.resource().getMetadata().getGeneration();
        Plan.Summary summary = plan.summary();
        Phase phase = phase(plan.phase());
        boolean over = phase == Phase.Succeeded || phase == Phase.Failed;
        NasTrial refused = refused(trials);
        String message = message(summary.message(), refused == null ? waiting(trials) : refused);
        return new NasExperimentStatus(
                phase,
                generation,
                message,
                "%d/%d".formatted(summary.searchDone(), summary.searchTotal()),
                conditions(observed, plan, phase, message, refused, tracking, now),
                counts(trials),
                best(observed.experiment(), plan, trials),
                quality(summary.predictor()),
                front(observed.experiment().name(), summary.front()),
                new Cost(
                        text(Duration.ofSeconds(Math.round(summary.trainSeconds()))),
                        summary.trainSeconds(),
                        trials.size()),
                summary.comparison().isEmpty()
                        ? null
                        : summary.comparison().stream()
                                .map(e -> row(observed.experiment(), e))
                                .toList(),
                tracking.run(),
                observed.history().startedAt().truncatedTo(ChronoUnit.SECONDS).toString(),
                over ? completion(previous, now) : null);
    }

    /** The status of an experiment that the engine refuses: nothing will happen until its spec changes. */
    static NasExperimentStatus stalled(
            @Nullable NasExperimentStatus previous, long generation, String reason, String message, Instant now) {
        return held(
                previous,
                generation,
                Phase.Failed,
                message,
                new Conditions(conditions(previous), generation, now)
                        .add("Ready", false, reason, message)
                        .add("Reconciling", false, reason, "nothing happens until the spec is changed")
                        .add("Stalled", true, reason, message)
                        .add("Succeeded", false, reason, message)
                        .build(),
                previous == null ? null : completion(previous, now));
    }

    /** The status of an experiment that cannot begin until something else exists. */
    static NasExperimentStatus waiting(
            @Nullable NasExperimentStatus previous, long generation, String reason, String message, Instant now) {
        return held(
                previous,
                generation,
                Phase.Pending,
                message,
                new Conditions(conditions(previous), generation, now)
                        .add("Ready", false, reason, message)
                        .add("Reconciling", true, reason, "the search begins when it exists")
                        .add("Stalled", false, reason, message)
                        .add("Succeeded", false, reason, message)
                        .build(),
                null);
    }

    /** As before, but for phase, message and conditions. */
    private static NasExperimentStatus held(
            @Nullable NasExperimentStatus previous,
            long generation,
            Phase phase,
            String message,
            List<Condition> conditions,
            @Nullable String completionTime) {
        return previous == null
                ? new NasExperimentStatus(
                        phase,
                        generation,
                        message,
                        null,
                        conditions,
                        null,
                        null,
                        null,
                        null,
                        null,
                        null,
                        null,
                        null,
                        null)
                : new NasExperimentStatus(
                        phase,
                        generation,
                        message,
                        previous.progress(),
                        conditions,
                        previous.trials(),
                        previous.best(),
                        previous.predictor(),
                        previous.front(),
                        previous.cost(),
                        previous.comparison(),
                        previous.tracking(),
                        previous.startTime(),
                        completionTime);
    }

    /** The status while the operator fails for a reason of its own; figures stay as they were. */
    static NasExperimentStatus broken(
            @Nullable NasExperimentStatus previous, long generation, String message, Instant now) {
        List<Condition> conditions = new Conditions(conditions(previous), generation, now)
                .add("Ready", false, "InternalError", message)
                .add("Reconciling", true, "InternalError", message)
                .build();
        NasExperimentStatus p = previous == null
                ? new NasExperimentStatus(
                        Phase.Pending,
                        generation,
                        message,
                        null,
                        null,
                        null,
                        null,
                        null,
                        null,
                        null,
                        null,
                        null,
                        null,
                        null)
                : previous;
        return new NasExperimentStatus(
                p.phase(),
                generation,
                message,
                p.progress(),
                conditions,
                p.trials(),
                p.best(),
                p.predictor(),
                p.front(),
                p.cost(),
                p.comparison(),
                p.tracking(),
                p.startTime(),
                p.completionTime());
    }

    private static @Nullable List<Condition> conditions(@Nullable NasExperimentStatus status) {
        return status == null ? null : status.conditions();
    }

    private static List<Condition> conditions(
            Observed observed,
            Plan plan,
            Phase phase,
            String message,
            @Nullable NasTrial refused,
            TrackingState tracking,
            Instant now) {
        String reason = plan.summary().reason();
        var conditions = new Conditions(
                conditions(observed.resource().getStatus()),
                observed.resource().getMetadata().getGeneration(),
                now);
        boolean working = phase != Phase.Succeeded && phase != Phase.Failed && phase != Phase.Suspended;
        boolean stalled = phase == Phase.Failed || (working && (refused != null || plan.question() != null));
        String stalledReason = refused != null && working ? TrialReconciler.JOB_REJECTED : reason;
        conditions.add("Ready", phase == Phase.Succeeded, stalled ? stalledReason : reason, message);
        conditions.add(
                "Reconciling",
                working && !stalled,
                stalled ? stalledReason : reason,
                working && !stalled ? message : "no trial will start");
        conditions.add(
                "Stalled",
                stalled,
                stalled ? stalledReason : "Progressing",
                stalled ? message : "nothing is in the way");
        if (working || phase == Phase.Suspended) {
            conditions.unknown("Succeeded", reason, "the search is not over");
        } else {
            conditions.add("Succeeded", phase == Phase.Succeeded, reason, message);
        }
        if (observed.experiment().strategy() instanceof StrategyOptions.Predictor) {
            trusted(conditions, plan.summary());
        }
        conditions.add("TrackingSynced", tracking.synced(), tracking.reason(), tracking.message());
        return conditions.build();
    }

    private static void trusted(Conditions conditions, Plan.Summary summary) {
        Plan.PredictorQuality quality = summary.predictor();
        if (quality == null) {
            conditions.unknown("PredictorTrusted", "NotFitted", "too few finished trials to fit a surrogate");
            return;
        }
        String figures = "Kendall tau %s on %d trials".formatted(tau(quality), quality.trials());
        if (summary.exploresByEvolution()) {
            conditions.add(
                    "PredictorTrusted",
                    false,
                    "NoBetterThanChance",
                    figures + "; evolution explores until the surrogate ranks better");
        } else {
            conditions.add("PredictorTrusted", true, "RanksWell", figures);
        }
    }

    private static String message(String message, @Nullable NasTrial blocked) {
        return blocked == null || blocked.getStatus() == null
                ? message
                : "%s; %s waits: %s"
                        .formatted(
                                message,
                                blocked.getMetadata().getName(),
                                blocked.getStatus().message());
    }

    private static @Nullable NasTrial refused(List<NasTrial> trials) {
        return pending(trials, TrialReconciler.JOB_REJECTED);
    }

    private static @Nullable NasTrial waiting(List<NasTrial> trials) {
        return pending(trials, null);
    }

    private static @Nullable NasTrial pending(List<NasTrial> trials, @Nullable String reason) {
        for (NasTrial trial : trials) {
            NasTrialStatus status = trial.getStatus();
            if (status != null
                    && status.phase() == TrialPhase.Pending
                    && (reason == null ? status.reason() != null : reason.equals(status.reason()))) {
                return trial;
            }
        }
        return null;
    }

    private static String completion(@Nullable NasExperimentStatus previous, Instant now) {
        return previous != null && previous.completionTime() != null
                ? previous.completionTime()
                : now.truncatedTo(ChronoUnit.SECONDS).toString();
    }

    private static Phase phase(Plan.Phase phase) {
        return switch (phase) {
            case PREPARING -> Phase.Preparing;
            case WARMING_UP -> Phase.WarmingUp;
            case SEARCHING -> Phase.Searching;
            case FINALIZING -> Phase.Finalizing;
            case SUCCEEDED -> Phase.Succeeded;
            case FAILED -> Phase.Failed;
            case SUSPENDED -> Phase.Suspended;
        };
    }

    private static @Nullable ParetoFront front(String experiment, Plan.@Nullable Front front) {
        if (front == null || front.points().isEmpty()) {
            return null;
        }
        int size = front.points().size();
        int shown = Math.min(size, SHOWN_OF_FRONT);
        return new ParetoFront(
                IntStream.range(0, shown)
                        .map(i -> shown == size ? i : i * (size - 1) / (shown - 1))
                        .mapToObj(i -> front.points().get(i))
                        .map(p -> new FrontArchitecture(
                                NasApi.trialName(experiment, p.number()),
                                p.value(),
                                front.byMetric(p.costs()),
                                Double.isNaN(p.test()) ? null : p.test()))
                        .toList(),
                size,
                front.hypervolume(),
                front.referenceValue(),
                front.byMetric(front.referenceCosts()));
    }

    private static TrialCounts counts(List<NasTrial> trials) {
        var byPhase = new EnumMap<TrialPhase, Integer>(TrialPhase.class);
        for (NasTrial trial : trials) {
            NasTrialStatus status = trial.getStatus();
            byPhase.merge(status == null ? TrialPhase.Pending : status.phase(), 1, Integer::sum);
        }
        return new TrialCounts(
                byPhase.getOrDefault(TrialPhase.Completed, 0),
                byPhase.getOrDefault(TrialPhase.Running, 0),
                byPhase.getOrDefault(TrialPhase.Pending, 0),
                byPhase.getOrDefault(TrialPhase.Infeasible, 0),
                byPhase.getOrDefault(TrialPhase.Failed, 0),
                byPhase.getOrDefault(TrialPhase.Stopped, 0));
    }

    private static @Nullable Best best(Experiment experiment, Plan plan, List<NasTrial> trials) {
        Plan.Incumbent best = plan.summary().best();
        if (best == null) {
            return null;
        }
        Map<String, Double> metrics = trials.stream()
                .filter(t -> t.getSpec().number() == best.number())
                .map(NasTrial::getStatus)
                .filter(Objects::nonNull)
                .map(NasTrialStatus::metrics)
                .filter(Objects::nonNull)
                .findFirst()
                .orElse(Map.of());
        return new Best(
                NasApi.trialName(experiment.name(), best.number()),
                plan.summary().comparison().stream()
                        .findFirst()
                        .map(e -> test(experiment, e))
                        .orElseGet(
                                () -> "%s %s".formatted(experiment.objective().metric(), Figures.score(best.value()))),
                metrics,
                experiment.space().architectureHash(best.genotype()),
                experiment.space().describe(best.genotype()));
    }

    private static String test(Experiment experiment, Entrant winner) {
        String result = "test %s %s".formatted(experiment.objective().metric(), Figures.score(winner.test()));
        return Double.isNaN(winner.low())
                ? result
                : "%s [%s, %s]".formatted(result, Figures.score(winner.low()), Figures.score(winner.high()));
    }

    private static @Nullable PredictorQuality quality(Plan.@Nullable PredictorQuality quality) {
        return quality == null
                ? null
                : new PredictorQuality(
                        quality.surrogate(),
                        tau(quality),
                        quality.kendallTau(),
                        List.of(quality.low(), quality.high()),
                        quality.trials());
    }

    private static String tau(Plan.PredictorQuality quality) {
        return String.format(Locale.ROOT, "%.2f [%.2f, %.2f]", quality.kendallTau(), quality.low(), quality.high());
    }

    private static ComparisonRow row(Experiment experiment, Entrant e) {
        return new ComparisonRow(
                e.name(),
                experiment.space().architectureHash(e.genotype()),
                e.numbers().size(),
                Double.isNaN(e.test()) ? null : e.test(),
                Double.isNaN(e.low()) ? null : List.of(e.low(), e.high()),
                e.params(),
                Double.isNaN(e.latencyMs()) ? null : e.latencyMs(),
                e.verdict());
    }

    /** A duration as people write it: 43s, 12m30s, 5h12m. */
    static String text(Duration duration) {
        if (duration.toHours() > 0) {
            return "%dh%02dm".formatted(duration.toHours(), duration.toMinutesPart());
        }
        return duration.toMinutes() > 0
                ? "%dm%02ds".formatted(duration.toMinutes(), duration.toSecondsPart())
                : "%ds".formatted(duration.toSeconds());
    }

    private ExperimentStatuses() {}
}
