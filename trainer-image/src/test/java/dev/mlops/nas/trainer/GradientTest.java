package dev.mlops.nas.trainer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mlops.nas.contract.TrialFile.GraphNode;
import dev.mlops.nas.trainer.Network.Shape;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Compares the gradient of every operator with finite differences of the loss. */
class GradientTest {
    private static final int BATCH = 6;
    private static final int CLASSES = 3;

    /** A graph for three classes, of images of two channels and 5x5 pixels or of tables. */
    record Case(String name, List<GraphNode> graph) {}

    @TestFactory
    Stream<DynamicTest> theGradientIsTheSlopeOfTheLoss() {
        return cases().map(c -> DynamicTest.dynamicTest(c.name(), () -> check(c.graph())));
    }

    /** All operators, each where it has something to do. */
    static Stream<Case> cases() {
        return Stream.of(images(), sequences(), tables()).flatMap(List::stream);
    }

    private static List<Case> images() {
        return List.of(
                test(
                        "convolution with stride",
                        convolved().block("b", 4, 3, 2, 4, 3, 3).head(4, CLASSES)),
                test("even kernel", convolved().block("b", 4, 2, 1, 4, 5, 5).head(4, CLASSES)),
                test(
                        "pointwise with stride",
                        convolved().block("b", 8, 1, 2, 8, 3, 3).head(8, CLASSES)),
                test(
                        "windows as far apart as the image is wide",
                        Graphs.input(2, 5, 5)
                                .then("a", "conv", Map.of("filters", 3.0, "kernel", 3.0, "stride", 5.0), 3, 1, 1)
                                .then("b", "flatten", Map.of(), 3)
                                .logits(CLASSES)),
                test("pointwise", convolved().block("b", 8, 1, 1, 8, 5, 5).head(8, CLASSES)),
                test(
                        "convolution without normalisation",
                        convolved()
                                .then("b", "conv", Map.of("filters", 3.0, "kernel", 3.0), 3, 5, 5)
                                .then("c", "relu", Map.of(), 3, 5, 5)
                                .logits(CLASSES)),
                test(
                        "first layer with an even kernel",
                        Graphs.input(2, 5, 5)
                                .then("a", "conv", Map.of("filters", 3.0, "kernel", 4.0), 3, 5, 5)
                                .head(3, CLASSES)),
                test(
                        "1x1 after another",
                        convolved()
                                .then("b", "conv", Map.of("filters", 3.0, "kernel", 1.0), 3, 5, 5)
                                .head(3, CLASSES)),
                test(
                        "depthwise",
                        convolved()
                                .then("b", "conv", Map.of("filters", 4.0, "kernel", 3.0, "groups", 4.0), 4, 5, 5)
                                .then("c", "batchNorm", Map.of(), 4, 5, 5)
                                .head(4, CLASSES)),
                test(
                        "depthwise with two filters per channel and stride",
                        convolved()
                                .then(
                                        "b",
                                        "conv",
                                        Map.of("filters", 8.0, "kernel", 3.0, "groups", 4.0, "stride", 2.0),
                                        8,
                                        3,
                                        3)
                                .head(8, CLASSES)),
                test(
                        "dilated",
                        convolved()
                                .then("b", "conv", Map.of("filters", 4.0, "kernel", 3.0, "dilation", 2.0), 4, 5, 5)
                                .head(4, CLASSES)),
                test(
                        "depthwise, dilated, with stride",
                        convolved()
                                .then(
                                        "b",
                                        "conv",
                                        Map.of(
                                                "filters",
                                                4.0,
                                                "kernel",
                                                5.0,
                                                "groups",
                                                4.0,
                                                "stride",
                                                2.0,
                                                "dilation",
                                                2.0),
                                        4,
                                        3,
                                        3)
                                .head(4, CLASSES)),
                test(
                        "groups",
                        convolved()
                                .then("b", "conv", Map.of("filters", 6.0, "kernel", 3.0, "groups", 2.0), 6, 5, 5)
                                .head(6, CLASSES)),
                test(
                        "maximum",
                        convolved()
                                .then("b", "maxPool", Map.of("kernel", 2.0, "stride", 2.0), 4, 3, 3)
                                .logits(CLASSES)),
                test(
                        "average",
                        convolved()
                                .then("b", "avgPool", Map.of("kernel", 3.0, "stride", 1.0), 4, 5, 5)
                                .logits(CLASSES)),
                test(
                        "squeeze and excite",
                        convolved()
                                .then("b", "squeezeExcite", Map.of("units", 2.0), 4, 5, 5)
                                .head(4, CLASSES)),
                test("sum that is used again", residual()),
                test("channels side by side", concatenated()),
                test("zero beside a branch", withZero()),
                test(
                        "hidden dense",
                        convolved()
                                .then("b", "dense", Map.of("units", 7.0), 7)
                                .then("c", "batchNorm", Map.of(), 7)
                                .then("d", "relu", Map.of(), 7)
                                .logits(CLASSES)),
                test("gelu", activated("gelu")),
                test("silu", activated("silu")),
                test("tanh", activated("tanh")),
                test(
                        "layer normalisation of a vector",
                        convolved()
                                .then("b", "flatten", Map.of(), 100)
                                .then("c", "layerNorm", Map.of(), 100)
                                .then("d", "dense", Map.of("units", 7.0), 7)
                                .then("e", "layerNorm", Map.of(), 7)
                                .logits(CLASSES)),
                test(
                        "layer normalisation of an image",
                        convolved()
                                .then("b", "layerNorm", Map.of(), 4, 5, 5)
                                .then("c", "relu", Map.of(), 4, 5, 5)
                                .logits(CLASSES)),
                test("residual layers of a perceptron", perceptron()),
                test(
                        "dropout",
                        convolved()
                                .then("b", "dropout", Map.of("rate", 0.3), 4, 5, 5)
                                .head(4, CLASSES)));
    }

