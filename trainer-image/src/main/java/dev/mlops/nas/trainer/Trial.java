package dev.mlops.nas.trainer;

import dev.mlops.nas.contract.ExitCode;
import dev.mlops.nas.contract.TrialFile;
import dev.mlops.nas.contract.TrialFile.Relaxed;
import dev.mlops.nas.contract.TrialFile.Scoring;
import dev.mlops.nas.contract.TrialFile.Sharing;
import dev.mlops.nas.contract.TrialResult;
import dev.mlops.nas.contract.TrialResult.Derived;
import dev.mlops.nas.contract.TrialResult.Epoch;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** One trial from its file to its result; never throws. */
final class Trial {
    private final Path path;
    private final @Nullable String dataFolder;
    private final BooleanSupplier stopRequested;
    private final Supplier<MemoryLimit> memory;
    private String name = "";
    private List<Epoch> history = List.of();
    private @Nullable Integer batchSize;
    private @Nullable String energyTold;
    private @Nullable String onnxRuntime;

    /**
     * A trial.
     *
     * @param path of the trial file
     * @param dataFolder replaces the folder of the trial file when not null
     * @param stopRequested asked between batches
     */
    Trial(Path path, @Nullable String dataFolder, BooleanSupplier stopRequested) {
        this(path, dataFolder, stopRequested, MemoryLimit::ofThisProcess);
    }

    Trial(Path path, @Nullable String dataFolder, BooleanSupplier stopRequested, Supplier<MemoryLimit> memory) {
        this.path = path;
        this.dataFolder = dataFolder;
        this.stopRequested = stopRequested;
        this.memory = memory;
    }

    /** Loads and checks the data; with training when not {@code checkOnly}. */
    TrialResult run(boolean checkOnly) {
        try {
            var file = TrialReader.read(path);
            name = file.trial();
            var folder = Path.of(
                    dataFolder != null && !dataFolder.isBlank()
                            ? dataFolder
                            : file.folders().data());
            var dataset = file.dataset();
            var whole = DataLoader.load(dataset, folder);
            var partition = Partition.of(whole, dataset.split(), file.splitSeed());
            if (checkOnly) {
                return result(ExitCode.DONE.code(), Map.of(), null);
            }
            if (dataset.fraction() != null) {
                partition = partition.withLessToLearnFrom(whole, dataset.fraction(), file.splitSeed());
            }
            var examples = dataset.resolution() == null
                    ? whole
                    : whole.reduced(
                            dataset.resolution().get(0), dataset.resolution().get(1));
            return result(file, examples, partition);
        } catch (TrialException e) {
            return result(e.code().code(), Map.of(), e.getMessage());
        } catch (OutOfMemoryError e) {
            return result(ExitCode.INFEASIBLE.code(), Map.of(), "Out of memory: " + e.getMessage() + ".");
        } catch (LinkageError e) {
            e.printStackTrace();
            return result(
                    ExitCode.TEMPORARY.code(),
                    Map.of(),
                    "The native libraries of %s cannot be used on this machine; the trainer's log says why."
                            .formatted(Device.framework()));
        } catch (RuntimeException e) {
            boolean memory =
                    String.valueOf(e.getMessage()).toLowerCase(Locale.ROOT).contains("alloc");
            e.printStackTrace();
            return memory
                    ? result(ExitCode.INFEASIBLE.code(), Map.of(), "Out of native memory: " + e.getMessage())
                    : result(Trainer.UNKNOWN, Map.of(), "Unexpected error: " + e);
        }
    }

    private TrialResult result(TrialFile file, Examples examples, Partition partition) {
        Backend.ofThisBuild().require(Nvml::gpusOfThisMachine);
        if (file.scoring() != null) {
            return score(file, file.scoring(), examples, partition);
        }
        if (file.sharing() != null) {
            return share(file, file.sharing(), examples, partition);
        }
        if (file.relaxed() != null) {
            return relax(file, file.relaxed(), examples, partition);
        }
        return file.epochs() == 0 ? inherit(file, examples, partition) : train(file, examples, partition);
    }

