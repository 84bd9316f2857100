package dev.mlops.nas.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.mlops.nas.contract.ExitCode;
import dev.mlops.nas.contract.TrialFile;
import dev.mlops.nas.contract.TrialFile.Architecture;
import dev.mlops.nas.contract.TrialFile.Folders;
import dev.mlops.nas.contract.TrialFile.GraphNode;
import dev.mlops.nas.contract.TrialFile.Sharing;
import dev.mlops.nas.contract.TrialResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SharingTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final List<List<GraphNode>> PATHS = List.of(path(3, 16), path(5, 16), path(1, 8), path(3, 4));

    @TempDir
    Path folder;

    @Test
    void candidatesInheritWhatWasTrainedOnceAndFullTrainingsTellWhatThatIsWorth() throws IOException {
        TrialResult shared = share("uniform", 1, 10, () -> false);

        assertThat(shared.exitCode()).as(shared.message()).isZero();
        assertThat(shared.epochs()).isEqualTo(10);
        assertThat(shared.metrics()).containsEntry("sharedPaths", 4.0);
        assertThat(shared.history().getLast().trainLoss())
                .isLessThan(shared.history().getFirst().trainLoss());

        // No path had this width, but it is a part of what one had.
        TrialResult candidate = candidate(path(3, 12), 0);
        assertThat(candidate.exitCode()).as(candidate.message()).isZero();
        assertThat(candidate.epochs()).isZero();
        assertThat(candidate.metrics().get("accuracy")).isBetween(0.3, 1.0);
        assertThat(candidate.metrics()).containsKeys("loss", "macroF1", "auc", "latencyMs", "params", "macs");

        TrialResult trained = candidate(path(3, 12), 2);
        assertThat(trained.metrics().get("sharedAccuracy"))
                .isEqualTo(candidate.metrics().get("accuracy"));
        assertThat(trained.metrics().get("sharedLoss"))
                .isCloseTo(candidate.metrics().get("loss"), within(1e-4));
        assertThat(trained.epochs()).isEqualTo(2);
    }

    @Test
    void everySamplingLearns() throws IOException {
        for (String sampling : List.of("fair", "sandwich")) {
            TrialResult shared = share(sampling, sampling.equals("fair") ? 2 : 4, 6, () -> false);

            assertThat(shared.exitCode()).as(shared.message()).isZero();
            assertThat(candidate(PATHS.getFirst(), 0).metrics().get("accuracy"))
                    .as(sampling)
                    .isGreaterThan(0.5);
            forget();
        }
    }

    @Test
    void wherePathsDoNotFitIntoMemoryBatchesAreHalvedOnceBeforeAnythingIsTrained() throws IOException {
        long bytes = 1L << 17;
        TrialResult least = withMemory(bytes);
        TrialResult tooLarge = least;
        while (least.exitCode() == ExitCode.INFEASIBLE.code()) {
            tooLarge = least;
            bytes += 1L << 15;
            least = withMemory(bytes);
        }

        assertThat(tooLarge.message()).startsWith("The network needs more than");
        assertThat(tooLarge.epochs()).isZero();
        assertThat(least.exitCode()).as(least.message()).isZero();
        assertThat(least.environment()).containsEntry("batchSize", "16, half of the recipe's, for lack of memory");
    }

    private TrialResult withMemory(long bytes) throws IOException {
        Path file = shared("sandwich", 3, 1);
        return new Trial(file, null, () -> false, () -> new MemoryLimit(bytes)).run(false);
    }

    @Test
    void aTrainingThatWasStoppedGoesOnAndEndsAsIfItHadNot() throws IOException {
        share("uniform", 1, 3, () -> false);
        var whole = candidate(PATHS.getFirst(), 0).metrics();
        forget();
        var asked = new AtomicInteger();

        TrialResult stopped = share("uniform", 1, 3, () -> asked.incrementAndGet() > 40);

        assertThat(stopped.exitCode()).isEqualTo(ExitCode.TEMPORARY.code());
        assertThat(stopped.message()).isEqualTo("Terminated in epoch 2 of 3 of the shared weights.");
        assertThat(candidate(PATHS.getFirst(), 0).message())
                .isEqualTo("The shared weights in %s are trained for 1 of 3 epochs only.", weights());
        assertThat(share("uniform", 1, 3, () -> false).epochs()).isEqualTo(3);
        assertThat(candidate(PATHS.getFirst(), 0).metrics().get("loss")).isEqualTo(whole.get("loss"));
    }

    @Test
    void weightsThatAreMissingOrDamagedAreDataThatNoTrialCanUse() throws IOException {
        assertRefused(
                candidate(PATHS.getFirst(), 0),
                ExitCode.DATA,
                "The shared weights are missing: %s does not exist."
                        .formatted(weights().resolve("shared-weights.json")));

        share("uniform", 1, 1, () -> false);
        try (var files = Files.list(weights())) {
            for (Path file :
                    files.filter(f -> f.toString().contains("checkpoint")).toList()) {
                byte[] bytes = Files.readAllBytes(file);
                bytes[bytes.length / 2] ^= 1;
                Files.write(file, bytes);
            }
        }
        assertRefused(
                candidate(PATHS.getFirst(), 0),
                ExitCode.DATA,
                "The shared weights in %s are missing or damaged.".formatted(weights()));

        Files.writeString(weights().resolve("shared-weights.json"), "{");
        assertRefused(
                candidate(PATHS.getFirst(), 0),
                ExitCode.DATA,
                "The shared weights in %s are damaged: shared-weights.json cannot be read.".formatted(weights()));
        assertThat(candidate(PATHS.getFirst(), 1).metrics())
                .as("a full training goes on without them")
                .containsKey("accuracy")
                .doesNotContainKey("sharedAccuracy");
    }

    @Test
    void anArchitectureWithMoreThanAnyPathHasIsInfeasible() throws IOException {
        share("uniform", 1, 1, () -> false);

        assertRefused(
                candidate(path(3, 32), 0),
                ExitCode.INFEASIBLE,
                "Node choice-conv (conv) has no shared weights of shape [3, 3, 8, 32]: none of the architectures that they"
                        + " were trained on has such.");
    }

    @Test
    void aListThatCannotBeReadIsRefused() throws IOException {
        Path file = write(new Sharing("nowhere.json.gz", "uniform", 1), List.of(), 1, null);

        TrialResult result = new Trial(file, null, () -> false).run(false);

        assertThat(result.exitCode()).isEqualTo(ExitCode.DATA.code());
        assertThat(result.message()).contains("nowhere.json.gz cannot be read");
    }

    @Test
    void aSamplingThatIsNotKnownIsRefused() throws IOException {
        Path file = write(new Sharing("a.json.gz", "greedy", 1), List.of(), 1, null);

        assertThat(new Trial(file, null, () -> false).run(false).message())
                .endsWith("has sharing.sampling greedy; allowed: fair, sandwich, uniform.");
    }

    private static void assertRefused(TrialResult result, ExitCode code, String message) {
        assertThat(result.message()).isEqualTo(message);
        assertThat(result.exitCode()).isEqualTo(code.code());
    }

    private TrialResult share(String sampling, int pathsPerStep, int epochs, BooleanSupplier stopRequested)
            throws IOException {
        return new Trial(shared(sampling, pathsPerStep, epochs), null, stopRequested).run(false);
    }

    private Path shared(String sampling, int pathsPerStep, int epochs) throws IOException {
        var architectures = new ArrayList<Architecture>();
        PATHS.forEach(path -> architectures.add(new Architecture("path-" + architectures.size(), path)));
        try (var out = new GZIPOutputStream(Files.newOutputStream(folder.resolve("list.json.gz")))) {
            JSON.writeValue(out, architectures);
        }
        return write(new Sharing("list.json.gz", sampling, pathsPerStep), List.of(), epochs, null);
    }

    @Test
    void anHeirTellsTheCostsOfTheExportedNetworkWhereItIsAsked() throws IOException {
        share("uniform", 1, 1, () -> false);
        Path file = write(null, PATHS.getFirst(), 0, weights());
        Files.writeString(file, Files.readString(file).replaceFirst("\\{", "{\"reportExported\":true,"));

        var heir = new Trial(file, null, () -> false).run(false);

        assertThat(heir.exitCode()).as(heir.message()).isZero();
        assertThat(heir.metrics().get("exportedLatencyMs")).isPositive();
        assertThat(heir.metrics()).containsKeys("exportedLatencyP99Ms", "exportedBatchLatencyMs", "latencyMs");
        assertThat(heir.environment()).containsEntry("onnxRuntime", "1.23.2 on processors");
        assertThat(candidate(PATHS.getFirst(), 0).metrics()).doesNotContainKey("exportedLatencyMs");
    }

    private TrialResult candidate(List<GraphNode> graph, int epochs) throws IOException {
        return new Trial(write(null, graph, epochs, weights()), null, () -> false).run(false);
    }

    private void forget() throws IOException {
        try (var files = Files.list(weights())) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
    }

    private Path weights() {
        return folder.resolve("weights");
    }

    private Path write(@Nullable Sharing sharing, List<GraphNode> graph, int epochs, @Nullable Path sharedWeights)
            throws IOException {
        TrialFile plain = Trials.digits().file();
        var file = new TrialFile(
                plain.contractVersion(),
                plain.experiment(),
                plain.trial(),
                graph,
                Map.of(),
                plain.dataset(),
                epochs,
                plain.seed(),
                plain.splitSeed(),
                plain.recipe(),
                false,
                new Folders(
                        Trials.DATA.toString(),
                        sharing == null ? null : weights().toString(),
                        null,
                        null,
                        sharedWeights == null ? null : sharedWeights.toString()),
                null,
                null,
                null,
                null,
                sharing,
                null);
        return Files.write(folder.resolve("trial.json"), JSON.writeValueAsBytes(file));
    }

    /** A stem that all share, a convolution to choose, and the logits. */
    private static List<GraphNode> path(int kernel, int filters) {
        return Graphs.input(1, 8, 8)
                .block("stem", 8, 3, 2, 8, 4, 4)
                .block("choice", filters, kernel, 1, filters, 4, 4)
                .then("pool", "globalAvgPool", Map.of(), filters)
                .logits(10);
    }
}