    private static List<Case> sequences() {
        return List.of(
                test(
                        "convolution along a sequence",
                        sequence()
                                .then("b", "conv1d", Map.of("filters", 4.0, "kernel", 3.0, "stride", 1.0), 4, 25)
                                .then("c", "batchNorm", Map.of(), 4, 25)
                                .then("d", "relu", Map.of(), 4, 25)
                                .head(4, CLASSES)),
                test(
                        "convolution along a sequence with an even kernel and stride",
                        sequence()
                                .then("b", "conv1d", Map.of("filters", 4.0, "kernel", 4.0, "stride", 2.0), 4, 13)
                                .head(4, CLASSES)),
                test(
                        "dilated depthwise convolution along a sequence",
                        sequence()
                                .then(
                                        "b",
                                        "conv1d",
                                        Map.of("filters", 3.0, "kernel", 3.0, "groups", 3.0, "dilation", 3.0),
                                        3,
                                        25)
                                .head(3, CLASSES)),
                test(
                        "dense on every position",
                        sequence()
                                .then("b", "dense", Map.of("units", 5.0), 5, 25)
                                .then("c", "layerNorm", Map.of(), 5, 25)
                                .then("d", "gelu", Map.of(), 5, 25)
                                .head(5, CLASSES)),
                test(
                        "positions",
                        sequence()
                                .then("b", "positionEmbedding", Map.of(), 3, 25)
                                .then("c", "tanh", Map.of(), 3, 25)
                                .head(3, CLASSES)),
                test("largest of a sequence", pooled(sequence(), "globalMaxPool", 3)),
                test("largest of an image", pooled(convolved(), "globalMaxPool", 4)),
                test("last position", pooled(sequence(), "lastPosition", 3)),
                test("lstm", recurrent("lstm", 0)),
                test("lstm from the end", recurrent("lstm", 1)),
                test("gru", recurrent("gru", 0)),
                test("gru from the end", recurrent("gru", 1)),
                test("two bidirectional layers", bidirectional()),
                test("attention", attended("attention", Map.of("heads", 2.0))),
                test("attention to near positions", attended("attention", Map.of("heads", 1.0, "window", 2.0))),
                test("linear attention", attended("linearAttention", Map.of("heads", 2.0))));
    }

    private static Graphs sequence() {
        return Graphs.input(2, 5, 5)
                .then("a-sequence", "sequence", Map.of(), 2, 25)
                .then("a", "dense", Map.of("units", 3.0), 3, 25);
    }

    private static List<GraphNode> pooled(Graphs graph, String pool, int channels) {
        return graph.then("b", pool, Map.of(), channels).logits(CLASSES);
    }

    /** Of five positions. */
    private static Graphs shorter() {
        return Graphs.input(2, 5, 5)
                .then("a-sequence", "sequence", Map.of(), 2, 25)
                .then("a", "conv1d", Map.of("filters", 3.0, "kernel", 3.0, "stride", 5.0), 3, 5);
    }

    private static List<GraphNode> recurrent(String operator, double reverse) {
        return shorter()
                .then("b", operator, Map.of("units", 4.0, "reverse", reverse), 4, 5)
                .head(4, CLASSES);
    }

    /** Queries, keys and values of one sequence, of which the values are read twice. */
    private static List<GraphNode> attended(String operator, Map<String, Double> attributes) {
        return sequence()
                .node("q", "dense", Map.of("units", 4.0), List.of("a"), 4, 25)
                .node("k", "dense", Map.of("units", 4.0), List.of("a"), 4, 25)
                .node("v", "dense", Map.of("units", 4.0), List.of("a"), 4, 25)
                .node("b", operator, attributes, List.of("q", "k", "v"), 4, 25)
                .node("c", "add", Map.of(), List.of("b", "v"), 4, 25)
                .then("d", "globalMaxPool", Map.of(), 4)
                .logits(CLASSES);
    }

