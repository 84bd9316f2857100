package dev.mlops.nas.trainer;

import dev.mlops.nas.contract.TrialFile.GraphNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

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

    /** A table of five columns, 1 and 3 of them with 4 and 3 categories, as 3 + 2 + 3 numbers. */
    static Graphs table() {
        var vectors = Map.of("categories.1", 4.0, "units.1", 2.0, "categories.3", 3.0, "units.3", 3.0);
        return input(5, 1, 1).then("embedding", "embedding", vectors, 8);
    }

    /** Examples that a graph can read, of numbers from -1 to 1: the codes of categories where it looks them up. */
    static float[] features(List<GraphNode> graph, int count, SplittableRandom random) {
        int size = graph.getFirst().shape().stream().reduce(1, (a, b) -> a * b);
        var features = new float[count * size];
        for (int i = 0; i < features.length; i++) {
            int categories = categories(graph, i % size);
            features[i] = categories > 0 ? random.nextInt(categories) : (float) random.nextDouble(-1, 1);
        }
        return features;
    }

    /** How many are looked up for a column; 0 where it holds numbers. */
    static int categories(List<GraphNode> graph, int column) {
        return graph.stream()
                .filter(node -> node.operator().equals("embedding"))
                .mapToInt(node -> node.attributes()
                        .getOrDefault("categories." + column, 0.0)
                        .intValue())
                .sum();
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
