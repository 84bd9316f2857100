package dev.mlops.nas.search;

import dev.mlops.nas.search.Graph.Node;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Draws what the cells of a stack compute, one kind beside the other: operations, sums and joins from top to bottom. */
final class CellGraphDrawing {
    private static final double GAP = 24;
    private static final double LINE = 22;

    static String svg(StackedSpace space, Genotype genotype) {
        var svg = new Svg();
        double x = 0;
        double height = 0;
        for (var cell : space.cells(genotype).entrySet()) {
            Svg.Picture picture = GraphDrawing.picture(graph(cell.getValue()));
            svg.text(x + picture.width() / 2, 0, "middle", "bold", cell.getKey());
            svg.picture(x, LINE / 2, picture);
            x += picture.width() + GAP;
            height = Math.max(height, picture.height());
        }
        double width = x - GAP;
        svg.text(width / 2, height + 2 * LINE, "middle", "small", space.stacking());
        double room = Math.max(0, 7.0 * space.stacking().length() - width);
        return svg.document(0 - room / 2, -LINE, width + room, height + 4 * LINE, "cells");
    }

    /** The cell as nodes without attributes and shapes. */
    private static Graph graph(CellGraph cell) {
        var nodes = new ArrayList<Node>();
        for (int v = 0; v < cell.vertices(); v++) {
            if (v < cell.inputs()) {
                nodes.addAll(cell.reads(v) ? List.of(node(v, inputName(cell, v), List.of())) : List.of());
                continue;
            }
            List<Integer> sources = cell.sources(v);
            CellOperation operation = cell.operation(v);
            if (sources.size() > 1 && operation != CellOperation.JOIN && operation != CellOperation.SUM) {
                nodes.add(node(-v, "add", sources));
                sources = List.of(-v);
            }
            nodes.add(node(v, words(operation), sources));
        }
        nodes.add(node(
                cell.vertices(),
                cell.output().size() > 1 ? "add" : cell.output().isEmpty() ? "zero" : "output",
                cell.output()));
        if (cell.output().size() > 1) {
            nodes.add(node(cell.vertices() + 1, "output", List.of(cell.vertices())));
        }
        return new Graph(nodes);
    }

    private static Node node(int name, String operator, List<Integer> inputs) {
        return new Node(
                Integer.toString(name),
                operator,
                Map.of(),
                inputs.stream().map(Object::toString).toList(),
                List.of());
    }

    private static String inputName(CellGraph cell, int input) {
        if (cell.inputs() == 1) {
            return "input";
        }
        return input == 0 ? "cell before the last" : "last cell";
    }

    private static String words(CellOperation operation) {
        return switch (operation) {
            case JOIN -> "concat";
            case SUM -> "add";
            case PROJECT, PROJECT_OUT -> "project 1x1";
            case NONE, SKIP, CONV1, CONV3, SEP3, SEP5, DIL3, DIL5, AVG_POOL, MAX_POOL -> operation.text();
        };
    }

    private CellGraphDrawing() {}
}
