package dev.mlops.nas.search;

import dev.mlops.nas.search.Spaces.CellOptions;
import dev.mlops.nas.search.Spaces.DartsCellOptions;
import dev.mlops.nas.search.Spaces.HierarchicalOptions;
import dev.mlops.nas.search.Spaces.LevelOptions;
import dev.mlops.nas.search.Spaces.NodeCellOptions;
import dev.mlops.nas.search.Spaces.StackOptions;
import dev.mlops.nas.search.Spaces.Task;
import java.util.List;
import java.util.Map;

/** Builds spaces of cells from options that make sense, and says which do not. */
final class CellChecks {
    private static final String CELL = "searchSpace.cell.";
    private static final String HIERARCHICAL = "searchSpace.hierarchical.";
    private static final int MAX_NODES = 8;
    private static final int MAX_OPERATIONS = 200;

    static CellSpace edges(CellOptions options, Task task, Map<String, Map<String, String>> references) {
        Spaces.checkNumbers(task);
        var stack = new StackOptions(options.stages(), options.cellsPerStage(), options.width());
        checkStack(CELL + "stack.", stack, task);
        checkNodes(options.nodes(), 2, "");
        List<CellOperation> operations = operations(CELL + "operations", "operations", options.operations(), true);
        Decisions decisions = CellSpace.decisions(options);
        return new CellSpace(
                options.nodes(),
                operations,
                new CellStack(task, stack),
                decisions,
                Spaces.references(decisions, CellSpace.designs(options), references));
    }

    static NodeCellSpace nodes(NodeCellOptions options, Task task, Map<String, Map<String, String>> references) {
        Spaces.checkNumbers(task);
        checkStack(CELL + "stack.", options.stack(), task);
        checkNodes(options.nodes(), 3, ", input, output and a node between them at least");
        int edges = NodeCellSpace.edges(options.nodes());
        if (options.maxEdges() < 2 || options.maxEdges() > edges) {
            throw new SpaceException(
                    CELL + "maxEdges",
                    "maxEdges is " + options.maxEdges()
                            + ": give 2, without which no operation lies between input and output, to " + edges
                            + ", all edges of " + options.nodes() + " nodes");
        }
        List<CellOperation> operations = operations(CELL + "operations", "operations", options.operations(), false);
        Decisions decisions = NodeCellSpace.decisions(options);
        return new NodeCellSpace(
                options,
                operations,
                task,
                decisions,
                Spaces.references(decisions, NodeCellSpace.designs(options), references));
    }

    static DartsCellSpace darts(DartsCellOptions options, Task task, Map<String, Map<String, String>> references) {
        Spaces.checkNumbers(task);
        checkStack(CELL + "stack.", options.stack(), task);
        checkNodes(options.nodes(), 4, ", two inputs, output and a node between them at least");
        Spaces.checkChoices(CELL + "inputs", "inputs", options.inputs());
        for (int count : options.inputs()) {
            if (count < 1 || count > 2) {
                throw new SpaceException(
                        CELL + "inputs",
                        "inputs holds " + count
                                + ", but the first node can take only the cell's two inputs: give 1 or 2");
            }
        }
        List<CellOperation> operations = operations(CELL + "operations", "operations", options.operations(), false);
        Decisions decisions = DartsCellSpace.decisions(options);
        return new DartsCellSpace(
                options,
                operations,
                task,
                decisions,
                Spaces.references(decisions, DartsCellSpace.designs(options), references));
    }

    static HierarchicalSpace hierarchical(
            HierarchicalOptions options, Task task, Map<String, Map<String, String>> references) {
        Spaces.checkNumbers(task);
        checkStack(HIERARCHICAL + "stack.", options.stack(), task);
        checkLevels(options.levels());
        List<CellOperation> primitives =
                operations(HIERARCHICAL + "primitives", "primitives", options.primitives(), true);
        Decisions decisions = HierarchicalSpace.decisions(options);
        return new HierarchicalSpace(
                options,
                primitives,
                new CellStack(task, options.stack()),
                decisions,
                Spaces.references(decisions, HierarchicalSpace.designs(options), references));
    }

    private static void checkLevels(List<LevelOptions> levels) {
        String field = HIERARCHICAL + "levels";
        if (levels.size() < 2) {
            throw new SpaceException(
                    field, "levels holds " + levels.size() + ": give two or more above the primitives, or a cell");
        }
        for (int i = 0; i < levels.size(); i++) {
            Spaces.atLeast(field + "[" + i + "].motifs", "motifs", levels.get(i).motifs(), 1);
            Spaces.atLeast(field + "[" + i + "].nodes", "nodes", levels.get(i).nodes(), 2);
        }
        if (levels.getLast().motifs() != 1) {
            throw new SpaceException(
                    field + "[" + (levels.size() - 1) + "].motifs",
                    "motifs is " + levels.getLast().motifs()
                            + " in the last level, whose only motif is the cell: give 1");
        }
        long most = HierarchicalSpace.mostOperations(levels);
        if (most > MAX_OPERATIONS) {
            throw new SpaceException(
                    field,
                    "levels allow cells of " + most
                            + " operations with all motifs written out: give fewer nodes or levels, for at" + " most "
                            + MAX_OPERATIONS);
        }
    }

    private static void checkNodes(int nodes, int least, String why) {
        if (nodes < least || nodes > MAX_NODES) {
            throw new SpaceException(
                    CELL + "nodes", "nodes is " + nodes + ": give " + least + " to " + MAX_NODES + why);
        }
    }

    /** Stages halve the image, which ends at 1x1. */
    static void checkStack(String field, StackOptions stack, Task task) {
        Spaces.atLeast(field + "stages", "stages", stack.stages(), 1);
        Spaces.atLeast(field + "cells", "cells", stack.cells(), 1);
        Spaces.atLeast(field + "width", "width", stack.width(), 1);
        int side = Math.max(task.height(), task.width());
        for (int stage = 1; stage < stack.stages(); stage++) {
            if (side < 2) {
                throw new SpaceException(
                        field + "stages",
                        "stages is " + stack.stages() + ", but an image of " + task.height() + "x" + task.width()
                                + " is 1x1 after " + stage + " already: give at most " + stage);
            }
            side = Layers.strided(side, 2);
        }
    }

    /** Two or more operations; none only where edges may be missing by it. */
    static List<CellOperation> operations(String field, String name, List<String> choices, boolean withNone) {
        Spaces.checkChoices(field, name, choices);
        if (choices.size() < 2) {
            throw new SpaceException(field, name + " holds only " + choices + ": give two or more to choose from");
        }
        if (!withNone && choices.contains(CellOperation.NONE.text())) {
            throw new SpaceException(
                    field,
                    name + " holds none, but an operation on a node cannot be missing: leave none out, edges are chosen"
                            + " anyway");
        }
        return choices.stream()
                .map(o -> CellOperation.of(o)
                        .orElseThrow(() -> new SpaceException(
                                field, name + " holds \"" + o + "\": give some of " + CellOperation.allowed())))
                .toList();
    }

    private CellChecks() {}
}
