package dev.mlops.nas.search;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mlops.nas.search.Graph.Node;
import dev.mlops.nas.search.SearchSpace.Cost;
import java.util.ArrayList;
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
                case "conv1d" -> {
                    long weights = number(node, "kernel") * in * number(node, "filters");
                    params += weights;
                    macs += weights * node.shape().get(1);
                }
                case "batchNorm", "layerNorm" -> params += 2L * in;
                case "positionEmbedding" -> params += (long) in * node.shape().get(1);
                case "embedding" -> {
                    for (int column = 0; column < in; column++) {
                        params += (long) (node.attributes().getOrDefault("categories." + column, 0.0)
                                * node.attributes().getOrDefault("units." + column, 0.0));
                    }
                }
                case "dense" -> {
                    params += (in + 1) * number(node, "units");
                    macs += in * number(node, "units") * steps(node);
                }
                case "lstm", "gru" -> {
                    long gates = node.operator().equals("lstm") ? 4 : 3;
                    long units = number(node, "units");
                    params += gates * (in * units + units * units + units);
                    macs += gates * (in * units + units * units) * steps(node);
                }
                case "attention" -> macs += 2L * in * pairs(steps(node), number(node, "window"));
                case "linearAttention" -> macs += 2L * steps(node) * in * in / number(node, "heads");
                default -> {}
            }
        }
        return new Cost(params, macs, 4 * peak(graph));
    }

    private static long steps(Node node) {
        return node.shape().size() == 2 ? node.shape().get(1) : 1;
    }

    /** Counts them one by one. */
    private static long pairs(long length, long window) {
        long pairs = 0;
        for (long from = 0; from < length; from++) {
            for (long to = 0; to < length; to++) {
                pairs += window == 0 || Math.abs(from - to) <= window ? 1 : 0;
            }
        }
        return pairs;
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
            case "maxPool", "avgPool", "zero" -> strided(in.getFirst(), in, node);
            case "add" -> {
                assertThat(inputs).hasSizeGreaterThan(1).allMatch(in::equals);
                yield in;
            }
            case "batchNorm", "layerNorm", "relu", "gelu", "silu", "tanh", "dropout" -> in;
            case "globalAvgPool", "globalMaxPool" -> in.subList(0, 1);
            case "flatten" -> List.of(in.stream().reduce(1, (a, b) -> a * b));
            case "sequence" -> List.of(in.get(0), in.get(1) * in.get(2));
            case "lastPosition" -> ofSequence(in).subList(0, 1);
            case "positionEmbedding" -> ofSequence(in);
            case "embedding" -> List.of(embedded(node, in, task));
            case "conv1d" ->
                List.of((int) number(node, "filters"), (int)
                        Math.ceil(ofSequence(in).get(1) / (double) number(node, "stride")));
            case "lstm", "gru" ->
                List.of((int) number(node, "units"), ofSequence(in).get(1));
            case "attention", "linearAttention" -> {
                assertThat(inputs).hasSize(3).allMatch(in::equals);
                assertThat(in.getFirst() % number(node, "heads")).isZero();
                yield ofSequence(in);
            }
            case "concat" -> {
                assertThat(inputs)
                        .hasSizeGreaterThan(1)
                        .allMatch(i -> i.subList(1, i.size()).equals(in.subList(1, in.size())));
                var joined = new ArrayList<>(in);
                joined.set(0, inputs.stream().mapToInt(List::getFirst).sum());
                yield joined;
            }
            case "dense" -> {
                assertThat(in).hasSizeBetween(1, 2);
                var units = new ArrayList<>(in);
                units.set(0, (int) number(node, "units"));
                yield units;
            }
            default -> throw new AssertionError("the contract has no operator " + node.operator());
        };
    }

    /** Vectors for exactly the columns that hold categories, and the other columns as they are. */
    private static int embedded(Node node, List<Integer> in, Spaces.Task task) {
        assertThat(node.inputs()).containsExactly("input");
        assertThat(in.subList(1, in.size())).containsOnly(1);
        assertThat(node.attributes()).hasSize(2 * task.categorical().size());
        int channels = in.getFirst();
        for (var column : task.categorical()) {
            assertThat(number(node, "categories." + column.column())).isEqualTo(column.categories());
            assertThat(number(node, "units." + column.column())).isPositive();
            channels += (int) number(node, "units." + column.column()) - 1;
        }
        return channels;
    }

    private static List<Integer> ofSequence(List<Integer> shape) {
        assertThat(shape).hasSize(2);
        return shape;
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
