package dev.mlops.nas.search;

import dev.mlops.nas.search.NetworkKind.Setting;
import dev.mlops.nas.search.Spaces.Task;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * An encoder (Vaswani et al., "Attention Is All You Need", NeurIPS 2017; on images as in Dosovitskiy et al., "An Image is Worth
 * 16x16 Words", ICLR 2021): patches of the example as positions, blocks of attention and a feed-forward network with residual
 * connections, pooling over the positions, dense. An example of height 1 is a sequence already.
 *
 * @param patch side of a patch: every so many positions become one
 * @param depth blocks
 * @param width channels of every position
 * @param heads of attention, each with its part of the width
 * @param feedForward width of the hidden feed-forward layer, in widths
 * @param attention full, local (positions up to a window apart) or linear (Katharopoulos et al., "Transformers are RNNs", ICML 2020)
 * @param window of local attention; 0 otherwise
 * @param norm pre (in front of each half of a block, and at the end) or post (behind each residual sum)
 * @param activation of the feed-forward layer: gelu, relu, silu or tanh
 * @param dropout rate behind each half of a block
 * @param positions learned (added to the patches) or none
 * @param pooling mean or max
 */
record Transformer(
        int patch,
        int depth,
        int width,
        int heads,
        int feedForward,
        String attention,
        int window,
        String norm,
        String activation,
        double dropout,
        String positions,
        String pooling)
        implements Network {
    static final List<Setting> SETTINGS = List.of(
            Setting.whole("patch", 1, 1, 64),
            Setting.whole("depth", 2, 1, 48),
            Setting.whole("width", 64, 1, 4_096),
            Setting.whole("heads", 4, 1, 64),
            Setting.whole("feedForward", 4, 1, 16),
            Setting.oneOf("attention", "full", "local", "linear"),
            Setting.whole("window", 4, 1, 1_024),
            Setting.oneOf("norm", "pre", "post"),
            Setting.oneOf("activation", "gelu", "relu", "silu", "tanh"),
            Setting.rate("dropout"),
            Setting.oneOf("positions", "learned", "none"),
            Setting.oneOf("pooling", "mean", "max"));

    /** The preset transformer-tiny. */
    static final List<Parameter> PRESET = List.of(
            new Parameter("patch", new Parameter.Choice(List.of("1", "2", "4")), ""),
            new Parameter("depth", new Parameter.Whole(1, 6, 1, false), ""),
            new Parameter("width", new Parameter.Choice(List.of("32", "64", "96", "128")), ""),
            new Parameter("heads", new Parameter.Whole(1, 8, 1, true), ""),
            new Parameter("feedForward", new Parameter.Choice(List.of("1", "2", "4")), ""),
            new Parameter("attention", new Parameter.Choice(List.of("full", "local", "linear")), ""),
            new Parameter("window", new Parameter.Whole(2, 8, 1, true), "attention == local"),
            new Parameter("norm", new Parameter.Choice(List.of("pre", "post")), ""),
            new Parameter("activation", new Parameter.Choice(List.of("gelu", "relu")), ""),
            new Parameter("dropout", new Parameter.Choice(List.of("0", "0.1")), ""),
            new Parameter("positions", new Parameter.Choice(List.of("learned", "none")), ""));

    /** Human designs: the smallest vision transformer's proportions, and the original's post-norm block with ReLU. */
    static final Map<String, Map<String, String>> DESIGNS = designs();

    private static Map<String, Map<String, String>> designs() {
        var designs = new LinkedHashMap<String, Map<String, String>>();
        designs.put("vit-like", design("6", "4", "4", "pre", "gelu"));
        designs.put("vaswani-like", design("3", "8", "4", "post", "relu"));
        return designs;
    }

    private static Map<String, String> design(
            String depth, String heads, String feedForward, String norm, String activation) {
        var design = new LinkedHashMap<String, String>();
        design.put("patch", "2");
        design.put("depth", depth);
        design.put("width", "64");
        design.put("heads", heads);
        design.put("feedForward", feedForward);
        design.put("attention", "full");
        design.put("norm", norm);
        design.put("activation", activation);
        design.put("dropout", "0.1");
        design.put("positions", "learned");
        return design;
    }

    /** A window over all positions is full attention, and one position is its own mean. */
    static Transformer of(NetworkValues values) {
        int patch = values.whole("patch");
        String attention = values.text("attention");
        int window = attention.equals("local") ? values.whole("window") : 0;
        int heads = values.whole("heads");
        int length = length(values.task(), patch);
        if (window >= length - 1) {
            window = 0;
        }
        return new Transformer(
                patch,
                values.repeats("depth"),
                values.channels("width", heads),
                heads,
                values.whole("feedForward"),
                attention.equals("local") && window == 0 ? "full" : attention,
                window,
                values.text("norm"),
                values.text("activation"),
                values.number("dropout"),
                values.text("positions"),
                length == 1 ? "mean" : values.text("pooling"));
    }

    private static int length(Task task, int patch) {
        return Layers.strided(task.height(), patch) * Layers.strided(task.width(), patch);
    }

    @Override
    public Graph graph(Task task) {
        var graph = new NetworkBuilder();
        String last = embedding(graph, task);
        if (positions.equals("learned")) {
            last = graph.plain("embed.positions", "positionEmbedding", last);
        }
        for (int i = 1; i <= depth; i++) {
            last = half(graph, "block" + i + ".attention", last, this::attend);
            last = half(graph, "block" + i + ".feedForward", last, this::feed);
        }
        if (norm.equals("pre")) {
            last = graph.plain("head.norm", "layerNorm", last);
        }
        last = pooling.equals("mean") ? graph.globalAvgPool("head.pool", last) : graph.globalMaxPool("head.pool", last);
        graph.dense("head.logits", last, task.classes());
        return graph.build();
    }

    private String embedding(NetworkBuilder graph, Task task) {
        String input = graph.input(task);
        if (patch > 1 && task.height() > 1) {
            return graph.toSequence("embed.sequence", graph.conv("embed.conv", input, width, patch, patch));
        }
        String sequence = graph.toSequence("embed.sequence", input);
        return patch > 1
                ? graph.conv1d("embed.conv", sequence, width, patch, patch)
                : graph.dense("embed.dense", sequence, width);
    }

    /** What one half of a block does with its (normalised) input. */
    private interface Inner {
        String add(NetworkBuilder graph, String name, String input);
    }

    private String half(NetworkBuilder graph, String name, String input, Inner inner) {
        String start = norm.equals("pre") ? graph.plain(name + ".norm", "layerNorm", input) : input;
        String result = Network.dropout(graph, name + ".dropout", inner.add(graph, name, start), dropout);
        String sum = graph.sum(name + ".sum", List.of(input, result));
        return norm.equals("post") ? graph.plain(name + ".norm", "layerNorm", sum) : sum;
    }

    private String attend(NetworkBuilder graph, String name, String input) {
        List<String> inputs = List.of(
                graph.dense(name + ".queries", input, width),
                graph.dense(name + ".keys", input, width),
                graph.dense(name + ".values", input, width));
        String mixed = attention.equals("linear")
                ? graph.attention(name + ".heads", "linearAttention", inputs, Map.of("heads", (double) heads))
                : graph.attention(
                        name + ".heads", "attention", inputs, Map.of("heads", (double) heads, "window", (double)
                                window));
        return graph.dense(name + ".out", mixed, width);
    }

    private String feed(NetworkBuilder graph, String name, String input) {
        String wide = graph.dense(name + ".widen", input, width * feedForward);
        String active = Network.activation(graph, name + "." + activation, wide, activation);
        return graph.dense(name + ".narrow", active, width);
    }
}
