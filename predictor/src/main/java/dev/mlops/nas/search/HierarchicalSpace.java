package dev.mlops.nas.search;

import dev.mlops.nas.search.Decisions.Conditional;
import dev.mlops.nas.search.Relaxation.Mixture;
import dev.mlops.nas.search.Spaces.HierarchicalOptions;
import dev.mlops.nas.search.Spaces.LevelOptions;
import dev.mlops.nas.search.Spaces.StackOptions;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.SequencedMap;
import java.util.Set;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Motifs of motifs: Liu, Simonyan, Vinyals, Fernando, Kavukcuoglu, "Hierarchical Representations for Efficient Architecture
 * Search", ICLR 2018.
 *
 * <p>Primitives are level 1. A motif of level 2 is a small graph with a primitive on every edge; one of level 3 has a motif of
 * level 2 on every edge, or none; and so on to the last level, whose only motif is the cell. Decisions are the edges, named
 * {@code level2.motif1.edge0-1}, or {@code level3.edge0-1} where a level has one motif. Every use of a motif has weights of its own.
 * A node is the sum of its edges (the paper joins channels, and follows with a 1x1 convolution).
 *
 * <p>Cells are stacked as those of {@link CellSpace}. Two genotypes are the same architecture when their cells are once all motifs
 * are written out, see {@link CellGraph}; a motif that the cell does not use does not count.
 */
public final class HierarchicalSpace implements OpenSpace {
    private static final String NONE = CellOperation.NONE.text();

    private final HierarchicalOptions options;
    private final List<CellOperation> primitives;
    private final CellStack stack;
    private final Decisions decisions;
    private final List<Reference> references;
    private final @Nullable LiveMotifs live;

    /** Everything fits together: {@link CellChecks} has checked it. */
    HierarchicalSpace(
            HierarchicalOptions options,
            List<CellOperation> primitives,
            CellStack stack,
            Decisions decisions,
            List<Reference> references) {
        this.options = options;
        this.primitives = List.copyOf(primitives);
        this.stack = stack;
        this.decisions = decisions;
        this.references = List.copyOf(references);
        this.live = LiveMotifs.of(options.levels(), this.primitives);
    }

    static Decisions decisions(HierarchicalOptions options) {
        var parts = new ArrayList<List<Conditional>>();
        for (int level = 0; level < options.levels().size(); level++) {
            List<String> choices = choices(options, level);
            for (int motif = 1; motif <= options.levels().get(level).motifs(); motif++) {
                for (String edge : edges(options, level, motif)) {
                    parts.add(List.of(new Conditional(new Decision(edge, choices), List.of())));
                }
            }
        }
        return new Decisions(parts, Map.of());
    }

    /** What an edge of a level, counted from 0 for level 2, may hold. */
    private static List<String> choices(HierarchicalOptions options, int level) {
        if (level == 0) {
            return options.primitives();
        }
        int below = options.levels().get(level - 1).motifs();
        return Stream.concat(Stream.of(NONE), IntStream.rangeClosed(1, below).mapToObj(m -> "motif" + m))
                .toList();
    }

    /** Names of a motif's edges, by target, then source. */
    private static List<String> edges(HierarchicalOptions options, int level, int motif) {
        LevelOptions of = options.levels().get(level);
        String name = "level" + (level + 2) + (of.motifs() > 1 ? ".motif" + motif : "");
        return IntStream.range(1, of.nodes())
                .boxed()
                .flatMap(to -> IntStream.range(0, to).mapToObj(from -> name + ".edge" + from + "-" + to))
                .toList();
    }

    /**
     * Human designs that the options allow, by name: one motif of the lowest level in a row on every level above. A residual block
     * (He et al. 2016), or branches of different reach side by side (Szegedy et al. 2015).
     */
    static Map<String, Map<String, String>> designs(HierarchicalOptions options) {
        var designs = new LinkedHashMap<String, Map<String, String>>();
        int nodes = options.levels().getFirst().nodes();
        int last = nodes - 1;
        Set<String> primitives = Set.copyOf(options.primitives());
        if (nodes >= 3 && primitives.containsAll(Set.of(NONE, "skip", "conv3x3"))) {
            designs.put(
                    "resnet-like",
                    design(options, Map.of("0-1", "conv3x3", "1-" + last, "conv3x3", "0-" + last, "skip")));
        }
        if (nodes >= 4 && primitives.containsAll(Set.of(NONE, "conv1x1", "conv3x3", "maxpool3x3"))) {
            designs.put(
                    "inception-like",
                    design(
                            options,
                            Map.of(
                                    "0-1",
                                    "conv1x1",
                                    "1-" + last,
                                    "conv3x3",
                                    "0-2",
                                    "maxpool3x3",
                                    "2-" + last,
                                    "conv1x1",
                                    "0-" + last,
                                    "conv1x1")));
        }
        return designs;
    }

