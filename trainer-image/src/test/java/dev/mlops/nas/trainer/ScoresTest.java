package dev.mlops.nas.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.mlops.nas.contract.ScoreFile;
import dev.mlops.nas.contract.ScoreFile.Scored;
import dev.mlops.nas.contract.TrialFile.Architecture;
import dev.mlops.nas.contract.TrialFile.GraphNode;
import dev.mlops.nas.contract.TrialFile.Scoring;
import dev.mlops.nas.contract.TrialResult;
import dev.mlops.nas.trainer.Network.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Training-free scores against what can be computed by hand, and the job that computes them for many architectures. */
class ScoresTest {
    private static final int SEED = 3;

    @TempDir
    private Path folder;

    /** Without biases each layer of a chain of weights and relus passes on the whole flow: their sum is layers times output. */
    @ParameterizedTest
    @ValueSource(ints = {1, 4, 60})
    void synflowOfAChainIsItsOutputTimesItsLayersAlsoWhereFloatsOverflow(int layers) {
        var graph = perceptron(64, layers);
        var weights = Network.of(graph, Shape.flat(64), 4, SEED, new MemoryLimit(1 << 30))
                .parameters()
                .values()
                .toFloatVector();

        double logarithm = 0;
        var signal = new double[64];
        Arrays.fill(signal, 1);
        for (int layer = 0, from = 0; layer < layers; layer++) {
            int units = layer == layers - 1 ? 4 : 64;
            var next = new double[units];
            for (int i = 0; i < signal.length * units; i++) {
                next[i % units] += signal[i / units] * Math.abs(weights[from + i]);
            }
            from += signal.length * units;
            double sum = Arrays.stream(next).sum();
            logarithm += Math.log(sum);
            signal = Arrays.stream(next).map(v -> v / sum).toArray();
        }

        assertThat(scores(graph).get("synflow")).isCloseTo(logarithm + Math.log(layers), within(1e-3 * logarithm));
    }

    @Test
    void gradNormIsTheLengthOfTheGradient() {
        var graph = perceptron(64, 1);
        var examples = random();
        var weights = Network.of(graph, Shape.flat(64), 4, SEED, new MemoryLimit(1 << 30))
                .parameters()
                .values()
                .toFloatVector();

        var gradient = new double[64][4];
        for (int row = 0; row < Scores.BATCH; row++) {
            var probabilities = new double[4];
            double total = 0;
            for (int c = 0; c < 4; c++) {
                double logit = 0;
                for (int i = 0; i < 64; i++) {
                    logit += examples.features()[row * 64 + i] * weights[i * 4 + c];
                }
                probabilities[c] = Math.exp(logit);
                total += probabilities[c];
            }
            for (int c = 0; c < 4; c++) {
                double error = probabilities[c] / total - (Trials.labels(examples)[row] == c ? 1 : 0);
                for (int i = 0; i < 64; i++) {
                    gradient[i][c] += examples.features()[row * 64 + i] * error / Scores.BATCH;
                }
            }
        }
        double squares = 0;
        for (var line : gradient) {
            for (double value : line) {
                squares += value * value;
            }
        }

        assertThat(scores(graph).get("gradNorm")).isCloseTo(Math.sqrt(squares), within(1e-4));
    }

    /** Each of 64 units is on for one half-space: the matrix counts agreements, at most 64 of them. */
    @Test
    void naswotIsBelowThatOfExamplesThatShareNothingAndGrowsWithWidth() {
        double narrow = scores(perceptron(64, 2)).get("naswot");
        double wide = scores(perceptron(256, 2)).get("naswot");

        assertThat(narrow).isPositive().isLessThan(Scores.BATCH * Math.log(64));
        assertThat(wide).isGreaterThan(narrow).isLessThan(Scores.BATCH * Math.log(256));
    }

    @Test
    void anArchitectureWithoutUnitsThatSwitchHasNoNaswot() {
        assertThat(scores(perceptron(64, 1))).containsOnlyKeys("params", "macs", "gradNorm", "synflow");
    }

    @Test
    void theLogarithmOfADeterminantExistsWhereTheMatrixIsRegular() {
        assertThat(Scores.logDeterminant(new double[][] {{4, 2, 0}, {2, 5, 1}, {0, 1, 3}}))
                .hasValueCloseTo(Math.log(44), within(1e-12));
        assertThat(Scores.logDeterminant(new double[][] {{1, 1}, {1, 1}})).isEmpty();
    }

    @Test
    void oneJobScoresManyArchitecturesAndSaysWhichCannotBeBuilt() throws IOException {
        var dropout = Graphs.input(1, 8, 8)
                .block("a", 16, 3, 2, 16, 4, 4)
                .then("drop", "dropout", Map.of("rate", 0.5), 16, 4, 4)
                .head(16, 10);
        var strange =
                Graphs.input(1, 8, 8).then("odd", "hypercube", Map.of(), 8).logits(10);
        var graphs = List.of(Graphs.smallCnn(), strange, dropout, TrialTest.deep(98));

        var result = score(graphs, () -> false);
        var scored = scored();

        assertThat(result.exitCode()).as(result.message()).isZero();
        assertThat(result.metrics()).containsEntry("scored", 4.0).containsKey("scoreSeconds");
        assertThat(scored).extracting(Scored::name).containsExactly("0", "1", "2", "3");
        assertThat(scored.get(0).scores())
                .containsOnlyKeys("params", "macs", "gradNorm", "synflow", "naswot")
                .containsEntry("params", 24058.0)
                .containsEntry("macs", 157312.0);
        assertThat(scored.get(1).scores()).isEmpty();
        assertThat(scored.get(1).message()).startsWith("Node odd has the operator hypercube");
        assertThat(List.of(scored.get(2), scored.get(3)))
                .allSatisfy(s -> assertThat(s.scores()).hasSize(5));

        score(graphs, () -> false);
        assertThat(scored()).as("the same again").isEqualTo(scored);
    }

