package dev.mlops.nas.search;

import dev.mlops.nas.search.Graph.Node;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Draws a network in layers, top to bottom. */
final class GraphDrawing {
    private static final double BOX_WIDTH = 212;
    private static final double BOX_HEIGHT = 26;
    private static final double SUM_RADIUS = 9;
    private static final double ROW = 42;
    private static final double COLUMN = BOX_WIDTH + 28;
    private static final double MARGIN = 16;
    private static final Set<String> FOLLOWERS =
            Set.of("batchNorm", "layerNorm", "relu", "gelu", "silu", "tanh", "dropout");

    /** A layer with the normalisation, activation and dropout behind it. */
    private static final class Box {
        final List<Node> nodes = new ArrayList<>();
        final Map<Box, Integer> inputs = new TreeMap<>((a, b) -> Integer.compare(a.number, b.number));
        final int number;
        int layer;
        double x;

        Box(int number) {
            this.number = number;
        }

        Node first() {
            return nodes.getFirst();
        }

        boolean isSum() {
            return first().operator().equals("add") && nodes.size() == 1;
        }

        double y() {
            return layer * ROW;
        }

        double halfHeight() {
            return isSum() ? SUM_RADIUS : BOX_HEIGHT / 2;
        }

        double halfWidth() {
            return isSum() ? SUM_RADIUS : BOX_WIDTH / 2;
        }

        /** The name's first part, such as s1-conv1. */
        String group() {
            String name = first().name();
            return name.contains(".") ? name.substring(0, name.indexOf('.')) : "";
        }
    }

    private final Svg svg = new Svg();
    private final List<Box> boxes;
    private final List<List<Box>> layers;
    private double right;

    private GraphDrawing(Graph graph) {
        this.boxes = boxes(graph);
        this.layers = layers(boxes);
        this.right = boxes.stream().mapToDouble(b -> b.x + BOX_WIDTH / 2).max().orElse(0);
    }

    static Svg.Picture picture(Graph graph) {
        return new GraphDrawing(graph).draw();
    }

    private static List<Box> boxes(Graph graph) {
        Map<String, Long> users = graph.nodes().stream()
                .flatMap(n -> n.inputs().stream())
                .collect(Collectors.groupingBy(i -> i, Collectors.counting()));
        var boxes = new ArrayList<Box>();
        var boxOf = new HashMap<String, Box>();
        for (Node node : graph.nodes()) {
            Box box = node.inputs().isEmpty() ? null : boxOf.get(node.inputs().getFirst());
            if (box == null || !follows(node, box, users)) {
                box = new Box(boxes.size());
                boxes.add(box);
                for (String input : node.inputs()) {
                    box.inputs.merge(input(boxOf, input), 1, Integer::sum);
                }
            }
            box.nodes.add(node);
            boxOf.put(node.name(), box);
        }
        return boxes;
    }

    private static boolean follows(Node node, Box box, Map<String, Long> users) {
        String before = box.nodes.getLast().name();
        return FOLLOWERS.contains(node.operator())
                && !box.isSum()
                && before.equals(node.inputs().getFirst())
                && users.getOrDefault(before, 0L) == 1;
    }

    private static Box input(Map<String, Box> boxOf, String name) {
        Box box = boxOf.get(name);
        if (box == null) {
            throw new IllegalArgumentException("input " + name + " comes after its user");
        }
        return box;
    }

    private static List<List<Box>> layers(List<Box> boxes) {
        var layers = new ArrayList<List<Box>>();
        for (Box box : boxes) {
            box.layer = 1
                    + box.inputs.keySet().stream().mapToInt(b -> b.layer).max().orElse(-1);
            if (box.layer == layers.size()) {
                layers.add(new ArrayList<>());
            }
            layers.get(box.layer).add(box);
        }
        for (List<Box> layer : layers) {
            layer.sort((a, b) -> Double.compare(centre(a), centre(b)));
            for (int i = 0; i < layer.size(); i++) {
                layer.get(i).x = (i - (layer.size() - 1) / 2.0) * COLUMN;
            }
        }
        return layers;
    }

    private static double centre(Box box) {
        return box.inputs.keySet().stream().mapToDouble(b -> b.x).average().orElse(0);
    }

    private Svg.Picture draw() {
        double left =
                -boxes.stream().mapToDouble(b -> BOX_WIDTH / 2 - b.x).max().orElse(0);
        boolean column = layers.stream().allMatch(l -> l.size() == 1);
        double edge = right;
        boxes.forEach(b -> b.inputs.forEach((input, times) -> connect(input, b, times, edge)));
        boxes.forEach(this::draw);
        if (column) {
            bracketGroups(left);
            left -= 64;
        }
        double shapes = column ? 58 : 0;
        if (column) {
            nameShapes(right + 6);
        }
        double height = (layers.size() - 1) * ROW + BOX_HEIGHT;
        return svg.finished(
                left - MARGIN,
                -BOX_HEIGHT / 2 - MARGIN,
                right + shapes - left + 2 * MARGIN,
                height + 2 * MARGIN,
                "network of " + boxes.size() + " layers");
    }