    private static Map<String, String> design(HierarchicalOptions options, Map<String, String> block) {
        var values = new LinkedHashMap<String, String>();
        for (int level = 0; level < options.levels().size(); level++) {
            for (int motif = 1; motif <= options.levels().get(level).motifs(); motif++) {
                for (String edge : edges(options, level, motif)) {
                    String place = edge.substring(edge.lastIndexOf(".edge") + ".edge".length());
                    String value = level == 0 ? block.getOrDefault(place, NONE) : isStep(place) ? "motif1" : NONE;
                    values.put(edge, motif == 1 ? value : NONE);
                }
            }
        }
        return values;
    }

    /** Whether an edge such as 1-2 leads to the next node. */
    private static boolean isStep(String edge) {
        List<String> ends = List.of(edge.split("-"));
        return Integer.parseInt(ends.get(0)) + 1 == Integer.parseInt(ends.get(1));
    }

    /** The most operations that a cell can have with all motifs written out. */
    static long mostOperations(List<LevelOptions> levels) {
        return levels.stream().mapToLong(l -> NodeCellSpace.edges(l.nodes())).reduce(1, (a, b) -> a * b);
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
    public List<CellOperation> operations() {
        return primitives;
    }

    @Override
    public SequencedMap<String, CellGraph> cells(Genotype genotype) {
        return new LinkedHashMap<>(Map.of("cell", cell(genotype)));
    }

    private CellGraph cell(Genotype genotype) {
        var cell = new CellGraph.Builder(1, false);
        var motifs = new Motifs(cell, checked(genotype).choices());
        return cell.build(motifs.value(options.levels().size() - 1, 0, cell.input(0)));
    }

    /** Where the decisions of each level begin. */
    private int[] starts() {
        var starts = new int[options.levels().size()];
        for (int level = 1; level < starts.length; level++) {
            LevelOptions below = options.levels().get(level - 1);
            starts[level] = starts[level - 1] + below.motifs() * NodeCellSpace.edges(below.nodes());
        }
        return starts;
    }

    /** Writes out the motifs of one genotype. */
    private final class Motifs {
        private final CellGraph.Builder cell;
        private final List<Integer> choices;
        private final int[] starts = starts();

        Motifs(CellGraph.Builder cell, List<Integer> choices) {
            this.cell = cell;
            this.choices = choices;
        }

        /** What a motif makes of an input. */
        int[] value(int level, int motif, int[] input) {
            int nodes = options.levels().get(level).nodes();
            int start = starts[level] + motif * NodeCellSpace.edges(nodes);
            return CellSpace.value(cell, input, nodes, (source, edge) -> {
                int choice = Objects.requireNonNull(choices.get(start + edge));
                if (level == 0) {
                    return cell.apply(primitives.get(choice), source);
                }
                return choice == 0 || source.length == 0
                        ? CellGraph.Builder.ZERO
                        : value(level - 1, choice - 1, source);
            });
        }
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
        return stack.network((layers, width, input) -> new OpenMotifs(new OpenCell(layers, width))
                .value("", options.levels().size() - 1, 0, input));
    }

    @Override
    public List<Mixture> mixtures() {
        return decisions().stream().map(Mixture::of).toList();
    }

    @Override
    public Genotype closed(List<Integer> choices) {
        return checked(new Genotype(choices));
    }

    /** Writes out every motif that an edge may hold. */
    private final class OpenMotifs {
        private final OpenCell cell;
        private final int[] starts = starts();

        OpenMotifs(OpenCell cell) {
            this.cell = cell;
        }

        int value(String name, int level, int motif, int input) {
            int nodes = options.levels().get(level).nodes();
            int start = starts[level] + motif * NodeCellSpace.edges(nodes);
            return cell.value(name, input, nodes, (edge, number, source) -> {
                if (level == 0) {
                    return cell.edge(edge, start + number, primitives, source, 1);
                }
                var results = new int[1 + options.levels().get(level - 1).motifs()];
                results[0] = cell.nothing(source);
                for (int i = 1; i < results.length; i++) {
                    results[i] = value(edge + ".m" + i + ".", level - 1, i - 1, source);
                }
                return cell.choice(edge, start + number, results);
            });
        }
    }

    /** Nothing is smaller than a cell without a motif. */
    @Override
    public Cost smallest() {
        return stack.network(new CellGraph.Builder(1, false).build(CellGraph.Builder.ZERO))
                .cost();
    }

    @Override
    public List<Reference> references() {
        return references;
    }

    @Override
    public HierarchicalSpace scaled(Multipliers by) {
        return new HierarchicalSpace(options, primitives, stack.scaled(by), decisions, references);
    }

    @Override
    public StackOptions stack() {
        return stack.options();
    }

    @Override
    public String stacking() {
        return CellStack.words(stack(), "cells in each");
    }
}
