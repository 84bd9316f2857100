package dev.mlops.nas.search;

import dev.mlops.nas.search.CellLayers.Activation;
import dev.mlops.nas.search.Decisions.Conditional;
import dev.mlops.nas.search.Decisions.Quota;
import dev.mlops.nas.search.Layers.Window;
import dev.mlops.nas.search.Spaces.NodeCellOptions;
import dev.mlops.nas.search.Spaces.StackOptions;
import dev.mlops.nas.search.Spaces.Task;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.SequencedMap;
import java.util.Set;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Cells with operations on their nodes and freely chosen edges, stacked: Ying et al., "NAS-Bench-101: Towards Reproducible Neural
 * Architecture Search", ICML 2019.
 *
 * <p>Node 0 is the input, the last node the output. Decisions are the edges, {@code edge0-1} (true or false) by target, then
 * source, while fewer than the most are chosen, and the operations, {@code node1}. A node works on the sum of its sources, the
 * cell's input projected by a 1x1 convolution of its own; the output joins the channels of its sources (or adds them), and adds a
 * projection of the cell's input where there is an edge from it.
 *
 * <p>The network is a 3x3 convolution, stages of equal cells with 2x2 pooling between them, where the width doubles, global average
 * pooling, dense. Channels of a cell's nodes are its output's, divided by the number of sources that the output joins and rounded
 * up; the paper rounds for each node and cuts channels off where they meet.
 *
 * <p>Two genotypes are the same architecture when their cells are, see {@link CellGraph}. A cell whose output nothing reaches is
 * an architecture too: its network gives the same logits for every input.
 */
public final class NodeCellSpace implements StackedSpace {
    private final NodeCellOptions options;
    private final List<CellOperation> operations;
    private final Task task;
    private final Decisions decisions;
    private final List<Wiring> wirings;
    private final List<Reference> references;

    /** Everything fits together: {@link CellChecks} has checked it. */
    NodeCellSpace(
            NodeCellOptions options,
            List<CellOperation> operations,
            Task task,
            Decisions decisions,
            List<Reference> references) {
        this.options = options;
        this.operations = List.copyOf(operations);
        this.task = task;
        this.decisions = decisions;
        this.wirings = IntStream.rangeClosed(0, options.nodes() - 2)
                .mapToObj(live -> new Wiring(live, 0, Math.min(options.maxEdges(), edges(live + 2))))
                .toList();
        this.references = List.copyOf(references);
    }

    static Decisions decisions(NodeCellOptions options) {
        int edges = edges(options.nodes());
        var quotas = options.maxEdges() < edges
                ? List.of(
                        new Quota(IntStream.range(0, edges).boxed().collect(Collectors.toSet()), 1, options.maxEdges()))
                : List.<Quota>of();
        var wiring = new ArrayList<Conditional>();
        for (int to = 1; to < options.nodes(); to++) {
            for (int from = 0; from < to; from++) {
                var edge = new Decision("edge" + from + "-" + to, List.of("false", "true"));
                wiring.add(new Conditional(edge, List.of(), quotas));
            }
        }
        var parts = new ArrayList<List<Conditional>>();
        if (quotas.isEmpty()) {
            wiring.forEach(edge -> parts.add(List.of(edge)));
        } else {
            parts.add(wiring);
        }
        for (int node = 1; node < options.nodes() - 1; node++) {
            parts.add(List.of(new Conditional(new Decision("node" + node, options.operations()), List.of())));
        }
        return new Decisions(parts, Map.of());
    }

    /** How many edges so many nodes can have. */
    static int edges(int nodes) {
        return nodes * (nodes - 1) / 2;
    }

    /** Human designs that the options allow, by name. */
    static Map<String, Map<String, String>> designs(NodeCellOptions options) {
        var designs = new LinkedHashMap<String, Map<String, String>>();
        int out = options.nodes() - 1;
        Set<String> operations = Set.copyOf(options.operations());
        if (operations.contains("conv3x3") && out >= 3 && options.maxEdges() >= 4) {
            designs.put(
                    "resnet-like",
                    design(options, Set.of("0-1", "1-2", "2-" + out, "0-" + out), Collections.nCopies(out, "conv3x3")));
        }
        if (operations.containsAll(Set.of("conv1x1", "conv3x3", "maxpool3x3")) && out == 6 && options.maxEdges() >= 9) {
            designs.put(
                    "inception-like",
                    design(
                            options,
                            Set.of("0-1", "0-2", "0-3", "0-5", "3-4", "1-6", "2-6", "4-6", "5-6"),
                            List.of("conv1x1", "conv3x3", "conv3x3", "conv3x3", "maxpool3x3")));
        }
        return designs;
    }

