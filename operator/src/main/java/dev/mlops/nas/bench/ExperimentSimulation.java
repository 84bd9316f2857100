package dev.mlops.nas.bench;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import dev.mlops.nas.api.NasExperiment;
import dev.mlops.nas.bench.TableTrainer.Results;
import dev.mlops.nas.experiment.ExperimentFactory;
import dev.mlops.nas.report.Figures;
import dev.mlops.nas.report.FinalTable;
import dev.mlops.nas.report.ResultDocument;
import dev.mlops.nas.report.SearchRecord;
import dev.mlops.nas.search.ArchitectureTable;
import dev.mlops.nas.search.Experiment;
import dev.mlops.nas.search.Experiment.Objective;
import dev.mlops.nas.search.Experiment.StrategyOptions;
import dev.mlops.nas.search.Genotype;
import dev.mlops.nas.search.Plan;
import dev.mlops.nas.search.Simulation;
import dev.mlops.nas.search.SpaceException;
import dev.mlops.nas.validation.ExperimentReader;
import dev.mlops.nas.validation.InvalidExperimentException;
import dev.mlops.nas.validation.Problem;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.DoubleSummaryStatistics;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;

/** A whole experiment on a table of trained architectures: {@code nas simulate}. */
public final class ExperimentSimulation {
    /**
     * What to simulate.
     *
     * @param experiment file with the experiment
     * @param table CSV, plain or gzip
     * @param choices column with one digit per decision
     * @param objective columns with the objective after a full training, one per training seed
     * @param test columns with the objective on the test split, likewise; empty for those of the objective
     * @param fidelities lower rungs, each as {@code COLUMN:EPOCHS}
     * @param scale what numbers of these columns are multiplied with
     * @param testExamples size of the test part; 0 where it is not known
     * @param secondsPerEpoch virtual time of an epoch
     * @param failures part of the trainings that fail
     * @param seeds runs, with the experiment's seed and those after it
     * @param json one document in place of the text
     */
    public record Options(
            Path experiment,
            Path table,
            String choices,
            List<String> objective,
            List<String> test,
            List<String> fidelities,
            double scale,
            int testExamples,
            double secondsPerEpoch,
            double failures,
            int seeds,
            boolean json) {
        private List<String> judged() {
            return test.isEmpty() ? objective : test;
        }
    }

    /** A simulated search: regret of its answer in the table's own numbers, NaN without one; cost in full trainings. */
    private record Run(SearchRecord search, double regret, double cost) {}

    private final Options options;
    private final NasExperiment resource;
    private final Experiment experiment;
    private final ArchitectureTable table;
    private final Results results;
    private final double best;

    private ExperimentSimulation(Options options) throws BenchException {
        this.options = options;
        check(options);
        try {
            this.resource = new ExperimentReader().read(options.experiment());
            this.experiment = ExperimentFactory.create(resource.getMetadata().getName(), resource.getSpec());
        } catch (InvalidExperimentException invalid) {
            throw new BenchException(invalid.lines(options.experiment()));
        } catch (SpaceException contradiction) {
            throw new BenchException(Problem.of(contradiction).line(options.experiment()));
        }
        if (experiment.strategy() instanceof StrategyOptions.External) {
            throw new BenchException(
                    "%s: spec.strategy.name is External: a simulation asks no server, choose a built-in one"
                            .formatted(options.experiment()));
        }
        if (experiment.strategy() instanceof StrategyOptions.Differentiable) {
            throw new BenchException(
                    "%s: spec.strategy.name is Differentiable: a table holds no training with open choices, choose another one"
                            .formatted(options.experiment()));
        }
        if (experiment.preparation() != null) {
            throw new BenchException(
                    "%s: spec.evaluation.weightSharing is set: a table holds no results of inherited weights, leave it out"
                            .formatted(options.experiment()));
        }
        if (experiment.suspended()) {
            throw new BenchException("%s: spec.suspend is true: nothing would happen".formatted(options.experiment()));
        }
        TableFile file = TableFile.open(options.table());
        this.results = new Results(
                options.objective(),
                options.judged(),
                Rungs.parse(options.fidelities(), experiment, file),
                options.scale(),
                options.testExamples(),
                options.secondsPerEpoch(),
                options.failures());
        this.table = file.read(experiment.space(), options.choices(), List.copyOf(columns(file)));
        checkValues();
        this.best = experiment
                .space()
                .all()
                .filter(this::keepsLimits)
                .map(this::test)
                .max(Comparator.comparingDouble(experiment.objective()::score))
                .orElseThrow(() -> new BenchException("no architecture of the table keeps all limits"));
    }

    /**
     * Simulates, and prints what {@code nas run} would.
     *
     * @throws BenchException with one sentence when an input cannot be used; nothing has run then
     */
    public static void run(Options options, PrintWriter out) throws BenchException {
        new ExperimentSimulation(options).run(out);
    }

