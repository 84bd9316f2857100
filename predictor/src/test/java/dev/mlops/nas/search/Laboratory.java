package dev.mlops.nas.search;

import dev.mlops.nas.search.Experiment.Budget;
import dev.mlops.nas.search.Experiment.Constraint;
import dev.mlops.nas.search.Experiment.Objective;
import dev.mlops.nas.search.Experiment.Protocol;
import dev.mlops.nas.search.Experiment.StrategyOptions;
import dev.mlops.nas.search.Experiment.SurrogateKind;
import dev.mlops.nas.search.Spaces.CellOptions;
import dev.mlops.nas.search.Spaces.Task;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Function;

/** A shell around decide that trains nothing: results come from a function, in any order. */
final class Laboratory {
    static final Instant START = Instant.parse("2026-01-01T00:00:00Z");
    static final StrategyOptions.Evolution EVOLUTION = new StrategyOptions.Evolution(8, 3);
    static final StrategyOptions.LocalSearch LOCAL_SEARCH = new StrategyOptions.LocalSearch(4);

    static final StrategyOptions.Reinforce REINFORCE = new StrategyOptions.Reinforce(0.3, 0.03, 0.9);

    /** What the shell saw and what it was told. */
    record Step(History history, Plan plan) {}

    private final Experiment experiment;
    private final Function<TrialRequest, TrialState.Outcome> trainer;
    private final List<History.Trial> trials = new ArrayList<>();
    private final List<Step> steps = new ArrayList<>();
    private final SplittableRandom order;

    Laboratory(Experiment experiment, Function<TrialRequest, TrialState.Outcome> trainer, long order) {
        this.experiment = experiment;
        this.trainer = trainer;
        this.order = new SplittableRandom(order);
    }

    static SearchSpace cell(String... operations) {
        return Spaces.cell(new CellOptions(4, List.of(operations), 2, 1, 4), new Task(1, 8, 8, 10), Map.of());
    }

    static SearchSpace cell() {
        return cell("none", "skip", "conv3x3");
    }

    static StrategyOptions predictor(int warmUp) {
        return new StrategyOptions.Predictor(warmUp, List.of(SurrogateKind.values()), EVOLUTION);
    }

    static Experiment experiment(SearchSpace space, StrategyOptions strategy, int trials, int parallel) {
        return experiment(space, strategy, List.of(), new Budget(trials, parallel, null, 3));
    }

    static Experiment experiment(
            SearchSpace space, StrategyOptions strategy, List<Constraint> constraints, Budget budget) {
        return new Experiment(
                "lab",
                space,
                new Objective("accuracy", true),
                constraints,
                strategy,
                5,
                Experiment.Fidelity.full(5),
                budget,
                new Protocol(true, 2, 3, 2, 0.95),
                7,
                false);
    }

    /** Accuracy that grows with the size of the network and with its depth, plus a little luck by the seed. */
    static Function<TrialRequest, TrialState.Outcome> trainer(SearchSpace space) {
        return request -> completed(accuracy(space, request), space, request);
    }

    static double accuracy(SearchSpace space, TrialRequest request) {
        SearchSpace.Cost cost = space.cost(request.genotype());
        double depth = request.genotype().choices().stream()
                .mapToInt(c -> Math.max(0, c))
                .sum();
        double luck = new SplittableRandom(request.seed()).nextDouble() - 0.5;
        return 0.5 + 0.02 * Math.log(cost.params()) + 0.01 * depth + 0.002 * luck;
    }

    static TrialState.Completed completed(double accuracy, SearchSpace space, TrialRequest request) {
        Map<String, Double> metrics = new HashMap<>();
        metrics.put("accuracy", accuracy);
        metrics.put("latencyMs", space.cost(request.genotype()).macs() / 1e5);
        metrics.put("exportedLatencyMs", space.cost(request.genotype()).params() / 1e6);
        if (request.purpose().opensTest()) {
            metrics.put("testAccuracy", accuracy - 0.01);
            metrics.put("testExamples", 400.0);
        }
        return new TrialState.Completed(metrics, 2);
    }

    /** Runs to the end; one running trial ends at a time, chosen at random. */
    Plan run() {
        while (true) {
            Plan plan = decide();
            if (plan.phase() == Plan.Phase.SUCCEEDED || plan.phase() == Plan.Phase.FAILED) {
                return plan;
            }
            plan.start().forEach(r -> trials.add(new History.Trial(r, new TrialState.Running())));
            finishOne();
        }
    }

    Plan decide() {
        var history = new History(START, trials);
        Plan plan = Experiments.decide(experiment, history, START.plus(Duration.ofSeconds(steps.size())));
        steps.add(new Step(history, plan));
        return plan;
    }

    void start(Plan plan) {
        plan.start().forEach(r -> trials.add(new History.Trial(r, new TrialState.Pending())));
    }

    void finishOne() {
        List<Integer> running = new ArrayList<>();
        for (int i = 0; i < trials.size(); i++) {
            if (!(trials.get(i).state() instanceof TrialState.Outcome)) {
                running.add(i);
            }
        }
        if (running.isEmpty()) {
            throw new IllegalStateException("nothing runs and nothing is to start: the search hangs");
        }
        int index = running.get(order.nextInt(running.size()));
        TrialRequest request = trials.get(index).request();
        trials.set(index, new History.Trial(request, trainer.apply(request)));
    }

    List<Step> steps() {
        return steps;
    }

    List<History.Trial> trials() {
        return trials;
    }

    List<TrialRequest> requests(Purpose... purposes) {
        return trials.stream()
                .map(History.Trial::request)
                .filter(r -> List.of(purposes).contains(r.purpose()))
                .toList();
    }
}