    private static Map<String, String> design(NodeCellOptions options, Set<String> edges, List<String> operations) {
        var values = new LinkedHashMap<String, String>();
        int left = options.maxEdges();
        for (int to = 1; to < options.nodes(); to++) {
            for (int from = 0; from < to && left > 0; from++) {
                boolean chosen = edges.contains(from + "-" + to);
                values.put("edge" + from + "-" + to, Boolean.toString(chosen));
                left -= chosen ? 1 : 0;
            }
        }
        for (int node = 1; node < options.nodes() - 1; node++) {
            values.put("node" + node, operations.get(node - 1));
        }
        return values;
    }

    @Override
    public Decisions table() {
        return decisions;
    }

    /**
     * The genotypes in which every chosen edge lies between input and output, nodes without edges come last, and their operations
     * are the first choice. An architecture has as many of these as its nodes have orders, in place of one for every set of dead
     * edges beside it; one that nothing passes has none.
     */
    @Override
    public BigInteger representatives() {
        return BigInteger.valueOf(wirings.stream().mapToLong(this::filled).sum());
    }

    /** Representatives with this wiring's number of nodes. */
    private long filled(Wiring wiring) {
        return BigInteger.valueOf(operations.size())
                .pow(wirings.indexOf(wiring))
                .multiply(BigInteger.valueOf(wiring.count()))
                .longValueExact();
    }

    @Override
    public Genotype sampleRepresentative(RandomGenerator random) {
        long number = random.nextLong(representatives().longValueExact());
        int live = 0;
        while (number >= filled(wirings.get(live))) {
            number -= filled(wirings.get(live++));
        }
        int last = live;
        int[] sources = wirings.get(live).draw(random);
        int edges = edges(options.nodes());
        int out = options.nodes() - 1;
        return choose((decision, before) -> {
            if (decision >= edges) {
                return decision - edges < last ? random.nextInt(operations.size()) : 0;
            }
            int to = 1;
            while (edges(to + 1) <= decision) {
                to++;
            }
            int from = decision - edges(to);
            int chosen = to == out ? sources[last + 1] : to <= last ? sources[to] : 0;
            return chosen >> from & 1;
        });
    }

    @Override
    public OptionalLong multiplicity(Genotype representative) {
        var matching = new Matching(cell(representative));
        long ways = matching.ways(inputs -> new Wirings(matching).ways(inputs, options.maxEdges(), 0));
        return OptionalLong.of(ways / matching.symmetries());
    }

    /** All wirings without dead edges, each with all operations, laid over a cell. */
    private final class Wirings {
        private final Matching matching;

        Wirings(Matching matching) {
            this.matching = matching;
        }

        /**
         * The ways to go on: with the output now, or with one more node.
         *
         * @param values of the nodes so far, the input first
         * @param edges how many more may be chosen
         * @param read which of the nodes some edge leaves, as bits
         */
        long ways(List<int[]> values, int edges, int read) {
            int nodes = values.size();
            int all = (1 << nodes) - 1;
            long ways = 0;
            for (int from = 1; from <= all; from++) {
                int left = edges - Integer.bitCount(from);
                if (left >= 0 && (read | from) == all) {
                    ways += outputs(values, from);
                }
                if (left > 0 && nodes < options.nodes() - 1) {
                    ways += nodes(values, from, left, read | from);
                }
            }
            return ways;
        }

        private long nodes(List<int[]> values, int from, int edges, int read) {
            return added(Matching.sum(chosen(values, from)), values, from, CellOperation.PROJECT, sum -> {
                long ways = 0;
                for (CellOperation operation : operations) {
                    ways += matching.apply(operation, sum, value -> {
                        var more = new ArrayList<>(values);
                        more.add(value);
                        return ways(more, edges, read);
                    });
                }
                return ways;
            });
        }

        private long outputs(List<int[]> values, int from) {
            List<int[]> parts = chosen(values, from);
            return options.concat() && parts.size() > 1
                    ? matching.join(
                            parts, joined -> added(joined, values, from, CellOperation.PROJECT_OUT, matching::end))
                    : added(Matching.sum(parts), values, from, CellOperation.PROJECT, matching::end);
        }

        /** Values of the nodes with these bits, the input aside. */
        private static List<int[]> chosen(List<int[]> values, int from) {
            var chosen = new ArrayList<int[]>();
            for (int i = 1; i < values.size(); i++) {
                if ((from >> i & 1) == 1) {
                    chosen.add(values.get(i));
                }
            }
            return chosen;
        }

