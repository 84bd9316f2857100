package dev.mlops.nas.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.mlops.nas.contract.TrialFile;
import dev.mlops.nas.contract.TrialFile.GraphNode;
import dev.mlops.nas.contract.TrialFile.Mixture;
import dev.mlops.nas.contract.TrialFile.Recipe;
import dev.mlops.nas.contract.TrialFile.Relaxed;
import dev.mlops.nas.contract.TrialResult;
import dev.mlops.nas.contract.TrialResult.Derived;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Open choices, on the optical digits. */
class DifferentiableSearchTest {
    static final List<Mixture> MIXTURES = List.of(
            new Mixture("first", List.of("none", "skip", "conv3x3"), null, null),
            new Mixture("second", List.of("conv3x3", "none"), null, null));
    private static final Relaxed RELAXED = new Relaxed(graph(), MIXTURES, 4);

    /** In an epoch: half of the training part's 1,078 examples. */
    private static final int BATCHES = 16;

    @Test
    void whatHelpsIsChosenAndTheGapToTheOpenGraphIsMeasured(@TempDir Path folder) throws IOException {
        var result = run(folder, RELAXED, 8);

        assertThat(result.exitCode()).isZero();
        assertThat(result.derived()).hasSize(4).first().satisfies(derived -> {
            assertThat(derived.choices().getFirst()).as("a convolution").isEqualTo(2);
            assertThat(derived.accuracy()).isGreaterThan(0.8);
        });
        assertThat(result.derived().stream().map(Derived::choices)).doesNotHaveDuplicates();
        assertThat(result.derived().subList(1, 4).stream().map(Derived::accuracy))
                .isSortedAccordingTo((a, b) -> Double.compare(b, a));
        var metrics = result.metrics();
        assertThat(metrics.get("relaxedAccuracy")).isGreaterThan(0.85);
        assertThat(metrics.get("relaxedGap"))
                .isCloseTo(metrics.get("relaxedAccuracy") - metrics.get("derivedAccuracy"), within(1e-4));
        assertThat(metrics)
                .containsEntry("keptEpoch", 8.0)
                .containsEntry("trainedEpochs", 8.0)
                .containsEntry("skipShare", 0.0);
        assertThat(result.history())
                .hasSize(8)
                .last()
                .satisfies(epoch -> assertThat(epoch.more()).containsKeys("skipShare", "noneShare", "curvature"));
    }

    @Test
    void theSameSeedGivesTheSameArchitectures(@TempDir Path folder) throws IOException {
        var first = run(folder, RELAXED, 3);
        assertThat(run(folder, RELAXED, 3).derived()).isEqualTo(first.derived());
    }

    @Test
    void theSecondOrderFindsWhatHelpsAsWell(@TempDir Path folder) throws IOException {
        var result = run(folder, new Relaxed(graph(), MIXTURES, 4, "second"), 6);

        assertThat(result.exitCode()).as(result.message()).isZero();
        assertThat(result.derived().getFirst().choices().getFirst())
                .as("a convolution")
                .isEqualTo(2);
        assertThat(result.metrics().get("relaxedAccuracy")).isGreaterThan(0.8);
        assertThat(result.derived()).isNotEqualTo(run(folder, RELAXED, 6).derived());
    }

    @Test
    void itEndsWhenAskedToAndWhereItDiverges(@TempDir Path folder) throws IOException {
        assertThat(run(folder, file(RELAXED, 3, 0.003), () -> true))
                .returns(75, TrialResult::exitCode)
                .returns(
                        "Terminated in epoch 1 of 3 of the differentiable search; no checkpoint folder is set.",
                        TrialResult::message);
        assertThat(run(folder, file(RELAXED, 3, 1e30), () -> false))
                .returns(64, TrialResult::exitCode)
                .extracting(TrialResult::message)
                .asString()
                .startsWith("The differentiable search diverged at epoch 1 of 3");
    }

    @Test
    void aTerminatedSearchGoesOnAndComesToTheSame(@TempDir Path folder) throws IOException {
        var whole = run(folder, interruptible(null), () -> false);
        var file = interruptible(folder.resolve("checkpoints"));
        var asked = new AtomicInteger();
        var left = new AtomicInteger();

        var first = run(folder, file, () -> asked.incrementAndGet() > BATCHES + 5);
        var second = run(folder, file, () -> asked.incrementAndGet() > 2 * BATCHES + 10);
        var resumed = run(folder, file, () -> left.incrementAndGet() < 0);

        assertThat(first.exitCode()).isEqualTo(75);
        assertThat(first.message())
                .isEqualTo("Terminated in epoch 2 of 4 of the differentiable search; the checkpoint is written.");
        assertThat(second.message()).startsWith("Terminated in epoch 3 of 4");
        assertThat(left.get()).as("batches that were left").isEqualTo(4 * BATCHES - (2 * BATCHES + 10 - 1));
        assertSame(resumed, whole);
        assertThat(folder.resolve("checkpoints")).isEmptyDirectory();
    }

