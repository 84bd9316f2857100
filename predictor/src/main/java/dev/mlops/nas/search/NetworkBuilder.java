package dev.mlops.nas.search;

import dev.mlops.nas.search.Spaces.Task;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Adds nodes of vectors, sequences and images one after the other and works out their shapes. Methods take names of earlier nodes
 * and return the new one's.
 */
final class NetworkBuilder {
    private final List<Graph.Node> nodes = new ArrayList<>();
    private final Map<String, List<Integer>> shapes = new HashMap<>();

    String input(Task task) {
        return add("input", "input", Map.of(), List.of(), List.of(task.channels(), task.height(), task.width()));
    }

    String conv(String name, String input, int filters, int kernel, int stride) {
        List<Integer> shape = shape(input);
        var attributes = Map.of(
                "filters", (double) filters, "kernel", (double) kernel, "stride", (double) stride, "groups", 1.0);
        return add(
                name,
                "conv",
                attributes,
                List.of(input),
                List.of(filters, Layers.strided(shape.get(1), stride), Layers.strided(shape.get(2), stride)));
    }

    String batchNorm(String name, String input) {
        return add(name, "batchNorm", Map.of(), List.of(input), shape(input));
    }

    /** The sum; an input may stand twice. */
    String sum(String name, List<String> inputs) {
        List<Integer> shape = shape(inputs.getFirst());
        for (String input : inputs) {
            if (!shape(input).equals(shape)) {
                throw new IllegalArgumentException(name + " adds " + shape(input) + " to " + shape);
            }
        }
        return add(name, "add", Map.of(), inputs, shape);
    }

    /** The mean of every channel over an image or a sequence. */
    String globalAvgPool(String name, String input) {
        return add(name, "globalAvgPool", Map.of(), List.of(input), List.of(channels(input)));
    }

    /** The largest value of every channel over an image or a sequence. */
    String globalMaxPool(String name, String input) {
        return add(name, "globalMaxPool", Map.of(), List.of(input), List.of(channels(input)));
    }

    /** The last position of a sequence. */
    String lastPosition(String name, String input) {
        return add(
                name,
                "lastPosition",
                Map.of(),
                List.of(input),
                List.of(sequence(name, input).getFirst()));
    }

    String dropout(String name, String input, double rate) {
        return add(name, "dropout", Map.of("rate", rate), List.of(input), shape(input));
    }

    /** On a flat input, or on every position of a sequence. */
    String dense(String name, String input, int units) {
        List<Integer> shape = shape(input);
        if (shape.size() > 2) {
            throw new IllegalArgumentException(name + " needs a flat input or a sequence, not " + shape);
        }
        return add(
                name,
                "dense",
                Map.of("units", (double) units),
                List.of(input),
                shape.size() == 1 ? List.of(units) : List.of(units, shape.get(1)));
    }

    /** A row of a table with vectors in place of categories. */
    String embedding(String name, String input, Embedding embedding) {
        List<Integer> shape = shape(input);
        return add(
                name,
                "embedding",
                embedding.attributes(),
                List.of(input),
                List.of(embedding.channels(shape.getFirst())));
    }

    /** All numbers in a row. */
    String flatten(String name, String input) {
        int size = shape(input).stream().reduce(1, Math::multiplyExact);
        return add(name, "flatten", Map.of(), List.of(input), List.of(size));
    }

    /** An image's pixels as positions of a sequence. */
    String toSequence(String name, String input) {
        List<Integer> shape = shape(input);
        return add(
                name,
                "sequence",
                Map.of(),
                List.of(input),
                List.of(shape.get(0), Math.multiplyExact(shape.get(1), shape.get(2))));
    }

    /** A node that keeps its only input's shape and has no attributes, such as an activation. */
    String plain(String name, String operator, String input) {
        return add(name, operator, Map.of(), List.of(input), shape(input));
    }

    String conv1d(String name, String input, int filters, int kernel, int stride) {
        var attributes = Map.of("filters", (double) filters, "kernel", (double) kernel, "stride", (double) stride);
        int length = sequence(name, input).get(1);
        return add(name, "conv1d", attributes, List.of(input), List.of(filters, Layers.strided(length, stride)));
    }

    /** {@code lstm} or {@code gru}, in the other direction of time where reverse is true. */
    String recurrent(String name, String operator, String input, int units, boolean reverse) {
        var attributes = Map.of("units", (double) units, "reverse", reverse ? 1.0 : 0.0);
        return add(
                name,
                operator,
                attributes,
                List.of(input),
                List.of(units, sequence(name, input).get(1)));
    }

    /** The inputs' channels one after another. */
    String concat(String name, List<String> inputs) {
        List<Integer> shape = shape(inputs.getFirst());
        List<Integer> sides = shape.subList(1, shape.size());
        var joined = new ArrayList<Integer>();
        joined.add(0);
        joined.addAll(sides);
        for (String input : inputs) {
            List<Integer> other = shape(input);
            if (!other.subList(1, other.size()).equals(sides)) {
                throw new IllegalArgumentException(name + " joins " + other + " to " + shape);
            }
            joined.set(0, Math.addExact(joined.getFirst(), other.getFirst()));
        }
        return add(name, "concat", Map.of(), inputs, joined);
    }

    /** Attention of queries over keys and values, with the operator's attributes. */
    String attention(String name, String operator, List<String> inputs, Map<String, Double> attributes) {
        List<Integer> shape = sequence(name, inputs.getFirst());
        double heads = attributes.getOrDefault("heads", 1.0);
        if (shape.getFirst() % heads != 0 || inputs.stream().anyMatch(i -> !shape(i).equals(shape))) {
            throw new IllegalArgumentException(name + ": " + shape + " does not split into " + heads + " heads");
        }
        return add(name, operator, attributes, inputs, shape);
    }

    private List<Integer> sequence(String name, String input) {
        List<Integer> shape = shape(input);
        if (shape.size() != 2) {
            throw new IllegalArgumentException(name + " needs a sequence, not " + shape);
        }
        return shape;
    }

    int channels(String node) {
        return shape(node).getFirst();
    }

    List<Integer> shape(String node) {
        List<Integer> shape = shapes.get(node);
        if (shape == null) {
            throw new IllegalArgumentException("there is no node " + node);
        }
        return shape;
    }

    Graph build() {
        return new Graph(nodes);
    }

    private String add(
            String name, String operator, Map<String, Double> attributes, List<String> inputs, List<Integer> shape) {
        if (shapes.put(name, shape) != null) {
            throw new IllegalArgumentException("there are two nodes " + name);
        }
        nodes.add(new Graph.Node(name, operator, attributes, inputs, shape));
        return name;
    }
}
