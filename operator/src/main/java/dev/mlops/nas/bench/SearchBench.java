package dev.mlops.nas.bench;

import dev.mlops.nas.api.NasExperimentSpec;
import dev.mlops.nas.api.NasExperimentSpec.SchedulerName;
import dev.mlops.nas.api.NasExperimentSpec.StrategyName;
import dev.mlops.nas.experiment.ExperimentFactory;
import dev.mlops.nas.search.ArchitectureTable;
import dev.mlops.nas.search.Experiment.Constraint;
import dev.mlops.nas.search.Experiment.Objective;
import dev.mlops.nas.search.Experiment.SchedulerKind;
import dev.mlops.nas.search.Experiment.StrategyOptions;
import dev.mlops.nas.search.Experiment.TradeOff;
import dev.mlops.nas.search.SearchSpace;
import dev.mlops.nas.search.SpaceException;
import dev.mlops.nas.search.TabularBenchmark;
import dev.mlops.nas.search.TabularBenchmark.Lower;
import dev.mlops.nas.search.TabularBenchmark.Result;
import dev.mlops.nas.search.TabularBenchmark.Source;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Search strategies on a table: {@code nas bench search}. */
public final class SearchBench {
    private static final Set<StrategyName> SEVERAL_OBJECTIVES =
            Set.of(StrategyName.Predictor, StrategyName.Nsga2, StrategyName.QuasiRandom, StrategyName.Random);

    /**
     * What to run.
     *
     * @param space file with a search space, or an experiment
     * @param table CSV, plain or gzip
     * @param choices column with one digit per decision
     * @param objective column that the search sees
     * @param score column in which the result is judged; null for the objective
     * @param minimize whether less is better, in both
     * @param tradeOff columns or analytic costs to be kept low too; empty for one objective
     * @param constraints hard limits, each as {@code NAME<=NUMBER}
     * @param earlier earlier experiments, each as {@code COLUMN:RESULTS}
     * @param fidelities cheaper columns, each as {@code COLUMN:COST}
     * @param scheduler of the fidelities; null for ASHA
     * @param strategies which ones; empty for the usual ones
     * @param seeds runs of each
     * @param budget queries of each run
     * @param parallel trials in flight
     * @param json where the results go too; null for nowhere
     */
    public record Options(
            Path space,
            Path table,
            String choices,
            String objective,
            @Nullable String score,
            boolean minimize,
            List<String> tradeOff,
            List<String> constraints,
            List<String> earlier,
            List<String> fidelities,
            @Nullable SchedulerName scheduler,
            List<StrategyName> strategies,
            int seeds,
            int budget,
            int parallel,
            @Nullable Path json) {
        private String judged() {
            return score == null ? objective : score;
        }

        private SchedulerName schedules() {
            return scheduler == null ? SchedulerName.Asha : scheduler;
        }

        private List<StrategyName> compared() {
            return strategies.isEmpty()
                    ? List.of(
                            StrategyName.Predictor,
                            tradeOff.isEmpty() ? StrategyName.Evolution : StrategyName.Nsga2,
                            StrategyName.Random)
                    : strategies;
        }
    }

    /**
     * Runs, and prints a table.
     *
     * @throws BenchException with one sentence when an input cannot be used; nothing has run then
     */
    public static void run(Options options, PrintWriter out) throws BenchException {
        check(options);
        SpaceFile file = SpaceFile.read(options.space());
        NasExperimentSpec spec = file.spec();
        TabularBenchmark benchmark = benchmark(options, file.space());
        out.printf(
                Locale.ROOT,
                "%d architectures, objective %s%s, %d seeds, %s each%s%n",
                benchmark.size(),
                options.objective(),
                options.judged().equals(options.objective()) ? "" : ", judged by " + options.judged(),
                options.seeds(),
                options.fidelities().isEmpty()
                        ? "%d queries".formatted(options.budget())
                        : "at a cost of %d queries".formatted(options.budget()),
                options.parallel() == 1 ? "" : ", %d at a time".formatted(options.parallel()));
        out.flush();
        List<Map<String, Object>> documents = new ArrayList<>();
        for (StrategyName name : options.compared()) {
            StrategyOptions strategy =
                    ExperimentFactory.strategy(spec.strategy().named(name), options.budget());
            Result single = result(benchmark, name, strategy, SchedulerKind.NONE, options);
            print(single, out);
            documents.add(document(single));
            if (!options.fidelities().isEmpty()) {
                SchedulerKind scheduler = ExperimentFactory.scheduler(options.schedules());
                Result cheap = result(benchmark, name, strategy, scheduler, options);
                double ratio = cheap.cost().toOptimumMean() / single.cost().toOptimumMean();
                print(cheap, ratio, options, out);
                Map<String, Object> document = document(cheap);
                document.put("fidelities", options.fidelities());
                document.put("scheduler", options.schedules().name());
                document.put("cost_ratio", ratio);
                documents.add(document);
            }
        }
        if (options.json() != null) {
            Checks.write(documents, options.json());
        }
    }