    private TrialResult train(TrialFile file, Examples examples, Partition partition) {
        var standard = examples.standardise(partition.train());
        var scores = beforeTraining(file, examples, partition);
        var prepared = fitting(file, partition, batch -> prepare(file, examples, partition, batch));
        var network = prepared.network();
        var training = prepared.training();
        var limit = prepared.limit();
        try {
            training.run();
        } finally {
            history = training.history();
        }
        var metrics = new LinkedHashMap<String, Double>();
        var last = history.getLast();
        put(metrics, "accuracy", last.accuracy());
        metrics.put("loss", last.loss());
        put(metrics, "macroF1", last.macroF1());
        put(metrics, "auc", last.auc());
        put(metrics, "rmse", last.rmse());
        put(metrics, "r2", last.r2());
        metrics.put("validationExamples", (double) partition.validation().length);
        if (file.evaluateTest() && partition.test().length > 0) {
            network.statistics().publish();
            var answers = training.evaluate(partition.test());
            answers.score().metrics().forEach((metric, value) -> put(metrics, test(metric), value));
            Bootstrap.standardErrors(answers, file.splitSeed())
                    .forEach((metric, error) -> put(metrics, test(metric) + "Se", error));
            metrics.put("testExamples", (double) partition.test().length);
        }
        if (file.trainsArchitecture()) {
            costs(file, network, examples, partition, limit, metrics);
        }
        metrics.put("memoryMiB", (double) Device.peakMemoryMiB());
        exported(file, network, standard, examples, partition, metrics);
        metrics.put("trainSeconds", Training.rounded(training.seconds()));
        training.joules().ifPresent(joules -> metrics.put("energyJoules", Training.rounded(joules)));
        energyTold = training.energyTold();
        if (training.imagesPerSecond() > 0) {
            metrics.put("imagesPerSecond", Training.rounded(training.imagesPerSecond()));
            metrics.put("startSeconds", Training.rounded(training.startSeconds()));
        }
        metrics.putAll(scores);
        training.forget();
        return result(ExitCode.DONE.code(), metrics, null);
    }

    private void costs(
            TrialFile file,
            Network network,
            Examples examples,
            Partition partition,
            MemoryLimit limit,
            Map<String, Double> metrics) {
        metrics.put("params", (double) network.parameters().count());
        metrics.put("macs", (double) network.macs());
        metrics.put("modelBytes", (double) network.bytes());
        latency(file, network, examples, partition, limit, metrics);
    }

    /** The network as it is deployed: left where there is a place for it, measured where it is left or where that is asked for. */
    private void exported(
            TrialFile file,
            Network network,
            Examples.Standard standard,
            Examples examples,
            Partition partition,
            Map<String, Double> metrics) {
        String folder = file.folders().model();
        if (!file.trainsArchitecture() || (folder == null && !Boolean.TRUE.equals(file.reportExported()))) {
            return;
        }
        var rows = Arrays.copyOf(partition.validation(), batch(file, partition));
        var export = folder == null
                ? Export.measured(file, network, standard, examples, rows)
                : Export.left(file, network, standard, Path.of(folder), examples, rows);
        metrics.putAll(export.metrics());
        onnxRuntime = export.runtime();
    }

    /** Examples of a batch of which latency is measured. */
    private int batch(TrialFile file, Partition partition) {
        int trained = batchSize == null ? file.recipe().batchSize() : batchSize;
        return Math.min(trained, partition.validation().length);
    }

    /** Of one example alone, and of a batch as in training. */
    private void latency(
            TrialFile file,
            Network network,
            Examples examples,
            Partition partition,
            MemoryLimit limit,
            Map<String, Double> metrics) {
        var single = new BoundNetwork(network.compile(1, false, limit), examples);
        single.fill(partition.validation(), 0, 1);
        Latency.measure(single.tape()::runForward).putInto(metrics, "latency");
        int batch = batch(file, partition);
        if (batch > 1) {
            var several = new BoundNetwork(network.compile(batch, false, limit), examples);
            several.fill(partition.validation(), 0, batch);
            metrics.put(
                    "batchLatencyMs",
                    Training.rounded(Latency.measure(several.tape()::runForward).medianMs()));
        }
    }

