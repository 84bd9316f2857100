package dev.mlops.nas.search;

import dev.mlops.nas.search.Experiment.Budget;
import dev.mlops.nas.search.Experiment.Constraint;
import dev.mlops.nas.search.Experiment.Fidelity;
import dev.mlops.nas.search.Experiment.Objective;
import dev.mlops.nas.search.Experiment.Protocol;
import dev.mlops.nas.search.Experiment.StrategyOptions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Search strategies on a table of architectures that were all trained before, through {@link Experiments#decide}, without
 * training anything.
 *
 * <p>A query is an architecture, counted once when its result is in. The incumbent is the feasible architecture with the best
 * objective among those queried; the regret is the distance in the score column between the table's best feasible architecture
 * and the incumbent, and as long as nothing feasible was queried, to the worst feasible one. Queries to the optimum: until the
 * architecture that is best in the score column was queried, whether or not the objective makes it the incumbent.
 */
public final class TabularBenchmark {
    /** Numbers of queries at which the regret is reported. */
    public static final List<Integer> CHECKPOINTS = List.of(25, 50, 100, 150, 200, 300);

    /** Numbers of queries at which Kendall's tau is reported. */
    public static final List<Integer> TAU_CHECKPOINTS = List.of(25, 50, 100);

    private static final int UNSEEN = 1_000;
    private static final int LAST_TAU = 100;

    /**
     * What is searched for.
     *
     * @param objective column that the search sees, and which way is better
     * @param score column in which the result is judged, the same way; the objective where equal
     * @param limits hard limits by name: a column of the table (measured, and learned by the search), else an analytic metric of
     *     the space (known before a query)
     */
    public record Problem(Objective objective, String score, List<Constraint> limits) {
        /** Copies the limits. */
        public Problem {
            limits = List.copyOf(limits);
        }
    }

    /**
     * What a strategy reached over the seeds.
     *
     * @param regretMean by number of queries
     * @param regretSe its standard error, by number of queries
     * @param toOptimumMean queries to the best architecture; a run that did not find it counts as one more than its budget
     * @param toOptimumMedian likewise
     * @param found runs that found it
     * @param secondsPerQuery of deciding alone
     * @param kendallTau of the surrogates' predictions for architectures that were not queried, by number of queries, mean over
     *     the seeds; empty for strategies without surrogates
     */
    public record Result(
            String strategy,
            int seeds,
            Map<Integer, Double> regretMean,
            Map<Integer, Double> regretSe,
            double toOptimumMean,
            double toOptimumMedian,
            int found,
            double secondsPerQuery,
            Map<Integer, Double> kendallTau) {}

    /** One run: regret after each query, queries to the optimum, tau by number of queries, time and number of proposals. */
    private record Run(List<Double> regret, double toOptimum, Map<Integer, Double> taus, long nanos, long proposals) {}

    private final ArchitectureTable table;
    private final Problem problem;
    private final List<Constraint> constraints;
    private final int queryable;
    private final double best;
    private final double worst;

    /**
     * Prepares.
     *
     * @throws SpaceException if nothing keeps the analytic limits
     * @throws IllegalArgumentException with one sentence if nothing in the table keeps all limits
     */
    public TabularBenchmark(ArchitectureTable table, Problem problem) {
        this.table = table;
        this.problem = problem;
        this.constraints = problem.limits().stream()
                .map(c -> table.has(c.metric()) ? new Constraint(measured(c.metric()), c.max()) : c)
                .toList();
        var admissible = new HashSet<String>();
        double highest = Double.NEGATIVE_INFINITY;
        double lowest = Double.POSITIVE_INFINITY;
        var candidates = new Candidates(table.space(), constraints);
        candidates.check();
        for (var all = table.space().all().iterator(); all.hasNext(); ) {
            Candidate candidate = candidates.of(all.next());
            if (candidates.admits(candidate) && admissible.add(candidate.hash()) && isFeasible(candidate.hash())) {
                highest = Math.max(highest, score(candidate.hash()));
                lowest = Math.min(lowest, score(candidate.hash()));
            }
        }
        if (highest == Double.NEGATIVE_INFINITY) {
            throw new IllegalArgumentException("no architecture of the table keeps all limits");
        }
        this.queryable = admissible.size();
        this.best = highest;
        this.worst = lowest;
    }

    /** A name that no analytic metric has, so that a column counts as measured whatever it is called. */
    private static String measured(String column) {
        return "column " + column;
    }

    private boolean isFeasible(String hash) {
        return problem.limits().stream()
                .filter(c -> table.has(c.metric()))
                .allMatch(c -> table.value(hash, c.metric()) <= c.max());
    }

    private double score(String hash) {
        return problem.objective().score(table.value(hash, problem.score()));
    }

    private double objective(String hash) {
        return problem.objective().score(table.value(hash, problem.objective().metric()));
    }

    /** Number of architectures that may be queried: all but those that break an analytic limit. */
    public int size() {
        return queryable;
    }

    /**
     * Runs a strategy.
     *
     * @param name for the result
     * @param options which strategy
     * @param seeds runs, with seeds 0 to seeds - 1
     * @param budget queries per run at most; a run ends early when nothing changes any more
     * @param parallel trials in flight, see {@link Simulation} for the order of their results
     * @param nanoTime a clock, for {@link Result#secondsPerQuery} only
     */
    public Result run(
            String name, StrategyOptions options, int seeds, int budget, int parallel, LongSupplier nanoTime) {
        List<Run> runs = new ArrayList<>();
        for (int seed = 0; seed < seeds; seed++) {
            runs.add(new Search(options, seed, budget, parallel, nanoTime).run());
        }
        Map<Integer, Double> mean = new TreeMap<>();
        Map<Integer, Double> error = new TreeMap<>();
        for (int checkpoint : CHECKPOINTS) {
            if (checkpoint <= Math.min(budget, queryable)) {
                double[] column = runs.stream()
                        .mapToDouble(r -> r.regret().get(checkpoint - 1))
                        .toArray();
                mean.put(checkpoint, Statistics.mean(column));
                error.put(checkpoint, seeds < 2 ? 0 : StrictMath.sqrt(Statistics.variance(column) / seeds));
            }
        }
        Map<Integer, Double> tau = new TreeMap<>();
        for (int checkpoint : TAU_CHECKPOINTS) {
            double[] taus = runs.stream()
                    .filter(r -> r.taus().containsKey(checkpoint))
                    .mapToDouble(r -> r.taus().getOrDefault(checkpoint, Double.NaN))
                    .toArray();
            if (taus.length > 0) {
                tau.put(checkpoint, Statistics.mean(taus));
            }
        }
        double[] toOptimum = runs.stream().mapToDouble(Run::toOptimum).toArray();
        return new Result(
                name,
                seeds,
                mean,
                error,
                Statistics.mean(toOptimum),
                Statistics.median(toOptimum),
                (int) Arrays.stream(toOptimum).filter(q -> q <= budget).count(),
                runs.stream().mapToLong(Run::nanos).sum()
                        / 1e9
                        / Math.max(1, runs.stream().mapToLong(Run::proposals).sum()),
                tau);
    }

    /** One run in progress. */
    private final class Search {
        private final Experiment experiment;
        private final Simulation simulation;
        private final LongSupplier nanoTime;
        private final int queries;
        private final List<Double> regret = new ArrayList<>();
        private final Map<Integer, Double> taus = new HashMap<>();
        private final Set<String> queried = new HashSet<>();
        private double toOptimum;
        private double incumbent = Double.NEGATIVE_INFINITY;
        private double reached = worst;
        private long nanos;
        private long proposals;

        Search(StrategyOptions options, int seed, int budget, int parallel, LongSupplier nanoTime) {
            this.nanoTime = nanoTime;
            this.queries = Math.min(budget, queryable);
            this.toOptimum = budget + 1.0;
            this.experiment = new Experiment(
                    "bench",
                    table.space(),
                    problem.objective(),
                    constraints,
                    options,
                    1,
                    Fidelity.full(1),
                    new Budget(queries, parallel, null, 0),
                    new Protocol(false, 0, 1, 1, 0.95),
                    seed,
                    false);
            this.simulation = new Simulation(experiment, Instant.EPOCH, this::train);
        }

        private TrialState.Outcome train(TrialRequest request) {
            String hash = table.space().architectureHash(request.genotype());
            Map<String, Double> metrics = new HashMap<>();
            metrics.put(
                    problem.objective().metric(),
                    table.value(hash, problem.objective().metric()));
            for (Constraint limit : problem.limits()) {
                if (table.has(limit.metric())) {
                    metrics.put(measured(limit.metric()), table.value(hash, limit.metric()));
                }
            }
            return new TrialState.Completed(metrics, 1);
        }

        Run run() {
            while (queried.size() < queries && !isOver()) {
                long before = nanoTime.getAsLong();
                Plan plan = simulation.plan();
                if (plan.phase() != Plan.Phase.WARMING_UP && plan.phase() != Plan.Phase.SEARCHING) {
                    break;
                }
                if (!plan.start().isEmpty()) {
                    nanos += nanoTime.getAsLong() - before;
                    proposals += plan.start().size();
                }
                count(simulation.next().request().genotype());
            }
            while (regret.size() < queries) {
                regret.add(best - reached);
            }
            return new Run(regret, toOptimum, taus, nanos, proposals);
        }

        /** Whether nothing changes any more: the regret stays 0, and no tau is due. */
        private boolean isOver() {
            return toOptimum <= queried.size()
                    && queried.size() >= LAST_TAU
                    && problem.score().equals(problem.objective().metric());
        }

        private void count(Genotype genotype) {
            String hash = table.space().architectureHash(genotype);
            queried.add(hash);
            int number = queried.size();
            if (isFeasible(hash)) {
                if (objective(hash) > incumbent) {
                    incumbent = objective(hash);
                    reached = score(hash);
                }
                if (score(hash) == best && toOptimum > number) {
                    toOptimum = number;
                }
            }
            regret.add(best - reached);
            if (TAU_CHECKPOINTS.contains(number)) {
                Double tau = tau();
                if (tau != null) {
                    taus.put(number, tau);
                }
            }
        }

        /** Rank quality on random architectures that were not queried. */
        private @Nullable Double tau() {
            if (!(Strategy.of(experiment.strategy(), constraints) instanceof PredictorSearch predictor)) {
                return null;
            }
            Candidates candidates = Candidates.of(experiment);
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
                            unseen.stream().mapToDouble(c -> score(c.hash())).toArray());
        }
    }
}
