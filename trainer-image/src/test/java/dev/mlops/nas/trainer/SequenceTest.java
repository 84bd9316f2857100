package dev.mlops.nas.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.mlops.nas.trainer.Network.Shape;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Operators of sequences against their textbook formulas. */
class SequenceTest {
    private static final int CHANNELS = 3;
    private static final int LENGTH = 5;
    private static final int UNITS = 2;

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void anLstmComputesItsFormulas(boolean reverse) {
        var run = run("lstm", Map.of("units", (double) UNITS, "reverse", reverse ? 1.0 : 0.0), UNITS, LENGTH);
        var weights = new Gates(run, 4);
        var state = new double[UNITS];
        var cell = new double[UNITS];
        for (int step = 0; step < LENGTH; step++) {
            int position = reverse ? LENGTH - 1 - step : step;
            var next = new double[UNITS];
            for (int unit = 0; unit < UNITS; unit++) {
                double input = sigmoid(weights.sum(0, unit, position, state));
                double forget = sigmoid(weights.sum(1, unit, position, state));
                double output = sigmoid(weights.sum(2, unit, position, state));
                cell[unit] = forget * cell[unit] + input * Math.tanh(weights.sum(3, unit, position, state));
                next[unit] = output * Math.tanh(cell[unit]);
            }
            state = next;
            assertThat(run.output(position, 0)).isCloseTo((float) state[0], within(1e-5f));
            assertThat(run.output(position, 1)).isCloseTo((float) state[1], within(1e-5f));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aGruComputesItsFormulas(boolean reverse) {
        var run = run("gru", Map.of("units", (double) UNITS, "reverse", reverse ? 1.0 : 0.0), UNITS, LENGTH);
        var weights = new Gates(run, 3);
        var state = new double[UNITS];
        for (int step = 0; step < LENGTH; step++) {
            int position = reverse ? LENGTH - 1 - step : step;
            var next = new double[UNITS];
            for (int unit = 0; unit < UNITS; unit++) {
                double reset = sigmoid(weights.sum(0, unit, position, state));
                double update = sigmoid(weights.sum(1, unit, position, state));
                double candidate =
                        Math.tanh(weights.ofInput(2, unit, position) + reset * weights.ofState(2, unit, state));
                next[unit] = (1 - update) * candidate + update * state[unit];
            }
            state = next;
            assertThat(run.output(position, 0)).isCloseTo((float) state[0], within(1e-5f));
            assertThat(run.output(position, 1)).isCloseTo((float) state[1], within(1e-5f));
        }
    }

    /** TensorFlow's "same": an even kernel has its spare tap at the end; where windows leave gaps, the first starts at the start. */
    @ParameterizedTest
    @CsvSource({"4, 2, 1", "2, 4, 0", "1, 2, 0", "3, 1, 1", "2, 5, 0", "1, 5, 0"})
    void aConvolutionAlongASequenceSlidesOverIt(int kernel, int stride, int padding) {
        int length = (LENGTH + stride - 1) / stride;
        var run =
                run("conv1d", Map.of("filters", 2.0, "kernel", (double) kernel, "stride", (double) stride), 2, length);
        for (int to = 0; to < length; to++) {
            for (int filter = 0; filter < 2; filter++) {
                double sum = 0;
                for (int tap = 0; tap < kernel; tap++) {
                    int from = stride * to + tap - padding;
                    for (int channel = 0; from >= 0 && from < LENGTH && channel < CHANNELS; channel++) {
                        sum += run.weight((tap * CHANNELS + channel) * 2 + filter) * run.input(from, channel);
                    }
                }
                assertThat(run.output(to, filter)).isCloseTo((float) sum, within(1e-5f));
            }
        }
    }

    @Test
    void aDenseLayerTreatsAllPositionsAlike() {
        var run = run("dense", Map.of("units", 2.0), 2, LENGTH);
        for (int position = 0; position < LENGTH; position++) {
            for (int unit = 0; unit < 2; unit++) {
                double sum = run.bias(unit);
                for (int channel = 0; channel < CHANNELS; channel++) {
                    sum += run.weight(channel * 2 + unit) * run.input(position, channel);
                }
                assertThat(run.output(position, unit)).isCloseTo((float) sum, within(1e-5f));
            }
        }
    }

    @Test
    void everyPositionGetsItsOwnNumbers() {
        var run = run("positionEmbedding", Map.of(), CHANNELS, LENGTH);
        for (int position = 0; position < LENGTH; position++) {
            for (int channel = 0; channel < CHANNELS; channel++) {
                assertThat(run.output(position, channel))
                        .isCloseTo(
                                (float) (run.input(position, channel) + run.weight(position * CHANNELS + channel)),
                                within(1e-6f));
            }
        }
    }

    @Test
    void poolingOverASequenceTakesTheMeanTheLargestOrTheLast() {
        var mean = run("globalAvgPool", Map.of(), CHANNELS, 0);
        var largest = run("globalMaxPool", Map.of(), CHANNELS, 0);
        var last = run("lastPosition", Map.of(), CHANNELS, 0);
        for (int c = 0; c < CHANNELS; c++) {
            int channel = c;
            var values = IntStream.range(0, LENGTH).mapToDouble(p -> mean.input(p, channel));
            assertThat((double) mean.output(0, c)).isCloseTo(values.average().orElseThrow(), within(1e-6));
            values = IntStream.range(0, LENGTH).mapToDouble(p -> mean.input(p, channel));
            assertThat((double) largest.output(0, c)).isEqualTo(values.max().orElseThrow());
            assertThat((double) last.output(0, c)).isEqualTo(mean.input(LENGTH - 1, c));
        }
    }

    /** Self-attention: the tested node's input stands for queries, keys and values alike. */
    @ParameterizedTest
    @CsvSource({"1, 0", "3, 0", "1, 1", "3, 2"})
    void attentionIsAMeanWeightedBySoftmax(int heads, int window) {
        var run = run("attention", Map.of("heads", (double) heads, "window", (double) window), CHANNELS, LENGTH);
        int channels = CHANNELS / heads;
        for (int position = 0; position < LENGTH; position++) {
            for (int channel = 0; channel < CHANNELS; channel++) {
                int first = channel / channels * channels;
                double sum = 0;
                double total = 0;
                for (int to = 0; to < LENGTH; to++) {
                    double dot = 0;
                    for (int c = first; c < first + channels; c++) {
                        dot += run.input(position, c) * run.input(to, c);
                    }
                    boolean seen = window == 0 || Math.abs(position - to) <= window;
                    double weight = seen ? Math.exp(dot / Math.sqrt(channels)) : 0;
                    sum += weight * run.input(to, channel);
                    total += weight;
                }
                assertThat(run.output(position, channel)).isCloseTo((float) (sum / total), within(1e-5f));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void linearAttentionIsAMeanWeightedByProductsOfFeatures(int heads) {
        var run = run("linearAttention", Map.of("heads", (double) heads), CHANNELS, LENGTH);
        int channels = CHANNELS / heads;
        for (int position = 0; position < LENGTH; position++) {
            for (int channel = 0; channel < CHANNELS; channel++) {
                int first = channel / channels * channels;
                double sum = 0;
                double total = 0;
                for (int to = 0; to < LENGTH; to++) {
                    double weight = 0;
                    for (int c = first; c < first + channels; c++) {
                        weight += feature(run.input(position, c)) * feature(run.input(to, c));
                    }
                    sum += weight * run.input(to, channel);
                    total += weight;
                }
                assertThat(run.output(position, channel)).isCloseTo((float) (sum / total), within(1e-5f));
            }
        }
    }

    private static double feature(double x) {
        return x > 0 ? x + 1 : Math.exp(x);
    }

    private static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }

    /** Sums of a recurrent layer's gates. */
    private record Gates(Run run, int gates) {
        double sum(int gate, int unit, int position, double[] state) {
            return ofInput(gate, unit, position) + ofState(gate, unit, state);
        }

        double ofInput(int gate, int unit, int position) {
            int column = gate * UNITS + unit;
            double sum = run.bias(column);
            for (int channel = 0; channel < CHANNELS; channel++) {
                sum += run.weight(channel * gates * UNITS + column) * run.input(position, channel);
            }
            return sum;
        }

        double ofState(int gate, int unit, double[] state) {
            double sum = 0;
            for (int from = 0; from < UNITS; from++) {
                sum += run.weight((CHANNELS + from) * gates * UNITS + gate * UNITS + unit) * state[from];
            }
            return sum;
        }
    }

    /** An operator on one random sequence, with random weights and biases. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Run(float[] input, float[] values, int decayed, float[] output, int channels) {
        double input(int position, int channel) {
            return input[position * CHANNELS + channel];
        }

        double weight(int index) {
            return values[index];
        }

        double bias(int index) {
            return values[decayed + index];
        }

        float output(int position, int channel) {
            return output[position * channels + channel];
        }
    }

    /** Logits with the unit matrix as weights show what is below; a length of 0 stands for a vector. */
    private static Run run(String operator, Map<String, Double> attributes, int channels, int length) {
        int size = channels * Math.max(1, length);
        var limit = new MemoryLimit(1 << 30);
        var network = network(operator, attributes, channels, length, limit);
        var random = new SplittableRandom(7);
        var values = network.parameters().values();
        for (long i = 0; i < values.length(); i++) {
            values.putScalar(i, (float) (random.nextDouble() * 2 - 1));
        }
        long decayed = network.parameters().decayed();
        for (int i = 0; i < size * size; i++) {
            values.putScalar(decayed - (long) size * size + i, i % (size + 1) == 0 ? 1f : 0f);
        }
        for (int i = 1; i <= size; i++) {
            values.putScalar(values.length() - i, 0f);
        }
        // A batch of two: what the first example gives must not depend on the second.
        // Another network's tape on the same arrays leaves other numbers in them, as in a supernet.
        var arena = new Arena(limit);
        var compiled = network.compile(2, false, arena);
        var unlimited = new HashMap<>(attributes);
        unlimited.remove("window");
        var other = network(operator, unlimited, channels, length, limit).compile(2, false, arena);
        var input = new float[2 * CHANNELS * LENGTH];
        for (int i = 0; i < input.length; i++) {
            input[i] = (float) (random.nextDouble() * 2 - 1);
        }
        other.input().array().assign(3f);
        other.tape().runForward();
        Floats.write(input, compiled.input().array());
        compiled.tape().runForward();
        var output = compiled.logits().array().toFloatMatrix()[0];
        return new Run(input, values.toFloatVector(), (int) decayed, output, channels);
    }

    private static Network network(
            String operator, Map<String, Double> attributes, int channels, int length, MemoryLimit limit) {
        int size = channels * Math.max(1, length);
        var inputs = Collections.nCopies(operator.endsWith("ttention") ? 3 : 1, "sequence");
        var graph = Graphs.input(CHANNELS, 1, LENGTH)
                .then("sequence", "sequence", Map.of(), CHANNELS, LENGTH)
                .node(
                        "tested",
                        operator,
                        attributes,
                        inputs,
                        length == 0 ? new int[] {channels} : new int[] {channels, length})
                .then("flat", "flatten", Map.of(), size)
                .logits(size);
        return Network.of(graph, Shape.image(CHANNELS, 1, LENGTH), size, 1, limit);
    }
}
