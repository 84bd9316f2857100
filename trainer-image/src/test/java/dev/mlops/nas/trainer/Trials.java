package dev.mlops.nas.trainer;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.mlops.nas.contract.TrialFile;
import dev.mlops.nas.contract.TrialFile.DatasetRef;
import dev.mlops.nas.contract.TrialFile.Folders;
import dev.mlops.nas.contract.TrialFile.GraphNode;
import dev.mlops.nas.contract.TrialFile.Recipe;
import dev.mlops.nas.contract.TrialFile.Split;
import dev.mlops.nas.contract.TrialResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** Trial files on the optical digits, with one thing changed at a time. */
record Trials(
        List<GraphNode> graph,
        DatasetRef dataset,
        int epochs,
        long seed,
        Recipe recipe,
        boolean evaluateTest,
        @Nullable String checkpoints,
        @Nullable String resume) {
    static final Path DATA = Path.of("../examples/data").toAbsolutePath().normalize();

    static Trials digits() {
        return new Trials(
                Graphs.smallCnn(),
                dataset("digits.csv.gz", List.of(1, 8, 8), 10),
                2,
                1,
                new Recipe("adamw", 0.003, "cosine", 32, 0.0005, null),
                false,
                null,
                null);
    }

    static DatasetRef dataset(String uri, List<Integer> shape, int classes) {
        return new DatasetRef(uri, "csv", null, -1, null, shape, classes, new Split(0.6, 0.2, 0.2));
    }

    Trials graph(List<GraphNode> other) {
        return new Trials(other, dataset, epochs, seed, recipe, evaluateTest, checkpoints, resume);
    }

    Trials dataset(DatasetRef other) {
        return new Trials(graph, other, epochs, seed, recipe, evaluateTest, checkpoints, resume);
    }

    Trials epochs(int count) {
        return new Trials(graph, dataset, count, seed, recipe, evaluateTest, checkpoints, resume);
    }

    Trials seed(long other) {
        return new Trials(graph, dataset, epochs, other, recipe, evaluateTest, checkpoints, resume);
    }

    Trials recipe(Recipe other) {
        return new Trials(graph, dataset, epochs, seed, other, evaluateTest, checkpoints, resume);
    }

    Trials openingTest() {
        return new Trials(graph, dataset, epochs, seed, recipe, true, checkpoints, resume);
    }

    Trials checkpoints(Path folder) {
        return new Trials(graph, dataset, epochs, seed, recipe, evaluateTest, folder.toString(), resume);
    }

    /** Goes on from what an earlier trial left there. */
    Trials resuming(Path folder) {
        return new Trials(graph, dataset, epochs, seed, recipe, evaluateTest, checkpoints, folder.toString());
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
        return new TrialFile(
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
                new Folders(DATA.toString(), checkpoints, resume));
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