    /** A training with its network, and what memory is left. */
    private record Prepared(Network network, Training training, MemoryLimit limit) {}

    /** What is made for batches of half the size where the recipe's do not fit into memory; what does not fit then is infeasible. */
    private <T> T fitting(TrialFile file, Partition partition, IntFunction<T> made) {
        int batch = Math.min(file.recipe().batchSize(), partition.train().length);
        try {
            return made.apply(batch);
        } catch (TrialException e) {
            if (!e.lacksMemory() || batch == 1) {
                throw e;
            }
            batchSize = batch / 2;
            System.err.printf("%s: batches of %d in place of %d: %s%n", name, batchSize, batch, e.getMessage());
            return made.apply(batchSize);
        }
    }

    private Prepared prepare(TrialFile file, Examples examples, Partition partition, int batch) {
        var limit = memory.get();
        var network =
                Network.of(file.graph(), examples.shape(), examples.targets().outputs(), file.seed(), limit);
        return new Prepared(
                network, new Training(file, network, examples, partition, batch, limit, stopRequested), limit);
    }

    /** The name of a metric on the test part. */
    private static String test(String metric) {
        return of("test", metric);
    }

    private static String of(String what, String metric) {
        return what + Character.toUpperCase(metric.charAt(0)) + metric.substring(1);
    }

    private static void put(Map<String, Double> metrics, String name, @Nullable Double value) {
        if (value != null && !value.isNaN()) {
            metrics.put(name, Training.rounded(value));
        }
    }

    private TrialResult share(TrialFile file, Sharing sharing, Examples examples, Partition partition) {
        examples.standardise(partition.train());
        var job = new SharingJob(file, sharing);
        var graphs = SharingJob.read(path.resolveSibling(sharing.architectures()));
        Map<String, Double> metrics;
        try (var supernet = fitting(
                file,
                partition,
                batch -> new Supernet(file, examples, partition, graphs, file.epochs(), batch, memory.get()))) {
            metrics = job.run(supernet, stopRequested);
        } finally {
            history = job.history();
        }
        return result(ExitCode.DONE.code(), metrics, null);
    }

    /** The architecture with inherited weights in place of a training. */
    private TrialResult inherit(TrialFile file, Examples examples, Partition partition) {
        var standard = examples.standardise(partition.train());
        long start = System.nanoTime();
        var heir = fitting(file, partition, batch -> heir(file, examples, partition, batch));
        var metrics = new LinkedHashMap<String, Double>();
        heir.score().metrics().forEach((metric, value) -> put(metrics, metric, value));
        metrics.put("validationExamples", (double) partition.validation().length);
        metrics.put("inheritSeconds", Training.rounded((System.nanoTime() - start) / 1e9));
        costs(file, heir.network(), examples, partition, heir.limit(), metrics);
        metrics.putAll(Boolean.TRUE.equals(file.reportScores()) ? scores(file, examples, partition) : Map.of());
        metrics.put("memoryMiB", (double) Device.peakMemoryMiB());
        exported(file, heir.network(), standard, examples, partition, metrics);
        return result(ExitCode.DONE.code(), metrics, null);
    }

    /** A network with the weights that it inherits, how good it is, and what memory is left. */
    private record Heir(Network network, Score score, MemoryLimit limit) {}

    private Heir heir(TrialFile file, Examples examples, Partition partition, int batch) {
        var limit = memory.get();
        var network =
                Network.of(file.graph(), examples.shape(), examples.targets().outputs(), file.seed(), limit);
        SharedWeights.read(Path.of(String.valueOf(file.folders().sharedWeights())))
                .lend(network);
        try (var arena = new Arena(limit);
                var judging = new Arena(limit)) {
            var learner = new BoundNetwork(network.compile(batch, true, arena), examples);
            var score = Calibration.evaluate(network, learner, examples, partition, file.splitSeed(), judging);
            return new Heir(network, score, limit);
        }
    }

