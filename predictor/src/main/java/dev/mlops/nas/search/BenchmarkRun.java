package dev.mlops.nas.search;

import dev.mlops.nas.search.Experiment.Budget;
import dev.mlops.nas.search.Experiment.Fidelity;
import dev.mlops.nas.search.Experiment.Protocol;
import dev.mlops.nas.search.Experiment.SchedulerKind;
import dev.mlops.nas.search.Experiment.StrategyOptions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** One run of a {@link TabularBenchmark} in progress. */
final class BenchmarkRun {
    private static final int UNSEEN = 1_000;
    private static final int LAST_TAU = 100;

    /** Room for the rounding of sums of costs. */
    private static final double CENT = 1e-9;

    /** After a query: what all so far have cost, the regret, and the part of the hypervolume that is missing. */
    private record Step(double cost, double regret, double missing) {}

    /**
     * What a run came to.
     *
     * @param steps one per query
     * @param start regret before the first
     * @param over whether further queries would change nothing
     * @param found whether the best architecture was asked for in full
     * @param queriesToOptimum queries until then; one more than it made when it was not
     * @param costToOptimum the same in cost; the budget and one when it was not
     * @param taus rank quality by number of queries
     * @param nanos spent on deciding
     * @param proposals that were decided on
     */
    record Course(
            List<Step> steps,
            double start,
            boolean over,
            boolean found,
            double queriesToOptimum,
            double costToOptimum,
            Map<Integer, Double> taus,
            long nanos,
            long proposals) {
        /** Up to how many queries the regret is known. */
        int known() {
            return over ? Integer.MAX_VALUE : steps.size();
        }

        double regretAtQuery(int number) {
            return steps.isEmpty()
                    ? start
                    : steps.get(Math.min(number, steps.size()) - 1).regret();
        }

        double missingAtQuery(int number) {
            return steps.isEmpty()
                    ? 1
                    : steps.get(Math.min(number, steps.size()) - 1).missing();
        }

        double regretAtCost(int cost) {
            double regret = start;
            for (Step step : steps) {
                if (step.cost() > cost + CENT) {
                    break;
                }
                regret = step.regret();
            }
            return regret;
        }
    }

    private final TabularBenchmark benchmark;
    private final Experiment experiment;
    private final Simulation simulation;
    private final LongSupplier nanoTime;
    private final int budget;
    private final List<Step> steps = new ArrayList<>();
    private final Map<Integer, Double> taus = new HashMap<>();
    private final Set<String> queried = new HashSet<>();
    private final List<Pareto.Point> front = new ArrayList<>();
    private final Candidates candidates;
    private double cost;
    private double costToOptimum = Double.POSITIVE_INFINITY;
    private int queriesToOptimum = Integer.MAX_VALUE;
    private double incumbent = Double.NEGATIVE_INFINITY;
    private double reached;
    private long nanos;
    private long proposals;

    BenchmarkRun(
            TabularBenchmark benchmark,
            StrategyOptions options,
            SchedulerKind scheduler,
            int seed,
            int budget,
            int parallel,
            LongSupplier nanoTime) {
        this.benchmark = benchmark;
        this.nanoTime = nanoTime;
        this.budget = budget;
        this.reached = benchmark.worst();
        Fidelity fidelity = fidelity(scheduler);
        this.experiment = new Experiment(
                        "bench",
                        benchmark.table().space(),
                        benchmark.objective(),
                        benchmark.constraints(),
                        options,
                        TabularBenchmark.FULL,
                        fidelity,
                        new Budget(architectures(fidelity), parallel, null, 0),
                        new Protocol(false, 0, 1, 1, 0.95),
                        seed,
                        false)
                .learningFrom(benchmark.earlier(seed));
        this.candidates = Candidates.of(experiment);
        this.simulation = new Simulation(experiment, Instant.EPOCH, benchmark::outcome);
    }

