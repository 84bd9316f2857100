package dev.mlops.nas.search;

import dev.mlops.nas.search.Decisions.Conditional;
import dev.mlops.nas.search.Spaces.CellOptions;
import dev.mlops.nas.search.Spaces.Task;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A small graph that is stacked: Dong &amp; Yang, "NAS-Bench-201: Extending the Scope of Reproducible Neural Architecture
 * Search", ICLR 2020.
 *
 * <p>One decision per edge (i, j), i &lt; j, named {@code edge0-1}, by target, then source. A node is the sum of its edges. The
 * network is a 3x3 convolution, stages of equal cells, a residual block between stages that halves the side and doubles the
 * width, batch norm, ReLU, global average pooling, dense.
 *
 * <p>Two genotypes are the same architecture when their cells are, see {@link CellGraph}. A cell whose output nothing reaches
 * is an architecture too: its network gives the same logits for every input.
 */
public final class CellSpace implements DecisionSpace {
    private static final int REDUCTION_KERNEL = 3;

    private final CellOptions options;
    private final Task task;
    private final List<EdgeOperation> operations;
    private final Decisions decisions;
    private final Cost base;
    private final Map<EdgeOperation, Cost> perOperation = new EnumMap<>(EdgeOperation.class);
    private final String context;
    private final List<Reference> references;

    /** Options and task fit together: {@link Spaces#cell} has checked them. */
    CellSpace(
            CellOptions options,
            Task task,
            List<EdgeOperation> operations,
            Decisions decisions,
            List<Reference> references) {
        this.options = options;
        this.task = task;
        this.operations = List.copyOf(operations);
        this.decisions = decisions;
        this.base = base();
        operations.forEach(o -> perOperation.put(o, stacked(o)));
        this.context =
                "cell " + task + " " + options.stages() + " " + options.cellsPerStage() + " " + options.width() + " ";
        this.references = List.copyOf(references);
    }

    static Decisions decisions(CellOptions options) {
        var parts = new ArrayList<List<Conditional>>();
        for (int to = 1; to < options.nodes(); to++) {
            for (int from = 0; from < to; from++) {
                parts.add(List.of(
                        new Conditional(new Decision("edge" + from + "-" + to, options.operations()), List.of())));
            }
        }
        return new Decisions(parts, Map.of());
    }

    /** Human designs that the operations allow, by name. */
    static Map<String, Map<String, String>> designs(CellOptions options) {
        var designs = new LinkedHashMap<String, Map<String, String>>();
        if (options.nodes() == 4 && options.operations().containsAll(List.of("none", "skip", "conv3x3"))) {
            designs.put("resnet-like", design("conv3x3", "none", "conv3x3", "skip", "none", "skip"));
            designs.put("vgg-like", design("conv3x3", "none", "conv3x3", "none", "none", "conv3x3"));
        }
        return designs;
    }

    private static Map<String, String> design(String... edges) {
        var names = List.of("edge0-1", "edge0-2", "edge1-2", "edge0-3", "edge1-3", "edge2-3");
        var values = new LinkedHashMap<String, String>();
        for (int i = 0; i < names.size(); i++) {
            values.put(names.get(i), edges[i]);
        }
        return values;
    }

    @Override
    public Decisions table() {
        return decisions;
    }

    @Override
    public String architectureHash(Genotype genotype) {
        return Fingerprint.of(context + Arrays.toString(cell(genotype).signature()));
    }

    @Override
    public Cost cost(Genotype genotype) {
        CellGraph cell = cell(genotype);
        Cost cost = withImages(images(cell));
        for (var entry : perOperation.entrySet()) {
            cost = plus(cost, entry.getValue(), cell.count(entry.getKey()));
        }
        return cost;
    }

    /** Without an operation that is free, every edge is alive and holds at least the cheapest one. */
    @Override
    public Cost smallest() {
        long params = Long.MAX_VALUE;
        long macs = Long.MAX_VALUE;
        for (Cost cost : perOperation.values()) {
            params = Math.min(params, cost.params());
            macs = Math.min(macs, cost.macs());
        }
        return plus(
                withImages(fewestImages()),
                new Cost(params, macs, 0),
                decisions.all().size());
    }

    /** Images alive at once while a cell runs; all have the size of its input. */
    private static long images(CellGraph cell) {
        var builder = new GraphBuilder();
        String input = builder.input(new Task(1, 1, 1, 1));
        if (cell.output().isEmpty()) {
            builder.zero("zero", input);
        } else {
            new CellNodes(builder, "cell", cell.canonical(), input).output();
        }
        return Activations.peak(builder.build());
    }

    /** Whatever a cell does takes its input and a result; a skip alone does nothing, and zeros or skips keep all else away. */
    private long fewestImages() {
        boolean none = operations.contains(EdgeOperation.NONE);
        boolean skip = operations.contains(EdgeOperation.SKIP);
        if (skip && (none || options.nodes() == 2)) {
            return 0;
        }
        return none || skip ? 2 : Smallest.of(this, g -> images(cell(g)));
    }

