package dev.mlops.nas.bench;

import dev.mlops.nas.api.NasExperimentSpec.StrategyName;
import dev.mlops.nas.experiment.ExperimentFactory;
import dev.mlops.nas.search.ArchitectureTable;
import dev.mlops.nas.search.Experiment.Objective;
import dev.mlops.nas.search.Experiment.StrategyOptions;
import dev.mlops.nas.search.PredictorBenchmark;
import dev.mlops.nas.search.PredictorBenchmark.Growth;
import dev.mlops.nas.search.PredictorBenchmark.Quality;
import dev.mlops.nas.search.PredictorBenchmark.Reach;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Surrogates on a table, and their cost as searches grow: {@code nas bench predictor}. */
public final class PredictorBench {
    /**
     * What to measure.
     *
     * @param space file with a search space, or an experiment
     * @param table CSV, plain or gzip; null to measure times only
     * @param choices column with one digit per decision
     * @param objective column to rank; needed with a table
     * @param minimize whether less is better
     * @param rows numbers of architectures to learn from
     * @param seeds runs of each
     * @param trials numbers of trials at which a proposal is timed
     * @param candidates numbers of candidates whose prediction is timed
     * @param json where the results go too; null for nowhere
     */
    public record Options(
            Path space,
            @Nullable Path table,
            String choices,
            @Nullable String objective,
            boolean minimize,
            List<Integer> rows,
            int seeds,
            List<Integer> trials,
            List<Integer> candidates,
            @Nullable Path json) {}

    /**
     * Measures, and prints a table.
     *
     * @throws BenchException with one sentence when an input cannot be used; nothing has run then
     */
    public static void run(Options options, PrintWriter out) throws BenchException {
        check(options);
        SpaceFile file = SpaceFile.read(options.space());
        ArchitectureTable table = table(options, file);
        var benchmark = new PredictorBenchmark(System::nanoTime);
        Map<String, Object> document = new LinkedHashMap<>();
        if (table != null && options.objective() != null) {
            document.put("quality", quality(options, table, benchmark, out));
        }
        var strategy = (StrategyOptions.Predictor)
                ExperimentFactory.strategy(file.spec().strategy().named(StrategyName.Predictor), 1000);
        out.printf("%nseconds for one proposal        mean   longest%n");
        List<Growth> growth = new ArrayList<>();
        for (int trials : options.trials()) {
            Growth one = benchmark.growth(file.space(), strategy, trials);
            growth.add(one);
            out.printf(
                    Locale.ROOT, "  after %,9d trials %10.3f %9.3f%n", trials, one.meanSeconds(), one.longestSeconds());
            out.flush();
        }
        document.put("proposals", growth);
        out.printf("%nseconds to predict candidates after 400 trials%n");
        List<Reach> reach = new ArrayList<>();
        for (int candidates : options.candidates()) {
            Reach one = benchmark.reach(file.space(), candidates);
            reach.add(one);
            out.printf(
                    Locale.ROOT,
                    "  %,9d candidates, seen first %10.3f, again %10.3f%n",
                    one.candidates(),
                    one.firstSeconds(),
                    one.againSeconds());
            out.flush();
        }
        document.put("predictions", reach);
        if (options.json() != null) {
            Checks.write(document, options.json());
        }
    }

    private static void check(Options options) throws BenchException {
        Checks.positive("--seeds", options.seeds());
        for (int rows : options.rows()) {
            // Fewer do not hold both a model and its validation.
            if (rows < 8) {
                throw new BenchException("--rows holds %d: give 8 or more".formatted(rows));
            }
        }
        for (int trials : options.trials()) {
            if (trials < 8) {
                throw new BenchException("--trials holds %d: give 8 or more".formatted(trials));
            }
        }
        for (int candidates : options.candidates()) {
            Checks.positive("--candidates", candidates);
        }
        if ((options.table() == null) != (options.objective() == null)) {
            throw new BenchException("--table and --objective belong together: give both or none");
        }
        Checks.writable(options.json());
    }

    private static @Nullable ArchitectureTable table(Options options, SpaceFile space) throws BenchException {
        if (options.table() == null || options.objective() == null) {
            return null;
        }
        TableFile file = TableFile.open(options.table());
        file.require("--choices", options.choices());
        file.require("--objective", options.objective());
        ArchitectureTable table = file.read(space.space(), options.choices(), List.of(options.objective()));
        for (int rows : options.rows()) {
            if (rows > table.size() - 8) {
                throw new BenchException(
                        "--rows holds %d, but the table has %d architectures and 8 must be left to rank"
                                .formatted(rows, table.size()));
            }
        }
        return table;
    }

    private static List<Quality> quality(
            Options options, ArchitectureTable table, PredictorBenchmark benchmark, PrintWriter out) {
        out.printf(
                Locale.ROOT,
                "%d architectures, objective %s, %d seeds: Kendall tau on architectures that were not learned from%n",
                table.size(),
                options.objective(),
                options.seeds());
        out.printf(
                "%n  rows model                        tau       +-   interval holds   within 50/80/95 %%   fit s   predict 1000 s%n");
        var objective = new Objective(String.valueOf(options.objective()), !options.minimize());
        List<Quality> all = new ArrayList<>();
        for (int rows : options.rows()) {
            for (Quality one : benchmark.quality(table, objective, rows, options.seeds())) {
                all.add(one);
                out.printf(
                        Locale.ROOT,
                        "%6d %-24s %7.3f  %7.3f %10d/%-5d %8.0f/%.0f/%.0f %%   %7.3f %16.4f%n",
                        rows,
                        one.model(),
                        one.tau(),
                        one.se(),
                        one.covered(),
                        options.seeds(),
                        100 * one.calibration().within50(),
                        100 * one.calibration().within80(),
                        100 * one.calibration().within95(),
                        one.fitSeconds(),
                        one.predictSeconds());
            }
            out.flush();
        }
        return all;
    }

    private PredictorBench() {}
}
