package dev.mlops.nas.search;

import dev.mlops.nas.search.SearchSpace.Reference;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Builds search spaces; every method throws {@link SpaceException} with one sentence when the options contradict each other. */
public final class Spaces {
    private static final String PRESET = "searchSpace.preset";
    private static final CellOptions NB201 =
            new CellOptions(4, List.of("none", "skip", "conv1x1", "conv3x3", "avgpool3x3"), 3, 5, 16);
    private static final NodeCellOptions NB101 =
            new NodeCellOptions(7, 9, List.of("conv3x3", "conv1x1", "maxpool3x3"), true, new StackOptions(3, 3, 128));
    private static final DartsCellOptions DARTS = new DartsCellOptions(
            7,
            List.of(2),
            List.of("skip", "sepconv3x3", "sepconv5x5", "dilconv3x3", "dilconv5x5", "avgpool3x3", "maxpool3x3"),
            true,
            new StackOptions(3, 2, 16));
    private static final HierarchicalOptions HIERARCHICAL = new HierarchicalOptions(
            List.of("none", "skip", "conv1x1", "conv3x3", "sepconv3x3", "avgpool3x3", "maxpool3x3"),
            List.of(new LevelOptions(3, 4), new LevelOptions(1, 4)),
            new StackOptions(3, 1, 16));

    /**
     * What networks are for.
     *
     * @param channels of one example
     * @param height of one example
     * @param width of one example
     * @param classes number of classes, or of targets
     * @param categorical columns of a table that hold categories, in their order; a table has a height and a width of 1
     */
    public record Task(int channels, int height, int width, int classes, List<Categorical> categorical) {
        /** Copies the columns. */
        public Task {
            categorical = List.copyOf(categorical);
        }

        /** Of numbers alone. */
        public Task(int channels, int height, int width, int classes) {
            this(channels, height, width, classes, List.of());
        }

        /** Numbers in one example. */
        long size() {
            return (long) channels * height * width;
        }

        /** What architectures are hashed with: columns of categories are in it where there are some. */
        @Override
        public String toString() {
            String numbers =
                    "Task[channels=%d, height=%d, width=%d, classes=%d".formatted(channels, height, width, classes);
            return numbers + (categorical.isEmpty() ? "]" : ", categorical=" + categorical + "]");
        }
    }

    /**
     * A column of categories.
     *
     * @param column from 0
     * @param categories how many
     */
    public record Categorical(int column, int categories) {}

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

    /** Stages of cells; the width doubles from one to the next. */
    public record StackOptions(int stages, int cells, int width) {
        StackOptions scaled(Multipliers by) {
            return new StackOptions(stages, by.repeats(cells), by.channels(width));
        }
    }

    /**
     * A cell with operations on its nodes, as in NAS-Bench-101.
     *
     * @param nodes of the cell, input and output included
     * @param maxEdges most edges between them
     * @param operations choices at every node between input and output
     * @param concat whether the output joins channels; otherwise it adds
     * @param stack how cells become a network
     */
    public record NodeCellOptions(
            int nodes, int maxEdges, List<String> operations, boolean concat, StackOptions stack) {
        /** Copies the operations. */
        public NodeCellOptions {
            operations = List.copyOf(operations);
        }

        NodeCellOptions with(StackOptions other) {
            return new NodeCellOptions(nodes, maxEdges, operations, concat, other);
        }
    }

    /**
     * Normal and reduction cells whose nodes choose their inputs, as in DARTS.
     *
     * @param nodes of a cell, its two inputs and its output included
     * @param inputs how many inputs a node may take: 1, 2 or both
     * @param operations choices for every input of a node
     * @param concat whether the output joins channels; otherwise it adds
     * @param stack how cells become a network; cells are the normal ones
     */
    public record DartsCellOptions(
            int nodes, List<Integer> inputs, List<String> operations, boolean concat, StackOptions stack) {
        /** Copies the lists. */
        public DartsCellOptions {
            inputs = List.copyOf(inputs);
            operations = List.copyOf(operations);
        }

        DartsCellOptions with(StackOptions other) {
            return new DartsCellOptions(nodes, inputs, operations, concat, other);
        }
    }

    /** One level of motifs: how many, and of how many nodes each, input and output included. */
    public record LevelOptions(int motifs, int nodes) {}

    /**
     * Motifs of motifs.
     *
     * @param primitives choices on the edges of the lowest motifs
     * @param levels from the lowest up; the last has one motif, the cell
     * @param stack how cells become a network
     */
    public record HierarchicalOptions(List<String> primitives, List<LevelOptions> levels, StackOptions stack) {
        /** Copies the lists. */
        public HierarchicalOptions {
            primitives = List.copyOf(primitives);
            levels = List.copyOf(levels);
        }
    }

