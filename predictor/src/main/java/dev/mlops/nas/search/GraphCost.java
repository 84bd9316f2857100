package dev.mlops.nas.search;

import dev.mlops.nas.search.Graph.Node;
import dev.mlops.nas.search.SearchSpace.Cost;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Counts what a graph costs, node by node, by the operators of the trial contract. */
final class GraphCost {
    private static final int LSTM_GATES = 4;
    private static final int GRU_GATES = 3;

    static Cost of(Graph graph) {
        Map<String, List<Integer>> shapes = new HashMap<>();
        long params = 0;
        long macs = 0;
        for (Node node : graph.nodes()) {
            if (!node.inputs().isEmpty()) {
                List<Integer> in = shapes.getOrDefault(node.inputs().getFirst(), List.of());
                params += params(node, in);
                macs += macs(node, in);
            }
            shapes.put(node.name(), node.shape());
        }
        return new Cost(params, macs, Activations.peak(graph) * Activations.BYTES);
    }

    private static long params(Node node, List<Integer> in) {
        return switch (node.operator()) {
            case "batchNorm", "layerNorm" -> 2L * in.getFirst();
            case "positionEmbedding" -> size(in);
            case "embedding" -> Embedding.params(node);
            case "dense" -> (in.getFirst() + 1L) * number(node, "units");
            case "lstm" -> LSTM_GATES * gate(node, in, 1);
            case "gru" -> GRU_GATES * gate(node, in, 1);
            default -> weights(node, in);
        };
    }

    private static long macs(Node node, List<Integer> in) {
        return switch (node.operator()) {
            case "dense" -> in.getFirst() * number(node, "units") * positions(in);
            case "lstm" -> LSTM_GATES * gate(node, in, 0) * positions(in);
            case "gru" -> GRU_GATES * gate(node, in, 0) * positions(in);
            case "attention" -> 2 * in.getFirst() * pairs(positions(in), number(node, "window"));
            case "linearAttention" -> 2 * positions(in) * in.getFirst() * (in.getFirst() / number(node, "heads"));
            default -> weights(node, in) * positions(node.shape());
        };
    }

    /** Weights of a convolution, each used once per position of its result; 0 for what has none. */
    private static long weights(Node node, List<Integer> in) {
        return switch (node.operator()) {
            case "conv" ->
                number(node, "kernel")
                        * number(node, "kernel")
                        * (in.getFirst() / number(node, "groups"))
                        * number(node, "filters");
            case "conv1d" -> number(node, "kernel") * in.getFirst() * number(node, "filters");
            default -> 0;
        };
    }

    /** Weights of one gate of a recurrent layer, with biases or none for each unit. */
    private static long gate(Node node, List<Integer> in, int biases) {
        long units = number(node, "units");
        return units * (in.getFirst() + units + biases);
    }

    /** Pairs of positions no further apart than the window; all where the window is 0. */
    private static long pairs(long length, long window) {
        long near = window == 0 ? length - 1 : Math.min(window, length - 1);
        return length * (2 * near + 1) - near * (near + 1);
    }

    private static long positions(List<Integer> shape) {
        return size(shape.subList(1, shape.size()));
    }

    private static long size(List<Integer> shape) {
        return shape.stream().mapToLong(Integer::longValue).reduce(1, (a, b) -> a * b);
    }

    private static long number(Node node, String attribute) {
        return node.attributes().getOrDefault(attribute, 0.0).longValue();
    }

    private GraphCost() {}
}