    private static void check(Options options) throws BenchException {
        if (options.seeds() < 1) {
            throw new BenchException("--seeds is %d: give 1 or more".formatted(options.seeds()));
        }
        if (!(options.failures() >= 0 && options.failures() < 1)) {
            throw new BenchException("--failures is %s: give a part from 0 to below 1".formatted(options.failures()));
        }
        if (!(options.secondsPerEpoch() > 0 && options.secondsPerEpoch() <= 1e6)) {
            throw new BenchException("--seconds-per-epoch is %s: give a number above 0, at most 1000000"
                    .formatted(options.secondsPerEpoch()));
        }
        if (!(options.scale() > 0 && options.scale() <= 1e6)) {
            throw new BenchException("--scale is %s: give a number above 0, such as 0.01 for a table in per cent"
                    .formatted(options.scale()));
        }
        if (options.testExamples() < 0) {
            throw new BenchException("--test-examples is %d: give 0 or more".formatted(options.testExamples()));
        }
    }

    /** All columns that are looked up. */
    private Set<String> columns(TableFile file) throws BenchException {
        file.require("--choices", options.choices());
        var columns = new LinkedHashSet<String>();
        for (String column : options.objective()) {
            file.require("--objective", column);
            columns.add(column);
        }
        for (String column : options.judged()) {
            file.require("--test", column);
            columns.add(column);
        }
        columns.addAll(results.rungs().values());
        for (String cost : experiment.measuredCosts()) {
            file.require("spec.constraints or spec.objective.tradeOff", cost);
            columns.add(cost);
        }
        return columns;
    }

    /** A table in per cent gives accuracies that no trainer can report. */
    private void checkValues() throws BenchException {
        Objective objective = experiment.objective();
        var columns = Stream.of(
                        options.objective(), options.judged(), results.rungs().values())
                .flatMap(Collection::stream)
                .distinct()
                .toList();
        for (String column : columns) {
            DoubleSummaryStatistics values = experiment
                    .space()
                    .all()
                    .mapToDouble(g -> table.value(g, column))
                    .summaryStatistics();
            double least = options.scale() * values.getMin();
            double most = options.scale() * values.getMax();
            if (least < objective.least() || most > objective.most()) {
                throw new BenchException(
                        "%s: column %s holds %s, times --scale %s, but %s is %s: give --scale, such as 0.01 for a table in per cent"
                                .formatted(
                                        options.table(),
                                        column,
                                        least < objective.least() ? values.getMin() : values.getMax(),
                                        options.scale(),
                                        objective.metric(),
                                        least < objective.least()
                                                ? "at least %.0f".formatted(objective.least())
                                                : "at most %.0f".formatted(objective.most())));
            }
        }
    }

    private boolean keepsLimits(Genotype genotype) {
        var cost = experiment.space().cost(genotype);
        return experiment.constraints().stream()
                .allMatch(
                        c -> (c.isAnalytic() ? cost.value(c.metric()) : table.value(genotype, c.metric())) <= c.max());
    }

    /** What an architecture is worth, in the table's own numbers. */
    private double test(Genotype genotype) {
        return options.judged().stream()
                .mapToDouble(c -> table.value(genotype, c))
                .average()
                .orElseThrow();
    }

    private void run(PrintWriter out) throws BenchException {
        if (!options.json()) {
            out.printf(
                    "simulating %s on %s: nothing is trained, times are virtual%n%n",
                    experiment.name(), options.table().getFileName());
            out.flush();
        }
        List<Run> runs = new ArrayList<>();
        for (int i = 0; i < options.seeds(); i++) {
            Run run = simulate(experiment.seed() + i);
            runs.add(run);
            if (!options.json()) {
                print(run, i == 0, out);
            }
        }
        if (options.json()) {
            write(runs, out);
        } else if (runs.size() > 1) {
            out.println(mean(runs));
        }
        out.flush();
    }

    private Run simulate(long seed) throws BenchException {
        Experiment seeded = seeded(seed);
        var simulation = new Simulation(seeded, Instant.EPOCH, new TableTrainer(seeded, table, results)::train);
        Plan plan;
        try {
            plan = simulation.plan();
            while (plan.phase() != Plan.Phase.SUCCEEDED && plan.phase() != Plan.Phase.FAILED) {
                simulation.next();
                plan = simulation.plan();
            }
        } catch (SpaceException unusable) {
            throw new BenchException(Problem.of(unusable).line(options.experiment()));
        }
        Plan.Incumbent answer = plan.summary().best();
        var search = new SearchRecord(
                resource.getSpec(),
                seeded,
                simulation.history(),
                plan.phase(),
                plan.summary(),
                simulation.now(),
                Map.of(
                        "results",
                        "looked up in %s, nothing was trained"
                                .formatted(options.table().getFileName())));
        return new Run(
                search,
                answer == null ? Double.NaN : regret(test(answer.genotype())),
                plan.summary().trainSeconds() / (options.secondsPerEpoch() * seeded.epochs()));
    }

