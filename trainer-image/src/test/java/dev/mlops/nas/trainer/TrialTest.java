package dev.mlops.nas.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;
import static org.assertj.core.api.Assertions.within;

import dev.mlops.nas.contract.TrialFile.DatasetRef;
import dev.mlops.nas.contract.TrialFile.GraphNode;
import dev.mlops.nas.contract.TrialFile.Recipe;
import dev.mlops.nas.contract.TrialFile.Split;
import dev.mlops.nas.contract.TrialResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Trials on the optical digits, from file to result. */
class TrialTest {
    @TempDir
    private Path folder;

    @Test
    void aSmallCnnLearnsTheDigitsInTenEpochs() throws IOException {
        var result = Trials.digits().epochs(10).openingTest().run(folder);

        assertThat(result.message()).isNull();
        assertThat(result.exitCode()).isZero();
        assertThat(result.metrics().get("accuracy")).isGreaterThan(0.95);
        assertThat(result.metrics().get("testAccuracy")).isGreaterThan(0.95);
        for (var metric : List.of("macroF1", "testMacroF1", "auc", "testAuc")) {
            assertThat(result.metrics().get(metric)).as(metric).isBetween(0.95, 1.0);
        }
        assertThat(result.history().getLast().macroF1())
                .isEqualTo(result.metrics().get("macroF1"));
        assertThat(result.metrics())
                .contains(entry("validationExamples", 359.0), entry("testExamples", 359.0))
                // 9*16 + 2*16 + 9*16*32 + 2*32 + 9*32*64 + 2*64 + 64*10 + 10; 9*16*64 + 9*16*32*16 + 9*32*64*4 + 640
                .contains(entry("params", 24058.0), entry("macs", 157312.0))
                // With a mean and a variance for each of 16 + 32 + 64 channels.
                .contains(entry("modelBytes", 4 * (24058.0 + 224)))
                .containsKeys(
                        "latencyMs",
                        "latencyP99Ms",
                        "latencySpread",
                        "batchLatencyMs",
                        "trainSeconds",
                        "imagesPerSecond",
                        "loss",
                        "testLoss");
        assertThat(result.metrics().get("latencyMs")).isPositive();
        assertThat(result.metrics().get("latencyP99Ms"))
                .isGreaterThanOrEqualTo(result.metrics().get("latencyMs"));
        assertThat(result.epochs()).isEqualTo(10);
        assertThat(result.history())
                .extracting(TrialResult.Epoch::epoch)
                .containsExactly(1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
        assertThat(result.environment()).containsKeys("device", "threads", "framework");
    }

    @Test
    void latencyIsToldWithHowFarItSpreads() {
        var nanos = new long[100];
        for (int i = 0; i < 100; i++) {
            nanos[99 - i] = (i + 1) * 1_000_000L;
        }
        assertThat(Latency.of(nanos)).isEqualTo(new Latency(51, 99, 80 / 51.0));
        assertThat(Latency.of(new long[] {2_000_000})).isEqualTo(new Latency(2, 2, 0));
    }

    @Test
    void aPerceptronLearnsTheDigitsAsVectors() throws IOException {
        var perceptron = Graphs.input(1, 8, 8)
                .then("flatten", "flatten", Map.of(), 64)
                .then("dense1", "dense", Map.of("units", 64.0), 64)
                .then("norm1", "layerNorm", Map.of(), 64)
                .then("gelu1", "gelu", Map.of(), 64)
                .then("dense2", "dense", Map.of("units", 64.0), 64)
                .then("silu2", "silu", Map.of(), 64)
                .node("sum", "add", Map.of(), List.of("gelu1", "silu2"), 64)
                .logits(10);

        var result = Trials.digits().graph(perceptron).epochs(10).openingTest().run(folder);

        assertThat(result.exitCode()).as(result.message()).isZero();
        assertThat(result.metrics().get("testAccuracy")).isGreaterThan(0.93);
        assertThat(result.metrics())
                .contains(
                        entry("params", 2 * (64 * 64 + 64) + 2 * 64 + 64 * 10 + 10.0), entry("macs", 2 * 4096 + 640.0));
    }

    /** Guessing is right once in eight times, and no position alone knows the answer. */
    @Test
    void attentionLearnsToRecallWhatStandsElsewhere() throws IOException {
        var width = Map.of("units", 32.0);
        var graph = Graphs.input(16, 1, 9)
                .then("sequence", "sequence", Map.of(), 16, 9)
                .then("embed", "dense", width, 32, 9)
                .node("q", "dense", width, List.of("embed"), 32, 9)
                .node("k", "dense", width, List.of("embed"), 32, 9)
                .node("v", "dense", width, List.of("embed"), 32, 9)
                .node("heads", "attention", Map.of("heads", 2.0), List.of("q", "k", "v"), 32, 9)
                .then("out", "dense", width, 32, 9)
                .node("sum", "add", Map.of(), List.of("embed", "out"), 32, 9)
                .then("norm", "layerNorm", Map.of(), 32, 9)
                .then("hidden", "dense", width, 32, 9)
                .then("active", "gelu", Map.of(), 32, 9)
                .head(32, 8);

        var result = Trials.digits()
                .graph(graph)
                .dataset(Trials.dataset("generator:recall?examples=3000", List.of(16, 1, 9), 8))
                .epochs(10)
                .run(folder);

        assertThat(result.message()).isNull();
        assertThat(result.metrics().get("accuracy")).isGreaterThan(0.4);
        assertThat(result.metrics())
                // 17*32 + 5*33*32 + 2*32 + 33*8; 9*(16*32 + 5*32*32) + 2*32*81 + 32*8
                .contains(entry("params", 6152.0), entry("macs", 56128.0));
    }

    @Test
    void aRecurrentNetworkLearnsSignals() throws IOException {
        var graph = Graphs.input(1, 1, 40)
                .then("sequence", "sequence", Map.of(), 1, 40)
                .then("conv", "conv1d", Map.of("filters", 16.0, "kernel", 5.0, "stride", 2.0), 16, 20)
                .then("norm", "batchNorm", Map.of(), 16, 20)
                .then("active", "relu", Map.of(), 16, 20)
                .then("lstm", "lstm", Map.of("units", 16.0), 16, 20)
                .then("gru", "gru", Map.of("units", 16.0, "reverse", 1.0), 16, 20)
                .head(16, 10);

        var result = Trials.digits()
                .graph(graph)
                .dataset(Trials.dataset("generator:mnist-1d?examples=2000", List.of(1, 1, 40), 10))
                .epochs(8)
                .run(folder);

        assertThat(result.message()).isNull();
        assertThat(result.metrics().get("accuracy")).isGreaterThan(0.3);
        assertThat(result.metrics())
                // 5*16 + 2*16 + 4*33*16 + 3*33*16 + 17*10; 5*16*20 + 7*32*16*20 + 160
                .contains(entry("params", 3978.0), entry("macs", 73440.0));
    }

    @Test
    void theSameSeedGivesTheSameMetricsAndAnotherSeedOthers() throws IOException {
        var dropout = Trials.digits()
                .graph(Graphs.input(1, 8, 8)
                        .block("a", 16, 3, 2, 16, 4, 4)
                        .then("drop", "dropout", Map.of("rate", 0.2), 16, 4, 4)
                        .head(16, 10));

        var first = dropout.run(folder);
        var second = dropout.run(folder);
        var other = dropout.seed(2).run(folder);

        assertThat(losses(second)).isEqualTo(losses(first));
        assertThat(losses(other)).isNotEqualTo(losses(first));
    }

    @Test
    void theTestPartStaysClosedUnlessTheTrialOpensIt() throws IOException {
        var result = Trials.digits().epochs(1).run(folder);

        assertThat(result.metrics()).doesNotContainKeys("testAccuracy", "testLoss", "testExamples");
    }

    @ParameterizedTest
    @ValueSource(strings = {"adam", "adamw", "sgd"})
    void everyOptimizerLearns(String optimizer) throws IOException {
        double rate = optimizer.equals("sgd") ? 0.05 : 0.003;

        var result = Trials.digits()
                .epochs(4)
                .recipe(new Recipe(optimizer, rate, "constant", 32, 0.0005, null))
                .run(folder);

        assertThat(result.metrics().get("accuracy")).isGreaterThan(0.85);
    }

    @Test
    void aDivergingTrainingIsAResultOfTheArchitecture() throws IOException {
        var result = Trials.digits()
                .graph(Graphs.input(1, 8, 8)
                        .then("conv", "conv", Map.of("filters", 8.0, "kernel", 3.0), 8, 8, 8)
                        .then("relu", "relu", Map.of(), 8, 8, 8)
                        .logits(10))
                .recipe(new Recipe("sgd", 1e9, "constant", 32, 0.1, null))
                .run(folder);

        assertThat(result.exitCode()).isEqualTo(64);
        assertThat(result.message()).startsWith("Training diverged at epoch 1 of 2");
    }

    @Test
    void aLossThatOnlyRisesEndsTheTrainingBeforeItCostsAllEpochs() throws IOException {
        var result = Trials.digits()
                .epochs(50)
                .graph(Graphs.input(1, 8, 8)
                        .then("flatten", "flatten", Map.of(), 64)
                        .logits(10))
                .recipe(new Recipe("sgd", 50, "constant", 32, 0.04, null))
                .run(folder);

        assertThat(result.exitCode()).isEqualTo(64);
        assertThat(result.message()).contains("the loss rose from").contains("guessing has 2.3026");
        assertThat(result.epochs()).isBetween(1, 10);
    }

    @Test
    void aFullRecipeLearnsAndGoesOnFromACheckpointToTheSameBits() throws IOException {
        var recipe = new Recipe(
                "sgd", 0.1, "cosine", 32, 0.0005, null, 1, 0.1, 1.0, List.of("crop", "cutout", "mixup"), "balanced");
        var whole = Trials.digits().recipe(recipe).epochs(4).run(folder);
        var trial = Trials.digits().recipe(recipe).epochs(4).checkpoints(folder.resolve("checkpoints"));
        var batches = new AtomicInteger();

        var interrupted = trial.run(folder, () -> batches.incrementAndGet() > 50);
        var resumed = trial.run(folder);

        assertThat(whole.metrics().get("accuracy")).isGreaterThan(0.8);
        assertThat(interrupted.exitCode()).isEqualTo(75);
        assertThat(losses(resumed)).isEqualTo(losses(whole));
    }

    @Test
    void clippedGradientsMoveTheWeightsNoFurtherThanTheBound() throws IOException {
        var still = Trials.digits().recipe(regularised(null, null, 1e-6)).run(folder);

        assertThat(still.history().get(1).loss())
                .isCloseTo(still.history().get(0).loss(), within(1e-3));
        assertThat(still.metrics().get("accuracy")).isLessThan(0.5);
    }

    @Test
    void smoothedLabelsKeepTheTrainingLossAboveTheirEntropy() throws IOException {
        var smoothed =
                Trials.digits().epochs(3).recipe(regularised(null, 0.5, null)).run(folder);

        double entropy = -0.55 * Math.log(0.55) - 9 * 0.05 * Math.log(0.05);
        assertThat(smoothed.history().getLast().trainLoss()).isGreaterThan(entropy);
        assertThat(smoothed.metrics().get("accuracy")).isGreaterThan(0.9);
    }

    @Test
    void theRateRisesEvenlyWhileTheTrainingWarmsUp() throws IOException {
        var plain = Trials.digits().epochs(1).schedule(1000).run(folder);
        var warming =
                Trials.digits().epochs(1).recipe(regularised(999, null, null)).run(folder);

        assertThat(plain.metrics().get("accuracy")).isGreaterThan(0.5);
        assertThat(warming.metrics().get("accuracy")).isLessThan(0.4);
    }

    private static Recipe regularised(Integer warmUp, Double smoothing, Double clipping) {
        return new Recipe("sgd", 0.02, "constant", 32, 0, 1000, warmUp, smoothing, clipping, null, null);
    }

    @Test
    void aNetworkThatCannotFitIntoMemoryIsInfeasible() throws IOException {
        var result = Trials.digits()
                .graph(Graphs.input(1, 8, 8)
                        .then("wide", "dense", Map.of("units", 2e9), 2_000_000_000)
                        .logits(10))
                .run(folder);

        assertThat(result.exitCode()).isEqualTo(69);
        assertThat(result.message()).contains("needs more than").contains("MiB of memory");
    }

    @Test
    void anInterruptedTrialGoesOnAsIfNothingHadHappened() throws IOException {
        var trial = Trials.digits().epochs(3).checkpoints(folder.resolve("checkpoints"));
        var whole = Trials.digits().epochs(3).run(folder);
        var batches = new AtomicInteger();

        var interrupted = trial.run(folder, () -> batches.incrementAndGet() > 50);
        var resumedBatches = new AtomicInteger();
        var resumed = trial.run(folder, () -> resumedBatches.incrementAndGet() < 0);

        assertThat(interrupted.exitCode()).isEqualTo(75);
        assertThat(interrupted.message()).contains("epoch 2 of 3").contains("checkpoint is written");
        assertThat(interrupted.epochs()).isEqualTo(1);
        assertThat(resumed.exitCode()).isZero();
        assertThat(losses(resumed)).isEqualTo(losses(whole));
        assertThat(resumedBatches.get()).as("batches left of 3 x 33").isEqualTo(3 * 33 - 50);
        assertThat(folder.resolve("checkpoints")).isEmptyDirectory();
    }

    @Test
    void aPromotedTrialTrainsTheDifferenceOnlyAndEqualsAnUninterruptedTraining() throws IOException {
        var first = folder.resolve("1");
        var second = folder.resolve("2");
        var whole = Trials.digits().epochs(3).openingTest().run(folder);

        var low = Trials.digits().epochs(1).schedule(3).checkpoints(first).run(folder);
        var batches = new AtomicInteger();
        var middle = Trials.digits()
                .epochs(2)
                .schedule(3)
                .checkpoints(second)
                .resuming(first)
                .run(folder, () -> batches.incrementAndGet() < 0);
        var high = Trials.digits()
                .epochs(3)
                .schedule(3)
                .openingTest()
                .checkpoints(folder.resolve("3"))
                .resuming(second)
                .run(folder, () -> batches.incrementAndGet() < 0);

        assertThat(batches.get()).as("two epochs of 33 batches").isEqualTo(2 * 33);
        assertThat(losses(low)).isEqualTo(losses(whole).subList(0, 5));
        assertThat(losses(middle)).isEqualTo(losses(whole).subList(0, 10));
        assertThat(losses(high)).isEqualTo(losses(whole));
        assertThat(high.metrics().get("testLoss")).isEqualTo(whole.metrics().get("testLoss"));
        assertThat(List.of(first, second)).allSatisfy(f -> assertThat(f).isEmptyDirectory());
    }

    @Test
    void aPromotedTrialWithoutACheckpointTrainsFromScratchToTheSameResult() throws IOException {
        var left = folder.resolve("left");
        Trials.digits().seed(5).epochs(1).schedule(2).checkpoints(left).run(folder);
        var batches = new AtomicInteger();
        var promoted = Trials.digits().schedule(2).resuming(left).run(folder, () -> batches.incrementAndGet() < 0);
        assertThat(batches.get()).isEqualTo(2 * 33);
        assertThat(losses(promoted)).isEqualTo(losses(Trials.digits().run(folder)));
        assertThat(left).as("another training's checkpoint").isNotEmptyDirectory();
    }

    @Test
    void aTrialOnAPartOfTheDataTrainsOnThatPartOnly() throws IOException {
        var batches = new AtomicInteger();

        var result =
                Trials.digits().epochs(2).dataset(lower(0.25, null)).run(folder, () -> batches.incrementAndGet() < 0);

        assertThat(batches.get()).as("two epochs of 275 examples").isEqualTo(2 * 8);
        assertThat(result.metrics())
                .contains(entry("validationExamples", 359.0), entry("params", 24058.0))
                .containsKey("latencyMs");
    }

    @Test
    void aSmallerNetworkInTheArchitecturesPlaceLearnsAndReportsNoCosts() throws IOException {
        var network = Graphs.input(1, 4, 5)
                .block("a", 16, 3, 1, 16, 4, 5)
                .block("b", 32, 3, 2, 32, 2, 3)
                .head(32, 10);

        var result = Trials.digits()
                .epochs(8)
                .graph(network)
                .dataset(lower(null, List.of(4, 5)))
                .asProxy()
                .run(folder);

        assertThat(result.exitCode()).as(result.message()).isZero();
        assertThat(result.metrics().get("accuracy")).isGreaterThan(0.85);
        assertThat(result.metrics().keySet())
                .contains("trainSeconds", "memoryMiB")
                .doesNotContainAnyElementsOf(TrialResult.NETWORK_COSTS);
    }

    @Test
    void aFidelityThatCannotBeIsRefused() throws IOException {
        assertThat(Trials.digits().dataset(lower(0.0, null)).run(folder).message())
                .contains("dataset.fraction 0.0; allowed: above 0, at most 1");
        assertThat(Trials.digits()
                        .dataset(lower(null, List.of(9, 8)))
                        .run(folder)
                        .message())
                .contains("dataset.resolution [9, 8]; allowed: height and width");
    }

    @Test
    void strokesAreLearnedByConvolutions() throws IOException {
        var result = Trials.digits()
                .graph(Graphs.input(1, 16, 16)
                        .block("a", 16, 3, 1, 16, 16, 16)
                        .block("b", 32, 3, 2, 32, 8, 8)
                        .block("c", 48, 3, 2, 48, 4, 4)
                        .head(48, 8))
                .dataset(Trials.dataset("generator:strokes?examples=2000", List.of(1, 16, 16), 8))
                .epochs(8)
                .run(folder);

        // Guessing is right in an eighth.
        assertThat(result.metrics().get("accuracy")).isGreaterThan(0.45);
    }

    private static DatasetRef lower(Double fraction, List<Integer> resolution) {
        return new DatasetRef(
                "digits.csv.gz",
                "csv",
                null,
                -1,
                null,
                List.of(1, 8, 8),
                10,
                new Split(0.6, 0.2, 0.2),
                fraction,
                resolution,
                null);
    }

    @Test
    void aDamagedCheckpointOrOneOfAnotherTrialIsIgnored() throws IOException {
        var checkpoints = folder.resolve("checkpoints");
        var trial = Trials.digits().checkpoints(checkpoints);
        var batches = new AtomicInteger();
        trial.run(folder, () -> batches.incrementAndGet() > 40);
        Path file;
        try (var files = Files.list(checkpoints)) {
            file = files.findFirst().orElseThrow();
        }
        var bytes = Files.readAllBytes(file);

        bytes[bytes.length / 2] ^= 1;
        Files.write(file, bytes);
        var afterDamage = trial.run(folder);
        Files.write(file, Arrays.copyOf(bytes, 100));
        var afterCut = trial.run(folder);
        trial.run(folder, () -> true);
        var otherSeed = trial.seed(5).run(folder);

        var whole = losses(Trials.digits().run(folder));
        assertThat(losses(afterDamage)).isEqualTo(whole);
        assertThat(losses(afterCut)).isEqualTo(whole);
        assertThat(losses(otherSeed)).isEqualTo(losses(Trials.digits().seed(5).run(folder)));
    }

    @Test
    void aDamagedCheckpointFallsBackToTheOneBefore() throws IOException {
        var checkpoints = folder.resolve("checkpoints");
        var trial = Trials.digits().epochs(4).checkpoints(checkpoints);
        var batches = new AtomicInteger();
        trial.run(folder, () -> batches.incrementAndGet() > 3 * 33 + 5);
        Path last;
        try (var files = Files.list(checkpoints)) {
            last = files.filter(f -> f.toString().endsWith(".checkpoint"))
                    .findFirst()
                    .orElseThrow();
        }
        Files.write(last, Arrays.copyOf(Files.readAllBytes(last), 1000));

        var left = new AtomicInteger();
        var resumed = trial.run(folder, () -> left.incrementAndGet() < 0);

        assertThat(left.get()).as("the fourth epoch, from the end of the third").isEqualTo(33);
        assertThat(losses(resumed)).isEqualTo(losses(Trials.digits().epochs(4).run(folder)));
        assertThat(checkpoints).isEmptyDirectory();
    }

    @Test
    void aCheckpointThatCannotBeWrittenCostsNoTrial() throws IOException {
        var occupied = Files.writeString(folder.resolve("occupied"), "a file in place of a folder");
        var trial = Trials.digits().checkpoints(occupied);

        assertThat(trial.run(folder).exitCode()).isZero();
        var terminated = trial.run(folder, () -> true);
        assertThat(terminated.exitCode()).isEqualTo(75);
        assertThat(terminated.message()).endsWith("the checkpoint could not be written.");
    }

    @Test
    void batchesThatDoNotFitIntoMemoryAreHalvedOnce() throws IOException {
        var trial = Trials.digits().epochs(1).recipe(new Recipe("adamw", 0.003, "cosine", 1024, 0, null));

        long bytes = 4L << 20;
        var tooLarge = withMemory(trial, bytes);
        var least = tooLarge;
        while (least.exitCode() == 69) {
            bytes += 4L << 20;
            least = withMemory(trial, bytes);
        }

        assertThat(tooLarge.exitCode()).isEqualTo(69);
        assertThat(least.exitCode()).as(least.message()).isZero();
        assertThat(least.environment()).containsEntry("batchSize", "512, half of the recipe's, for lack of memory");
        assertThat(trial.run(folder).environment()).doesNotContainKey("batchSize");
    }

    private TrialResult withMemory(Trials trial, long bytes) throws IOException {
        return new Trial(trial.write(folder), null, () -> false, () -> new MemoryLimit(bytes)).run(false);
    }

    @Test
    void aStackOfFourHundredNodesTrains() throws IOException {
        var result = Trials.digits().graph(deep(98)).run(folder);

        assertThat(result.message()).isNull();
        assertThat(result.exitCode()).isZero();
        assertThat(result.history().get(1).trainLoss())
                .isLessThan(result.history().get(0).trainLoss());
    }

    /** Residual blocks of four nodes on a stem. */
    static List<GraphNode> deep(int blocks) {
        var graph = Graphs.input(1, 8, 8).block("stem", 8, 3, 2, 8, 4, 4);
        var before = "stem";
        for (int i = 0; i < blocks; i++) {
            var name = "block" + i;
            graph.block(name, 8, 1, 1, 8, 4, 4).node(name + "-sum", "add", Map.of(), List.of(before, name), 8, 4, 4);
            before = name + "-sum";
        }
        return graph.head(8, 10);
    }

    private static List<Double> losses(TrialResult result) {
        return result.history().stream()
                .flatMap(epoch ->
                        Stream.of(epoch.trainLoss(), epoch.loss(), epoch.accuracy(), epoch.macroF1(), epoch.auc()))
                .toList();
    }
}
