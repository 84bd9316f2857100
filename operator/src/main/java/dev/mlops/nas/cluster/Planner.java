package dev.mlops.nas.cluster;

import dev.mlops.nas.api.NasExperiment;
import dev.mlops.nas.experiment.ExperimentFactory;
import dev.mlops.nas.experiment.ExternalStrategy;
import dev.mlops.nas.experiment.StrategyToken;
import dev.mlops.nas.search.Experiment;
import dev.mlops.nas.search.History;
import dev.mlops.nas.search.Plan;
import dev.mlops.nas.search.SpaceException;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Asks the engine, and remembers its last answer for every experiment: events that change nothing for the engine cost nothing.
 * Forgetting is harmless. Where an external strategy has not answered, it is asked again.
 */
final class Planner {
    private final Map<String, Entry> entries = new ConcurrentHashMap<>();
    private final MeterRegistry meters;

    /** @param meters gets the timer {@code nas.decide} */
    Planner(MeterRegistry meters) {
        this.meters = meters;
    }

    /**
     * The engine's experiment of a spec, as last completed, or of the spec alone.
     *
     * @throws SpaceException if the spec contradicts itself
     */
    Experiment experiment(NasExperiment resource) {
        Entry entry = known(resource);
        return entry == null ? created(resource) : entry.experiment;
    }

    private static Experiment created(NasExperiment resource) {
        CheckpointFolders.check(resource);
        Experiment experiment = ExperimentFactory.create(resource.getMetadata().getName(), resource.getSpec());
        return CheckpointFolders.claim(resource) == null ? experiment.withoutCheckpoints() : experiment;
    }

    /**
     * The engine's experiment of a spec; built once per generation.
     *
     * @param complete adds what the spec alone does not hold
     * @throws SpaceException if the spec contradicts itself
     */
    Experiment experiment(NasExperiment resource, UnaryOperator<Experiment> complete) {
        Entry entry = known(resource);
        if (entry != null) {
            return entry.experiment;
        }
        Experiment experiment = complete.apply(experiment(resource));
        entries.put(
                resource.getMetadata().getUid(),
                new Entry(resource.getMetadata().getGeneration(), experiment, null));
        return experiment;
    }

    private @Nullable Entry known(NasExperiment resource) {
        Entry entry = entries.get(resource.getMetadata().getUid());
        return entry != null && entry.generation == resource.getMetadata().getGeneration() ? entry : null;
    }

    /**
     * What to do next.
     *
     * @param tokens for an external strategy that wants one
     * @throws SpaceException if no architecture can meet the constraints
     */
    Plan plan(Observed observed, Instant now, StrategyToken tokens) {
        String uid = observed.resource().getMetadata().getUid();
        boolean timeIsUp = timeIsUp(observed, now);
        Entry entry = entries.get(uid);
        Answer answer = entry == null ? null : entry.answer;
        if (entry != null
                && answer != null
                && Objects.equals(entry.experiment, observed.experiment())
                && answer.timeIsUp == timeIsUp
                && answer.history.equals(observed.history())) {
            return answer.plan;
        }
        Plan plan = Objects.requireNonNull(meters.timer("nas.decide")
                .record(() -> ExternalStrategy.decide(
                        observed.resource().getSpec(), observed.experiment(), observed.history(), now, tokens)));
        if (plan.question() != null) {
            return plan;
        }
        entries.computeIfPresent(
                uid, (key, e) -> new Entry(e.generation, e.experiment, new Answer(observed.history(), timeIsUp, plan)));
        return plan;
    }

    /** Drops what is remembered of an experiment that needs no more plans. */
    void forget(NasExperiment resource) {
        entries.remove(resource.getMetadata().getUid());
    }

    private static boolean timeIsUp(Observed observed, Instant now) {
        Duration wallClock = observed.experiment().budget().wallClock();
        return wallClock != null && !now.isBefore(observed.history().startedAt().plus(wallClock));
    }

    private record Entry(
            long generation,
            Experiment experiment,
            @Nullable Answer answer) {}

    private record Answer(History history, boolean timeIsUp, Plan plan) {}
}
