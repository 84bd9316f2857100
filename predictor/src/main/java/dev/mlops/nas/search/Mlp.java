package dev.mlops.nas.search;

import dev.mlops.nas.search.NetworkKind.Setting;
import dev.mlops.nas.search.Spaces.Task;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A multilayer perceptron: the example as a vector, categories replaced by vectors of their own ({@link Embedding}), hidden layers of equal width, each dense, normalisation, activation and
 * dropout, with its input added where both have the same width; then dense. Gorishniy et al., "Revisiting Deep Learning Models
 * for Tabular Data", NeurIPS 2021, find this family hard to beat on tables.
 *
 * @param depth hidden layers
 * @param width units of each
 * @param activation relu, gelu, silu or tanh
 * @param dropout rate behind every hidden layer
 * @param norm none, batch or layer
 * @param residual whether a layer's input is added to its result
 * @param embedding of the columns that hold categories
 */
record Mlp(int depth, int width, String activation, double dropout, String norm, boolean residual, Embedding embedding)
        implements Network {
    private static final String EMBEDDING = "embedding";

    private static final List<Setting> OF_NUMBERS = List.of(
            Setting.whole("depth", 2, 0, 64),
            Setting.whole("width", 64, 1, 16_384),
            Setting.oneOf("activation", "relu", "gelu", "silu", "tanh"),
            Setting.rate("dropout"),
            Setting.oneOf("norm", "none", "batch", "layer"),
            Setting.flag("residual"));

    /** The preset mlp-tabular, of a table without categories: 3,240 networks but for those that are alike. */
    private static final List<Parameter> PRESET = List.of(
            new Parameter("depth", new Parameter.Whole(1, 6, 1, false), ""),
            new Parameter("width", new Parameter.Whole(32, 512, 1, true), ""),
            new Parameter("activation", new Parameter.Choice(List.of("relu", "gelu", "silu")), ""),
            new Parameter("dropout", new Parameter.Real(0, 0.5, 6, false), ""),
            new Parameter("norm", new Parameter.Choice(List.of("none", "batch", "layer")), ""),
            new Parameter("residual", new Parameter.Choice(List.of("false", "true")), ""));

    /** Human designs: a plain perceptron, and the residual network that the paper above compares with. */
    static Map<String, Map<String, String>> designs(Task task) {
        var designs = new LinkedHashMap<String, Map<String, String>>();
        designs.put("mlp-like", design(task, "2", "128", "0.1", "none", "false"));
        designs.put("resnet-like", design(task, "4", "128", "0.2", "batch", "true"));
        return designs;
    }

    private static Map<String, String> design(
            Task task, String depth, String width, String dropout, String norm, String residual) {
        var design = new HashMap<>(Map.of(
                "depth", depth,
                "width", width,
                "activation", "relu",
                "dropout", dropout,
                "norm", norm,
                "residual", residual));
        if (!task.categorical().isEmpty()) {
            design.put(EMBEDDING, "1");
        }
        return design;
    }

    /** What it takes: how long vectors are, as a factor of the rule, where there are categories. */
    static List<Setting> settings(Task task) {
        return withEmbedding(task, OF_NUMBERS, Setting.factor(EMBEDDING, 0.1, 10));
    }

    /** The preset mlp-tabular: with vectors of half, the usual and twice the length where there are categories. */
    static List<Parameter> preset(Task task) {
        return withEmbedding(
                task, PRESET, new Parameter(EMBEDDING, new Parameter.Choice(List.of("0.5", "1", "2")), ""));
    }

    private static <T> List<T> withEmbedding(Task task, List<T> ofNumbers, T ofCategories) {
        return task.categorical().isEmpty()
                ? ofNumbers
                : Stream.concat(ofNumbers.stream(), Stream.of(ofCategories)).toList();
    }

    /** Without hidden layers the rest has no effect, and a lone hidden layer adds its input only where the widths agree. */
    static Mlp of(NetworkValues values) {
        int depth = values.repeats("depth");
        Embedding embedding =
                Embedding.of(values.task(), values.task().categorical().isEmpty() ? 1 : values.number(EMBEDDING));
        if (depth == 0) {
            return new Mlp(0, 1, "relu", 0, "none", false, embedding);
        }
        int width = values.channels("width");
        boolean hasPlace = depth > 1 || row(values.task(), embedding) == width;
        return new Mlp(
                depth,
                width,
                values.text("activation"),
                values.number("dropout"),
                values.text("norm"),
                values.flag("residual") && hasPlace,
                embedding);
    }

    /** Numbers that the first layer sees. */
    private static long row(Task task, Embedding embedding) {
        return embedding.isEmpty() ? task.size() : embedding.channels(task.channels());
    }

    @Override
    public Graph graph(Task task) {
        var graph = new NetworkBuilder();
        String input = graph.input(task);
        String last =
                embedding.isEmpty() ? graph.flatten("flatten", input) : graph.embedding(EMBEDDING, input, embedding);
        for (int i = 1; i <= depth; i++) {
            String name = "layer" + i;
            String before = last;
            last = graph.dense(name + ".dense", last, width);
            last = Network.norm(graph, name + ".norm", last, norm);
            last = Network.activation(graph, name + "." + activation, last, activation);
            last = Network.dropout(graph, name + ".dropout", last, dropout);
            if (residual && graph.channels(before) == width) {
                last = graph.sum(name + ".sum", List.of(before, last));
            }
        }
        graph.dense("logits", last, task.classes());
        return graph.build();
    }
}
