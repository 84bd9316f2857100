package dev.mlops.nas.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.within;

import dev.mlops.nas.contract.ExitCode;
import dev.mlops.nas.contract.Operators;
import dev.mlops.nas.contract.TrialFile.GraphNode;
import dev.mlops.nas.trainer.Network.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What the operators compute, and graphs that cannot be built. */
class NetworkTest {
    @Test
    void padsDoNotCountInAnAverage() {
        assertThat(output(Graphs.input(1, 3, 3)
                        .then("average", "avgPool", Map.of("kernel", 3.0, "stride", 1.0), 1, 3, 3)
                        .then("flat", "identity", Map.of(), 1, 3, 3)))
                .containsOnly(1f);
    }

    /** A 3x3 kernel of ones on an image of ones counts the pixels that it reads: every second one, up to three in each direction. */
    @Test
    void aDilatedKernelReadsEverySecondPixel() {
        var limit = new MemoryLimit(1 << 30);
        var graph = Graphs.input(1, 5, 5)
                .then("dilated", "conv", Map.of("filters", 1.0, "kernel", 3.0, "dilation", 2.0), 1, 5, 5)
                .logits(2);
        var network = Network.of(graph, Shape.image(1, 5, 5), 2, 1, limit);
        var compiled = network.compile(1, false, limit);
        compiled.input().array().assign(1f);
        int[] inRange = {2, 2, 3, 2, 2};
        for (int pixel = 0; pixel < 25; pixel++) {
            var values = network.parameters().values();
            values.assign(0f);
            for (int weight = 0; weight < 9; weight++) {
                values.putScalar(weight, 1f);
            }
            values.putScalar(9 + 2L * pixel, 1f);
            compiled.tape().runForward();
            assertThat(compiled.logits().array().getFloat(0)).isEqualTo(inRange[pixel / 5] * inRange[pixel % 5]);
        }
    }

    @Test
    void aPositionIsNormalisedOverItsChannels() {
        var graph = Graphs.input(1, 3, 3)
                .node("none", "zero", Map.of(), List.of("input"), 1, 3, 3)
                .node("both", "concat", Map.of(), List.of("input", "none"), 2, 3, 3)
                .then("norm", "layerNorm", Map.of(), 2, 3, 3);

        var limit = new MemoryLimit(1 << 30);
        var network = Network.of(graph.logits(2), Shape.image(1, 3, 3), 2, 1, limit);
        var compiled = network.compile(1, false, limit);
        compiled.input().array().assign(1f);
        var values = network.parameters().values();
        for (int i = 0; i < 18; i++) {
            // Weights of the logits come first, then the scales; each weight picks a value in turn.
            values.assign(0f);
            values.putScalar(36L, 1f);
            values.putScalar(37L, 1f);
            values.putScalar(2L * i, 1f);
            compiled.tape().runForward();
            assertThat(compiled.logits().array().getFloat(0)).isCloseTo(i % 2 == 0 ? 1f : -1f, within(1e-4f));
        }
    }

    @Test
    void smoothActivationsHaveTheirTextbookValues() {
        assertThat(activated("gelu")).isCloseTo(0.8413f, within(5e-4f));
        assertThat(activated("silu")).isCloseTo(0.7311f, within(1e-4f));
        assertThat(activated("tanh")).isCloseTo(0.7616f, within(1e-4f));
    }

    /** Of 1. */
    private static float activated(String activation) {
        return output(Graphs.input(1, 3, 3)
                        .then("flat", "flatten", Map.of(), 9)
                        .then("active", activation, Map.of(), 9))
                .getFirst();
    }

    @Test
    void everyOperatorOfTheContractIsKnown() {
        for (String operator : Operators.ALL) {
            var graph =
                    Graphs.input(1, 8, 8).then("a", operator, Map.of(), 1, 8, 8).head(1, 10);
            var refused =
                    catchThrowable(() -> Network.of(graph, Shape.image(1, 8, 8), 10, 1, new MemoryLimit(1 << 30)));
            assertThat(String.valueOf(refused)).doesNotContain("cannot build");
        }
    }

    @Test
    void zeroGivesZeros() {
        assertThat(output(Graphs.input(1, 3, 3).then("none", "zero", Map.of("stride", 2.0), 1, 2, 2)))
                .containsOnly(0f);
    }

    @Test
    void aSumAddsAllItsInputs() {
        assertThat(output(Graphs.input(1, 3, 3)
                        .node("sum", "add", Map.of(), List.of("input", "input", "input"), 1, 3, 3)))
                .containsOnly(3f);
    }

    @Test
    void concatenationPutsChannelsSideBySide() {
        var graph = Graphs.input(1, 3, 3)
                .node("none", "zero", Map.of(), List.of("input"), 1, 3, 3)
                .node("both", "concat", Map.of(), List.of("input", "none"), 2, 3, 3);

        assertThat(output(graph).toArray(Float[]::new)).startsWith(1f, 0f, 1f, 0f);
    }

    @Test
    void dropoutDoesNothingInEvaluation() {
        assertThat(output(Graphs.input(1, 3, 3).then("drop", "dropout", Map.of("rate", 0.5), 1, 3, 3)))
                .containsOnly(1f);
    }

