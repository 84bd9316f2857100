package dev.mlops.nas.search;

import dev.mlops.nas.search.BenchmarkRun.Course;
import dev.mlops.nas.search.Experiment.Constraint;
import dev.mlops.nas.search.Experiment.Objective;
import dev.mlops.nas.search.Experiment.SchedulerKind;
import dev.mlops.nas.search.Experiment.StrategyOptions;
import dev.mlops.nas.search.Experiment.TradeOff;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import java.util.function.ToDoubleBiFunction;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Search strategies on a table of architectures that were all trained before, through {@link Experiments#decide}, without
 * training anything.
 *
 * <p>A query is one result of an architecture, counted when it is in. The incumbent is the feasible architecture with the best
 * objective among those queried; the regret is the distance in the score column between the table's best feasible architecture
 * and the incumbent, and as long as nothing feasible was queried, to the worst feasible one. Queries to the optimum: until the
 * architecture that is best in the score column was queried, whether or not the objective makes it the incumbent.
 *
 * <p>With lower fidelities a query asks for one of their columns or for the objective; only the latter makes an incumbent or
 * finds the optimum. Every query costs what its column costs: a table's cheap result is rarely an early stage of the full
 * training, so that nothing is taken off for an architecture that was asked for before.
 *
 * <p>With a trade-off, what counts is the area below the Pareto front of score and cost, up to the lower quartile of the table's
 * scores and its largest cost: the part of the whole table's that the queried architectures miss.
 */
public final class TabularBenchmark {
    /** Numbers of queries at which the regret is reported. */
    public static final List<Integer> CHECKPOINTS = List.of(25, 50, 100, 150, 200, 300);

    /** Numbers of queries at which Kendall's tau is reported. */
    public static final List<Integer> TAU_CHECKPOINTS = List.of(25, 50, 100);

    /** What stands for the epochs of a full training, fine enough for every ratio of costs. */
    static final int FULL = 1_000_000;

    /**
     * What is searched for.
     *
     * @param objective column that the search sees, and which way is better; its trade-off is a column, else an analytic metric
     * @param score column in which the result is judged, the same way; the objective where equal
     * @param limits hard limits by name: a column of the table (measured, and learned by the search), else an analytic metric of
     *     the space (known before a query)
     * @param lower cheaper columns, the cheapest first
     * @param sources what earlier experiments are made of
     */
    public record Problem(
            Objective objective, String score, List<Constraint> limits, List<Lower> lower, List<Source> sources) {
        /** Copies the lists. */
        public Problem {
            limits = List.copyOf(limits);
            lower = lower.stream()
                    .sorted(Comparator.comparingDouble(Lower::cost))
                    .toList();
            sources = List.copyOf(sources);
        }

        /** Without earlier experiments. */
        public Problem(Objective objective, String score, List<Constraint> limits, List<Lower> lower) {
            this(objective, score, limits, lower, List.of());
        }

        /** Without lower fidelities and earlier experiments. */
        public Problem(Objective objective, String score, List<Constraint> limits) {
            this(objective, score, limits, List.of(), List.of());
        }
    }

    /**
     * An earlier experiment: random architectures, others for every seed, with their values in a column.
     *
     * @param column of which more is better where it is for the objective
     * @param results how many
     */
    public record Source(String column, int results) {}

    /**
     * A lower fidelity.
     *
     * @param column with its results, of which more is better where it is for the objective
     * @param cost of one result, above 0 and below 1, which is that of the objective
     */
    public record Lower(String column, double cost) {
        /** What stands for epochs in the experiment. */
        int epochs() {
            return (int) StrictMath.max(1, StrictMath.round(cost * FULL));
        }
    }

    /**
     * What a strategy reached over the seeds.
     *
     * @param fidelities scheduler of the lower fidelities; {@link SchedulerKind#NONE} when only the objective was asked for
     * @param regretMean by number of queries
     * @param regretSe its standard error, by number of queries
     * @param missingMean part of the hypervolume that is missing, by number of queries; empty without a trade-off
     * @param missingSe its standard error
     * @param toOptimumMean queries to the best architecture; a run that did not find it counts as one more query than it made,
     *     or than its budget
     * @param toOptimumMedian likewise
     * @param found runs that found it
     * @param secondsPerQuery of deciding alone
     * @param kendallTau of the surrogates' predictions for architectures that were not queried, by number of queries, mean over
     *     the seeds; empty for strategies without surrogates
     * @param cost the same by what queries cost
     */
    public record Result(
            String strategy,
            SchedulerKind fidelities,
            int seeds,
            Map<Integer, Double> regretMean,
            Map<Integer, Double> regretSe,
            Map<Integer, Double> missingMean,
            Map<Integer, Double> missingSe,
            double toOptimumMean,
            double toOptimumMedian,
            int found,
            double secondsPerQuery,
            Map<Integer, Double> kendallTau,
            ByCost cost) {}

    /**
     * What was reached for how much, in units of a result of the objective. Without lower fidelities, costs are numbers of queries.
     *
     * @param regretMean by cost
     * @param regretSe its standard error, by cost
     * @param toOptimumMean cost until the best architecture was asked for in full; a run that did not find it counts as its budget
     *     and one
     * @param toOptimumMedian likewise
     */
    public record ByCost(
            Map<Integer, Double> regretMean,
            Map<Integer, Double> regretSe,
            double toOptimumMean,
            double toOptimumMedian) {}

    private final ArchitectureTable table;
    private final Problem problem;
    private final List<Constraint> constraints;
    private final int queryable;
    private final double best;
    private final double worst;
    private final Pareto.Point corner;
    private final double area;

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
        List<Pareto.Point> points = new ArrayList<>();
        for (var all = table.space().all().iterator(); all.hasNext(); ) {
            Candidate candidate = candidates.of(all.next());
            if (candidates.admits(candidate) && admissible.add(candidate.hash()) && isFeasible(candidate.hash())) {
                highest = Math.max(highest, score(candidate.hash()));
                lowest = Math.min(lowest, score(candidate.hash()));
                points.add(point(candidate));
            }
        }
        if (highest == Double.NEGATIVE_INFINITY) {
            throw new IllegalArgumentException("no architecture of the table keeps all limits");
        }
        this.queryable = admissible.size();
        this.best = highest;
        this.worst = lowest;
        double[] scores =
                points.stream().mapToDouble(Pareto.Point::score).sorted().toArray();
        this.corner = new Pareto.Point(
                scores[(scores.length - 1) / 4], Pareto.worst(points).costs());
        this.area = Pareto.hypervolume(points, corner);
    }

    /** Score and costs of an architecture; without a trade-off a single cost of 0. */
    Pareto.Point point(Candidate candidate) {
        TradeOff tradeOff = problem.objective().tradeOff();
        List<Double> costs = tradeOff == null
                ? List.of(0.0)
                : tradeOff.metrics().stream()
                        .map(m -> table.has(m)
                                ? table.value(candidate.hash(), m)
                                : candidate.cost().value(m))
                        .toList();
        return new Pareto.Point(score(candidate.hash()), costs);
    }

    /** The part of the table's hypervolume that these points miss. */
    double missing(List<Pareto.Point> points) {
        double reached = Pareto.hypervolume(points, corner);
        return reached < area ? 1 - reached / area : 0;
    }

    /** The earlier experiments of a run. */
    List<Earlier> earlier(long seed) {
        return problem.sources().stream()
                .map(s -> new Earlier(
                        s.column(),
                        IntStream.range(0, s.results())
                                .mapToObj(i -> table.space().sample(Seeds.stream(seed, s.column(), i)))
                                .map(g -> new Earlier.Result(
                                        table.space().describe(g),
                                        problem.objective().score(table.value(g, s.column()))))
                                .toList()))
                .toList();
    }

    /** A name that no analytic metric has, so that a column counts as measured whatever it is called. */
    private static String measured(String column) {
        return "column " + column;
    }

    boolean isFeasible(String hash) {
        return problem.limits().stream()
                .filter(c -> table.has(c.metric()))
                .allMatch(c -> table.value(hash, c.metric()) <= c.max());
    }

    double score(String hash) {
        return problem.objective().score(table.value(hash, problem.score()));
    }

    double objective(String hash) {
        return problem.objective().score(table.value(hash, problem.objective().metric()));
    }

    /** What a query sees: the column of its fidelity under the objective's name, and the limits that are columns. */
    TrialState.Completed outcome(TrialRequest request) {
        String hash = table.space().architectureHash(request.genotype());
        Lower lower = problem.lower().stream()
                .filter(l -> l.epochs() == request.epochs())
                .findFirst()
                .orElse(null);
        String metric = problem.objective().metric();
        Map<String, Double> metrics = new HashMap<>();
        metrics.put(metric, table.value(hash, lower == null ? metric : lower.column()));
        Stream.concat(
                        problem.limits().stream().map(Constraint::metric),
                        Stream.ofNullable(problem.objective().tradeOff()).flatMap(t -> t.metrics().stream()))
                .filter(table::has)
                .forEach(column -> metrics.put(measured(column), table.value(hash, column)));
        return new TrialState.Completed(metrics, lower == null ? 1 : lower.cost());
    }

    ArchitectureTable table() {
        return table;
    }

    Problem problem() {
        return problem;
    }

    /** The objective as the search knows it. */
    Objective objective() {
        Objective objective = problem.objective();
        TradeOff tradeOff = objective.tradeOff();
        return tradeOff == null
                ? objective
                : new Objective(
                        objective.metric(),
                        objective.maximize(),
                        new TradeOff(tradeOff.metrics().stream()
                                .map(m -> table.has(m) ? measured(m) : m)
                                .toList()));
    }

    /** The limits as the search knows them. */
    List<Constraint> constraints() {
        return constraints;
    }

    /** Score of the best feasible architecture. */
    double best() {
        return best;
    }

    /** Score of the worst feasible architecture. */
    double worst() {
        return worst;
    }

    /** Number of architectures that may be queried: all but those that break an analytic limit. */
    public int size() {
        return queryable;
    }

    /** Runs a strategy on the objective alone; see {@link #run(String, StrategyOptions, SchedulerKind, int, int, int, LongSupplier)}. */
    public Result run(
            String name, StrategyOptions options, int seeds, int budget, int parallel, LongSupplier nanoTime) {
        return run(name, options, SchedulerKind.NONE, seeds, budget, parallel, nanoTime);
    }

    /**
     * Runs a strategy.
     *
     * @param name for the result
     * @param options which strategy
     * @param scheduler of the lower fidelities; {@link SchedulerKind#NONE} asks for the objective only
     * @param seeds runs, with seeds 0 to seeds - 1
     * @param budget cost of a run at most, where a result of the objective costs 1; a run ends early when nothing changes any more
     * @param parallel trials in flight, see {@link Simulation} for the order of their results
     * @param nanoTime a clock, for {@link Result#secondsPerQuery} only
     */
    public Result run(
            String name,
            StrategyOptions options,
            SchedulerKind scheduler,
            int seeds,
            int budget,
            int parallel,
            LongSupplier nanoTime) {
        List<Course> runs = new ArrayList<>();
        for (int seed = 0; seed < seeds; seed++) {
            runs.add(new BenchmarkRun(this, options, scheduler, seed, budget, parallel, nanoTime).run());
        }
        int most = Math.min(budget, queryable);
        int queries = Math.min(
                scheduler == SchedulerKind.NONE ? most : Integer.MAX_VALUE,
                runs.stream().mapToInt(Course::known).min().orElse(0));
        double[] toOptimum = values(runs, Course::queriesToOptimum);
        double[] costToOptimum = values(runs, Course::costToOptimum);
        Map<Integer, Double> tau = new TreeMap<>();
        for (int checkpoint : TAU_CHECKPOINTS) {
            List<Course> asked =
                    runs.stream().filter(r -> r.taus().containsKey(checkpoint)).toList();
            if (!asked.isEmpty()) {
                tau.put(checkpoint, Statistics.mean(values(asked, r -> r.taus().getOrDefault(checkpoint, Double.NaN))));
            }
        }
        return new Result(
                name,
                scheduler,
                seeds,
                at(queries, runs, Course::regretAtQuery, Statistics::mean),
                at(queries, runs, Course::regretAtQuery, TabularBenchmark::standardError),
                problem.objective().tradeOff() == null
                        ? Map.of()
                        : at(queries, runs, Course::missingAtQuery, Statistics::mean),
                problem.objective().tradeOff() == null
                        ? Map.of()
                        : at(queries, runs, Course::missingAtQuery, TabularBenchmark::standardError),
                Statistics.mean(toOptimum),
                Statistics.median(toOptimum),
                (int) runs.stream().filter(Course::found).count(),
                runs.stream().mapToLong(Course::nanos).sum()
                        / 1e9
                        / Math.max(1, runs.stream().mapToLong(Course::proposals).sum()),
                tau,
                new ByCost(
                        at(most, runs, Course::regretAtCost, Statistics::mean),
                        at(most, runs, Course::regretAtCost, TabularBenchmark::standardError),
                        Statistics.mean(costToOptimum),
                        Statistics.median(costToOptimum)));
    }

    /** A figure over the runs at each checkpoint up to the last. */
    private static Map<Integer, Double> at(
            int last, List<Course> runs, ToDoubleBiFunction<Course, Integer> value, ToDoubleFunction<double[]> figure) {
        Map<Integer, Double> figures = new TreeMap<>();
        for (int checkpoint : CHECKPOINTS) {
            if (checkpoint <= last) {
                figures.put(checkpoint, figure.applyAsDouble(values(runs, r -> value.applyAsDouble(r, checkpoint))));
            }
        }
        return figures;
    }

    private static double[] values(List<Course> runs, ToDoubleFunction<Course> value) {
        return runs.stream().mapToDouble(value).toArray();
    }

    private static double standardError(double[] values) {
        return values.length < 2 ? 0 : StrictMath.sqrt(Statistics.variance(values) / values.length);
    }
}
