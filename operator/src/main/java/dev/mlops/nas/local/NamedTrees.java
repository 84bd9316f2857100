package dev.mlops.nas.local;

import dev.mlops.nas.contract.TrialFile.Categorical;
import dev.mlops.nas.contract.TrialFile.DatasetRef;
import dev.mlops.nas.contract.TrialFile.GraphNode;
import dev.mlops.nas.contract.TrialFile.Split;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/** A table whose labels follow from a column of names, but not from their order, and the network that looks them up. */
final class NamedTrees {
    static final int CLASSES = 2;

    private static final int EXAMPLES = 320;
    private static final int UNITS = 4;
    private static final String CSV = "trees.csv";
    private static final List<String> NAMES = List.of("ash", "beech", "elm", "fir", "larch", "lime", "oak", "pine");

    private NamedTrees() {}

    /** Writes a row for each tree: its height, which tells nothing, its name, and whether that is every second of the list. */
    static void write(Path folder) throws IOException {
        var csv = new StringBuilder("height,name,label\n");
        var random = new SplittableRandom(3);
        for (int i = 0; i < EXAMPLES; i++) {
            int name = random.nextInt(NAMES.size());
            csv.append(random.nextInt(100)).append(',').append(NAMES.get(name));
            csv.append(',').append(name % CLASSES).append('\n');
        }
        Files.writeString(folder.resolve(CSV), csv);
    }

    static DatasetRef table() {
        var names = new Categorical(1, NAMES.size(), NAMES);
        return new DatasetRef(
                CSV,
                "csv",
                null,
                -1,
                null,
                List.of(2, 1, 1),
                CLASSES,
                new Split(0.6, 0.2, 0.2),
                null,
                null,
                null,
                List.of(names));
    }

    static List<GraphNode> network() {
        var vectors = Map.of("categories.1", (double) NAMES.size(), "units.1", (double) UNITS);
        return List.of(
                new GraphNode("input", "input", Map.of(), List.of(), List.of(2, 1, 1)),
                new GraphNode("embedding", "embedding", vectors, List.of("input"), List.of(1 + UNITS)),
                SampleNetwork.dense("logits", "embedding", CLASSES));
    }

    /** As the search engine counts them: vectors, weights and biases. */
    static int params() {
        return NAMES.size() * UNITS + (1 + UNITS) * CLASSES + CLASSES;
    }
}
