package dev.mlops.nas.trainer;

import dev.mlops.nas.contract.TrialFile.GraphNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Builds graphs for tests, one node after another. */
final class Graphs {
    private final List<GraphNode> nodes = new ArrayList<>();

    static Graphs input(int... shape) {
        var graph = new Graphs();
        graph.node("input", "input", Map.of(), List.of(), shape);
        return graph;
    }

    Graphs node(String name, String operator, Map<String, Double> attributes, List<String> inputs, int... shape) {
        nodes.add(new GraphNode(
                name, operator, attributes, inputs, Arrays.stream(shape).boxed().toList()));
        return this;
    }

    /** A node that reads the one before. */
    Graphs then(String name, String operator, Map<String, Double> attributes, int... shape) {
        return node(name, operator, attributes, List.of(nodes.getLast().name()), shape);
    }

    /** Convolution, batch normalisation, relu. */
    Graphs block(String name, int filters, int kernel, int stride, int... shape) {
        return then(
                        name + "-conv",
                        "conv",
                        Map.of("filters", (double) filters, "kernel", (double) kernel, "stride", (double) stride),
                        shape)
                .then(name + "-norm", "batchNorm", Map.of(), shape)
                .then(name, "relu", Map.of(), shape);
    }

    /** Global average and logits. */
    List<GraphNode> head(int channels, int classes) {
        then("mean", "globalAvgPool", Map.of(), channels);
        then("logits", "dense", Map.of("units", (double) classes), classes);
        return List.copyOf(nodes);
    }

    /** Logits without pooling. */
    List<GraphNode> logits(int classes) {
        then("logits", "dense", Map.of("units", (double) classes), classes);
        return List.copyOf(nodes);
    }

    /** A small network for 8x8 digits. */
    static List<GraphNode> smallCnn() {
        return input(1, 8, 8)
                .block("a", 16, 3, 1, 16, 8, 8)
                .then("pool-a", "maxPool", Map.of("kernel", 2.0, "stride", 2.0), 16, 4, 4)
                .block("b", 32, 3, 1, 32, 4, 4)
                .then("pool-b", "maxPool", Map.of("kernel", 2.0, "stride", 2.0), 32, 2, 2)
                .block("c", 64, 3, 1, 64, 2, 2)
                .head(64, 10);
    }
}
