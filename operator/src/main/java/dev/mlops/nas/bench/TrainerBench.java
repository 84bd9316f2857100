package dev.mlops.nas.bench;

import dev.mlops.nas.contract.TrialFile;
import dev.mlops.nas.contract.TrialFile.DatasetRef;
import dev.mlops.nas.contract.TrialFile.Folders;
import dev.mlops.nas.contract.TrialFile.GraphNode;
import dev.mlops.nas.contract.TrialFile.Recipe;
import dev.mlops.nas.contract.TrialFile.Split;
import dev.mlops.nas.contract.TrialResult;
import dev.mlops.nas.contract.TrialResult.Epoch;
import dev.mlops.nas.experiment.BuiltInTrainer;
import dev.mlops.nas.local.BadInputException;
import dev.mlops.nas.local.ScratchFolder;
import dev.mlops.nas.local.TrainerCommand;
import dev.mlops.nas.local.TrainerRun;
import dev.mlops.nas.search.SearchSpace;
import dev.mlops.nas.search.SpaceException;
import dev.mlops.nas.search.Spaces;
import dev.mlops.nas.search.Spaces.Task;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * Trains the presets' human designs with the built-in trainer and others, one after the other on the same data, and compares how
 * many examples they train per second. Every trainer is a process that is told what to do by the trial contract, nothing else.
 *
 * <p>The speed is that of the epochs after the first, validation included, by the times in the result's history: process start,
 * reading of the data and compilation are in {@code start}, the time until the first epoch has ended.
 */
public final class TrainerBench {
    /** Preset to the shape of its examples: images, a row of a table, a signal. */
    private static final Map<String, Task> TASKS = tasks();

    private static final double VALIDATION = 0.125;

    /** Multiply-accumulates of one network's training at most, three for each of a forward pass: some 10 s on two cores. */
    private static final double WORK = 8e10;

    private static final int MOST_EPOCHS = 20;
    private static final int LEAST_EPOCHS = 3;
    private static final int MOST_EXAMPLES = 2048;
    private static final int LEAST_EXAMPLES = 64;

    private static Map<String, Task> tasks() {
        var image = new Task(3, 32, 32, 10);
        var tasks = new LinkedHashMap<String, Task>();
        for (String preset : List.of("small-cnn", "nb101-cell", "nb201-cell", "darts-cell", "hierarchical-cnn")) {
            tasks.put(preset, image);
        }
        tasks.put("mlp-tabular", new Task(1, 1, 40, 10));
        tasks.put("transformer-tiny", new Task(1, 1, 40, 10));
        tasks.put("signal-1d", new Task(1, 1, 40, 10));
        return tasks;
    }

    /**
     * What to run.
     *
     * @param home the folder with the built-in trainer; null where unknown
     * @param others commands of the trainers to compare with
     * @param presets whose references are trained
     * @param threads of each trainer
     * @param batch examples of a step
     * @param json file for the results; null for none
     */
    public record Options(
            @Nullable String home,
            List<String> others,
            List<String> presets,
            int threads,
            int batch,
            @Nullable Path json) {}

    private record Workload(String name, Task task, List<GraphNode> graph, long params, long macs) {
        int examples() {
            return (int) Math.clamp(WORK / (3.0 * macs * MOST_EPOCHS), LEAST_EXAMPLES, MOST_EXAMPLES);
        }

        int epochs() {
            return (int) Math.clamp(WORK / (3.0 * macs * examples()), LEAST_EPOCHS, MOST_EPOCHS);
        }
    }

    /** Examples per second, seconds to the end of the first epoch, and peak memory in MiB. */
    private record Figures(double speed, double start, double memory) {}

    private final Options options;
    private final List<TrainerCommand> trainers = new ArrayList<>();
    private final Path folder;