    /** The output of the last node before the logits for an input of ones, in evaluation. */
    private static List<Float> output(Graphs graph) {
        var input = Shape.image(1, 3, 3);
        var limit = new MemoryLimit(1 << 30);
        var nodes = graph.logits(2);
        var network = Network.of(nodes, input, 2, 1, limit);
        var compiled = network.compile(1, false, limit);
        // Logits that sum up single values one by one show the layer below: weights are set to pick each in turn.
        var values = network.parameters().values();
        int count = (int) (values.length() - 2) / 2;
        compiled.input().array().assign(1f);
        var picked = new Float[count];
        for (int i = 0; i < count; i++) {
            values.assign(0f);
            values.putScalar(2L * i, 1f);
            compiled.tape().runForward();
            picked[i] = compiled.logits().array().getFloat(0);
        }
        return Arrays.asList(picked);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("wrongGraphs")
    void aGraphThatCannotBeBuiltNamesItsNode(String sentence, List<GraphNode> graph) {
        assertThatThrownBy(() -> Network.of(graph, Shape.image(1, 8, 8), 10, 1, new MemoryLimit(1 << 30)))
                .isInstanceOfSatisfying(
                        TrialException.class, e -> assertThat(e.code()).isEqualTo(ExitCode.ARCHITECTURE))
                .hasMessageContaining(sentence);
    }

    static Stream<Arguments> wrongGraphs() {
        return Stream.of(
                Arguments.of("The graph has no nodes", List.of()),
                Arguments.of(
                        "Node a (conv) declares shape [4, 8, 8], but gives [4, 4, 4]",
                        start().then("a", "conv", Map.of("filters", 4.0, "kernel", 3.0, "stride", 2.0), 4, 8, 8)
                                .head(4, 10)),
                Arguments.of(
                        "Node a has the operator fourier, which this trainer cannot build; it builds input, conv,",
                        start().then("a", "fourier", Map.of(), 1, 8, 8).head(1, 10)),
                Arguments.of(
                        "Node a (attention) needs three sequences of one shape, queries, keys and values, but its inputs have"
                                + " shapes [[1, 8, 8]]",
                        start().then("a", "attention", Map.of(), 1, 8, 8).head(1, 10)),
                Arguments.of(
                        "Node b has 3 heads, which must divide its 4 channels",
                        sequence()
                                .node("b", "attention", Map.of("heads", 3.0), List.of("a", "a", "a"), 4, 64)
                                .head(4, 10)),
                Arguments.of(
                        "Node b (conv) needs an image, but its input has shape [4, 64]",
                        sequence()
                                .then("b", "conv", Map.of("filters", 4.0, "kernel", 3.0), 4, 64)
                                .head(4, 10)),
                Arguments.of(
                        "Node a (lstm) needs a sequence, but its input has shape [1, 8, 8]",
                        start().then("a", "lstm", Map.of("units", 4.0), 4, 64).head(4, 10)),
                Arguments.of(
                        "Node a has shape [1, 2, 2, 1]; allowed: one number; channels, length; or channels, height, width",
                        start().then("a", "identity", Map.of(), 1, 2, 2, 1).head(1, 10)),
                Arguments.of(
                        "Node a reads b, which is not an earlier node",
                        start().node("a", "relu", Map.of(), List.of("b"), 1, 8, 8)
                                .head(1, 10)),
                Arguments.of(
                        "Node a (conv) has kernel missing",
                        start().then("a", "conv", Map.of("filters", 4.0), 4, 8, 8)
                                .head(4, 10)),
                Arguments.of(
                        "Node a has 2 groups, which must divide",
                        start().then("a", "conv", Map.of("filters", 4.0, "kernel", 3.0, "groups", 2.0), 4, 8, 8)
                                .head(4, 10)),
                Arguments.of(
                        "Node input declares shape [3, 8, 8], but dataset.shape is [1, 8, 8]",
                        Graphs.input(3, 8, 8).head(3, 10)),
                Arguments.of("Node logits is the last one and must be a dense node with 10 units", start().head(1, 9)),
                Arguments.of(
                        "Node a occurs twice",
                        start().then("a", "relu", Map.of(), 1, 8, 8)
                                .then("a", "relu", Map.of(), 1, 8, 8)
                                .head(1, 10)),
                Arguments.of(
                        "Node a (dropout) has rate 1.0",
                        start().then("a", "dropout", Map.of("rate", 1.0), 1, 8, 8)
                                .head(1, 10)),
                Arguments.of(
                        "Node b adds inputs of different shapes",
                        start().then("a", "maxPool", Map.of("kernel", 2.0, "stride", 2.0), 1, 4, 4)
                                .node("b", "add", Map.of(), List.of("a", "input"), 1, 4, 4)
                                .head(1, 10)));
    }

    private static Graphs sequence() {
        return start().then("sequence", "sequence", Map.of(), 1, 64).then("a", "dense", Map.of("units", 4.0), 4, 64);
    }

    private static Graphs start() {
        return Graphs.input(1, 8, 8);
    }
}
