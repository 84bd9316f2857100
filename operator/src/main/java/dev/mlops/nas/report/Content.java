package dev.mlops.nas.report;

import dev.mlops.nas.api.NasApi;
import dev.mlops.nas.api.NasExperimentSpec;
import dev.mlops.nas.api.NasExperimentSpec.ClassWeights;
import dev.mlops.nas.search.Calibration;
import dev.mlops.nas.search.Earlier;
import dev.mlops.nas.search.Experiment;
import dev.mlops.nas.search.History.Trial;
import dev.mlops.nas.search.Plan.Entrant;
import dev.mlops.nas.search.Plan.Front;
import dev.mlops.nas.search.Plan.Incumbent;
import dev.mlops.nas.search.Preparation.SharedWeights;
import dev.mlops.nas.search.Purpose;
import dev.mlops.nas.search.TrialRequest.Prediction;
import dev.mlops.nas.search.TrialState;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;

/** What the report says, in words and rows, for HTML and Markdown alike. */
final class Content {
    /** Spread of latencies, as part of their median, above which they are called unreliable. */
    private static final double STEADY = 0.25;

    /** Median of single inferences in ONNX Runtime. */
    static final String EXPORTED_LATENCY = "exportedLatencyMs";

    /** Titles of {@link #deployed}. */
    static final List<String> DEPLOYED_HEAD = List.of(
            "", "trainer", "ONNX Runtime", "99th percentile", "spread", "trainer, batch", "ONNX Runtime, batch");

    /** What is said of {@link #deployed}. */
    static final String DEPLOYED =
            "One example, but for the last two columns; means of the trainings from scratch, the spread is the largest of them. ONNX Runtime ran the model.onnx that each of these leaves, on the same machine with as many threads as the trainer.";

    static String title(SearchRecord search) {
        return "Architecture search: " + search.experiment().name();
    }

    /** The sentences at the top: what was found, then how it stands against each baseline. */
    static List<String> verdicts(SearchRecord search) {
        return search.summary().comparison().stream()
                .map(Entrant::verdict)
                .filter(Objects::nonNull)
                .map(String::valueOf)
                .toList();
    }

    static String headline(SearchRecord search) {
        if (search.summary().comparison().isEmpty()) {
            return search.summary().message();
        }
        Entrant winner = search.summary().comparison().getFirst();
        return "Test %s %s (%s interval %s), mean of %d training%s from scratch; %s parameters, %s MACs, latency %s."
                .formatted(
                        search.experiment().objective().metric(),
                        Figures.score(winner.test()),
                        Figures.percent(search.experiment().protocol().confidence()),
                        Figures.interval(winner.low(), winner.high()),
                        winner.numbers().size(),
                        winner.numbers().size() == 1 ? "" : "s",
                        Figures.cost(winner.params()),
                        Figures.cost(winner.macs()),
                        Figures.milliseconds(winner.latencyMs()));
    }

    static List<String> comparisonHead(SearchRecord search) {
        return List.of(
                "",
                "test " + search.experiment().objective().metric(),
                Figures.percent(search.experiment().protocol().confidence()) + " interval",
                "validation",
                "seeds",
                "sd of seeds",
                "params",
                "MACs",
                "latency");
    }

    static List<List<String>> comparison(SearchRecord search) {
        return search.summary().comparison().stream()
                .map(e -> List.of(
                        e.name(),
                        Figures.score(e.test()),
                        Figures.interval(e.low(), e.high()),
                        Figures.score(e.validation()),
                        Integer.toString(e.numbers().size()),
                        Figures.score(e.seedSd()),
                        Figures.cost(e.params()),
                        Figures.cost(e.macs()),
                        Figures.milliseconds(e.latencyMs())))
                .toList();
    }

    /** Titles of {@link #front}. */
    static List<String> frontHead(SearchRecord search, Front front) {
        String metric = search.experiment().objective().metric();
        List<String> head = new ArrayList<>(List.of("Pareto front", "validation " + metric));
        head.addAll(front.metrics());
        head.add("test %s, retrained".formatted(metric));
        return head;
    }

