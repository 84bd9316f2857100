package dev.mlops.nas.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.mlops.nas.contract.ExitCode;
import dev.mlops.nas.contract.TrialFile;
import dev.mlops.nas.contract.TrialFile.DatasetRef;
import dev.mlops.nas.contract.TrialFile.Folders;
import dev.mlops.nas.contract.TrialFile.GraphNode;
import dev.mlops.nas.contract.TrialFile.Recipe;
import dev.mlops.nas.contract.TrialFile.Split;
import dev.mlops.nas.contract.TrialResult;
import dev.mlops.nas.trainer.Augmentation.Mixing;
import dev.mlops.nas.trainer.Network.Shape;
import dev.mlops.nas.trainer.Targets.Numbers;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Trials whose examples have numbers in place of labels. */
class RegressionTest {
    private static final Split SPLIT = new Split(0.6, 0.2, 0.2);
    private static final Recipe RECIPE = new Recipe("adamw", 0.01, "cosine", 32, 1e-4, null);

    @TempDir
    private Path folder;

    @Test
    void aNetworkComesCloseToTheNoiseOfFriedmansTable() throws IOException {
        var result = run(file(data("generator:friedman?examples=3000", 10, 1), perceptron(10, 1), 40, RECIPE));

        assertThat(result.message()).isNull();
        // Nothing is below the noise of 1, and the numbers have a deviation of 5.
        assertThat(result.metrics().get("testRmse")).isBetween(0.9, 1.4);
        assertThat(result.metrics().get("testR2")).isBetween(0.9, 1.0);
        assertThat(result.metrics().get("testMae")).isLessThan(result.metrics().get("testRmse"));
        assertThat(result.metrics().get("testRmseSe")).isBetween(0.02, 0.1);
        assertThat(result.metrics()).containsKeys("rmse", "r2", "loss", "testLoss", "testLossSe", "latencyMs");
        assertThat(result.metrics()).doesNotContainKeys("accuracy", "testAccuracy", "macroF1");
        assertThat(result.history()).allSatisfy(e -> {
            assertThat(e.rmse()).isPositive();
            assertThat(e.accuracy()).isNull();
        });
    }

    /** Metrics are in the data's own units, losses are not. */
    @Test
    void otherUnitsGiveTheSameNetwork() throws IOException {
        var metres = run(file(csv("metres.csv", 1, 0), perceptron(2, 1), 5, RECIPE));
        var millimetres = run(file(csv("millimetres.csv", 1000, 5e4), perceptron(2, 1), 5, RECIPE));

        assertThat(millimetres.metrics().get("rmse"))
                .isCloseTo(1000 * metres.metrics().get("rmse"), within(1.0));
        assertThat(millimetres.metrics().get("loss")).isCloseTo(metres.metrics().get("loss"), within(1e-3));
        assertThat(millimetres.metrics().get("r2")).isCloseTo(metres.metrics().get("r2"), within(1e-3));
    }

    @Test
    void severalTargetsAreLearnedTogetherAndForetoldInTheirUnits() throws IOException {
        var lines = new ArrayList<String>();
        var random = new SplittableRandom(5);
        for (int i = 0; i < 500; i++) {
            double a = random.nextDouble();
            double b = random.nextDouble();
            lines.add("%s,%s,%s,%s".formatted(100 * (a + b), a - b, a, b));
        }
        Files.write(folder.resolve("two.csv"), lines);
        var dataset = new DatasetRef("two.csv", "csv", null, 0, null, List.of(2, 1, 1), 0, SPLIT, null, null, 2);

        Path model = folder.resolve("model");
        var result = run(file(dataset, perceptron(2, 2), 60, RECIPE, model));

        assertThat(result.metrics().get("testR2")).isGreaterThan(0.98);
        assertThat(result.metrics()).containsKeys("exportedLatencyMs", "exportedBatchLatencyMs");
        Files.writeString(folder.resolve("new.csv"), "0.5,0.5\n1,0\n");
        var out = new ByteArrayOutputStream();
        Prediction.predict(
                model, folder.resolve("new.csv").toString(), new PrintStream(out, true, StandardCharsets.UTF_8));
        var predicted = out.toString(StandardCharsets.UTF_8).lines().toList();
        assertThat(predicted).hasSize(3).startsWith("value1,value2");
        var first = numbers(predicted.get(1));
        var second = numbers(predicted.get(2));
        assertThat(first[0]).isCloseTo(100, within(15.0));
        assertThat(first[1]).isCloseTo(0, within(0.15));
        assertThat(second[1]).isCloseTo(1, within(0.2));
    }