    /** What is asked for beside the training itself; where it cannot be had, the architecture is trained all the same. */
    private Map<String, Double> beforeTraining(TrialFile file, Examples examples, Partition partition) {
        var metrics = new LinkedHashMap<String, Double>();
        if (Boolean.TRUE.equals(file.reportScores())) {
            metrics.putAll(scores(file, examples, partition));
        }
        if (file.folders().sharedWeights() != null) {
            metrics.putAll(sharedScores(file, examples, partition));
        }
        return metrics;
    }

    private Map<String, Double> sharedScores(TrialFile file, Examples examples, Partition partition) {
        try {
            int batch = Math.min(file.recipe().batchSize(), partition.train().length);
            var score = heir(file, examples, partition, batch).score();
            var metrics = new LinkedHashMap<String, Double>();
            score.metrics().forEach((metric, value) -> put(metrics, of("shared", metric), value));
            return metrics;
        } catch (TrialException e) {
            System.out.printf("%s is not evaluated with inherited weights: %s%n", file.trial(), e.getMessage());
            return Map.of();
        }
    }

    /** Without params and macs, which the training reports itself; a network too large to be scored is trained all the same. */
    private static Map<String, Double> scores(TrialFile file, Examples examples, Partition partition) {
        try {
            var scores = new Scores(file.graph(), examples, file.seed()).of(Scores.rows(partition, file.splitSeed()));
            scores.keySet().removeAll(List.of("params", "macs"));
            return scores;
        } catch (TrialException e) {
            System.out.printf("%s is not scored: %s%n", file.trial(), e.getMessage());
            return Map.of();
        }
    }

    private TrialResult score(TrialFile file, Scoring scoring, Examples examples, Partition partition) {
        examples.standardise(partition.train());
        long start = System.nanoTime();
        new ScoreJob(file, examples, partition, stopRequested).run(scoring);
        var seconds = Training.rounded((System.nanoTime() - start) / 1e9);
        return result(
                ExitCode.DONE.code(),
                Map.of("scored", (double) scoring.architectures().size(), "scoreSeconds", seconds),
                null);
    }

    private TrialResult relax(TrialFile file, Relaxed relaxed, Examples examples, Partition partition) {
        examples.standardise(partition.train());
        try (var search = fitting(
                file,
                partition,
                batch -> new DifferentiableSearch(
                        file, relaxed, examples, partition, batch, memory.get(), stopRequested))) {
            try {
                search.run();
            } finally {
                history = search.history();
            }
            var derived = search.derive();
            var metrics = search.metrics(derived);
            metrics.put("trainSeconds", Training.rounded(search.seconds()));
            metrics.put("memoryMiB", (double) Device.peakMemoryMiB());
            search.forget();
            return result(ExitCode.DONE.code(), metrics, null, derived);
        }
    }

    /** A result as of now, also for a trial that another thread has to give up. */
    TrialResult result(int exitCode, Map<String, Double> metrics, @Nullable String message) {
        return result(exitCode, metrics, message, null);
    }

    private TrialResult result(
            int exitCode, Map<String, Double> metrics, @Nullable String message, @Nullable List<Derived> derived) {
        var environment = new LinkedHashMap<>(Device.environment());
        if (batchSize != null) {
            environment.put("batchSize", batchSize + ", half of the recipe's, for lack of memory");
        }
        if (energyTold != null) {
            environment.put(TrialResult.ENERGY, energyTold);
        }
        if (onnxRuntime != null) {
            environment.put(TrialResult.ONNX_RUNTIME, onnxRuntime);
        }
        return new TrialResult(
                TrialFile.VERSION, name, exitCode, metrics, history.size(), history, message, environment, derived);
    }
}
