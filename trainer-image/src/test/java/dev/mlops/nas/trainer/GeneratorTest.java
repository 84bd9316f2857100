package dev.mlops.nas.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.mlops.nas.contract.ExitCode;
import dev.mlops.nas.contract.TrialFile.DatasetRef;
import dev.mlops.nas.contract.TrialFile.Split;
import dev.mlops.nas.trainer.Targets.Labels;
import dev.mlops.nas.trainer.Targets.Numbers;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Data that is made instead of read. */
class GeneratorTest {
    private static final List<Integer> SIGNAL = List.of(1, 1, 40);
    private static final List<Integer> SEQUENCE = List.of(16, 1, 9);
    private static final List<Integer> TABLE = List.of(21, 1, 1);

    @TempDir
    private Path folder;

    @Test
    void anAddressAlwaysGivesTheSameExamples() {
        var first = load("generator:mnist-1d", SIGNAL, 10);
        var again = load("generator:mnist-1d?examples=5000&seed=0", SIGNAL, 10);
        var other = load("generator:mnist-1d?seed=1", SIGNAL, 10);

        assertThat(first.count()).isEqualTo(5_000);
        assertThat(again.features()).isEqualTo(first.features());
        assertThat(other.features()).isNotEqualTo(first.features());
        assertThat(Arrays.stream(Trials.labels(first)).filter(label -> label == 7))
                .hasSize(500);
    }

    /** What a trainer reads that knows no generators. */
    @ParameterizedTest
    @CsvSource({"mnist-1d, 10, ", "recall, 8, ", "waveform, 3, ", "sales, 0, 1"})
    void printedAsATableTheExamplesAreTheVerySame(String name, int classes, @Nullable Integer targets)
            throws IOException {
        var made = Generator.load("generator:" + name + "?examples=200");
        try (var out = new PrintStream(folder.resolve("made.csv").toFile(), StandardCharsets.US_ASCII)) {
            Generation.print("generator:" + name + "?examples=200", out);
        }
        var shape = made.shape();
        var dataset = new DatasetRef(
                "made.csv",
                "csv",
                null,
                -1,
                null,
                List.of(shape.channels(), shape.height(), shape.width()),
                classes,
                new Split(0.6, 0.2, 0.2),
                null,
                null,
                targets);

        var read = DataLoader.load(dataset, folder);

        assertThat(read.features()).isEqualTo(made.features());
        switch (made.targets()) {
            case Labels labels -> assertThat(Trials.labels(read)).isEqualTo(labels.of());
            case Numbers numbers ->
                assertThat(((Numbers) read.targets()).values()).isEqualTo(numbers.values());
        }
    }

    /** Figures of 5,000 signals by the published procedure in NumPy and SciPy, with other random numbers. */
    @Test
    void signalsAreLikeThoseOfThePublishedProcedure() {
        var examples = load("generator:mnist-1d", SIGNAL, 10);
        assertThat(deviation(examples, 0, 10)).isCloseTo(0.155, within(0.003));
        assertThat(deviation(examples, 0, 1)).isCloseTo(0.187, within(0.006));
        assertThat(deviation(examples, 4, 5)).isCloseTo(0.136, within(0.006));
        assertThat(values(examples, 0, 1).average().orElseThrow()).isCloseTo(0.065, within(0.01));
        assertThat(values(examples, 6, 7).average().orElseThrow()).isCloseTo(-0.065, within(0.01));
        double steps = IntStream.range(1, examples.features().length)
                .filter(i -> i % 40 > 0)
                .mapToDouble(i -> Math.abs(examples.features()[i] - examples.features()[i - 1]))
                .average()
                .orElseThrow();
        assertThat(steps).isCloseTo(0.0664, within(0.001));
    }

    private static double deviation(Examples examples, int from, int to) {
        double mean = values(examples, from, to).average().orElseThrow();
        return Math.sqrt(values(examples, from, to)
                .map(v -> (v - mean) * (v - mean))
                .average()
                .orElseThrow());
    }

    /** All points of some digits. */
    private static DoubleStream values(Examples examples, int from, int to) {
        return IntStream.range(0, examples.features().length)
                .filter(i -> Trials.labels(examples)[i / 40] >= from && Trials.labels(examples)[i / 40] < to)
                .mapToDouble(i -> examples.features()[i]);
    }

