package dev.mlops.nas.search;

import dev.mlops.nas.search.Decisions.Conditional;
import dev.mlops.nas.search.Relaxation.Mixture;
import dev.mlops.nas.search.Spaces.CellOptions;
import dev.mlops.nas.search.Spaces.LevelOptions;
import dev.mlops.nas.search.Spaces.StackOptions;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.SequencedMap;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

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
public final class CellSpace implements OpenSpace {
    private final int nodes;
    private final List<CellOperation> operations;
    private final CellStack stack;
    private final Decisions decisions;
    private final List<Reference> references;
    private final @Nullable LiveMotifs live;

    /** Everything fits together: {@link CellChecks} has checked it. */
    CellSpace(
            int nodes,
            List<CellOperation> operations,
            CellStack stack,
            Decisions decisions,
            List<Reference> references) {
        this.nodes = nodes;
        this.operations = List.copyOf(operations);
        this.stack = stack;
        this.decisions = decisions;
        this.references = List.copyOf(references);
        this.live = LiveMotifs.of(List.of(new LevelOptions(1, nodes)), this.operations);
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
    public BigInteger representatives() {
        return live == null ? size() : live.count();
    }

    @Override
    public Genotype sampleRepresentative(RandomGenerator random) {
        return live == null ? sample(random) : new Genotype(live.draw(random));
    }

    @Override
    public OptionalLong multiplicity(Genotype representative) {
        return live == null ? OptionalLong.empty() : OptionalLong.of(live.alike(cell(representative)));
    }

    @Override
    public String architectureHash(Genotype genotype) {
        return Fingerprint.of("cell " + stack.context() + cell(genotype).signature());
    }

    @Override
    public Layers layers(Genotype genotype) {
        return stack.network(cell(genotype));
    }

    @Override
    public Layers open() {
        return stack.network((layers, width, input) -> {
            var cell = new OpenCell(layers, width);
            return cell.value("", input, nodes, (name, edge, source) -> cell.edge(name, edge, operations, source, 1));
        });
    }

    @Override
    public List<Mixture> mixtures() {
        return decisions().stream().map(Mixture::of).toList();
    }

    @Override
    public Genotype closed(List<Integer> choices) {
        return checked(new Genotype(choices));
    }

    /**
     * Where an operation is free, a cell of it alone, or a single skip; else every edge is alive and holds at least the cheapest
     * one, and only for activation memory there is no formula.
     */
    @Override
    public Cost smallest() {
        List<CellGraph> plain = new ArrayList<>();
        int edges = decisions.all().size();
        for (CellOperation operation : operations) {
            plain.add(cell(nodes, Collections.nCopies(edges, operation)));
        }
        boolean none = operations.contains(CellOperation.NONE);
        boolean skip = operations.contains(CellOperation.SKIP);
        if (none && skip) {
            var direct = new ArrayList<>(Collections.nCopies(edges, CellOperation.NONE));
            direct.set(edges - nodes + 1, CellOperation.SKIP);
            plain.add(cell(nodes, direct));
        }
        List<Cost> costs = plain.stream().map(c -> stack.network(c).cost()).toList();
        long activations = none || skip
                ? costs.stream().mapToLong(Cost::activationBytes).min().orElseThrow()
                : Smallest.of(this, g -> cost(g).activationBytes());
        return new Cost(
                costs.stream().mapToLong(Cost::params).min().orElseThrow(),
                costs.stream().mapToLong(Cost::macs).min().orElseThrow(),
                activations);
    }

    @Override
    public List<Reference> references() {
        return references;
    }

    /** How many nodes the cell has, input and output included. */
    int nodes() {
        return nodes;
    }

    @Override
    public CellSpace scaled(Multipliers by) {
        return new CellSpace(nodes, operations, stack.scaled(by), decisions, references);
    }

    @Override
    public StackOptions stack() {
        return stack.options();
    }

    @Override
    public String stacking() {
        return CellStack.words(stack(), "cells in each");
    }

    /** The operations on the edges, in the order of the decisions. */
    List<CellOperation> edges(Genotype genotype) {
        return checked(genotype).choices().stream().map(operations::get).toList();
    }

    private CellGraph cell(Genotype genotype) {
        return cell(nodes, edges(genotype));
    }

    @Override
    public List<CellOperation> operations() {
        return operations;
    }

    @Override
    public SequencedMap<String, CellGraph> cells(Genotype genotype) {
        return new LinkedHashMap<>(Map.of("cell", cell(genotype)));
    }

    private static CellGraph cell(int nodes, List<CellOperation> edges) {
        var cell = new CellGraph.Builder(1, false);
        return cell.build(value(cell, cell.input(0), nodes, (source, edge) -> cell.apply(edges.get(edge), source)));
    }

    /** What an edge makes of its source. */
    @FunctionalInterface
    interface Edges {
        int[] apply(int[] source, int edge);
    }

    /** The value of the last of some nodes: each is the sum of its edges, the first is given. Edges count by target, then source. */
    static int[] value(CellGraph.Builder cell, int[] input, int nodes, Edges edges) {
        var values = new ArrayList<int[]>(List.of(input));
        int edge = 0;
        for (int to = 1; to < nodes; to++) {
            var terms = new ArrayList<int[]>();
            for (int from = 0; from < to; from++, edge++) {
                terms.add(edges.apply(values.get(from), edge));
            }
            values.add(cell.sum(terms));
        }
        return values.getLast();
    }
}
