package dev.mlops.nas.search;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mlops.nas.search.Graph.Node;
import dev.mlops.nas.search.SearchSpace.Cost;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Reads a graph by the words of the trial contract alone: are its shapes right, and what does it cost? */
final class GraphCount {
    static Cost cost(Graph graph) {
        var shapes = new HashMap<String, List<Integer>>();
        long params = 0;
        long macs = 0;
        for (Node node : graph.nodes()) {
            shapes.put(node.name(), node.shape());
            int in = node.inputs().isEmpty()
                    ? 0
                    : shapes.get(node.inputs().getFirst()).getFirst();
            switch (node.operator()) {
                case "conv" -> {
                    long weights = number(node, "kernel")
                            * number(node, "kernel")
                            * in
                            / number(node, "groups")
                            * number(node, "filters");
                    params += weights;
                    macs += weights * node.shape().get(1) * node.shape().get(2);
                }
                case "batchNorm" -> params += 2L * in;
                case "dense" -> {
                    params += (in + 1) * number(node, "units");
                    macs += in * number(node, "units");
                }
                default -> {}
            }
        }
        return new Cost(params, macs, 4 * peak(graph));
    }

    /** At every node: its own numbers, and those of earlier nodes that it or a later one reads. */
    private static long peak(Graph graph) {
        long peak = 0;
        for (int now = 0; now < graph.nodes().size(); now++) {
            Set<String> needed = new HashSet<>(List.of(graph.nodes().get(now).name()));
            graph.nodes().subList(now, graph.nodes().size()).forEach(n -> needed.addAll(n.inputs()));
            long alive = graph.nodes().subList(0, now + 1).stream()
                    .filter(n -> needed.contains(n.name()))
                    .mapToLong(n -> n.shape().stream().mapToLong(s -> s).reduce(1, (a, b) -> a * b))
                    .sum();
            peak = Math.max(peak, alive);
        }
        return peak;
    }

    /** Fails where a shape is not what its inputs make it, or a node is not on the way from input to logits. */
    static void check(Graph graph, Spaces.Task task) {
        var shapes = new HashMap<String, List<Integer>>();
        var fromInput = new HashSet<String>();
        for (Node node : graph.nodes()) {
            List<List<Integer>> inputs = node.inputs().stream().map(shapes::get).toList();
            assertThat(inputs).as("inputs of %s come before it", node.name()).doesNotContainNull();
            assertThat(node.shape()).as(node.name()).isEqualTo(shape(node, inputs, task));
            assertThat(shapes.put(node.name(), node.shape()))
                    .as("second %s", node.name())
                    .isNull();
            if (node.inputs().isEmpty() || fromInput.containsAll(node.inputs())) {
                fromInput.add(node.name());
            }
        }
        assertThat(fromInput).hasSameSizeAs(graph.nodes());
        assertThat(graph.nodes().stream().filter(n -> n.operator().equals("input")))
                .hasSize(1);
        assertThat(graph.nodes().getLast().operator()).isEqualTo("dense");
        assertThat(graph.nodes().getLast().shape()).isEqualTo(List.of(task.classes()));
        Set<String> used = new HashSet<>(List.of(graph.nodes().getLast().name()));
        graph.nodes().forEach(n -> used.addAll(n.inputs()));
        assertThat(used).hasSameSizeAs(graph.nodes());
    }

    private static List<Integer> shape(Node node, List<List<Integer>> inputs, Spaces.Task task) {
        if (node.operator().equals("input")) {
            return List.of(task.channels(), task.height(), task.width());
        }
        List<Integer> in = inputs.getFirst();
        return switch (node.operator()) {
            case "conv" -> {
                assertThat(in.getFirst() % number(node, "groups")).isZero();
                assertThat(number(node, "filters") % number(node, "groups")).isZero();
                yield strided((int) number(node, "filters"), in, node);
            }
            case "concat" -> {
                assertThat(inputs)
                        .hasSizeGreaterThan(1)
                        .allMatch(i -> i.subList(1, 3).equals(in.subList(1, 3)));
                yield List.of(inputs.stream().mapToInt(List::getFirst).sum(), in.get(1), in.get(2));
            }
            case "maxPool", "avgPool", "zero" -> strided(in.getFirst(), in, node);
            case "add" -> {
                assertThat(inputs).hasSizeGreaterThan(1).allMatch(in::equals);
                yield in;
            }
            case "batchNorm", "relu", "dropout" -> in;
            case "globalAvgPool" -> in.subList(0, 1);
            case "dense" -> List.of((int) number(node, "units"));
            default -> throw new AssertionError("the contract has no operator " + node.operator());
        };
    }

    private static List<Integer> strided(int channels, List<Integer> in, Node node) {
        double stride = number(node, "stride");
        return List.of(channels, (int) Math.ceil(in.get(1) / stride), (int) Math.ceil(in.get(2) / stride));
    }

    private static long number(Node node, String attribute) {
        Map<String, Double> attributes = node.attributes();
        assertThat(attributes).containsKey(attribute);
        return attributes.get(attribute).longValue();
    }

    private GraphCount() {}
}
