package dev.mlops.nas.search;

import dev.mlops.nas.search.SearchSpace.Reference;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;

/** Builds search spaces; every method throws {@link SpaceException} with one sentence when the options contradict each other. */
public final class Spaces {
    private static final int MAX_NODES = 8;
    private static final String PRESET = "searchSpace.preset";
    private static final CellOptions NB201 =
            new CellOptions(4, List.of("none", "skip", "conv1x1", "conv3x3", "avgpool3x3"), 3, 5, 16);

    /** One example's shape and the number of classes. */
    public record Task(int channels, int height, int width, int classes) {}

    /** One stage of a chain; choices in lists, one entry fixes the value. */
    public record StageOptions(
            String name,
            int stride,
            List<Integer> depth,
            List<String> operators,
            List<Integer> kernels,
            List<Integer> expansions,
            List<Integer> widths,
            List<Boolean> skips) {
        /** Copies the lists. */
        public StageOptions {
            depth = List.copyOf(depth);
            operators = List.copyOf(operators);
            kernels = List.copyOf(kernels);
            expansions = List.copyOf(expansions);
            widths = List.copyOf(widths);
            skips = List.copyOf(skips);
        }
    }

    /** Stages after a 3x3 stem, then pooling, dropout and a dense layer. */
    public record ChainOptions(int stemWidth, List<StageOptions> stages, List<Double> dropouts) {
        /** Copies the lists. */
        public ChainOptions {
            stages = List.copyOf(stages);
            dropouts = List.copyOf(dropouts);
        }
    }

    /** A cell with operations on edges, stacked in stages as in NAS-Bench-201. */
    public record CellOptions(int nodes, List<String> operations, int stages, int cellsPerStage, int width) {
        /** Copies the operations. */
        public CellOptions {
            operations = List.copyOf(operations);
        }
    }

    /** {@code small-cnn} or {@code nb201-cell}, for the task, with references by decisions beside the built-in ones. */
    public static SearchSpace preset(String name, Task task, Map<String, Map<String, String>> references) {
        try {
            return switch (name) {
                case "small-cnn" -> ChainChecks.build(SmallCnn.OPTIONS, task, SmallCnn.DESIGNS, references);
                case "nb201-cell" -> cell(NB201, task, references);
                default -> throw new SpaceException(PRESET, "preset is \"" + name + "\": give small-cnn or nb201-cell");
            };
        } catch (SpaceException e) {
            if (e.field().startsWith("searchSpace.chain") || e.field().startsWith("searchSpace.cell")) {
                throw new SpaceException(
                        PRESET,
                        "preset " + name + " does not fit images of " + task.height() + "x" + task.width() + ": "
                                + e.getMessage());
            }
            throw e;
        }
    }

    /**
     * A chain; operators are conv, separable, mbconv, maxpool, avgpool. It has no built-in references: a human design for a
     * space that the user made is the user's.
     */
    public static SearchSpace chain(ChainOptions options, Task task, Map<String, Map<String, String>> references) {
        return ChainChecks.build(options, task, Map.of(), references);
    }

    /**
     * A cell; operations are none, skip, conv1x1, conv3x3, avgpool3x3, maxpool3x3. Built-in references, where the operations
     * allow them: {@code resnet-like} (two 3x3 convolutions beside a skip) and {@code vgg-like} (3x3 convolutions in a row).
     */
    public static SearchSpace cell(CellOptions options, Task task, Map<String, Map<String, String>> references) {
        check(task);
        atLeast("searchSpace.cell.stack.stages", "stages", options.stages(), 1);
        atLeast("searchSpace.cell.stack.cells", "cells", options.cellsPerStage(), 1);
        atLeast("searchSpace.cell.stack.width", "width", options.width(), 1);
        if (options.nodes() < 2 || options.nodes() > MAX_NODES) {
            throw new SpaceException(
                    "searchSpace.cell.nodes", "nodes is " + options.nodes() + ": give 2 to " + MAX_NODES);
        }
        String field = "searchSpace.cell.operations";
        checkChoices(field, "operations", options.operations());
        if (options.operations().size() < 2) {
            throw new SpaceException(
                    field, "operations holds only " + options.operations() + ": give two or more to choose from");
        }
        var operations = options.operations().stream()
                .map(o -> EdgeOperation.of(o)
                        .orElseThrow(() -> new SpaceException(
                                field, "operations holds \"" + o + "\": give some of " + EdgeOperation.allowed())))
                .toList();
        int side = Math.max(task.height(), task.width());
        for (int stage = 1; stage < options.stages(); stage++) {
            if (side < 2) {
                throw new SpaceException(
                        "searchSpace.cell.stack.stages",
                        "stages is " + options.stages() + ", but an image of " + task.height() + "x" + task.width()
                                + " is 1x1 after " + stage + " already: give at most " + stage);
            }
            side = GraphBuilder.strided(side, 2);
        }
        Decisions decisions = CellSpace.decisions(options);
        return new CellSpace(
                options, task, operations, decisions, references(decisions, CellSpace.designs(options), references));
    }

    static void check(Task task) {
        if (task.channels() < 1 || task.height() < 1 || task.width() < 1) {
            throw new SpaceException(
                    "dataset.shape",
                    "shape is [" + task.channels() + ", " + task.height() + ", " + task.width()
                            + "]: give channels, height and width of 1 or more");
        }
        atLeast("dataset.classes", "classes", task.classes(), 2);
    }

    static void atLeast(String field, String name, int value, int least) {
        if (value < least) {
            throw new SpaceException(field, name + " is " + value + ": give " + least + " or more");
        }
    }

    /** A list of choices must hold something, and nothing twice. */
    static void checkChoices(String field, String name, List<?> choices) {
        if (choices.isEmpty()) {
            throw new SpaceException(field, name + " is empty: give at least one choice");
        }
        var seen = new HashSet<Object>();
        for (Object choice : choices) {
            if (!seen.add(choice)) {
                throw new SpaceException(field, name + " holds " + choice + " twice: give every choice once");
            }
        }
    }

    /** Human designs as points of the space: the built-in ones first, then the user's. */
    static List<Reference> references(
            Decisions decisions, Map<String, Map<String, String>> builtIn, Map<String, Map<String, String>> own) {
        var references = new ArrayList<Reference>();
        builtIn.forEach((name, design) -> references.add(new Reference(name, decisions.parse(design))));
        int index = 0;
        for (var design : own.entrySet()) {
            String field = "searchSpace.references[" + index++ + "]";
            if (builtIn.containsKey(design.getKey())) {
                throw new SpaceException(
                        field + ".name",
                        "name is \"" + design.getKey()
                                + "\", which this space has already: give the design another name or leave it out");
            }
            try {
                references.add(new Reference(design.getKey(), decisions.parse(design.getValue())));
            } catch (SpaceException e) {
                throw new SpaceException(field + ".decisions", "reference " + design.getKey() + ": " + e.getMessage());
            }
        }
        return List.copyOf(references);
    }

    private Spaces() {}
}