    private TrainerBench(Options options, Path folder) throws BenchException {
        this.options = options;
        this.folder = folder;
        try {
            trainers.add(TrainerCommand.builtIn(options.home(), 4L << 30));
            options.others().forEach(command -> trainers.add(TrainerCommand.own(command)));
        } catch (BadInputException unusable) {
            throw new BenchException(String.valueOf(unusable.getMessage()));
        }
    }

    /** All presets that the benchmark knows. */
    public static List<String> presets() {
        return List.copyOf(TASKS.keySet());
    }

    /**
     * Runs, and prints a line per network.
     *
     * @throws BenchException with one sentence when an input cannot be used, or a trainer does not train
     */
    public static void run(Options options, PrintWriter out) throws BenchException, IOException, InterruptedException {
        Checks.positive("--threads", options.threads());
        Checks.positive("--batch", options.batch());
        Checks.writable(options.json());
        for (String preset : options.presets()) {
            if (!TASKS.containsKey(preset)) {
                throw new BenchException(
                        "--preset is %s: give %s".formatted(preset, String.join(", ", TASKS.keySet())));
            }
        }
        try (var folder = new ScratchFolder("nas-bench-trainer")) {
            new TrainerBench(options, folder.path()).run(out);
        }
    }

    private void run(PrintWriter out) throws BenchException, IOException, InterruptedException {
        out.printf(
                "%d thread(s), batches of %d; examples/s without the first epoch%n",
                options.threads(), options.batch());
        for (int i = 1; i < trainers.size(); i++) {
            out.printf("trainer %d is %s%n", i, options.others().get(i - 1));
        }
        out.printf("%n%-36s %10s", "network", "built-in");
        for (int i = 1; i < trainers.size(); i++) {
            out.printf(" %10s %7s", "trainer " + i, "ratio");
        }
        out.printf("   start s   MiB%n");
        double[] logarithms = new double[trainers.size()];
        List<Map<String, Object>> documents = new ArrayList<>();
        int networks = 0;
        for (String preset : options.presets()) {
            for (Workload workload : workloads(preset, out)) {
                List<Figures> figures = new ArrayList<>();
                for (TrainerCommand trainer : trainers) {
                    figures.add(measure(trainer, workload));
                }
                networks++;
                for (int i = 1; i < trainers.size(); i++) {
                    logarithms[i] +=
                            Math.log(figures.getFirst().speed() / figures.get(i).speed());
                }
                print(workload, figures, out);
                documents.add(document(workload, figures));
            }
        }
        for (int i = 1; i < trainers.size() && networks > 0; i++) {
            out.printf(
                    Locale.ROOT,
                    "%nthe built-in trainer is %.2f times as fast as trainer %d, geometric mean over %d networks%n",
                    Math.exp(logarithms[i] / networks),
                    i,
                    networks);
        }
        out.flush();
        if (options.json() != null) {
            Checks.write(documents, options.json());
        }
    }

    private List<Workload> workloads(String preset, PrintWriter out) {
        Task task = Objects.requireNonNull(TASKS.get(preset), preset);
        try {
            SearchSpace space = Spaces.preset(preset, task, Map.of());
            var lack = BuiltInTrainer.lack(space);
            if (lack.isPresent()) {
                out.printf("%s is left out: %s%n", preset, lack.get());
                return List.of();
            }
            return space.references().stream()
                    .map(r -> new Workload(
                            preset + " " + r.name(),
                            task,
                            space.graph(r.genotype()).nodes().stream()
                                    .map(n -> new GraphNode(
                                            n.name(), n.operator(), n.attributes(), n.inputs(), n.shape()))
                                    .toList(),
                            space.cost(r.genotype()).params(),
                            space.cost(r.genotype()).macs()))
                    .toList();
        } catch (SpaceException contradiction) {
            throw new IllegalStateException(contradiction);
        }
    }

