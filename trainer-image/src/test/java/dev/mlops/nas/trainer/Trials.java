package dev.mlops.nas.trainer;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.mlops.nas.contract.TrialFile;
import dev.mlops.nas.contract.TrialFile.DatasetRef;
import dev.mlops.nas.contract.TrialFile.Folders;
import dev.mlops.nas.contract.TrialFile.GraphNode;
import dev.mlops.nas.contract.TrialFile.Recipe;
import dev.mlops.nas.contract.TrialFile.Split;
import dev.mlops.nas.contract.TrialResult;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;

/** Trial files on the optical digits, with one thing changed at a time. */
record Trials(
        List<GraphNode> graph,
        DatasetRef dataset,
        int epochs,
        long seed,
        Recipe recipe,
        boolean evaluateTest,
        Folders folders,
        boolean proxy) {
    static final Path DATA = Path.of("../examples/data").toAbsolutePath().normalize();

    static Trials digits() {
        return new Trials(
                Graphs.smallCnn(),
                dataset("digits.csv.gz", List.of(1, 8, 8), 10),
                2,
                1,
                new Recipe("adamw", 0.003, "cosine", 32, 0.0005, null),
                false,
                new Folders(DATA.toString(), null, null),
                false);
    }

    static DatasetRef dataset(String uri, List<Integer> shape, int classes) {
        return new DatasetRef(uri, "csv", null, -1, null, shape, classes, new Split(0.6, 0.2, 0.2));
    }

    static int[] labels(Examples examples) {
        return ((Targets.Labels) examples.targets()).of();
    }

    Trials graph(List<GraphNode> other) {
        return new Trials(other, dataset, epochs, seed, recipe, evaluateTest, folders, proxy);
    }

    Trials dataset(DatasetRef other) {
        return new Trials(graph, other, epochs, seed, recipe, evaluateTest, folders, proxy);
    }

    Trials epochs(int count) {
        return new Trials(graph, dataset, count, seed, recipe, evaluateTest, folders, proxy);
    }

    Trials seed(long other) {
        return new Trials(graph, dataset, epochs, other, recipe, evaluateTest, folders, proxy);
    }

    Trials recipe(Recipe other) {
        return new Trials(graph, dataset, epochs, seed, other, evaluateTest, folders, proxy);
    }

    Trials openingTest() {
        return new Trials(graph, dataset, epochs, seed, recipe, true, folders, proxy);
    }

    /** Of a smaller network in the architecture's place. */
    Trials asProxy() {
        return new Trials(graph, dataset, epochs, seed, recipe, evaluateTest, folders, true);
    }

    Trials checkpoints(Path folder) {
        return folders(new Folders(folders.data(), folder.toString(), folders.resume(), folders.model()));
    }

    /** Goes on from what an earlier trial left there. */
    Trials resuming(Path folder) {
        return folders(new Folders(folders.data(), folders.checkpoints(), folder.toString(), folders.model()));
    }

    /** Leaves the trained network there. */
    Trials leaving(Path folder) {
        return folders(new Folders(folders.data(), folders.checkpoints(), folders.resume(), folder.toString()));
    }

    private Trials folders(Folders other) {
        return new Trials(graph, dataset, epochs, seed, recipe, evaluateTest, other, proxy);
    }

    /** With a schedule that spans more epochs. */
    Trials schedule(int scheduleEpochs) {
        return recipe(new Recipe(
                recipe.optimizer(),
                recipe.learningRate(),
                recipe.schedule(),
                recipe.batchSize(),
                recipe.weightDecay(),
                scheduleEpochs));
    }

    TrialFile file() {
        var file = new TrialFile(
                TrialFile.VERSION,
                "digits",
                "digits-00001",
                graph,
                Map.of(),
                dataset,
                epochs,
                seed,
                7,
                recipe,
                evaluateTest,
                folders);
        return proxy ? file.asProxy() : file;
    }

    /** The lines of the digits, with their label at the end. */
    static Stream<String> digitRows() throws IOException {
        try (var lines = new BufferedReader(new InputStreamReader(
                new GZIPInputStream(Files.newInputStream(DATA.resolve("digits.csv.gz"))), StandardCharsets.US_ASCII))) {
            return lines.lines().toList().stream();
        }
    }

    Path write(Path folder) throws IOException {
        return Files.write(folder.resolve("trial.json"), new ObjectMapper().writeValueAsBytes(file()));
    }

    TrialResult run(Path folder) throws IOException {
        return run(folder, () -> false);
    }

    TrialResult run(Path folder, BooleanSupplier stopRequested) throws IOException {
        return new Trial(write(folder), null, stopRequested).run(false);
    }
}