    @Test
    void theJobScoresByWeightsThatAllShareWhereAskedTo() throws IOException {
        var strange =
                Graphs.input(1, 8, 8).then("odd", "hypercube", Map.of(), 8).logits(10);
        var file = write(List.of(strange, Graphs.smallCnn()));
        Files.writeString(
                file,
                Files.readString(file).replaceFirst("\\{\"architectures\"", "{\"sharedEpochs\":3,\"architectures\""));

        var result = new Trial(file, null, () -> false).run(false);

        assertThat(result.exitCode()).as(result.message()).isZero();
        assertThat(scored().get(0).scores()).isEmpty();
        assertThat(scored().get(1).scores().get("sharedAccuracy")).isGreaterThan(0.8);
        assertThat(scored().get(1).scores()).hasSize(6);

        Files.writeString(file, Files.readString(file).replace("\"sharedEpochs\":3", "\"sharedEpochs\":0"));
        assertThat(new Trial(file, null, () -> false).run(false).message())
                .endsWith("has scoring.sharedEpochs 0; allowed: at least 1.");
    }

    @Test
    void aTrialReportsTheScoresOfItsNetworkBeforeTrainingWhereAskedTo() throws IOException {
        var file = Trials.digits().epochs(1).write(folder);
        var plain = new Trial(file, null, () -> false).run(false);
        Files.writeString(file, Files.readString(file).replaceFirst("\\{", "{\"reportScores\":true,"));
        var scoring = new Trial(file, null, () -> false).run(false);
        score(List.of(Graphs.smallCnn()), () -> false);

        assertThat(plain.metrics()).doesNotContainKeys("synflow", "naswot", "gradNorm");
        assertThat(scoring.metrics()).containsAllEntriesOf(scored().getFirst().scores());
        assertThat(scoring.metrics().get("loss"))
                .as("trained as if it had not been scored")
                .isEqualTo(plain.metrics().get("loss"));
    }

    @Test
    void aJobThatIsTerminatedLeavesWith75AndNoFile() throws IOException {
        var result = score(List.of(Graphs.smallCnn()), () -> true);

        assertThat(result.exitCode()).isEqualTo(75);
        assertThat(result.message()).isEqualTo("Terminated after 0 of 1 architectures were scored.");
        assertThat(folder.resolve("scores.json")).doesNotExist();
    }

    @Test
    void anOrderToScoreWithoutAPlaceForTheScoresIsRefused() throws IOException {
        var file = write(List.of(Graphs.smallCnn()));
        Files.writeString(file, Files.readString(file).replaceFirst("\"scores\":\"[^\"]*\"", "\"scores\":null"));

        var result = new Trial(file, null, () -> false).run(false);

        assertThat(result.exitCode()).isEqualTo(65);
        assertThat(result.message()).endsWith("lacks the field scoring.scores.");
    }

    private List<Scored> scored() throws IOException {
        return new ObjectMapper()
                .readValue(folder.resolve("scores.json").toFile(), ScoreFile.class)
                .architectures();
    }

    private TrialResult score(List<List<GraphNode>> graphs, BooleanSupplier stopRequested) throws IOException {
        return new Trial(write(graphs), null, stopRequested).run(false);
    }

    private Path write(List<List<GraphNode>> graphs) throws IOException {
        var plain = Trials.digits().graph(List.of()).file();
        var scoring = new Scoring(
                IntStream.range(0, graphs.size())
                        .mapToObj(i -> new Architecture(Integer.toString(i), graphs.get(i)))
                        .toList(),
                folder.resolve("scores.json").toString(),
                null);
        var file = plain.asking(scoring, null, null);
        return Files.write(folder.resolve("trial.json"), new ObjectMapper().writeValueAsBytes(file));
    }

    private static Map<String, Double> scores(List<GraphNode> graph) {
        var rows = IntStream.range(0, Scores.BATCH).toArray();
        return new Scores(graph, random(), SEED).of(rows);
    }

    /** Dense layers with relus between them, from 64 numbers to four classes. */
    private static List<GraphNode> perceptron(int units, int layers) {
        var graph = Graphs.input(64);
        for (int i = 1; i < layers; i++) {
            graph.then("dense" + i, "dense", Map.of("units", (double) units), units)
                    .then("relu" + i, "relu", Map.of(), units);
        }
        return graph.logits(4);
    }

    private static Examples random() {
        var random = new SplittableRandom(1);
        var features = new float[Scores.BATCH * 64];
        for (int i = 0; i < features.length; i++) {
            features[i] = (float) (2 * random.nextDouble() - 1);
        }
        var labels = new int[Scores.BATCH];
        Arrays.setAll(labels, i -> i % 4);
        return new Examples("random", Shape.flat(64), features, new Targets.Labels(4, labels));
    }
}