    /** A space by name, such as {@code small-cnn}, for the task, with references by decisions beside the built-in ones. */
    public static SearchSpace preset(String name, Task task, Map<String, Map<String, String>> references) {
        try {
            return switch (name) {
                case "small-cnn" -> ChainChecks.build(SmallCnn.OPTIONS, task, SmallCnn.DESIGNS, references);
                case "nb101-cell" -> nodeCell(NB101, task, references);
                case "nb201-cell" -> cell(NB201, task, references);
                case "darts-cell" -> dartsCell(DARTS, task, references);
                case "hierarchical-cnn" -> hierarchical(HIERARCHICAL, task, references);
                case "mlp-tabular" ->
                    ParameterChecks.build(Mlp.preset(task), NetworkKind.MLP, task, Mlp.designs(task), references);
                case "transformer-tiny" ->
                    ParameterChecks.build(
                            Transformer.PRESET, NetworkKind.TRANSFORMER, task, Transformer.DESIGNS, references);
                case "signal-1d" ->
                    ParameterChecks.build(Signal.PRESET, NetworkKind.SIGNAL, task, Signal.DESIGNS, references);
                default ->
                    throw new SpaceException(
                            PRESET,
                            "preset is \"" + name
                                    + "\": give small-cnn, nb101-cell, nb201-cell, darts-cell, hierarchical-cnn, mlp-tabular, transformer-tiny"
                                    + " or signal-1d");
            };
        } catch (SpaceException e) {
            if (e.field().startsWith("searchSpace.chain")
                    || e.field().startsWith("searchSpace.cell")
                    || e.field().startsWith("searchSpace.hierarchical")
                    || e.field().startsWith("searchSpace.parameters")) {
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
     * A cell with operations on its edges: some of none, skip, conv1x1, conv3x3, sepconv3x3, sepconv5x5, dilconv3x3, dilconv5x5,
     * avgpool3x3, maxpool3x3. Built-in references, where the operations allow them: {@code resnet-like} (two 3x3 convolutions beside a skip) and {@code vgg-like} (3x3 convolutions in a row).
     */
    public static SearchSpace cell(CellOptions options, Task task, Map<String, Map<String, String>> references) {
        return CellChecks.edges(options, task, references);
    }

    /**
     * A cell with operations on its nodes; operations are those of {@link #cell} without none. Built-in references, where the
     * options allow them: {@code resnet-like} (two 3x3 convolutions beside a projection) and {@code inception-like}.
     */
    public static SearchSpace nodeCell(
            NodeCellOptions options, Task task, Map<String, Map<String, String>> references) {
        return CellChecks.nodes(options, task, references);
    }

    /**
     * Normal and reduction cells; operations are those of {@link #cell} without none. Built-in references, where the options allow
     * them: {@code xception-like} (separable convolutions beside skips) and {@code darts-v2-like} (found by Liu et al. 2019).
     */
    public static SearchSpace dartsCell(
            DartsCellOptions options, Task task, Map<String, Map<String, String>> references) {
        return CellChecks.darts(options, task, references);
    }

    /**
     * Motifs of motifs; primitives are the operations of {@link #cell}. Built-in references, where the options allow them:
     * {@code resnet-like} and {@code inception-like} blocks in a row.
     */
    public static SearchSpace hierarchical(
            HierarchicalOptions options, Task task, Map<String, Map<String, String>> references) {
        return CellChecks.hierarchical(options, task, references);
    }

    /**
     * Free parameters, which the network kind turns into a graph; null where a trainer of the user's own makes something of the
     * decisions, in which case no cost is known before training.
     */
    public static SearchSpace parameters(
            List<Parameter> parameters,
            @Nullable NetworkKind kind,
            Task task,
            Map<String, Map<String, String>> references) {
        return ParameterChecks.build(parameters, kind, task, Map.of(), references);
    }

    static void check(Task task) {
        if (task.channels() < 1 || task.height() < 1 || task.width() < 1) {
            throw new SpaceException(
                    "dataset.shape",
                    "shape is [" + task.channels() + ", " + task.height() + ", " + task.width()
                            + "]: give channels, height and width of 1 or more");
        }
        atLeast("dataset.classes", "classes", task.classes(), 1);
    }

    /** The same for networks that would take the codes of categories for numbers. */
    static void checkNumbers(Task task) {
        check(task);
        if (!task.categorical().isEmpty()) {
            throw new SpaceException(
                    "dataset.categorical",
                    "categorical needs vectors for categories, which this space has no network for: choose preset mlp-tabular,"
                            + " network Mlp, or parameters without a network");
        }
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
