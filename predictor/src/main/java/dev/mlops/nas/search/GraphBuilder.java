package dev.mlops.nas.search;

import dev.mlops.nas.search.Spaces.Task;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Adds nodes one after the other and works out their shapes. Methods take names of earlier nodes and return the new one's. */
final class GraphBuilder {
    private final List<Graph.Node> nodes = new ArrayList<>();
    private final Map<String, List<Integer>> shapes = new HashMap<>();

    String input(Task task) {
        return add("input", "input", Map.of(), List.of(), List.of(task.channels(), task.height(), task.width()));
    }

    String conv(String name, String input, int filters, int kernel, int stride, int groups) {
        int channels = channels(input);
        if (channels % groups != 0 || filters % groups != 0) {
            throw new IllegalArgumentException(
                    name + ": " + channels + " channels and " + filters + " filters do not split into " + groups);
        }
        var attributes = Map.of(
                "filters", (double) filters, "kernel", (double) kernel, "stride", (double) stride, "groups", (double)
                        groups);
        return add(name, "conv", attributes, List.of(input), strided(input, filters, stride));
    }

    String batchNorm(String name, String input) {
        return add(name, "batchNorm", Map.of(), List.of(input), shape(input));
    }

    String relu(String name, String input) {
        return add(name, "relu", Map.of(), List.of(input), shape(input));
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

    String maxPool(String name, String input, int kernel, int stride) {
        return pool(name, "maxPool", input, kernel, stride);
    }

    String avgPool(String name, String input, int kernel, int stride) {
        return pool(name, "avgPool", input, kernel, stride);
    }

    private String pool(String name, String operator, String input, int kernel, int stride) {
        var attributes = Map.of("kernel", (double) kernel, "stride", (double) stride);
        return add(name, operator, attributes, List.of(input), strided(input, channels(input), stride));
    }

    String zero(String name, String input) {
        return add(name, "zero", Map.of("stride", 1.0), List.of(input), shape(input));
    }

    String globalAvgPool(String name, String input) {
        return add(name, "globalAvgPool", Map.of(), List.of(input), List.of(channels(input)));
    }

    String dropout(String name, String input, double rate) {
        return add(name, "dropout", Map.of("rate", rate), List.of(input), shape(input));
    }

    String dense(String name, String input, int units) {
        if (shape(input).size() != 1) {
            throw new IllegalArgumentException(name + " needs a flat input, not " + shape(input));
        }
        return add(name, "dense", Map.of("units", (double) units), List.of(input), List.of(units));
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

    /** Padding is "same": a side is divided by the stride and rounded up. */
    static int strided(int side, int stride) {
        return (side + stride - 1) / stride;
    }

    private List<Integer> strided(String input, int channels, int stride) {
        List<Integer> shape = shape(input);
        return List.of(channels, strided(shape.get(1), stride), strided(shape.get(2), stride));
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
