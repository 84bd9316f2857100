package dev.mlops.nas.search;

import dev.mlops.nas.search.Placements.Placement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.function.Predicate;
import java.util.function.ToLongFunction;
import java.util.stream.IntStream;

/**
 * Counts the {@link LiveMotifs} that are a cell: lays them over it in every way, a motif where it is first used, and the same motif
 * again wherever it is used later. Every way is one of them and one isomorphism from its cell to this one.
 */
final class MotifMatching {
    private final LiveMotifs motifs;
    private final CellGraph cell;
    private final Placements placements;
    private final int last;
    private final int[] output;

    /** How often each vertex is laid, and those of them that can be laid no more. */
    private final int[] laid;

    private final BitSet taken = new BitSet();

    /** The motifs of each level that are in use, in the order of their first use: the lowest, and those above. */
    private final List<Placement> lowest = new ArrayList<>();

    private final List<List<List<Edge>>> above;

    /** An edge between nodes of a motif, and the motif that it holds. */
    private record Edge(int source, int target, int choice) {}

    /** How the counting goes on with the motif on an edge, and its value. */
    @FunctionalInterface
    private interface Next {
        long ways(int choice, int[] value);
    }

    MotifMatching(LiveMotifs motifs, CellGraph cell) {
        this.motifs = motifs;
        this.cell = cell;
        this.placements = new Placements(motifs, cell);
        this.last = motifs.levels().size() - 1;
        this.output = Placements.array(cell.output());
        this.laid = new int[cell.vertices()];
        this.above = motifs.levels().stream()
                .<List<List<Edge>>>map(level -> new ArrayList<>())
                .toList();
    }

    /** How many there are. */
    long count() {
        int[] input = {0};
        long ways = last == 0 ? placements.whole(input) : motif(last, input, all -> 1);
        return ways / new Matching(cell).symmetries();
    }

    /** Over all motifs of a level above the lowest. */
    private long motif(int level, int[] input, ToLongFunction<Building> next) {
        return IntStream.rangeClosed(0, motifs.levels().get(level).nodes() - 2)
                .mapToLong(between -> new Building(level, between, input, next).source(0))
                .sum();
    }

    /** Lays a motif of motifs with so many nodes in use, source by source. */
    private final class Building {
        private final int level;
        private final int[][] sums;
        private final ToLongFunction<Building> next;
        private final List<Edge> edges = new ArrayList<>();

        Building(int level, int between, int[] input, ToLongFunction<Building> next) {
            this.level = level;
            this.next = next;
            this.sums = new int[between + 2][];
            Arrays.fill(sums, CellGraph.Builder.ZERO);
            sums[0] = input;
        }

        int[] value() {
            return sums[sums.length - 1];
        }

        private long source(int source) {
            if (source == sums.length - 1) {
                return next.applyAsLong(this);
            }
            return sums[source].length == 0 ? 0 : edge(source, source + 1, false);
        }

        private long edge(int source, int target, boolean any) {
            if (target == sums.length) {
                return (any && isDone(source)) ? source(source + 1) : 0;
            }
            return edge(source, target + 1, any)
                    + choices(level - 1, sums[source], value -> isPossible(source, target, value), (choice, value) -> {
                        int[] before = sums[target];
                        edges.add(new Edge(source, target, choice));
                        sums[target] = Matching.sum(before, value);
                        long ways = edge(source, target + 1, true);
                        sums[target] = before;
                        edges.removeLast();
                        return ways;
                    });
        }

        private boolean isPossible(int source, int target, int[] value) {
            int[] sum = Matching.sum(sums[target], value);
            return (level == last && source == sums.length - 2) ? Arrays.equals(sum, output) : placements.fits(sum);
        }

        /** Whether nothing in the cell waits for a node that no later one can stand in for. */
        private boolean isDone(int node) {
            return level < last
                    || (placements.isRead(node, sums, laid, v -> placements.isUnique(v, laid))
                            && placements.isUsed(node, sums, laid));
        }
    }

    /** Over the motifs of a level: those in use, and one that is new. */
    private long choices(int level, int[] input, Predicate<int[]> allowed, Next next) {
        int known = level == 0 ? lowest.size() : above.get(level).size();
        long ways = 0;
        for (int choice = 0; choice < known; choice++) {
            int old = choice;
            ways += again(level, old, input, allowed, value -> next.ways(old, value));
        }
        if (known == motifs.levels().get(level).motifs()) {
            return ways;
        }
        if (level == 0) {
            return ways
                    + placed(placements.fresh(input), allowed, placement -> {
                        lowest.add(placement);
                        long these = next.ways(known, placement.value());
                        lowest.removeLast();
                        return these;
                    });
        }
        return ways
                + motif(level, input, motif -> {
                    if (!allowed.test(motif.value())) {
                        return 0;
                    }
                    above.get(level).add(List.copyOf(motif.edges));
                    long these = next.ways(known, motif.value());
                    above.get(level).removeLast();
                    return these;
                });
    }

    private long placed(List<Placement> all, Predicate<int[]> allowed, ToLongFunction<Placement> next) {
        long ways = 0;
        int[] tested = {};
        boolean isAllowed = false;
        for (Placement placement : all) {
            if (taken.intersects(placement.weights())) {
                continue;
            }
            if (!Arrays.equals(tested, placement.value())) {
                tested = placement.value();
                isAllowed = allowed.test(tested);
            }
            if (isAllowed) {
                lay(placement, 1);
                ways += placement.ways() * next.applyAsLong(placement);
                lay(placement, -1);
            }
        }
        return ways;
    }

    private void lay(Placement placement, int times) {
        taken.xor(placement.weights());
        for (int vertex : placement.laid()) {
            laid[vertex] += times;
        }
    }

    /** Over the places of a motif that is in use. */
    private long again(int level, int motif, int[] input, Predicate<int[]> allowed, ToLongFunction<int[]> next) {
        if (level == 0) {
            List<Placement> places = placements.again(lowest.get(motif).motif(), input);
            return placed(places, allowed, placement -> next.applyAsLong(placement.value()));
        }
        List<Edge> edges = above.get(level).get(motif);
        var sums = new int[edges.getLast().target() + 1][];
        Arrays.fill(sums, CellGraph.Builder.ZERO);
        sums[0] = input;
        return again(level, edges, sums, value -> allowed.test(value) ? next.applyAsLong(value) : 0);
    }

    private long again(int level, List<Edge> edges, int[][] sums, ToLongFunction<int[]> next) {
        if (edges.isEmpty()) {
            return next.applyAsLong(sums[sums.length - 1]);
        }
        Edge edge = edges.getFirst();
        int[] before = sums[edge.target()];
        return again(
                level - 1,
                edge.choice(),
                sums[edge.source()],
                value -> placements.fits(Matching.sum(before, value)),
                value -> {
                    sums[edge.target()] = Matching.sum(before, value);
                    long ways = again(level, edges.subList(1, edges.size()), sums, next);
                    sums[edge.target()] = before;
                    return ways;
                });
    }
}