    private Cost withImages(long images) {
        return new Cost(
                base.params(),
                base.macs(),
                Math.max(base.activationBytes(), images * largestImage() * Activations.BYTES));
    }

    private long largestImage() {
        return IntStream.range(0, options.stages())
                .mapToLong(s -> (long) width(s) * side(task.height(), s) * side(task.width(), s))
                .max()
                .orElseThrow();
    }

    @Override
    public List<Reference> references() {
        return references;
    }

    /** How many nodes the cell has, input and output included. */
    int nodes() {
        return options.nodes();
    }

    /** How cells become a network, in a few words. */
    String stacking() {
        String widths = IntStream.range(0, options.stages())
                .mapToObj(s -> Integer.toString(width(s)))
                .collect(Collectors.joining(", "));
        return "stages: " + options.stages() + ", cells in each: " + options.cellsPerStage() + ", channels: " + widths;
    }

    /** The operations on the edges, in the order of the decisions. */
    List<EdgeOperation> edges(Genotype genotype) {
        return checked(genotype).choices().stream().map(operations::get).toList();
    }

    private CellGraph cell(Genotype genotype) {
        return CellGraph.of(options.nodes(), edges(genotype).toArray(EdgeOperation[]::new));
    }

    @Override
    public Graph graph(Genotype genotype) {
        return network(cell(genotype).canonical());
    }

    private Graph network(CellGraph cell) {
        var builder = new GraphBuilder();
        String last = builder.input(task);
        last = builder.conv("stem.conv", last, options.width(), 3, 1, 1);
        last = builder.batchNorm("stem.norm", last);
        for (int stage = 0; stage < options.stages(); stage++) {
            if (stage > 0) {
                last = reduction(builder, "reduce" + stage, last, width(stage));
            }
            String name = "stage" + (stage + 1);
            if (cell.output().isEmpty()) {
                last = builder.zero(name + ".zero", last);
                continue;
            }
            for (int i = 1; i <= options.cellsPerStage(); i++) {
                last = new CellNodes(builder, name + ".cell" + i, cell, last).output();
            }
        }
        last = builder.batchNorm("head.norm", last);
        last = builder.relu("head.relu", last);
        last = builder.globalAvgPool("head.pool", last);
        builder.dense("head.logits", last, task.classes());
        return builder.build();
    }

    private static String reduction(GraphBuilder builder, String name, String input, int width) {
        String relu = builder.relu(name + ".relu1", input);
        String first = builder.conv(name + ".conv1", relu, width, REDUCTION_KERNEL, 2, 1);
        String again = builder.relu(name + ".relu2", builder.batchNorm(name + ".norm1", first));
        String second = builder.conv(name + ".conv2", again, width, REDUCTION_KERNEL, 1, 1);
        String residual = builder.batchNorm(name + ".norm2", second);
        String pooled = builder.avgPool(name + ".pool", input, 2, 2);
        String shortcut = builder.conv(name + ".shortcut", pooled, width, 1, 1, 1);
        return builder.sum(name + ".sum", List.of(shortcut, residual));
    }

    /** Everything but the cells. */
    private Cost base() {
        long params = 9L * task.channels() * options.width() + 2L * options.width();
        long macs = 9L * task.channels() * options.width() * task.height() * task.width();
        for (int stage = 1; stage < options.stages(); stage++) {
            long from = width(stage - 1);
            long to = width(stage);
            long weights = 9 * from * to + 9 * to * to + from * to;
            params += weights + 4 * to;
            macs += weights * side(task.height(), stage) * side(task.width(), stage);
        }
        long last = width(options.stages() - 1);
        CellGraph nothing = CellGraph.of(2, new EdgeOperation[] {EdgeOperation.SKIP});
        return new Cost(
                params + 2 * last + (last + 1) * task.classes(),
                macs + last * task.classes(),
                Activations.peak(network(nothing)) * Activations.BYTES);
    }

    /** One edge of this operation, in all cells. */
    private Cost stacked(EdgeOperation operation) {
        var cost = new Cost(0, 0, 0);
        for (int stage = 0; stage < options.stages(); stage++) {
            var one = new Cost(
                    operation.params(width(stage)),
                    operation.macs(width(stage), side(task.height(), stage), side(task.width(), stage)),
                    0);
            cost = plus(cost, one, options.cellsPerStage());
        }
        return cost;
    }

    private static Cost plus(Cost cost, Cost one, int times) {
        return new Cost(cost.params() + times * one.params(), cost.macs() + times * one.macs(), cost.activationBytes());
    }

    private int width(int stage) {
        return options.width() << stage;
    }

    private static int side(int side, int stage) {
        return GraphBuilder.strided(side, 1 << stage);
    }
}