    /** What nothing else in the search beats in all objectives, cheapest first. */
    static List<List<String>> front(SearchRecord search, Front front) {
        return front.points().stream()
                .map(p -> {
                    List<String> row = new ArrayList<>(List.of(
                            NasApi.trialName(search.experiment().name(), p.number()), Figures.score(p.value())));
                    row.addAll(costs(front, p.costs()));
                    row.add(Figures.score(p.test()));
                    return row;
                })
                .toList();
    }

    /** Figures of several costs, in the order of their metrics. */
    static List<String> costs(Front front, List<Double> costs) {
        return front.byMetric(costs).entrySet().stream()
                .map(e -> Figures.cost(e.getKey(), e.getValue()))
                .toList();
    }

    /** Latencies of the compared networks as the trainer runs them and as they are deployed; empty where no trainer measured that. */
    static List<List<String>> deployed(SearchRecord search) {
        return search.summary().comparison().stream()
                .filter(e -> measured(search, e, EXPORTED_LATENCY).findAny().isPresent())
                .map(e -> List.of(
                        e.name(),
                        Figures.milliseconds(e.latencyMs()),
                        Figures.milliseconds(mean(search, e, EXPORTED_LATENCY)),
                        Figures.milliseconds(mean(search, e, "exportedLatencyP99Ms")),
                        Figures.share(measured(search, e, "exportedLatencySpread")
                                .max()
                                .orElse(Double.NaN)),
                        Figures.milliseconds(mean(search, e, "batchLatencyMs")),
                        Figures.milliseconds(mean(search, e, "exportedBatchLatencyMs"))))
                .toList();
    }

    /** Mean of a metric over the trainings of a compared network; NaN where none reported it. */
    static double mean(SearchRecord search, Entrant entrant, String metric) {
        return measured(search, entrant, metric).average().orElse(Double.NaN);
    }

    private static DoubleStream measured(SearchRecord search, Entrant entrant, String metric) {
        return search.history().trials().stream()
                .filter(t -> entrant.numbers().contains(t.request().number()))
                .mapToDouble(t -> Arms.metric(t, metric))
                .filter(Double::isFinite);
    }

    static List<List<String>> decisions(SearchRecord search, Incumbent best) {
        return search.experiment().space().describe(best.genotype()).entrySet().stream()
                .map(e -> List.of(e.getKey(), e.getValue()))
                .toList();
    }

    /** What the predictor was worth, as sentences; empty for other strategies. */
    static List<String> predictor(SearchRecord search) {
        var sentences = new ArrayList<String>();
        if (search.summary().predictor() != null) {
            sentences.add(Sentences.predictor(search.summary()) + ".");
        }
        List<Trial> predicted = Charts.predicted(search);
        if (!predicted.isEmpty()) {
            Calibration calibration = Calibration.of(predicted.stream()
                    .map(t -> {
                        Prediction p = Objects.requireNonNull(t.request().prediction());
                        return (Arms.value(search, t) - p.mean()) / p.sd();
                    })
                    .toList());
            double error = predicted.stream()
                    .mapToDouble(t -> Math.abs(Arms.value(search, t)
                            - Objects.requireNonNull(t.request().prediction()).mean()))
                    .average()
                    .orElse(Double.NaN);
            sentences.add(
                    "%s; mean absolute error %s.".formatted(Sentences.calibration(calibration), Figures.score(error)));
        }
        if (search.summary().rankCorrelation() != null) {
            sentences.add(Sentences.rankCorrelation(search.summary().rankCorrelation()) + ".");
        }
        search.summary()
                .promotions()
                .forEach(p -> sentences.add("Promotions: %s.".formatted(Sentences.promotions(p, search.experiment()))));
        search.summary()
                .rankingNoise()
                .forEach(n -> sentences.add(Sentences.rankingNoise(n, search.experiment()) + "."));
        Sentences.scores(search).ifPresent(s -> sentences.add("Scores without training: %s.".formatted(s)));
        Sentences.openChoices(search).ifPresent(s -> sentences.add("Open choices: %s.".formatted(s)));
        return sentences;
    }