    private static List<GraphNode> bidirectional() {
        return shorter()
                .node("b", "lstm", Map.of("units", 3.0), List.of("a"), 3, 5)
                .node("c", "gru", Map.of("units", 2.0, "reverse", 1.0), List.of("a"), 2, 5)
                .node("d", "concat", Map.of(), List.of("b", "c"), 5, 5)
                .then("e", "gru", Map.of("units", 4.0), 4, 5)
                .then("f", "lastPosition", Map.of(), 4)
                .logits(CLASSES);
    }

    private static List<GraphNode> activated(String activation) {
        return convolved()
                .then("b", "conv", Map.of("filters", 3.0, "kernel", 3.0), 3, 5, 5)
                .then("c", activation, Map.of(), 3, 5, 5)
                .logits(CLASSES);
    }

    private static List<GraphNode> perceptron() {
        return Graphs.input(2, 5, 5)
                .then("a", "flatten", Map.of(), 50)
                .then("b", "dense", Map.of("units", 8.0), 8)
                .then("c", "gelu", Map.of(), 8)
                .then("d", "dense", Map.of("units", 8.0), 8)
                .then("e", "tanh", Map.of(), 8)
                .node("f", "add", Map.of(), List.of("c", "e"), 8)
                .logits(CLASSES);
    }

    private static Graphs convolved() {
        return Graphs.input(2, 5, 5).block("a", 4, 3, 1, 4, 5, 5);
    }

    private static List<GraphNode> residual() {
        return convolved()
                .block("b", 4, 3, 1, 4, 5, 5)
                .node("c", "add", Map.of(), List.of("a", "b"), 4, 5, 5)
                .node("d", "identity", Map.of(), List.of("c"), 4, 5, 5)
                .node("e", "add", Map.of(), List.of("c", "d", "a"), 4, 5, 5)
                .node("f", "relu", Map.of(), List.of("e"), 4, 5, 5)
                .head(4, CLASSES);
    }

    private static List<GraphNode> concatenated() {
        return convolved()
                .block("b", 3, 1, 1, 3, 5, 5)
                .node("c", "concat", Map.of(), List.of("a", "b", "a"), 11, 5, 5)
                .head(11, CLASSES);
    }

    private static List<GraphNode> withZero() {
        return convolved()
                .node("b", "zero", Map.of("stride", 1.0), List.of("a"), 4, 5, 5)
                .node("c", "add", Map.of(), List.of("a", "b"), 4, 5, 5)
                .head(4, CLASSES);
    }

    private static List<Case> tables() {
        return List.of(
                test(
                        "embedding of two of five columns",
                        Graphs.table()
                                .then("b", "dense", Map.of("units", 6.0), 6)
                                .then("c", "tanh", Map.of(), 6)
                                .logits(CLASSES)),
                test(
                        "embedding of the only column",
                        Graphs.input(1, 1, 1)
                                .then("a", "embedding", Map.of("categories.0", 4.0, "units.0", 5.0), 5)
                                .then("b", "layerNorm", Map.of(), 5)
                                .logits(CLASSES)));
    }

    private static Case test(String name, List<GraphNode> graph) {
        return new Case(name, graph);
    }

    private static void check(List<GraphNode> graph) {
        var random = new SplittableRandom(5);
        var shape = Shape.of(graph.getFirst().shape());
        var features = Graphs.features(graph, BATCH, random);
        var labels = IntStream.range(0, BATCH).map(i -> i % CLASSES).toArray();
        var examples = new Examples("test", shape, features, new Targets.Labels(CLASSES, labels));
        var limit = new MemoryLimit(1L << 30);
        var network = Network.of(graph, shape, CLASSES, 3, limit);
        var bound = new BoundNetwork(network.compile(BATCH, true, limit), examples);
        var rows = IntStream.range(0, BATCH).toArray();
        var values = network.parameters().values();
        var weights = values.toFloatVector();
        bound.tape().draw(new SplittableRandom(1));
        bound.learn(rows, 0, random);
        var gradient = network.parameters().gradients().toFloatVector();
        double difference = 0;
        double size = 0;
        int stride = Math.max(1, gradient.length / 40);
        for (int i = 0; i < gradient.length; i += stride) {
            float value = weights[i];
            double step = 1e-3;
            weights[i] = (float) (value + step);
            Floats.write(weights, values);
            double above = bound.learn(rows, 0, random);
            weights[i] = (float) (value - step);
            Floats.write(weights, values);
            double below = bound.learn(rows, 0, random);
            weights[i] = value;
            Floats.write(weights, values);
            double slope = (above - below) / (2 * step);
            difference += (slope - gradient[i]) * (slope - gradient[i]);
            size += slope * slope;
        }
        assertThat(Math.sqrt(difference / size)).isLessThan(0.1);
    }
}