    private Fidelity fidelity(SchedulerKind scheduler) {
        return scheduler == SchedulerKind.NONE
                ? Fidelity.full(TabularBenchmark.FULL)
                : new Fidelity(
                        scheduler,
                        Stream.concat(
                                        benchmark.problem().lower().stream().map(TabularBenchmark.Lower::epochs),
                                        Stream.of(TabularBenchmark.FULL))
                                .toList());
    }

    /** As many as the budget pays for. Schedulers that do not wait for all of them are ended by their cost instead. */
    private int architectures(Fidelity fidelity) {
        double rungs = switch (fidelity.scheduler()) {
            case NONE -> 1;
            case SUCCESSIVE_HALVING ->
                (double) fidelity.rungs().size() * fidelity.rungs().getFirst() / TabularBenchmark.FULL;
            case HYPERBAND, ASHA -> 0;
        };
        return (int) Math.max(1, Math.min(budget / rungs, benchmark.size()));
    }

    Course run() {
        while (cost < budget - CENT && !isOver()) {
            long before = nanoTime.getAsLong();
            Plan plan = simulation.plan();
            if (plan.phase() != Plan.Phase.WARMING_UP && plan.phase() != Plan.Phase.SEARCHING) {
                break;
            }
            if (!plan.start().isEmpty()) {
                nanos += nanoTime.getAsLong() - before;
                proposals += plan.start().size();
            }
            count(simulation.next());
        }
        boolean found = queriesToOptimum <= steps.size();
        return new Course(
                List.copyOf(steps),
                benchmark.best() - benchmark.worst(),
                isOver(),
                found,
                found ? queriesToOptimum : steps.size() + 1,
                found ? costToOptimum : budget + 1,
                Map.copyOf(taus),
                nanos,
                proposals);
    }

    /** Whether nothing changes any more: the regret stays 0, and no tau is due. */
    private boolean isOver() {
        return queriesToOptimum <= steps.size()
                && steps.size() >= LAST_TAU
                && (experiment.objective().tradeOff() == null || steps.getLast().missing() == 0)
                && benchmark
                        .problem()
                        .score()
                        .equals(benchmark.problem().objective().metric());
    }

    private void count(History.Trial trial) {
        String hash = benchmark.table().space().architectureHash(trial.request().genotype());
        queried.add(hash);
        cost += trial.state() instanceof TrialState.Outcome outcome ? outcome.seconds() : 0;
        int number = steps.size() + 1;
        if (trial.request().epochs() == TabularBenchmark.FULL && benchmark.isFeasible(hash)) {
            front.add(benchmark.point(candidates.of(trial.request().genotype())));
            if (benchmark.objective(hash) > incumbent) {
                incumbent = benchmark.objective(hash);
                reached = benchmark.score(hash);
            }
            if (benchmark.score(hash) == benchmark.best() && queriesToOptimum > number) {
                queriesToOptimum = number;
                costToOptimum = cost;
            }
        }
        steps.add(new Step(cost, benchmark.best() - reached, benchmark.missing(front)));
        if (TabularBenchmark.TAU_CHECKPOINTS.contains(number)) {
            Double tau = tau();
            if (tau != null) {
                taus.put(number, tau);
            }
        }
    }

    /** Rank quality on random architectures that were not queried. */
    private @Nullable Double tau() {
        if (!(Strategy.of(experiment, null, List.of()) instanceof PredictorSearch predictor)) {
            return null;
        }
        Set<String> taken = new HashSet<>(queried);
        List<Candidate> unseen = new ArrayList<>();
        for (int i = 0; i < UNSEEN; i++) {
            Candidate drawn = candidates.draw(taken, Seeds.stream(experiment.seed(), "unseen", i));
            if (drawn == null) {
                break;
            }
            taken.add(drawn.hash());
            unseen.add(drawn);
        }
        double[] predictions = predictor.predictions(
                candidates, new Ledger(experiment, simulation.history(), candidates).observations(), unseen);
        return predictions == null || unseen.size() < 2
                ? null
                : Statistics.kendallTau(
                        predictions,
                        unseen.stream()
                                .mapToDouble(c -> benchmark.score(c.hash()))
                                .toArray());
    }
}
