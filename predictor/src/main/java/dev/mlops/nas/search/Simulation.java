package dev.mlops.nas.search;

import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * A shell around {@link Experiments#decide} in virtual time: every trial has the outcome that a function gives, as many seconds
 * after its start as the outcome says. Outcomes come one at a time, the earliest first and of equal ones the lowest number, and a
 * slot that falls free is filled before the next comes: with N parallel trials, N - 1 are pending whenever one is planned.
 */
public final class Simulation {
    private record Running(Instant end, TrialRequest request, TrialState.Outcome outcome) {
        int number() {
            return request.number();
        }
    }

    private static final TrialState STOPPED = new TrialState.Stopped("the search had no use for it any more", 0);

    private final Experiment experiment;
    private final Function<TrialRequest, TrialState.Outcome> trainer;
    private final Instant startedAt;
    private final TreeMap<Integer, History.Trial> trials = new TreeMap<>();
    private final PriorityQueue<Running> running =
            new PriorityQueue<>(Comparator.comparing(Running::end).thenComparingInt(Running::number));
    private Instant now;

    /** Nothing has happened yet. */
    public Simulation(Experiment experiment, Instant startedAt, Function<TrialRequest, TrialState.Outcome> trainer) {
        this.experiment = experiment;
        this.trainer = trainer;
        this.startedAt = startedAt;
        this.now = startedAt;
    }

    /** The virtual time. */
    public Instant now() {
        return now;
    }

    /** All trials so far. */
    public History history() {
        return new History(startedAt, List.copyOf(trials.values()));
    }

    /**
     * Decides, starts what is to start and stops what is to stop.
     *
     * @throws SpaceException if no architecture can meet the constraints
     */
    public Plan plan() {
        Plan plan = Experiments.decide(experiment, history(), now);
        for (int number : plan.stop()) {
            running.stream()
                    .filter(r -> r.number() == number)
                    .map(Running::request)
                    .forEach(r -> trials.put(number, new History.Trial(r, STOPPED)));
            running.removeIf(r -> r.number() == number);
        }
        for (TrialRequest request : plan.start()) {
            TrialState.Outcome outcome = trainer.apply(request);
            trials.put(request.number(), new History.Trial(request, new TrialState.Running()));
            running.add(new Running(
                    now.plus(Duration.ofNanos(StrictMath.round(outcome.seconds() * 1e9))), request, outcome));
        }
        return plan;
    }

    /**
     * Lets the next trial end.
     *
     * @return the trial with its outcome
     * @throws IllegalStateException if nothing runs
     */
    public History.Trial next() {
        Running first = running.poll();
        if (first == null) {
            throw new IllegalStateException("the plan starts nothing, nothing runs, and the search is not done");
        }
        now = first.end();
        var ended = new History.Trial(first.request(), first.outcome());
        trials.put(first.number(), ended);
        return ended;
    }
}
