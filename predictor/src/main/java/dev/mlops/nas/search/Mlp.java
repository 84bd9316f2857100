package dev.mlops.nas.search;

import dev.mlops.nas.search.NetworkKind.Setting;
import dev.mlops.nas.search.Spaces.Task;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A multilayer perceptron: the example as a vector, hidden layers of equal width, each dense, normalisation, activation and
 * dropout, with its input added where both have the same width; then dense. Gorishniy et al., "Revisiting Deep Learning Models
 * for Tabular Data", NeurIPS 2021, find this family hard to beat on tables.
 *
 * @param depth hidden layers
 * @param width units of each
 * @param activation relu, gelu, silu or tanh
 * @param dropout rate behind every hidden layer
 * @param norm none, batch or layer
 * @param residual whether a layer's input is added to its result
 */
record Mlp(int depth, int width, String activation, double dropout, String norm, boolean residual) implements Network {
    static final List<Setting> SETTINGS = List.of(
            Setting.whole("depth", 2, 0, 64),
            Setting.whole("width", 64, 1, 16_384),
            Setting.oneOf("activation", "relu", "gelu", "silu", "tanh"),
            Setting.rate("dropout"),
            Setting.oneOf("norm", "none", "batch", "layer"),
            Setting.flag("residual"));

    /** The preset mlp-tabular: 3,240 networks but for those that are alike. */
    static final List<Parameter> PRESET = List.of(
            new Parameter("depth", new Parameter.Whole(1, 6, 1, false), ""),
            new Parameter("width", new Parameter.Whole(32, 512, 1, true), ""),
            new Parameter("activation", new Parameter.Choice(List.of("relu", "gelu", "silu")), ""),
            new Parameter("dropout", new Parameter.Real(0, 0.5, 6, false), ""),
            new Parameter("norm", new Parameter.Choice(List.of("none", "batch", "layer")), ""),
            new Parameter("residual", new Parameter.Choice(List.of("false", "true")), ""));

    /** Human designs: a plain perceptron, and the residual network that the paper above compares with. */
    static final Map<String, Map<String, String>> DESIGNS = designs();

    private static Map<String, Map<String, String>> designs() {
        var designs = new LinkedHashMap<String, Map<String, String>>();
        designs.put("mlp-like", design("2", "128", "0.1", "none", "false"));
        designs.put("resnet-like", design("4", "128", "0.2", "batch", "true"));
        return designs;
    }

    private static Map<String, String> design(
            String depth, String width, String dropout, String norm, String residual) {
        return Map.of(
                "depth", depth,
                "width", width,
                "activation", "relu",
                "dropout", dropout,
                "norm", norm,
                "residual", residual);
    }

    /** Without hidden layers the rest has no effect, and a lone hidden layer adds its input only where the widths agree. */
    static Mlp of(NetworkValues values) {
        int depth = values.repeats("depth");
        if (depth == 0) {
            return new Mlp(0, 1, "relu", 0, "none", false);
        }
        int width = values.channels("width");
        boolean hasPlace = depth > 1 || values.task().size() == width;
        return new Mlp(
                depth,
                width,
                values.text("activation"),
                values.number("dropout"),
                values.text("norm"),
                values.flag("residual") && hasPlace);
    }

    @Override
    public Graph graph(Task task) {
        var graph = new NetworkBuilder();
        String last = graph.flatten("flatten", graph.input(task));
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
