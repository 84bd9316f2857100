package dev.mlops.nas.search;

import dev.mlops.nas.search.Graph.Node;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** Pictures of architectures, for reports and tracking. */
public final class Drawings {
    /**
     * An architecture as a person wants to see it: the whole network of a chain, one cell of each kind of a stack of cells. An SVG
     * document.
     */
    public static String svg(SearchSpace space, Genotype genotype) {
        return switch (space) {
            case ChainSpace chain -> svg(chain.graph(genotype));
            case CellSpace cell -> CellDrawing.svg(cell, genotype);
            case StackedSpace stacked -> CellGraphDrawing.svg(stacked, genotype);
            case ParameterSpace parameters ->
                parameters.hasNetwork() ? svg(parameters.graph(genotype)) : table(parameters.describe(genotype));
        };
    }

    /** Names and values under each other, where there is no network to draw. */
    private static String table(Map<String, String> decisions) {
        var svg = new Svg();
        double y = 0;
        for (var decision : decisions.entrySet()) {
            svg.box(0, y, 340, 24, 4, "#f3f5f7", "#9aa5b1");
            svg.text(10, y + 16, "start", "", decision.getKey());
            svg.text(330, y + 16, "end", "bold", decision.getValue());
            y += 30;
        }
        return svg.document(-16, -16, 372, y + 26, decisions.size() + " decisions");
    }

    /** A whole network from top to bottom, batch norm and ReLU drawn with the layer that they follow. An SVG document. */
    public static String svg(Graph graph) {
        return GraphDrawing.picture(graph).document();
    }

    /** A whole network, every node, in the language of Graphviz. */
    public static String dot(Graph graph) {
        String nodes = graph.nodes().stream()
                .map(n -> "  \"" + n.name() + "\" [label=\"" + label(n) + "\\n" + shape(n) + "\"];\n")
                .collect(Collectors.joining());
        String edges = graph.nodes().stream()
                .flatMap(n -> n.inputs().stream().map(i -> "  \"" + i + "\" -> \"" + n.name() + "\";\n"))
                .collect(Collectors.joining());
        return "digraph architecture {\n  node [shape=box, style=rounded, fontname=\"Helvetica\"];\n" + nodes + edges
                + "}\n";
    }

    /** A few words: {@code conv 3×3 /2, 32}. */
    static String label(Node node) {
        return switch (node.operator()) {
            case "conv" -> {
                boolean depthwise = number(node, "groups") > 1;
                String gaps = number(node, "dilation") > 1 ? " dilated" : "";
                yield (depthwise ? "depthwise " : "conv ") + side(node) + gaps + ", " + number(node, "filters");
            }
            case "maxPool" -> "max pool " + side(node);
            case "avgPool" -> "avg pool " + side(node);
            case "conv1d" -> {
                int stride = number(node, "stride");
                yield "conv " + number(node, "kernel") + (stride > 1 ? " /" + stride : "") + ", "
                        + number(node, "filters");
            }
            case "globalAvgPool" -> "global avg pool";
            case "globalMaxPool" -> "global max pool";
            case "lastPosition" -> "last position";
            case "batchNorm" -> "BN";
            case "layerNorm" -> "LN";
            case "relu" -> "ReLU";
            case "gelu" -> "GELU";
            case "silu" -> "SiLU";
            case "add" -> "+";
            case "dense" -> "dense, " + number(node, "units");
            case "dropout" -> "dropout " + node.attributes().get("rate");
            case "squeezeExcite" -> "squeeze-excite, " + number(node, "units");
            case "attention" -> {
                int window = node.attributes().getOrDefault("window", 0.0).intValue();
                yield "attention, heads: " + number(node, "heads") + (window > 0 ? ", window: " + window : "");
            }
            case "linearAttention" -> "linear attention, heads: " + number(node, "heads");
            case "positionEmbedding" -> "+ position";
            case "embedding" -> "embedding, columns: " + Embedding.columns(node);
            case "lstm", "gru" ->
                node.operator().toUpperCase(Locale.ROOT)
                        + (node.attributes().getOrDefault("reverse", 0.0) > 0 ? " backward" : "") + ", "
                        + number(node, "units");
            default -> node.operator();
        };
    }

    /** {@code 32×4×4}. */
    static String shape(Node node) {
        return node.shape().stream().map(Object::toString).collect(Collectors.joining("×"));
    }

    private static String side(Node node) {
        int kernel = number(node, "kernel");
        int stride = number(node, "stride");
        return kernel + "×" + kernel + (stride > 1 ? " /" + stride : "");
    }

    private static int number(Node node, String attribute) {
        return node.attributes().getOrDefault(attribute, 1.0).intValue();
    }

    private Drawings() {}
}
