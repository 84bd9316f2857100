package dev.mlops.nas.search;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What a cell computes, once zeros, identities and dead edges are gone: operations, each on a sum of the cell's input and
 * of other operations' results. Sums inside sums are one sum. Equal operations without weights on the same sum are one;
 * operations with weights stay apart, since each has its own.
 */
final class CellGraph {
    /** The cell's input, as a source. */
    static final int INPUT = 0;

    private final EdgeOperation[] operations;
    private final int[][] sources;
    private final int[] output;

    private CellGraph(EdgeOperation[] operations, int[][] sources, int[] output) {
        this.operations = operations;
        this.sources = sources;
        this.output = output;
    }

    /**
     * Resolves a cell.
     *
     * @param nodes of the cell, input and output included
     * @param edges operations on the edges (i, j), i &lt; j, by j, then i
     */
    static CellGraph of(int nodes, EdgeOperation[] edges) {
        var operations = new EdgeOperation[edges.length + 1];
        var sources = new int[edges.length + 1][];
        operations[INPUT] = EdgeOperation.SKIP;
        sources[INPUT] = new int[0];
        int vertices = 1;
        var sums = new int[nodes][];
        sums[0] = new int[] {INPUT};
        int edge = 0;
        for (int node = 1; node < nodes; node++) {
            var terms = IntStream.builder();
            for (int from = 0; from < node; from++, edge++) {
                EdgeOperation operation = edges[edge];
                if (operation == EdgeOperation.NONE || sums[from].length == 0) {
                    continue;
                }
                if (operation == EdgeOperation.SKIP) {
                    Arrays.stream(sums[from]).forEach(terms::add);
                    continue;
                }
                int vertex =
                        operation.hasWeights() ? vertices : find(operation, sums[from], operations, sources, vertices);
                if (vertex == vertices) {
                    operations[vertex] = operation;
                    sources[vertex] = sums[from];
                    vertices++;
                }
                terms.add(vertex);
            }
            sums[node] = terms.build().sorted().toArray();
        }
        return live(operations, sources, vertices, sums[nodes - 1]);
    }

    private static int find(
            EdgeOperation operation, int[] source, EdgeOperation[] operations, int[][] sources, int vertices) {
        for (int v = 1; v < vertices; v++) {
            if (operations[v] == operation && Arrays.equals(sources[v], source)) {
                return v;
            }
        }
        return vertices;
    }

    private static CellGraph live(EdgeOperation[] operations, int[][] sources, int vertices, int[] output) {
        var alive = new boolean[vertices];
        alive[INPUT] = true;
        for (int v : output) {
            alive[v] = true;
        }
        for (int v = vertices - 1; v > 0; v--) {
            for (int s : alive[v] ? sources[v] : new int[0]) {
                alive[s] = true;
            }
        }
        var renamed = new int[vertices];
        int count = 0;
        for (int v = 0; v < vertices; v++) {
            renamed[v] = alive[v] ? count++ : -1;
        }
        var liveOperations = new EdgeOperation[count];
        var liveSources = new int[count][];
        for (int v = 0; v < vertices; v++) {
            if (alive[v]) {
                liveOperations[renamed[v]] = operations[v];
                liveSources[renamed[v]] = renamed(sources[v], renamed);
            }
        }
        return new CellGraph(liveOperations, liveSources, renamed(output, renamed));
    }

    private static int[] renamed(int[] vertices, int[] names) {
        return Arrays.stream(vertices).map(v -> names[v]).sorted().toArray();
    }

    /** The number of live edges with this operation. */
    int count(EdgeOperation operation) {
        int count = 0;
        for (int v = 1; v < operations.length; v++) {
            if (operations[v] == operation) {
                count++;
            }
        }
        return count;
    }

    /** Operations are 1 to this number; sources name them, or {@link #INPUT}. */
    int operations() {
        return operations.length - 1;
    }

    EdgeOperation operation(int vertex) {
        return operations[vertex];
    }

    /** What the operation works on: the sum of these, which may name one more than once. */
    List<Integer> sources(int vertex) {
        return Arrays.stream(sources[vertex]).boxed().toList();
    }

    /** What the cell gives: the sum of these; empty when nothing reaches the output. */
    List<Integer> output() {
        return Arrays.stream(output).boxed().toList();
    }

    /** Numbers that are the same for the same cell, however its nodes and edges are arranged. */
    long[] signature() {
        long[] colours = refine(initial());
        Arrays.sort(colours);
        return colours;
    }

    /** The same cell with its operations numbered the same way, however its nodes and edges are arranged. */
    CellGraph canonical() {
        long[] colours = refine(initial());
        for (int tied = tied(colours); tied >= 0; tied = tied(colours)) {
            colours[tied] = mix(colours[tied] + 1);
            colours = refine(colours);
        }
        var levels = new int[operations.length];
        for (int v = 1; v < levels.length; v++) {
            levels[v] = 1 + Arrays.stream(sources[v]).map(s -> levels[s]).max().orElse(0);
        }
        var order = new ArrayList<>(IntStream.range(0, levels.length).boxed().toList());
        long[] distinct = colours;
        order.sort((a, b) -> levels[a] != levels[b]
                ? Integer.compare(levels[a], levels[b])
                : Long.compare(distinct[a], distinct[b]));
        var names = new int[levels.length];
        for (int i = 0; i < names.length; i++) {
            names[order.get(i)] = i;
        }
        var newOperations = new EdgeOperation[names.length];
        var newSources = new int[names.length][];
        for (int v = 0; v < names.length; v++) {
            newOperations[names[v]] = operations[v];
            newSources[names[v]] = renamed(sources[v], names);
        }
        return new CellGraph(newOperations, newSources, renamed(output, names));
    }

    private long[] initial() {
        long[] colours = new long[operations.length];
        for (int v = 0; v < colours.length; v++) {
            colours[v] = mix(v == INPUT ? 0 : operations[v].text().hashCode());
        }
        return colours;
    }

    /** Colour refinement (Weisfeiler and Leman): mixes in the colours of sources and users until no more differ. */
    private long[] refine(long[] start) {
        long[] colours = start;
        for (int distinct = 0, next = distinct(colours); next > distinct; ) {
            distinct = next;
            long[] from = new long[colours.length];
            long[] to = new long[colours.length];
            for (int v = 0; v < colours.length; v++) {
                for (int s : sources[v]) {
                    from[v] += mix(colours[s] ^ 0x5bd1e9955bd1e995L);
                    to[s] += mix(colours[v] ^ 0x27d4eb2f165667c5L);
                }
            }
            for (int v : output) {
                to[v] += 0x2545f4914f6cdd1dL;
            }
            long[] refined = new long[colours.length];
            for (int v = 0; v < colours.length; v++) {
                refined[v] = mix(mix(mix(colours[v]) + from[v]) + to[v]);
            }
            colours = refined;
            next = distinct(colours);
        }
        return colours;
    }

    private static int distinct(long[] colours) {
        return (int) Arrays.stream(colours).distinct().count();
    }

    /** A vertex of the smallest colour that several have, or -1. */
    private static int tied(long[] colours) {
        int best = -1;
        for (int v = 0; v < colours.length; v++) {
            for (int w = v + 1; w < colours.length; w++) {
                if (colours[v] == colours[w] && (best < 0 || colours[v] < colours[best])) {
                    best = v;
                }
            }
        }
        return best;
    }

    /** The finaliser of SplitMix64. */
    private static long mix(long value) {
        long z = value + 0x9e3779b97f4a7c15L;
        z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        return z ^ (z >>> 31);
    }
}
