package dev.mlops.nas.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.mlops.nas.contract.TrialFile;
import dev.mlops.nas.contract.TrialFile.GraphNode;
import dev.mlops.nas.trainer.Network.Shape;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Weights that architectures share, on the optical digits. */
class SupernetTest {
    private static final MemoryLimit LIMIT = new MemoryLimit(1 << 30);
    private static final TrialFile FILE = Trials.digits().file();
    private static final Examples EXAMPLES = DataLoader.load(FILE.dataset(), Trials.DATA);
    private static final Partition PARTITION =
            Partition.of(EXAMPLES, FILE.dataset().split(), FILE.splitSeed());

    static {
        EXAMPLES.standardise(PARTITION.train());
    }

    @Test
    void theLargestOfANodesWeightsHoldAllOthersButBehindAFlattenedImage() {
        try (var net = supernet(List.of(path(3, 16), path(1, 16), path(3, 8)), 1)) {
            int stem = 9 * 8 + 2 * 8;
            int convolutions = 9 * 8 * 16;
            int norms = 2 * 16;
            int logits = (16 + 8) * 16 * 10 + 10;
            assertThat(net.params()).isEqualTo(stem + convolutions + norms + logits);
        }
        try (var twins = supernet(List.of(path(3, 16), path(3, 16)), 1)) {
            var alone = Network.of(path(3, 16), Shape.of(List.of(1, 8, 8)), 10, 1, LIMIT);
            assertThat(twins.params()).isEqualTo(alone.parameters().count());
        }
    }

    @Test
    void inheritedWeightsTellGoodArchitecturesFromBadOnesAndTheSameAgain() {
        var paths = List.of(path(3, 16), path(1, 16), path(3, 8), path(3, 1), path(3, 32), path(5, 16));

        double[] accuracies = accuracies(paths, 12);

        assertThat(accuracies[3]).as("one filter").isLessThan(0.7);
        for (int good : new int[] {0, 4, 5}) {
            assertThat(accuracies[good]).as("path %d", good).isGreaterThan(0.85);
        }
        assertThat(accuracies(paths, 12)).isEqualTo(accuracies);
    }

    @Test
    void anArchitectureThatSharesWithNobodyIsTrainedLikeATrial(@TempDir Path folder) throws IOException {
        var trial = Trials.digits().graph(path(3, 16)).epochs(6).run(folder);

        assertThat(accuracies(List.of(path(3, 16)), 6)[0])
                .isCloseTo(trial.metrics().get("accuracy"), within(0.04))
                .isGreaterThan(0.85);
    }

    @Test
    void itEndsWhenAskedTo() {
        try (var net = supernet(List.of(path(3, 16)), 5)) {
            assertThatThrownBy(() -> net.train(() -> true))
                    .isInstanceOf(TrialException.class)
                    .hasMessage("Terminated in epoch 1 of 5 of the shared weights.");
        }
    }

    private static double[] accuracies(List<List<GraphNode>> paths, int epochs) {
        try (var net = supernet(paths, epochs)) {
            net.train(() -> false);
            return IntStream.range(0, paths.size())
                    .mapToDouble(i -> net.score(i).of("accuracy"))
                    .toArray();
        }
    }

    private static Supernet supernet(List<List<GraphNode>> paths, int epochs) {
        return new Supernet(FILE, EXAMPLES, PARTITION, paths, epochs, 32, LIMIT);
    }

    /** A stem that all share, a convolution to choose, dropout, and the logits. */
    private static List<GraphNode> path(int kernel, int filters) {
        return Graphs.input(1, 8, 8)
                .block("stem", 8, 3, 2, 8, 4, 4)
                .block("choice", filters, kernel, 1, filters, 4, 4)
                .then("drop", "dropout", Map.of("rate", 0.1), filters, 4, 4)
                .logits(10);
    }
}
