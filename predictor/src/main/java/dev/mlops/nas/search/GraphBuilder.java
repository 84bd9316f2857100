package dev.mlops.nas.search;

import dev.mlops.nas.search.Layers.Window;
import dev.mlops.nas.search.Spaces.Task;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** {@link Layers} by name: methods take names of earlier nodes and return the new one's. */
final class GraphBuilder {
    private final Layers layers = new Layers();
    private final Map<String, Integer> places = new HashMap<>();

    String input(Task task) {
        return named("input", layers.input(task));
    }

    String conv(String name, String input, int filters, int kernel, int stride, int groups) {
        return named(name, layers.conv(name, place(input), filters, new Window(kernel, stride, groups, 1)));
    }

    String batchNorm(String name, String input) {
        return named(name, layers.batchNorm(name, place(input)));
    }

    String relu(String name, String input) {
        return named(name, layers.relu(name, place(input)));
    }

    /** The sum; an input may stand twice. */
    String sum(String name, List<String> inputs) {
        return named(
                name, layers.sum(name, inputs.stream().mapToInt(this::place).toArray()));
    }

    String maxPool(String name, String input, int kernel, int stride) {
        return named(name, layers.maxPool(name, place(input), kernel, stride));
    }

    String avgPool(String name, String input, int kernel, int stride) {
        return named(name, layers.avgPool(name, place(input), kernel, stride));
    }

    String globalAvgPool(String name, String input) {
        return named(name, layers.globalAvgPool(name, place(input)));
    }

    String dropout(String name, String input, double rate) {
        return named(name, layers.dropout(name, place(input), rate));
    }

    String dense(String name, String input, int units) {
        return named(name, layers.dense(name, place(input), units));
    }

    Graph build() {
        return layers.graph();
    }

    private int place(String name) {
        Integer place = places.get(name);
        if (place == null) {
            throw new IllegalArgumentException("there is no node " + name);
        }
        return place;
    }

    private String named(String name, int place) {
        places.put(name, place);
        return name;
    }
}