    @Test
    void theValueOfTheLastKeyIsTheLabel() {
        var examples = load("generator:recall?examples=400&seed=3", SEQUENCE, 8);
        for (int i = 0; i < examples.count(); i++) {
            var example = Arrays.copyOfRange(examples.features(), i * 144, (i + 1) * 144);
            int asked = one(example, 8 * 16, 8);
            int place = IntStream.range(0, 8)
                    .filter(p -> one(example, p * 16, 8) == asked)
                    .findFirst()
                    .orElseThrow();
            assertThat(one(example, place * 16 + 8, 8)).isEqualTo(Trials.labels(examples)[i]);
            assertThat(one(example, 8 * 16 + 8, 8)).isEqualTo(-1);
        }
    }

    /** A line has the least ink and a square the most but a circle; without the noise the paper is 0, the ink at most 1. */
    @Test
    void strokesHaveTheInkOfTheirFigures() {
        var examples = load("generator:strokes?examples=8000", List.of(1, 16, 16), 8);
        var ink = new double[8];
        for (int i = 0; i < examples.features().length; i++) {
            ink[Trials.labels(examples)[i / 256]] += examples.features()[i] / 1000;
        }
        // In lengths of the figures: 2, 2.8, 3.8, 4, 5.2, 6, 6.3 and 3.1 times their size, and as much for the line
        // across.
        assertThat(ink[1] / ink[0]).isBetween(1.1, 1.5);
        assertThat(ink[5] / ink[0]).isBetween(1.9, 2.8);
        assertThat(ink[6] / ink[7]).isBetween(1.4, 2.0);
        double deviation = Math.sqrt(IntStream.range(0, examples.count())
                .mapToDouble(i -> examples.features()[i * 256] * examples.features()[i * 256])
                .average()
                .orElseThrow());
        assertThat(deviation).as("noise in a corner that figures hardly reach").isBetween(0.09, 0.14);
    }

    /** The place of the only 1 among some channels; -1 without one. */
    private static int one(float[] example, int from, int count) {
        return IntStream.range(0, count)
                .filter(i -> example[from + i] == 1)
                .findFirst()
                .orElse(-1);
    }

    /** The first class mixes the waves with peaks at columns 11 and 15 in equal parts on average; their heights there are 6 and 2. */
    @Test
    void aWaveformIsTheMeanOfTwoTriangles() {
        var examples = load("generator:waveform?examples=60000", TABLE, 3);
        double eleventh = mean(examples, 0, 10);
        assertThat(eleventh).isCloseTo(0.5 * 6 + 0.5 * 2, within(0.05));
        assertThat(mean(examples, 0, 0)).isCloseTo(0, within(0.05));
        assertThat(mean(examples, 1, 6)).isCloseTo(0.5 * 2 + 0.5 * 6, within(0.05));
        assertThat(mean(examples, 2, 14)).isCloseTo(0.5 * 6, within(0.05));
    }

    private static double mean(Examples examples, int label, int column) {
        return IntStream.range(0, examples.count())
                .filter(i -> Trials.labels(examples)[i] == label)
                .mapToDouble(i -> examples.features()[i * 21 + column])
                .average()
                .orElseThrow();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "generator:mnist | dataset.uri names the generator mnist; allowed: friedman, mnist-1d, recall, sales, strokes, waveform.",
                "generator:recall?examples=1 | dataset.uri generator:recall?examples=1 is not an address of a generator",
                "generator:mnist-1d | dataset.uri generator:mnist-1d makes examples of shape [1, 1, 40] with 10 classes, but"
                        + " dataset.shape is [16, 1, 9] and dataset.classes is 8.",
            })
    void whatIsWrongIsSaidInOneSentence(String uri, String sentence) {
        assertThatThrownBy(() -> load(uri, SEQUENCE, 8))
                .isInstanceOfSatisfying(
                        TrialException.class, e -> assertThat(e.code()).isEqualTo(ExitCode.DATA))
                .hasMessageStartingWith(sentence);
    }

    private static Examples load(String uri, List<Integer> shape, int classes) {
        var dataset = new DatasetRef(uri, "csv", null, -1, null, shape, classes, new Split(0.6, 0.2, 0.2));
        return DataLoader.load(dataset, Path.of("nowhere"));
    }
}