    static List<List<String>> cost(SearchRecord search) {
        var rows = new ArrayList<List<String>>();
        for (Purpose purpose : Purpose.values()) {
            List<Trial> trials = search.history().trials().stream()
                    .filter(t -> t.request().purpose() == purpose)
                    .toList();
            if (!trials.isEmpty()) {
                rows.add(List.of(
                        purpose(purpose),
                        Integer.toString(trials.size()),
                        Long.toString(trials.stream()
                                .filter(t -> t.state() instanceof TrialState.Outcome
                                        && !(t.state() instanceof TrialState.Completed))
                                .count()),
                        Figures.duration(
                                trials.stream().mapToDouble(Content::seconds).sum())));
            }
        }
        return rows;
    }

    /** How the result came about, so that a reader can judge it. */
    static List<String> protocol(SearchRecord search) {
        var spec = search.spec();
        var split = spec.dataset().split();
        var sentences = new ArrayList<String>();
        sentences.add(
                "The data is cut once into train %s, validation %s and test %s, stratified by label with seed %d; all trainings use the same cut."
                        .formatted(
                                Figures.percent(split.train()),
                                Figures.percent(split.validation()),
                                Figures.percent(split.test()),
                                spec.seed()));
        sentences.add(
                "The search, its random arm and the choice of finalists and winner saw validation results only. The test part was opened by %d trainings: the finalists, the random arm's best and the references, each trained from scratch with new seeds."
                        .formatted(search.history().trials().stream()
                                .filter(t -> t.request().purpose().opensTest())
                                .count()));
        for (Earlier earlier : search.experiment().earlier()) {
            sentences.add("Warm start: %s."
                    .formatted(earlier.sentence(search.experiment().space())));
        }
        sentences.add(randomArm(search));
        sentences.add("%s with the same recipe: %s."
                .formatted(epochs(search.experiment()), recipe(spec.evaluation().recipe())));
        return sentences;
    }

    private static String recipe(NasExperimentSpec.Recipe recipe) {
        var parts = new ArrayList<String>();
        parts.add(recipe.optimizer().name());
        parts.add("learning rate %s (%s)".formatted(recipe.learningRate(), recipe.schedule()));
        if (recipe.warmUpEpochs() > 0) {
            parts.add("warm-up of %d epochs".formatted(recipe.warmUpEpochs()));
        }
        parts.add("batch " + recipe.batchSize());
        parts.add("weight decay " + plain(recipe.weightDecay()));
        if (recipe.labelSmoothing() > 0) {
            parts.add("label smoothing " + plain(recipe.labelSmoothing()));
        }
        if (recipe.gradientClipping() != null) {
            parts.add("gradients clipped at " + plain(recipe.gradientClipping()));
        }
        if (recipe.augmentation() != null) {
            parts.add("augmentation by "
                    + recipe.augmentation().stream().map(Enum::name).collect(Collectors.joining(" + ")));
        }
        if (recipe.classWeights() == ClassWeights.balanced) {
            parts.add("classes balanced");
        }
        return String.join(", ", parts);
    }

    private static String plain(double number) {
        return BigDecimal.valueOf(number).stripTrailingZeros().toPlainString();
    }

    private static String randomArm(SearchRecord search) {
        Experiment experiment = search.experiment();
        if (!experiment.protocol().randomArm()) {
            return "There was no random arm: the protocol of this experiment left it out.";
        }
        if (experiment.preparation() != null) {
            return "Random search got what the preparation and the search cost in epochs, all of them in full trainings.";
        }
        return experiment.trainsInFull()
                ? "Random search got as many trainings as the search; the random warm-up of %d trainings counts for both."
                        .formatted(count(search, Purpose.WARM_UP))
                : "Random search got the epochs of the search, all of them in full trainings.";
    }