    private double regret(double value) {
        Objective objective = experiment.objective();
        return objective.score(best) - objective.score(value);
    }

    private Experiment seeded(long seed) {
        return new Experiment(
                experiment.name(),
                experiment.space(),
                experiment.objective(),
                experiment.constraints(),
                experiment.strategy(),
                experiment.epochs(),
                experiment.fidelity(),
                experiment.budget(),
                experiment.protocol(),
                seed,
                false,
                experiment.earlier());
    }

    private void print(Run run, boolean first, PrintWriter out) {
        SearchRecord search = run.search();
        if (options.seeds() == 1) {
            FinalTable.lines(search).forEach(out::println);
            FinalTable.wrapped("regret", regret(run), 100).forEach(out::println);
        } else {
            if (first) {
                out.println("   seed  phase      test      regret    cost  wall clock    ranking noise");
            }
            var entrants = search.summary().comparison();
            out.printf(
                    Locale.ROOT,
                    "%7d  %-9s  %-8s  %-8s  %4.1f  %-12s  %s%n",
                    search.experiment().seed(),
                    search.phase().name().toLowerCase(Locale.ROOT),
                    entrants.isEmpty() ? "–" : Figures.score(entrants.getFirst().test()),
                    Figures.score(run.regret()),
                    run.cost(),
                    Figures.duration(search.wallClock()),
                    noise(search));
        }
        out.flush();
    }

    /** Kendall's tau of each lower rung that was measured. */
    private static String noise(SearchRecord search) {
        return search.summary().rankingNoise().stream()
                .map(n -> "tau %s after %d epochs".formatted(Figures.correlation(n.kendallTau()), n.epochs()))
                .collect(Collectors.joining(", "));
    }

    private String regret(Run run) {
        return "%s in %s %s the best of the table (%s); the experiment cost as much as %.1f full trainings"
                .formatted(
                        Figures.score(run.regret()),
                        options.judged().size() == 1
                                ? options.judged().getFirst()
                                : "the mean of %d columns"
                                        .formatted(options.judged().size()),
                        experiment.objective().maximize() ? "below" : "above",
                        Figures.score(best),
                        run.cost());
    }

    private static String mean(List<Run> runs) {
        double[] regret = regrets(runs);
        return "mean of %d: regret %s +- %s, cost %.1f full trainings%s"
                .formatted(
                        runs.size(),
                        Figures.score(average(regret)),
                        Figures.score(standardError(regret)),
                        runs.stream().mapToDouble(Run::cost).average().orElseThrow(),
                        regret.length == runs.size()
                                ? ""
                                : "; %d without an answer".formatted(runs.size() - regret.length));
    }

    private static double[] regrets(List<Run> runs) {
        return runs.stream().mapToDouble(Run::regret).filter(Double::isFinite).toArray();
    }

    private static double average(double[] values) {
        return DoubleStream.of(values).average().orElse(Double.NaN);
    }

    private static double standardError(double[] values) {
        double mean = average(values);
        double squares =
                DoubleStream.of(values).map(v -> (v - mean) * (v - mean)).sum();
        return values.length < 2 ? Double.NaN : Math.sqrt(squares / (values.length - 1) / values.length);
    }

    private void write(List<Run> runs, PrintWriter out) {
        List<Map<String, Object>> documents =
                runs.stream().map(ExperimentSimulation::document).toList();
        Map<String, Object> whole = new LinkedHashMap<>();
        if (documents.size() == 1) {
            whole.putAll(documents.getFirst());
        } else {
            double[] regret = regrets(runs);
            whole.put("seeds", runs.size());
            put(whole, "regretMean", average(regret));
            put(whole, "regretSe", standardError(regret));
            whole.put("costMean", runs.stream().mapToDouble(Run::cost).average().orElseThrow());
            whole.put("runs", documents);
        }
        try {
            out.println(new ObjectMapper()
                    .enable(SerializationFeature.INDENT_OUTPUT)
                    .writeValueAsString(whole));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a document of maps and lists is JSON", e);
        }
    }

    private static Map<String, Object> document(Run run) {
        Map<String, Object> document = new LinkedHashMap<>(ResultDocument.of(run.search()));
        var simulation = new LinkedHashMap<String, Object>();
        simulation.put("seed", run.search().experiment().seed());
        put(simulation, "regret", run.regret());
        simulation.put("costInFullTrainings", run.cost());
        document.put("simulation", simulation);
        return document;
    }

    private static void put(Map<String, Object> map, String name, double value) {
        if (Double.isFinite(value)) {
            map.put(name, value);
        }
    }
}
