package dev.mlops.nas.search;

import dev.mlops.nas.search.CellLayers.Activation;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Puts a cell with all its choices open into a network: every operation that an edge may hold is there, and a {@code choice} behind
 * them. A ReLU, a pooling or a zero that several edges need is there once.
 */
final class OpenCell {
    private final Layers layers;
    private final OperationLayers operations;
    private final int width;
    private final Map<Integer, Integer> relus = new HashMap<>();
    private final Map<Plain, Integer> plain = new HashMap<>();

    /** An operation without weights on something. */
    private record Plain(CellOperation operation, int input, int stride) {}

    /** What an edge, by its name and its number, makes of its source. */
    @FunctionalInterface
    interface Edges {
        int apply(String name, int number, int source);
    }

    /**
     * A cell that nothing is in yet.
     *
     * @param width channels of its nodes
     */
    OpenCell(Layers layers, int width) {
        this.layers = layers;
        this.operations = new OperationLayers(layers, Activation.BEFORE, width);
        this.width = width;
    }

    /** One of some operations on a source; a skip with a stride is a 1x1 convolution. */
    int edge(String name, int mixture, List<CellOperation> choices, int source, int stride) {
        int[] results = choices.stream()
                .mapToInt(operation -> operation(name + "." + operation.text(), operation, source, stride))
                .toArray();
        return choice(name, mixture, results);
    }

    /** One of some results. */
    int choice(String name, int mixture, int... results) {
        layers.part(name);
        return layers.choice("choice", mixture, results);
    }

    /** Nothing, in the shape of a source. */
    int nothing(int source) {
        return operation("", CellOperation.NONE, source, 1);
    }

    private int operation(String name, CellOperation operation, int source, int stride) {
        if (operation == CellOperation.SKIP && stride == 1) {
            return source;
        }
        if (operation.hasWeights() || operation == CellOperation.SKIP) {
            CellOperation layer = operation == CellOperation.SKIP ? CellOperation.CONV1 : operation;
            return operations.add(layer, name, relu(source), width, stride);
        }
        // Several edges share it, so that it is named after its source.
        return plain.computeIfAbsent(
                new Plain(operation, source, stride),
                p -> operations.add(operation, "of" + source + "." + operation.text(), source, width, stride));
    }

    private int relu(int source) {
        return relus.computeIfAbsent(source, s -> {
            layers.part("of" + s);
            return layers.relu("relu", s);
        });
    }

    int sum(String name, List<Integer> terms) {
        layers.part(name);
        return terms.size() == 1
                ? terms.getFirst()
                : layers.sum("sum", terms.stream().mapToInt(Integer::intValue).toArray());
    }

    int join(List<Integer> parts) {
        layers.part("");
        return parts.size() == 1
                ? parts.getFirst()
                : layers.concat(
                        "concat", parts.stream().mapToInt(Integer::intValue).toArray());
    }

    /** The value of the last of some nodes, each the sum of its edges from all before it; edges count by target, then source. */
    int value(String name, int input, int nodes, Edges edges) {
        var values = new ArrayList<Integer>(List.of(input));
        int edge = 0;
        for (int to = 1; to < nodes; to++) {
            var terms = new ArrayList<Integer>();
            for (int from = 0; from < to; from++, edge++) {
                terms.add(edges.apply(name + "edge" + from + "-" + to, edge, values.get(from)));
            }
            values.add(sum(name + "node" + to, terms));
        }
        return values.getLast();
    }
}