    private void draw(Box box) {
        if (box.isSum()) {
            svg.circle(box.x, box.y(), SUM_RADIUS, "#ffffff", "#52606d");
            svg.text(box.x, box.y() + 4.2, "middle", "bold", "+");
            return;
        }
        boolean end = box.inputs.isEmpty() || box == boxes.getLast();
        svg.box(
                box.x - BOX_WIDTH / 2,
                box.y() - BOX_HEIGHT / 2,
                BOX_WIDTH,
                BOX_HEIGHT,
                end ? BOX_HEIGHT / 2 : 5,
                fill(box.first()),
                stroke(box.first()));
        String label = box.inputs.isEmpty() && !box.first().shape().isEmpty()
                ? "input " + Drawings.shape(box.first())
                : Drawings.label(box.first());
        String tail = box.nodes.stream().skip(1).map(Drawings::label).collect(Collectors.joining(" · "));
        if (tail.isEmpty()) {
            svg.text(box.x, box.y() + 4, "middle", "", label);
        } else {
            svg.text(box.x - BOX_WIDTH / 2 + 10, box.y() + 4, "start", "", label);
            svg.text(box.x + BOX_WIDTH / 2 - 10, box.y() + 4, "end", "small", tail);
        }
    }

    /** Straight down to the next layer; around the boxes on the right otherwise. */
    private void connect(Box from, Box to, int times, double edge) {
        double y1 = from.y() + from.halfHeight();
        double y2 = to.y() - to.halfHeight() - 1;
        if (to.layer == from.layer + 1) {
            double middle = (y1 + y2) / 2;
            svg.arrow(
                    from.x == to.x
                            ? Svg.path("M", from.x, y1, "L", to.x, y2)
                            : Svg.path("M", from.x, y1, "C", from.x, middle, to.x, middle, to.x, y2),
                    "");
            if (times > 1) {
                svg.text((from.x + to.x) / 2 + 6, middle + 3, "start", "small", "×" + times);
            }
            return;
        }
        double lane = edge + 12 + 5 * ((to.layer - from.layer) % 5);
        right = Math.max(right, lane);
        double x1 = from.x + from.halfWidth();
        double x2 = to.x + to.halfWidth() + 1;
        svg.arrow(
                Svg.path(
                        "M",
                        x1,
                        from.y(),
                        "H",
                        lane - 8,
                        "Q",
                        lane,
                        from.y(),
                        lane,
                        from.y() + 8,
                        "V",
                        to.y() - 8,
                        "Q",
                        lane,
                        to.y(),
                        lane - 8,
                        to.y(),
                        "H",
                        x2),
                "");
        if (times > 1) {
            svg.text(x2 + 8, to.y() - 4, "start", "small", "×" + times);
        }
    }

    /** The name of what belongs together, on the left. */
    private void bracketGroups(double left) {
        int start = 0;
        while (start < boxes.size()) {
            int end = start;
            while (end + 1 < boxes.size()
                    && boxes.get(end + 1).group().equals(boxes.get(start).group())) {
                end++;
            }
            if (!boxes.get(start).group().isEmpty()) {
                double top = boxes.get(start).y() - BOX_HEIGHT / 2;
                double bottom = boxes.get(end).y() + BOX_HEIGHT / 2;
                svg.line(Svg.path("M", left - 6, top, "H", left - 12, "V", bottom, "H", left - 6), "stroke:#b8c1cc");
                svg.text(
                        left - 18,
                        (top + bottom) / 2 + 4,
                        "end",
                        "small",
                        boxes.get(start).group());
            }
            start = end + 1;
        }
    }

    /** The shape wherever it changes, on the right. */
    private void nameShapes(double x) {
        String before = "";
        for (Box box : boxes) {
            String shape = Drawings.shape(box.nodes.getLast());
            if (!shape.equals(before) && !box.inputs.isEmpty()) {
                svg.text(x, box.y() + 4, "start", "small", shape);
            }
            before = shape;
        }
    }

    private static String fill(Node node) {
        return switch (node.operator()) {
            case "conv", "conv1d" -> node.attributes().getOrDefault("groups", 1.0) > 1 ? "#d9f2ea" : "#dbe9fb";
            case "maxPool", "avgPool", "globalAvgPool", "globalMaxPool", "lastPosition" -> "#fdecd2";
            case "dense" -> "#e8e0f7";
            case "attention", "linearAttention", "lstm", "gru" -> "#fbe0e4";
            default -> CellOperation.of(node.operator()).map(CellDrawing::fill).orElse("#f3f5f7");
        };
    }

    private static String stroke(Node node) {
        return switch (node.operator()) {
            case "conv", "conv1d" -> node.attributes().getOrDefault("groups", 1.0) > 1 ? "#5bb398" : "#6b9bd8";
            case "maxPool", "avgPool", "globalAvgPool", "globalMaxPool", "lastPosition" -> "#e0a84f";
            case "dense" -> "#9a80cf";
            case "attention", "linearAttention", "lstm", "gru" -> "#cf6b7c";
            default ->
                CellOperation.of(node.operator()).map(CellDrawing::stroke).orElse("#9aa5b1");
        };
    }
}