    /** How long trainings were. */
    private static String epochs(Experiment experiment) {
        if (experiment.trainsInFull()) {
            return "All trainings ran %d epochs".formatted(experiment.epochs());
        }
        if (experiment.preparation() instanceof SharedWeights shared) {
            return "Search trials inherited weights that were trained before, for %d epochs on %d architectures with %s sampling; random search, finalists and references were trained from scratch for %d epochs; all"
                    .formatted(
                            shared.epochs(),
                            shared.paths().size(),
                            shared.sampling().name().toLowerCase(Locale.ROOT),
                            experiment.epochs());
        }
        List<Integer> rungs = experiment.fidelity().rungs();
        String scheduler = switch (experiment.fidelity().scheduler()) {
            case NONE -> "no scheduler";
            case SUCCESSIVE_HALVING -> "successive halving";
            case HYPERBAND -> "Hyperband";
            case ASHA -> "ASHA";
        };
        if (experiment.fidelity().resource() != Experiment.Resource.EPOCHS) {
            return "All trainings ran %d epochs, search trials%s, as %s decided; all"
                    .formatted(
                            experiment.epochs(),
                            rungs.stream()
                                    .map(r -> r == experiment.epochs() ? " in full" : Fidelities.less(experiment, r))
                                    .collect(Collectors.joining(",")),
                            scheduler);
        }
        String search = rungs.size() == 1
                ? "%d epochs".formatted(rungs.getFirst())
                : "%s epochs, as %s decided"
                        .formatted(rungs.stream().map(String::valueOf).collect(Collectors.joining(", ")), scheduler);
        return "Search trials ran %s; random search, finalists and references ran %d epochs; all"
                .formatted(search, experiment.epochs());
    }

    /** What the result does not show. */
    static List<String> limits(SearchRecord search) {
        var sentences = new ArrayList<String>();
        double examples = search.history().trials().stream()
                .mapToDouble(t -> Arms.metric(t, "testExamples"))
                .filter(Double::isFinite)
                .findFirst()
                .orElse(Double.NaN);
        Sentences.seedsOnly(search).ifPresent(sentences::add);
        if (Double.isFinite(examples)
                && search.experiment().objective().metric().equals("accuracy")) {
            sentences.add(
                    "The test part has %s examples: one example more or less right is %s %% points. Smaller differences mean nothing."
                            .formatted(Figures.count(examples), Figures.correlation(100 / examples)));
        }
        sentences.add(
                "The result holds for this data, this recipe and %d epochs; another recipe may rank architectures otherwise."
                        .formatted(search.experiment().epochs()));
        sentences.add(
                "Each baseline got one run of the search protocol: the intervals cover test examples and training seeds, not the luck of the search itself.");
        if (search.history().trials().stream().anyMatch(t -> Double.isFinite(Arms.metric(t, "latencyMs")))) {
            sentences.add(
                    "Latency is that of this machine while other trainings ran beside it; compare it within the report only.");
        }
        long measured = spreads(search).count();
        long unsteady = spreads(search).filter(s -> s > STEADY).count();
        if (unsteady > 0) {
            sentences.add(
                    "Latency is unreliable: in %d of %d measurements the middle four fifths of the single inferences lay further apart than %s of their median, as on a busy machine."
                            .formatted(unsteady, measured, Figures.percent(STEADY)));
        }
        return sentences;
    }

    private static DoubleStream spreads(SearchRecord search) {
        return search.history().trials().stream()
                .flatMapToDouble(
                        t -> DoubleStream.of(Arms.metric(t, "latencySpread"), Arms.metric(t, "exportedLatencySpread")))
                .filter(Double::isFinite);
    }

    /** Everything that is needed to repeat the search, apart from the data. */
    static Map<String, String> manifest(SearchRecord search) {
        var manifest = new LinkedHashMap<String, String>();
        manifest.put("started", search.history().startedAt().toString());
        manifest.put("ended", search.endedAt().toString());
        manifest.put("seed", Long.toString(search.experiment().seed()));
        if (search.summary().best() != null) {
            manifest.put(
                    "architecture",
                    search.experiment()
                            .space()
                            .architectureHash(search.summary().best().genotype()));
        }
        manifest.putAll(search.environment());
        return manifest;
    }

