package dev.mlops.nas.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import dev.mlops.nas.api.NasExperiment;
import dev.mlops.nas.api.NasExperimentSpec;
import dev.mlops.nas.api.NasExperimentSpec.StrategyName;
import dev.mlops.nas.experiment.ExperimentFactory;
import dev.mlops.nas.search.ArchitectureTable;
import dev.mlops.nas.search.Experiment.Constraint;
import dev.mlops.nas.search.Experiment.Objective;
import dev.mlops.nas.search.Experiment.StrategyOptions;
import dev.mlops.nas.search.SearchSpace;
import dev.mlops.nas.search.SpaceException;
import dev.mlops.nas.search.TabularBenchmark;
import dev.mlops.nas.search.TabularBenchmark.Result;
import dev.mlops.nas.validation.ExperimentReader;
import dev.mlops.nas.validation.InvalidExperimentException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Search strategies on a table: {@code nas bench search}. */
public final class SearchBench {
    /**
     * What to run.
     *
     * @param space file with a search space, or an experiment
     * @param table CSV, plain or gzip
     * @param choices column with one digit per decision
     * @param objective column that the search sees
     * @param score column in which the result is judged; null for the objective
     * @param minimize whether less is better, in both
     * @param constraints hard limits, each as {@code NAME<=NUMBER}
     * @param strategies which ones
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
            List<String> constraints,
            List<StrategyName> strategies,
            int seeds,
            int budget,
            int parallel,
            @Nullable Path json) {
        private String judged() {
            return score == null ? objective : score;
        }
    }

    /**
     * Runs, and prints a table.
     *
     * @throws BenchException with one sentence when an input cannot be used; nothing has run then
     */
    public static void run(Options options, PrintWriter out) throws BenchException {
        check(options);
        NasExperimentSpec spec = spec(options.space());
        TabularBenchmark benchmark = benchmark(options, spec);
        out.printf(
                Locale.ROOT,
                "%d architectures, objective %s%s, %d seeds, %d queries each%s%n",
                benchmark.size(),
                options.objective(),
                options.judged().equals(options.objective()) ? "" : ", judged by " + options.judged(),
                options.seeds(),
                options.budget(),
                options.parallel() == 1 ? "" : ", %d at a time".formatted(options.parallel()));
        out.flush();
        List<Result> results = new ArrayList<>();
        for (StrategyName name : options.strategies()) {
            StrategyOptions strategy =
                    ExperimentFactory.strategy(spec.strategy().named(name), options.budget());
            Result result = benchmark.run(
                    name.name().toLowerCase(Locale.ROOT),
                    strategy,
                    options.seeds(),
                    options.budget(),
                    options.parallel(),
                    System::nanoTime);
            results.add(result);
            print(result, out);
        }
        if (options.json() != null) {
            write(results, options.json());
        }
    }

    private static void check(Options options) throws BenchException {
        positive("--seeds", options.seeds());
        positive("--budget", options.budget());
        positive("--parallel", options.parallel());
        if (options.json() != null) {
            Path folder = options.json().toAbsolutePath().getParent();
            if (folder == null || !Files.isDirectory(folder)) {
                throw new BenchException("--json is %s, whose folder does not exist".formatted(options.json()));
            }
        }
    }

    private static void positive(String option, int value) throws BenchException {
        if (value < 1) {
            throw new BenchException("%s is %d: give 1 or more".formatted(option, value));
        }
    }

    private static NasExperimentSpec spec(Path file) throws BenchException {
        try {
            NasExperiment experiment = new ExperimentReader().readSpace(file);
            return experiment.getSpec();
        } catch (InvalidExperimentException invalid) {
            throw new BenchException(invalid.lines(file));
        }
    }

    private static TabularBenchmark benchmark(Options options, NasExperimentSpec spec) throws BenchException {
        SearchSpace space;
        try {
            space = ExperimentFactory.create("bench", spec).space();
        } catch (SpaceException contradiction) {
            throw new BenchException(
                    "%s: %s: %s".formatted(options.space(), contradiction.field(), contradiction.getMessage()));
        }
        TableFile file = TableFile.open(options.table());
        file.require("--choices", options.choices());
        file.require("--objective", options.objective());
        file.require("--score", options.judged());
        List<Constraint> limits = Limits.parse(options.constraints(), file);
        Stream<String> columns = Stream.concat(
                Stream.of(options.objective(), options.judged()),
                limits.stream().map(Constraint::metric));
        ArchitectureTable table = file.read(
                space, options.choices(), columns.filter(file::has).distinct().toList());
        try {
            return new TabularBenchmark(
                    table,
                    new TabularBenchmark.Problem(
                            new Objective(options.objective(), !options.minimize()), options.judged(), limits));
        } catch (SpaceException unusable) {
            throw new BenchException("--constraint: " + unusable.getMessage());
        } catch (IllegalArgumentException unusable) {
            throw new BenchException("%s: %s".formatted(options.table(), unusable.getMessage()));
        }
    }

    private static void print(Result result, PrintWriter out) {
        out.printf("%n%s%n", result.strategy());
        result.regretMean()
                .forEach((queries, mean) -> out.printf(
                        Locale.ROOT,
                        "  regret at %3d queries      %.4f +- %.4f%n",
                        queries,
                        mean,
                        result.regretSe().get(queries)));
        out.printf(
                Locale.ROOT,
                "  queries to the best        mean %.1f, median %.1f, found %d/%d%n",
                result.toOptimumMean(),
                result.toOptimumMedian(),
                result.found(),
                result.seeds());
        out.printf(Locale.ROOT, "  seconds per proposal       %.4f%n", result.secondsPerQuery());
        result.kendallTau()
                .forEach((queries, tau) ->
                        out.printf(Locale.ROOT, "  Kendall tau after %3d       %.3f%n", queries, tau));
        out.flush();
    }

    private static void write(List<Result> results, Path file) throws BenchException {
        List<Map<String, Object>> documents = new ArrayList<>();
        for (Result result : results) {
            var document = new LinkedHashMap<String, Object>();
            document.put("strategy", result.strategy());
            document.put("seeds", result.seeds());
            document.put("regret_mean", result.regretMean());
            document.put("regret_se", result.regretSe());
            document.put("to_optimum_mean", result.toOptimumMean());
            document.put("to_optimum_median", result.toOptimumMedian());
            document.put("found_optimum", result.found());
            document.put("seconds_per_query", result.secondsPerQuery());
            document.put("kendall_tau", result.kendallTau());
            documents.add(document);
        }
        try {
            new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT).writeValue(file.toFile(), documents);
        } catch (IOException failed) {
            throw new BenchException("%s: cannot be written: %s".formatted(file, failed.getMessage()));
        }
    }

    private SearchBench() {}
}