    @Test
    void aDamagedCheckpointFallsBackToTheOneBeforeAndAnotherSearchsIsIgnored(@TempDir Path folder) throws IOException {
        var whole = run(folder, interruptible(null), () -> false);
        var file = interruptible(folder.resolve("checkpoints"));
        var asked = new AtomicInteger();
        run(folder, file, () -> asked.incrementAndGet() > 3 * BATCHES + 5);
        var other = file.asking(null, new Relaxed(graph(), MIXTURES, 2), null);
        var ofOther = new AtomicInteger();
        run(folder, other, () -> ofOther.incrementAndGet() > 1);
        Path last = Checkpoint.path(folder.resolve("checkpoints"), Checkpoint.fingerprint(file));
        Files.write(last, Arrays.copyOf(Files.readAllBytes(last), 1000));

        var left = new AtomicInteger();
        var resumed = run(folder, file, () -> left.incrementAndGet() < 0);

        assertThat(left.get()).as("the fourth epoch, from the end of the third").isEqualTo(BATCHES);
        assertSame(resumed, whole);
        assertThat(folder.resolve("checkpoints"))
                .isDirectoryContaining(path -> path.toString().endsWith(".checkpoint"));
    }

    @Test
    void graphsThatDoNotFitTheirMixturesAreRefused(@TempDir Path folder) throws IOException {
        assertThat(run(folder, new Relaxed(graph(), MIXTURES.subList(0, 1), 4), 1))
                .returns(64, TrialResult::exitCode)
                .returns("Node second names mixture 1; allowed: 0 to 0.", TrialResult::message);
        var three = List.of(MIXTURES.getFirst(), new Mixture("second", List.of("a", "b", "c"), null, null));
        assertThat(run(folder, new Relaxed(graph(), three, 4), 1))
                .returns(64, TrialResult::exitCode)
                .returns("Node second has 2 inputs, but mixture second has 3 choices.", TrialResult::message);
        assertThat(run(folder, new Relaxed(graph(), MIXTURES, 0), 1))
                .returns(65, TrialResult::exitCode)
                .extracting(TrialResult::message)
                .asString()
                .endsWith("has relaxed.derive 0; allowed: at least 1.");
        assertThat(run(folder, new Relaxed(graph(), MIXTURES, 4, "third"), 1))
                .returns(65, TrialResult::exitCode)
                .extracting(TrialResult::message)
                .asString()
                .endsWith("has relaxed.order third; allowed: first, second.");
        assertThatThrownBy(() -> new NetworkBuilder(graph(), Network.Shape.of(List.of(1, 8, 8)), 10).build())
                .hasMessageStartingWith("Node first has the operator choice, which this trainer cannot build");
    }

    private static TrialResult run(Path folder, Relaxed relaxed, int epochs) throws IOException {
        return run(folder, file(relaxed, epochs, 0.003), () -> false);
    }

    private static TrialResult run(Path folder, TrialFile file, BooleanSupplier stopRequested) throws IOException {
        var path = Files.write(folder.resolve("trial.json"), new ObjectMapper().writeValueAsBytes(file));
        return new Trial(path, null, stopRequested).run(false);
    }

    /** The same, but for when epochs ended and how long it all took. */
    private static void assertSame(TrialResult result, TrialResult other) {
        assertThat(result.exitCode()).as(result.message()).isZero();
        assertThat(result)
                .usingRecursiveComparison()
                .ignoringFieldsMatchingRegexes("history.timeMs", "metrics")
                .isEqualTo(other);
        var lasting = new HashMap<>(other.metrics());
        lasting.keySet().removeAll(List.of("trainSeconds", "memoryMiB"));
        assertThat(result.metrics()).containsAllEntriesOf(lasting).hasSameSizeAs(other.metrics());
    }

    /** Four epochs of all that draws numbers. */
    private static TrialFile interruptible(@Nullable Path checkpoints) {
        var plain = Trials.digits().epochs(4);
        var trial = checkpoints == null ? plain : plain.checkpoints(checkpoints);
        var recipe = new Recipe(
                "adamw", 0.003, "cosine", 32, 0.0005, null, 1, 0.1, 5.0, List.of("crop", "mixup"), "balanced");
        return search(trial.recipe(recipe));
    }

    /** A trial that trains open choices. */
    static TrialFile search(Trials trial) {
        return trial.graph(List.of()).file().asking(null, RELAXED, null);
    }

    private static TrialFile file(Relaxed relaxed, int epochs, double rate) {
        return Trials.digits()
                .graph(List.of())
                .epochs(epochs)
                .recipe(new Recipe("adamw", rate, "cosine", 32, 0.0005, null))
                .file()
                .asking(null, relaxed, null);
    }

    /** A stem, an edge that may be nothing, a skip or a convolution, and one beside a skip. */
    static List<GraphNode> graph() {
        var conv = Map.of("filters", 8.0, "kernel", 3.0);
        return Graphs.input(1, 8, 8)
                .block("stem", 8, 3, 2, 8, 4, 4)
                .node("none", "zero", Map.of("stride", 1.0), List.of("stem"), 8, 4, 4)
                .node("conv1", "conv", conv, List.of("stem"), 8, 4, 4)
                .node("norm1", "batchNorm", Map.of(), List.of("conv1"), 8, 4, 4)
                .node("first", "choice", Map.of("mixture", 0.0), List.of("none", "stem", "norm1"), 8, 4, 4)
                .node("relu", "relu", Map.of(), List.of("first"), 8, 4, 4)
                .node("conv2", "conv", conv, List.of("relu"), 8, 4, 4)
                .node("norm2", "batchNorm", Map.of(), List.of("conv2"), 8, 4, 4)
                .node("second", "choice", Map.of("mixture", 1.0), List.of("norm2", "none"), 8, 4, 4)
                .node("sum", "add", Map.of(), List.of("first", "second"), 8, 4, 4)
                .logits(10);
    }
}