    static String yaml(SearchRecord search) {
        var document = new LinkedHashMap<String, Object>();
        document.put("apiVersion", NasApi.API_VERSION);
        document.put("kind", "NasExperiment");
        document.put("metadata", Map.of("name", search.experiment().name()));
        document.put("spec", search.spec());
        return Serialization.asYaml(document);
    }

    /** Titles of {@link #trials}. */
    static List<String> trialHead(SearchRecord search) {
        var head = new ArrayList<>(
                List.of("trial", "purpose", "state", "validation", "test", "predicted", "params", "latency"));
        head.addAll(decisive(search));
        head.addAll(List.of("epochs", "seed", "time"));
        return head;
    }

    static List<List<String>> trials(SearchRecord search) {
        return search.history().trials().stream().map(t -> trial(search, t)).toList();
    }

    /** Measured costs that a limit or trade-off goes by, but for the latency that every trial tells. */
    private static List<String> decisive(SearchRecord search) {
        return search.experiment().measuredCosts().stream()
                .filter(m -> !m.equals("latencyMs"))
                .toList();
    }

    private static List<String> trial(SearchRecord search, Trial trial) {
        var request = trial.request();
        var row = new ArrayList<>(List.of(
                Integer.toString(request.number()),
                request.reference() != null ? request.reference() : purpose(request.purpose()),
                state(trial.state()),
                Figures.score(Arms.value(search, trial)),
                Figures.score(Arms.metric(trial, search.experiment().objective().testMetric())),
                request.prediction() == null
                        ? ""
                        : "%s ± %s"
                                .formatted(
                                        Figures.score(request.prediction().mean()),
                                        Figures.score(request.prediction().sd())),
                params(search, trial),
                Figures.milliseconds(Arms.metric(trial, "latencyMs"))));
        decisive(search).forEach(metric -> row.add(Figures.cost(metric, Arms.metric(trial, metric))));
        row.addAll(List.of(
                Integer.toString(request.epochs()),
                Long.toString(request.seed()),
                trial.state() instanceof TrialState.Outcome ? Figures.duration(seconds(trial)) : ""));
        return row;
    }

    private static String params(SearchRecord search, Trial trial) {
        return trial.request().purpose().hasArchitecture()
                ? Figures.cost(search.experiment()
                        .space()
                        .cost(trial.request().genotype())
                        .params())
                : "";
    }

    /** Trials that came to nothing, each with its reason. */
    static List<String> lost(SearchRecord search) {
        return search.history().trials().stream()
                .flatMap(t -> {
                    String reason = switch (t.state()) {
                        case TrialState.Failed f -> f.reason();
                        case TrialState.Infeasible i -> i.reason();
                        case TrialState.Rejected r -> r.reason();
                        case TrialState.Stopped s -> s.reason();
                        case TrialState.Completed _, TrialState.Pending _, TrialState.Running _ -> null;
                    };
                    return reason == null
                            ? Stream.empty()
                            : Stream.of("trial %d %s: %s".formatted(t.request().number(), state(t.state()), reason));
                })
                .toList();
    }

    private static String state(TrialState state) {
        return switch (state) {
            case TrialState.Completed _ -> "completed";
            case TrialState.Failed _ -> "failed";
            case TrialState.Infeasible _ -> "infeasible";
            case TrialState.Rejected _ -> "rejected";
            case TrialState.Stopped _ -> "stopped";
            case TrialState.Pending _ -> "pending";
            case TrialState.Running _ -> "running";
        };
    }

    static String purpose(Purpose purpose) {
        return switch (purpose) {
            case PREPARATION -> "preparation";
            case WARM_UP -> "warm-up";
            case SEARCH -> "search";
            case RANDOM_ARM -> "random search";
            case REFERENCE -> "reference";
            case FINALIST -> "finalist";
            case RANDOM_FINALIST -> "random search's best";
        };
    }

    private static double seconds(Trial trial) {
        return trial.state() instanceof TrialState.Outcome outcome ? outcome.seconds() : 0;
    }

    private static long count(SearchRecord search, Purpose purpose) {
        return search.history().trials().stream()
                .filter(t -> t.request().purpose() == purpose)
                .count();
    }

    private Content() {}
}