    private static Result result(
            TabularBenchmark benchmark,
            StrategyName name,
            StrategyOptions strategy,
            SchedulerKind scheduler,
            Options options) {
        return benchmark.run(
                name.name().toLowerCase(Locale.ROOT),
                strategy,
                scheduler,
                options.seeds(),
                options.budget(),
                options.parallel(),
                System::nanoTime);
    }

    private static void check(Options options) throws BenchException {
        Checks.positive("--seeds", options.seeds());
        Checks.positive("--budget", options.budget());
        Checks.positive("--parallel", options.parallel());
        if (options.scheduler() == SchedulerName.None) {
            throw new BenchException(
                    "--scheduler is None: give SuccessiveHalving, Hyperband or Asha; without --fidelities there is none");
        }
        if (options.scheduler() != null && options.fidelities().isEmpty()) {
            throw new BenchException("--scheduler is %s, which decides between fidelities: give --fidelities too"
                    .formatted(options.scheduler()));
        }
        for (StrategyName name : options.strategies()) {
            if (Collections.frequency(options.strategies(), name) > 1) {
                throw new BenchException("--strategy names %s twice: give it once".formatted(name));
            }
        }
        if (options.strategies().contains(StrategyName.External)) {
            throw new BenchException(
                    "--strategy names External, which a server would have to answer: a benchmark runs the built-in ones only");
        }
        if (options.strategies().contains(StrategyName.Differentiable)) {
            throw new BenchException(
                    "--strategy names Differentiable, which trains open choices: a table holds no such training");
        }
        if (options.tradeOff().isEmpty() && options.strategies().contains(StrategyName.Nsga2)) {
            throw new BenchException("--strategy names Nsga2, which is for several objectives: give --trade-off");
        }
        for (StrategyName name : options.strategies()) {
            if (!options.tradeOff().isEmpty() && !SEVERAL_OBJECTIVES.contains(name)) {
                throw new BenchException("--strategy names %s, which knows one objective: with --trade-off give %s"
                        .formatted(
                                name,
                                SEVERAL_OBJECTIVES.stream()
                                        .map(Enum::name)
                                        .sorted()
                                        .collect(Collectors.joining(", "))));
            }
        }
        Checks.writable(options.json());
    }

    private static TabularBenchmark benchmark(Options options, SearchSpace space) throws BenchException {
        TableFile file = TableFile.open(options.table());
        file.require("--choices", options.choices());
        file.require("--objective", options.objective());
        file.require("--score", options.judged());
        TradeOff tradeOff = options.tradeOff().isEmpty() ? null : new TradeOff(options.tradeOff());
        for (String column : tradeOff == null ? List.<String>of() : tradeOff.measured()) {
            file.require("--trade-off", column);
        }
        List<Constraint> limits = Limits.parse(options.constraints(), file);
        List<Lower> lower = Lowers.parse(options.fidelities(), file, options.objective());
        List<Source> sources = Sources.parse(options.earlier(), file, space);
        Stream<String> columns = Stream.of(
                        Stream.of(options.objective(), options.judged()),
                        lower.stream().map(Lower::column),
                        sources.stream().map(Source::column),
                        limits.stream().map(Constraint::metric),
                        options.tradeOff().stream())
                .flatMap(names -> names);
        ArchitectureTable table = file.read(
                space, options.choices(), columns.filter(file::has).distinct().toList());
        try {
            return new TabularBenchmark(
                    table,
                    new TabularBenchmark.Problem(
                            new Objective(options.objective(), !options.minimize(), tradeOff),
                            options.judged(),
                            limits,
                            lower,
                            sources));
        } catch (SpaceException unusable) {
            throw new BenchException("--constraint: " + unusable.getMessage());
        } catch (IllegalArgumentException unusable) {
            throw new BenchException("%s: %s".formatted(options.table(), unusable.getMessage()));
        }
    }