    private Figures measure(TrainerCommand trainer, Workload workload)
            throws BenchException, IOException, InterruptedException {
        Path data = folder.resolve("data.csv");
        Files.writeString(data, rows(workload));
        long began = System.currentTimeMillis();
        TrainerRun run =
                TrainerRun.of(trainer, file(workload), folder, "bench", options.threads(), Duration.ofMinutes(10));
        TrialResult result = run.result();
        List<Epoch> epochs = result == null ? List.of() : result.history();
        if (result == null || result.exitCode() != 0 || epochs.size() < 2) {
            throw new BenchException("%s: %s %s%s"
                    .formatted(workload.name(), String.join(" ", trainer.words()), run.codeText(), run.log()));
        }
        Double params = result.metrics().get("params");
        if (params != null && params != workload.params()) {
            throw new BenchException("%s: %s trained %.0f parameters, the search engine counts %d"
                    .formatted(workload.name(), String.join(" ", trainer.words()), params, workload.params()));
        }
        double seconds = (epochs.getLast().timeMs() - epochs.getFirst().timeMs()) / 1e3;
        int trained = (epochs.getLast().epoch() - epochs.getFirst().epoch()) * workload.examples();
        return new Figures(
                trained / Math.max(seconds, 1e-3),
                (epochs.getFirst().timeMs() - began) / 1e3,
                run.peakMemoryBytes() / (double) (1 << 20));
    }

    /** The training part has exactly as many examples as the workload says. */
    private static String rows(Workload workload) {
        var random = new SplittableRandom(1);
        int rows = (int) (workload.examples() / (1 - 2 * VALIDATION));
        int size = workload.task().channels()
                * workload.task().height()
                * workload.task().width();
        var csv = new StringBuilder();
        for (int row = 0; row < rows; row++) {
            for (int i = 0; i < size; i++) {
                csv.append(random.nextInt(256)).append(',');
            }
            csv.append(row % workload.task().classes()).append('\n');
        }
        return csv.toString();
    }

    private TrialFile file(Workload workload) {
        Task task = workload.task();
        return new TrialFile(
                TrialFile.VERSION,
                "bench",
                "bench-00001",
                workload.graph(),
                Map.of(),
                new DatasetRef(
                        "data.csv",
                        "csv",
                        null,
                        -1,
                        null,
                        List.of(task.channels(), task.height(), task.width()),
                        task.classes(),
                        new Split(1 - 2 * VALIDATION, VALIDATION, VALIDATION)),
                workload.epochs(),
                1,
                1,
                new Recipe("adamw", 1e-3, "cosine", options.batch(), 5e-4, null),
                false,
                new Folders(folder.toString(), folder.resolve("checkpoints").toString(), null));
    }

    private static void print(Workload workload, List<Figures> figures, PrintWriter out) {
        var line = new StringBuilder(String.format(
                Locale.ROOT, "%-36s %10.0f", workload.name(), figures.getFirst().speed()));
        for (Figures other : figures.subList(1, figures.size())) {
            line.append(String.format(
                    Locale.ROOT,
                    " %10.0f %7.2f",
                    other.speed(),
                    figures.getFirst().speed() / other.speed()));
        }
        for (Figures one : figures) {
            line.append(String.format(Locale.ROOT, "   %7.1f %5.0f", one.start(), one.memory()));
        }
        out.println(line);
        out.flush();
    }

    private Map<String, Object> document(Workload workload, List<Figures> figures) {
        var document = new LinkedHashMap<String, Object>();
        document.put("network", workload.name());
        document.put("macs", workload.macs());
        document.put(
                "trainers",
                java.util.stream.IntStream.range(0, figures.size())
                        .mapToObj(i -> Map.of(
                                "trainer",
                                        i == 0 ? "built-in" : options.others().get(i - 1),
                                "examples_per_second", figures.get(i).speed(),
                                "start_seconds", figures.get(i).start(),
                                "peak_memory_mib", figures.get(i).memory()))
                        .toList());
        return document;
    }
}
