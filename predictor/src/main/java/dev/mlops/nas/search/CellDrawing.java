package dev.mlops.nas.search;

import java.util.ArrayList;
import java.util.List;

/** Draws a cell: its nodes in a row, its edges as arcs with their operations; what does not count is grey. */
final class CellDrawing {
    private static final double STEP = 132;
    private static final double RADIUS = 15;
    private static final double MARGIN = 18;
    private static final double ARC = 46;

    private record Edge(int from, int to, CellOperation operation, boolean alive) {}

    static String svg(CellSpace space, Genotype genotype) {
        var svg = new Svg();
        int nodes = space.nodes();
        List<Edge> edges = edges(nodes, space.edges(genotype));
        edges.stream().filter(e -> !e.alive()).forEach(e -> draw(svg, e));
        edges.stream().filter(Edge::alive).forEach(e -> draw(svg, e));
        for (int n = 0; n < nodes; n++) {
            boolean end = n == 0 || n == nodes - 1;
            svg.circle(n * STEP, 0, RADIUS, end ? "#e8e0f7" : "#f3f5f7", end ? "#9a80cf" : "#9aa5b1");
            svg.text(n * STEP, 4, "middle", "bold", Integer.toString(n));
        }
        svg.text(0, RADIUS + 15, "middle", "small", "input");
        svg.text((nodes - 1) * STEP, RADIUS + 15, "middle", "small", "output");
        double above = edges.stream().mapToDouble(e -> -bend(e) * 0.75).max().orElse(0) + RADIUS;
        double below = edges.stream().mapToDouble(e -> bend(e) * 0.75).max().orElse(0) + 2 * RADIUS;
        double width = (nodes - 1) * STEP + 2 * (RADIUS + MARGIN + 6);
        svg.text((nodes - 1) * STEP / 2, below + 14, "middle", "small", space.stacking());
        return svg.document(
                -RADIUS - MARGIN - 6,
                -above - MARGIN,
                width,
                above + below + 14 + 2 * MARGIN,
                "cell of " + nodes + " nodes");
    }

    private static List<Edge> edges(int nodes, List<CellOperation> operations) {
        var reached = new boolean[nodes];
        var useful = new boolean[nodes];
        reached[0] = true;
        useful[nodes - 1] = true;
        for (int to = 1; to < nodes; to++) {
            for (int from = 0; from < to; from++) {
                reached[to] |= reached[from] && operations.get(index(from, to)) != CellOperation.NONE;
            }
        }
        for (int from = nodes - 2; from >= 0; from--) {
            for (int to = from + 1; to < nodes; to++) {
                useful[from] |= useful[to] && operations.get(index(from, to)) != CellOperation.NONE;
            }
        }
        var edges = new ArrayList<Edge>();
        for (int to = 1; to < nodes; to++) {
            for (int from = 0; from < to; from++) {
                CellOperation operation = operations.get(index(from, to));
                boolean alive = operation != CellOperation.NONE && reached[from] && useful[to];
                edges.add(new Edge(from, to, operation, alive));
            }
        }
        return edges;
    }

    private static int index(int from, int to) {
        return to * (to - 1) / 2 + from;
    }

    /** Neighbours are joined by a line; longer edges go above (negative) and below in turn. */
    private static double bend(Edge edge) {
        int span = edge.to() - edge.from();
        boolean above = span % 2 == 1 || edge.from() % 2 == 0;
        return span == 1 ? 0 : (above ? -1 : 1) * ARC * span;
    }

    private static void draw(Svg svg, Edge edge) {
        int span = edge.to() - edge.from();
        double x1 = edge.from() * STEP;
        double x2 = edge.to() * STEP;
        double middle = (x1 + x2) / 2;
        double bend = bend(edge);
        double dy = Math.signum(bend) * RADIUS * 0.75;
        double dx = span == 1 ? RADIUS : RADIUS * 0.66;
        String path = span == 1
                ? Svg.path("M", x1 + dx, 0, "L", x2 - dx - 1, 0)
                : Svg.path("M", x1 + dx, dy, "C", x1 + STEP * 0.45, bend, x2 - STEP * 0.45, bend, x2 - dx, dy * 1.08);
        svg.arrow(path, style(edge));
        if (edge.operation() != CellOperation.NONE) {
            double y = dy * 0.25 + bend * 0.75;
            String text = edge.operation().text();
            double half = text.length() * 3.3 + 5;
            svg.box(middle - half, y - 9, 2 * half, 18, 9, fill(edge), colour(edge));
            svg.text(middle, y + 4, "middle", edge.alive() ? "" : "small", text);
        }
    }

    private static String style(Edge edge) {
        if (!edge.alive()) {
            return "stroke:#cbd2d9;stroke-dasharray:3 4;opacity:0.8";
        }
        return "stroke:" + colour(edge) + ";stroke-width:" + (edge.operation().hasWeights() ? "2.2" : "1.6") + "";
    }

    private static String colour(Edge edge) {
        if (!edge.alive()) {
            return "#cbd2d9";
        }
        return stroke(edge.operation());
    }

    private static String fill(Edge edge) {
        return edge.alive() ? fill(edge.operation()) : "#ffffff";
    }

    /** The colour of an operation's border. */
    static String stroke(CellOperation operation) {
        return switch (operation) {
            case CONV1, PROJECT, PROJECT_OUT -> "#5bb398";
            case CONV3, SEP3, SEP5, DIL3, DIL5 -> "#6b9bd8";
            case AVG_POOL, MAX_POOL -> "#e0a84f";
            case SKIP, NONE, SUM, JOIN -> "#7b8794";
        };
    }

    /** The colour of its ground. */
    static String fill(CellOperation operation) {
        return switch (operation) {
            case CONV1, PROJECT, PROJECT_OUT -> "#d9f2ea";
            case CONV3, SEP3, SEP5, DIL3, DIL5 -> "#dbe9fb";
            case AVG_POOL, MAX_POOL -> "#fdecd2";
            case SKIP, NONE, SUM, JOIN -> "#f3f5f7";
        };
    }

    private CellDrawing() {}
}