    private static void print(Result result, PrintWriter out) {
        out.printf("%n%s%n", result.strategy());
        regret("queries", result.regretMean(), result.regretSe(), out);
        missing(result, out);
        out.printf(
                Locale.ROOT,
                "  queries to the best        mean %.1f, median %.1f, found %d/%d%n",
                result.toOptimumMean(),
                result.toOptimumMedian(),
                result.found(),
                result.seeds());
        decisions(result, out);
    }

    /** With lower fidelities, cost is what counts. */
    private static void print(Result result, double ratio, Options options, PrintWriter out) {
        out.printf(
                "%n%s, %s with %s%n", result.strategy(), options.schedules(), String.join(", ", options.fidelities()));
        regret("cost", result.cost().regretMean(), result.cost().regretSe(), out);
        out.printf(
                Locale.ROOT,
                "  cost to the best           mean %.1f, median %.1f, found %d/%d: %.2f of what it costs without fidelities%n",
                result.cost().toOptimumMean(),
                result.cost().toOptimumMedian(),
                result.found(),
                result.seeds(),
                ratio);
        out.printf(
                Locale.ROOT,
                "  queries to the best        mean %.1f, median %.1f, of all fidelities%n",
                result.toOptimumMean(),
                result.toOptimumMedian());
        decisions(result, out);
    }

    private static void regret(String unit, Map<Integer, Double> mean, Map<Integer, Double> error, PrintWriter out) {
        mean.forEach((at, value) -> out.printf(
                Locale.ROOT,
                "  %-26s %.4f +- %.4f%n",
                unit.equals("cost") ? "regret at cost %3d".formatted(at) : "regret at %3d queries".formatted(at),
                value,
                error.get(at)));
    }

    private static void missing(Result result, PrintWriter out) {
        result.missingMean()
                .forEach((at, value) -> out.printf(
                        Locale.ROOT,
                        "  %-26s %.4f +- %.4f of the hypervolume%n",
                        "missing at %3d queries".formatted(at),
                        value,
                        result.missingSe().get(at)));
    }

    private static void decisions(Result result, PrintWriter out) {
        out.printf(Locale.ROOT, "  seconds per proposal       %.4f%n", result.secondsPerQuery());
        result.kendallTau()
                .forEach((queries, tau) ->
                        out.printf(Locale.ROOT, "  Kendall tau after %3d       %.3f%n", queries, tau));
        out.flush();
    }

    private static Map<String, Object> document(Result result) {
        var document = new LinkedHashMap<String, Object>();
        document.put("strategy", result.strategy());
        document.put("seeds", result.seeds());
        document.put("regret_mean", result.regretMean());
        document.put("regret_se", result.regretSe());
        if (!result.missingMean().isEmpty()) {
            document.put("missing_hypervolume_mean", result.missingMean());
            document.put("missing_hypervolume_se", result.missingSe());
        }
        document.put("to_optimum_mean", result.toOptimumMean());
        document.put("to_optimum_median", result.toOptimumMedian());
        document.put("found_optimum", result.found());
        document.put("seconds_per_query", result.secondsPerQuery());
        document.put("kendall_tau", result.kendallTau());
        document.put("regret_mean_by_cost", result.cost().regretMean());
        document.put("regret_se_by_cost", result.cost().regretSe());
        document.put("cost_to_optimum_mean", result.cost().toOptimumMean());
        document.put("cost_to_optimum_median", result.cost().toOptimumMedian());
        return document;
    }

    private SearchBench() {}
}
