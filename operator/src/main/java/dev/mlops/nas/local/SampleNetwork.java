package dev.mlops.nas.local;

import dev.mlops.nas.contract.TrialFile.GraphNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;

/**
 * A network that can tell {@link StripedImages} apart.
 *
 * @param graph for images of so many rows and columns
 * @param params as the search engine counts them, for the images of the check
 * @param macs likewise
 */
record SampleNetwork(IntFunction<List<GraphNode>> graph, int params, int macs) {
    private static final String RECTIFIER = "relu";
    private static final String CHOICE = "open";

    List<GraphNode> nodes() {
        return graph.apply(StripedImages.SIDE);
    }

    /** Convolution 8*9, normalisation 2*8, dense layer 8*4 + 4. */
    static SampleNetwork convolution() {
        var attributes = Map.of("filters", 8.0, "kernel", 3.0, "stride", 1.0, "groups", 1.0);
        return new SampleNetwork(
                side -> List.of(
                        input(side),
                        new GraphNode("conv", "conv", attributes, List.of("input"), List.of(8, side, side)),
                        new GraphNode("norm", "batchNorm", Map.of(), List.of("conv"), List.of(8, side, side)),
                        new GraphNode("relu", "relu", Map.of(), List.of("norm"), List.of(8, side, side)),
                        new GraphNode("pool", "globalAvgPool", Map.of(), List.of("relu"), List.of(8)),
                        dense("logits", "pool", StripedImages.CLASSES)),
                72 + 16 + 36,
                72 * 64 + 32);
    }

    /** Dense layers 64*16 + 16 and 16*4 + 4. */
    static SampleNetwork perceptron() {
        return new SampleNetwork(
                side -> List.of(
                        input(side),
                        new GraphNode("flatten", "flatten", Map.of(), List.of("input"), List.of(side * side)),
                        dense("hidden", "flatten", 16),
                        new GraphNode("relu", "relu", Map.of(), List.of("hidden"), List.of(16)),
                        dense("logits", "relu", StripedImages.CLASSES)),
                1040 + 68,
                1024 + 64);
    }

    private static GraphNode input(int side) {
        return new GraphNode("input", "input", Map.of(), List.of(), List.of(1, side, side));
    }

    static GraphNode dense(String name, String input, int units) {
        return new GraphNode(name, "dense", Map.of("units", (double) units), List.of(input), List.of(units));
    }

    /** The same with another operator behind the input. */
    List<GraphNode> withOperator(String operator) {
        List<GraphNode> changed = new ArrayList<>(nodes());
        GraphNode second = changed.get(1);
        changed.set(1, new GraphNode(second.name(), operator, second.attributes(), second.inputs(), second.shape()));
        return changed;
    }

    /** The same with a choice between what the rectifier gives and what it gets, and nothing else open. */
    List<GraphNode> open() {
        List<GraphNode> open = new ArrayList<>();
        for (GraphNode node : nodes()) {
            open.add(new GraphNode(
                    node.name(),
                    node.operator(),
                    node.attributes(),
                    node.inputs().stream()
                            .map(input -> input.equals(RECTIFIER) ? CHOICE : input)
                            .toList(),
                    node.shape()));
            if (node.name().equals(RECTIFIER)) {
                List<String> choices = List.of(node.inputs().getFirst(), RECTIFIER);
                open.add(new GraphNode(CHOICE, "choice", Map.of("mixture", 0.0), choices, node.shape()));
            }
        }
        return open;
    }

    /** The same without the rectifier. */
    List<GraphNode> linear() {
        String input = nodes().stream()
                .filter(node -> node.name().equals(RECTIFIER))
                .map(node -> node.inputs().getFirst())
                .findFirst()
                .orElseThrow();
        return nodes().stream()
                .filter(node -> !node.name().equals(RECTIFIER))
                .map(node -> node.inputs().contains(RECTIFIER)
                        ? new GraphNode(node.name(), node.operator(), node.attributes(), List.of(input), node.shape())
                        : node)
                .toList();
    }
}