    @Test
    void metricsAreThoseOfTheTextbook() {
        var numbers = new Numbers(1, new float[] {1, 2, 3, 6});
        numbers.measure(new int[] {0, 1, 2, 3});

        var score = new Regressed(new float[] {2, 2, 3, 3}, numbers, new int[] {0, 1, 2, 3}).score();

        assertThat(score.of("rmse")).isCloseTo(Math.sqrt(10 / 4.0), within(1e-9));
        assertThat(score.of("mae")).isCloseTo(1, within(1e-9));
        // squared errors 10, squared distances from the mean of 3: 4 + 1 + 0 + 9
        assertThat(score.of("r2")).isCloseTo(1 - 10 / 14.0, within(1e-9));
        assertThat(score.loss()).isCloseTo(10 / 4.0 / (14 / 4.0), within(1e-9));
        assertThat(new Regressed(new float[] {1}, numbers, new int[] {0})
                        .score()
                        .of("r2"))
                .isNaN();
    }

    @Test
    void theGradientOfTheLossIsItsSlope() {
        var numbers = new Numbers(2, new float[] {1, 40, 2, 10, 4, 30});
        numbers.measure(new int[] {0, 1, 2});
        int[] rows = {2, 0};
        float[] at = {0.3f, -0.7f, 1.1f, 0.2f};
        for (var mixing : List.of(Mixing.NONE, new Mixing(new int[] {1, 0}, 0.75f))) {
            var gradient = at.clone();
            numbers.differentiate(gradient, rows, mixing);
            for (int i = 0; i < at.length; i++) {
                double slope =
                        (moved(numbers, at, i, 1e-2f, rows, mixing) - moved(numbers, at, i, -1e-2f, rows, mixing))
                                / 2e-2;
                assertThat(gradient[i]).isCloseTo((float) slope, within(1e-3f));
            }
        }
    }

    private static double moved(Numbers numbers, float[] at, int which, float by, int[] rows, Mixing mixing) {
        var moved = at.clone();
        moved[which] += by;
        return numbers.differentiate(moved, rows, mixing);
    }

    @Test
    void partsAreDrawnBySeedAndDisjoint() {
        var examples = new Examples("test", Shape.flat(1), new float[100], new Numbers(1, new float[100]));

        var one = Partition.of(examples, SPLIT, 1);

        assertThat(one.train()).hasSize(60);
        assertThat(IntStream.concat(
                                IntStream.of(one.train()),
                                IntStream.concat(IntStream.of(one.validation()), IntStream.of(one.test())))
                        .distinct())
                .hasSize(100);
        assertThat(Partition.of(examples, SPLIT, 1).train()).isEqualTo(one.train());
        assertThat(Partition.of(examples, SPLIT, 2).train()).isNotEqualTo(one.train());
        assertThat(one.withLessToLearnFrom(examples, 0.5, 1).train()).hasSize(30);
    }

    @Test
    void arraysOfFloatsAreRead() throws IOException {
        idx("x.idx", new int[] {4, 2}, 1, 2, 3, 4, 5, 6, 7, 8);
        idx("y.idx", new int[] {4}, 0.5f, 1.5f, -2, 7);
        var examples = DataLoader.load(
                new DatasetRef("x.idx", "idx", "y.idx", -1, null, List.of(2, 1, 1), 0, SPLIT, null, null, 1), folder);

        assertThat(((Numbers) examples.targets()).values()).containsExactly(0.5f, 1.5f, -2, 7);
        assertRefused(
                new DatasetRef("x.idx", "idx", "y.idx", -1, null, List.of(2, 1, 1), 0, SPLIT, null, null, 2),
                "y.idx must hold 2 float(s) for each example");
    }