        /** The sum with the input's projection where the lowest bit is set. */
        private long added(int[] sum, List<int[]> values, int from, CellOperation projection, Matching.Next next) {
            return (from & 1) == 0
                    ? next.ways(sum)
                    : matching.apply(
                            projection,
                            values.getFirst(),
                            projected -> next.ways(Matching.sum(List.of(sum, projected))));
        }
    }

    private CellGraph cell(Genotype genotype) {
        List<Integer> choices = checked(genotype).choices();
        int out = options.nodes() - 1;
        var cell = new CellGraph.Builder(1, false);
        var values = new ArrayList<int[]>(List.of(cell.input(0)));
        int edge = 0;
        for (int to = 1; to < out; to++) {
            var terms = new ArrayList<int[]>();
            for (int from = 0; from < to; from++, edge++) {
                if (choices.get(edge) == 1) {
                    terms.add(from == 0 ? cell.apply(CellOperation.PROJECT, values.getFirst()) : values.get(from));
                }
            }
            CellOperation operation = operations.get(choices.get(edges(options.nodes()) + to - 1));
            values.add(cell.apply(operation, cell.sum(terms)));
        }
        boolean direct = choices.get(edge) == 1;
        var parts = new ArrayList<int[]>();
        for (int from = 1; from < out; from++) {
            if (choices.get(edge + from) == 1 && values.get(from).length > 0) {
                parts.add(values.get(from));
            }
        }
        return cell.build(output(cell, parts, direct));
    }

    private int[] output(CellGraph.Builder cell, List<int[]> parts, boolean direct) {
        boolean joins = options.concat() && parts.size() > 1;
        int[] body = joins ? cell.join(parts) : cell.sum(parts);
        CellOperation projection = joins ? CellOperation.PROJECT_OUT : CellOperation.PROJECT;
        return direct ? cell.sum(List.of(body, cell.apply(projection, cell.input(0)))) : body;
    }

    @Override
    public List<CellOperation> operations() {
        return operations;
    }

    @Override
    public SequencedMap<String, CellGraph> cells(Genotype genotype) {
        return new LinkedHashMap<>(Map.of("cell", cell(genotype)));
    }

    @Override
    public String architectureHash(Genotype genotype) {
        return Fingerprint.of("node cell " + task + " " + options.stack() + " "
                + cell(genotype).signature());
    }

    @Override
    public Layers layers(Genotype genotype) {
        CellGraph cell = cell(genotype).canonical();
        int joined = joined(cell);
        var copies = new CellLayers(cell, Activation.AFTER);
        var layers = new Layers();
        int last = layers.input(task);
        layers.scope("stem");
        last = layers.conv("conv", last, options.stack().width(), Window.of(3, 1));
        last = layers.relu("relu", layers.batchNorm("norm", last));
        for (int stage = 0; stage < options.stack().stages(); stage++) {
            if (stage > 0) {
                layers.scope("reduce" + stage);
                last = layers.maxPool("pool", last, 2, 2);
            }
            String name = "stage" + (stage + 1);
            if (cell.output().isEmpty()) {
                layers.scope(name);
                last = layers.zero("zero", last, 1);
                continue;
            }
            int width = Math.ceilDiv(options.stack().width() << stage, joined);
            for (int i = 1; i <= options.stack().cells(); i++) {
                layers.scope(name + ".cell" + i);
                last = copies.addTo(layers, width, joined * width, 1, last);
            }
        }
        layers.scope("head");
        layers.dense("logits", layers.globalAvgPool("pool", last), task.classes());
        return layers;
    }

    /** How many sources the output joins. */
    private static int joined(CellGraph cell) {
        return cell.output().stream()
                .filter(v -> cell.operation(v) == CellOperation.JOIN)
                .mapToInt(v -> cell.sources(v).size())
                .findFirst()
                .orElse(1);
    }

    /** Nothing is smaller than no edge at all. */
    @Override
    public Cost smallest() {
        return cost(choose((decision, before) -> 0));
    }

    @Override
    public List<Reference> references() {
        return references;
    }

    @Override
    public NodeCellSpace scaled(Multipliers by) {
        return new NodeCellSpace(options.with(stack().scaled(by)), operations, task, decisions, references);
    }

    @Override
    public StackOptions stack() {
        return options.stack();
    }

    @Override
    public String stacking() {
        return CellStack.words(stack(), "cells in each");
    }
}