    @Test
    void badRowsAreNamedByLine() throws IOException {
        Files.writeString(folder.resolve("d.csv"), "a,b,y\n1,2,3\n1,2,cheap\n");
        assertRefused(data("d.csv", 2, 1), "d.csv, line 3, column 3: \"cheap\" is not a number");
        Files.writeString(folder.resolve("d.csv"), "1,2,3\n1,2,NaN\n");
        assertRefused(data("d.csv", 2, 1), "line 2, column 3 is NaN");
        Files.writeString(folder.resolve("d.csv"), "1,2,3\n");
        assertRefused(data("d.csv", 2, 2), "line 1 has 3 columns, but shape [2, 1, 1] needs 2 values and 2 of targets");
        assertRefused(data("generator:friedman", 9, 1), "makes examples of shape [10, 1, 1] with 1 target");
    }

    @Test
    void whatIsForLabelsIsRefused() throws IOException {
        var data = data("generator:friedman", 10, 1);
        var graph = perceptron(10, 1);
        var smoothing = new Recipe("adamw", 0.01, "cosine", 32, 0, null, null, 0.1, null, null, null);
        var weights = new Recipe("adamw", 0.01, "cosine", 32, 0, null, null, null, null, null, "balanced");

        assertThat(run(file(data, graph, 1, smoothing)).message())
                .contains("recipe.labelSmoothing 0.1; allowed: 0 with dataset.targets");
        assertThat(run(file(data, graph, 1, weights)).message())
                .contains("recipe.classWeights balanced; allowed: uniform with dataset.targets");
    }

    private void assertRefused(DatasetRef dataset, String sentence) {
        assertThatThrownBy(() -> DataLoader.load(dataset, folder))
                .isInstanceOfSatisfying(
                        TrialException.class, e -> assertThat(e.code()).isEqualTo(ExitCode.DATA))
                .hasMessageContaining(sentence);
    }

    private void idx(String name, int[] sides, float... values) throws IOException {
        try (var out = new DataOutputStream(Files.newOutputStream(folder.resolve(name)))) {
            out.writeInt(0x0d00 + sides.length);
            for (int side : sides) {
                out.writeInt(side);
            }
            for (float value : values) {
                out.writeFloat(value);
            }
        }
    }

    /** A line in two columns with a little noise, in units of one's choice. */
    private DatasetRef csv(String name, double unit, double zero) throws IOException {
        var random = new SplittableRandom(3);
        var lines = new ArrayList<String>();
        for (int i = 0; i < 300; i++) {
            double a = random.nextDouble();
            double b = random.nextDouble();
            lines.add(a + "," + b + "," + (zero + unit * (3 * a - b + 0.1 * random.nextDouble())));
        }
        Files.write(folder.resolve(name), lines);
        return data(name, 2, 1);
    }

    private static double[] numbers(String line) {
        return List.of(line.split(",", -1)).stream()
                .mapToDouble(Double::parseDouble)
                .toArray();
    }

    private static DatasetRef data(String uri, int columns, int targets) {
        return new DatasetRef(uri, "csv", null, -1, null, List.of(columns, 1, 1), 0, SPLIT, null, null, targets);
    }

    private static List<GraphNode> perceptron(int columns, int targets) {
        return Graphs.input(columns, 1, 1)
                .then("flat", "flatten", Map.of(), columns)
                .then("hidden", "dense", Map.of("units", 32.0), 32)
                .then("relu", "relu", Map.of(), 32)
                .logits(targets);
    }

    private TrialFile file(DatasetRef dataset, List<GraphNode> graph, int epochs, Recipe recipe) {
        return file(dataset, graph, epochs, recipe, null);
    }

    private TrialFile file(DatasetRef dataset, List<GraphNode> graph, int epochs, Recipe recipe, @Nullable Path model) {
        return new TrialFile(
                TrialFile.VERSION_OF_NUMBERS,
                "numbers",
                "numbers-00001",
                graph,
                Map.of(),
                dataset,
                epochs,
                1,
                7,
                recipe,
                true,
                new Folders(folder.toString(), null, null, model == null ? null : model.toString()));
    }

    private TrialResult run(TrialFile file) throws IOException {
        Path path = Files.write(folder.resolve("trial.json"), new ObjectMapper().writeValueAsBytes(file));
        return new Trial(path, null, () -> false).run(false);
    }
}
