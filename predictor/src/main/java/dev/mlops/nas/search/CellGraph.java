package dev.mlops.nas.search;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * What a cell computes, once zeros, identities and dead edges are gone: operations, each on a sum of the cell's inputs and
 * of other operations' results. Sums inside sums are one sum. Equal operations without weights on the same sum are one;
 * operations with weights stay apart, since each has its own.
 */
final class CellGraph {
    private final int inputs;
    private final boolean alike;
    private final CellOperation[] operations;
    private final int[][] sources;
    private final int[] output;

    private CellGraph(int inputs, boolean alike, CellOperation[] operations, int[][] sources, int[] output) {
        this.inputs = inputs;
        this.alike = alike;
        this.operations = operations;
        this.sources = sources;
        this.output = output;
    }

    /** Puts a cell together. A value is a sum of vertices, each as often as it counts; an empty one is zero. */
    static final class Builder {
        static final int[] ZERO = {};

        private final int inputs;
        private final boolean alike;
        private final List<CellOperation> operations = new ArrayList<>();
        private final List<int[]> sources = new ArrayList<>();

        /**
         * A cell.
         *
         * @param inputs how many; they are the vertices from 0 on
         * @param alike whether all inputs are the same to the cell, so that it does not matter which of them it reads
         */
        Builder(int inputs, boolean alike) {
            this.inputs = inputs;
            this.alike = alike;
            for (int i = 0; i < inputs; i++) {
                vertex(CellOperation.SKIP, ZERO);
            }
        }

        int[] input(int number) {
            return new int[] {number};
        }

        int[] apply(CellOperation operation, int[] value) {
            if (operation == CellOperation.NONE || value.length == 0) {
                return ZERO;
            }
            return operation == CellOperation.SKIP ? value : new int[] {vertex(operation, value)};
        }

        int[] sum(List<int[]> values) {
            return values.stream().flatMapToInt(Arrays::stream).sorted().toArray();
        }

        /** The channels of what is not zero, one behind the other, whatever the order. */
        int[] join(List<int[]> values) {
            List<int[]> parts = values.stream().filter(v -> v.length > 0).toList();
            if (parts.size() < 2) {
                return sum(parts);
            }
            int[] joined = parts.stream()
                    .mapToInt(v -> v.length == 1 ? v[0] : vertex(CellOperation.SUM, v))
                    .sorted()
                    .toArray();
            return new int[] {vertex(CellOperation.JOIN, joined)};
        }

        private int vertex(CellOperation operation, int[] value) {
            for (int v = inputs; !operation.hasWeights() && v < operations.size(); v++) {
                if (operations.get(v) == operation && Arrays.equals(sources.get(v), value)) {
                    return v;
                }
            }
            operations.add(operation);
            sources.add(value);
            return operations.size() - 1;
        }

        /** The cell that gives this value, without what does not reach it. */
        CellGraph build(int[] output) {
            var alive = new boolean[operations.size()];
            Arrays.fill(alive, 0, inputs, true);
            for (int v : output) {
                alive[v] = true;
            }
            for (int v = alive.length - 1; v >= inputs; v--) {
                for (int s : alive[v] ? sources.get(v) : ZERO) {
                    alive[s] = true;
                }
            }
            var names = new int[alive.length];
            var liveOperations = new ArrayList<CellOperation>();
            var liveSources = new ArrayList<int[]>();
            for (int v = 0; v < alive.length; v++) {
                if (alive[v]) {
                    names[v] = liveOperations.size();
                    liveOperations.add(operations.get(v));
                    liveSources.add(renamed(sources.get(v), names));
                }
            }
            return new CellGraph(
                    inputs,
                    alike,
                    liveOperations.toArray(CellOperation[]::new),
                    liveSources.toArray(int[][]::new),
                    renamed(output, names));
        }
    }

    private static int[] renamed(int[] vertices, int[] names) {
        return Arrays.stream(vertices).map(v -> names[v]).sorted().toArray();
    }

    /** How many inputs the cell has, used or not; operations are the vertices from here to {@link #vertices}. */
    int inputs() {
        return inputs;
    }

    int vertices() {
        return operations.length;
    }

    CellOperation operation(int vertex) {
        return operations[vertex];
    }

    /** What the operation works on: the sum of these, which may name one more than once; for JOIN the parts. */
    List<Integer> sources(int vertex) {
        return Arrays.stream(sources[vertex]).boxed().toList();
    }

    /** Whether all inputs are the same to the cell. */
    boolean hasInputsAlike() {
        return alike;
    }

    /** What the cell gives: the sum of these; empty when nothing reaches the output. */
    List<Integer> output() {
        return Arrays.stream(output).boxed().toList();
    }

    /** Whether the vertex is this operation on the sum of these, in their order. */
    boolean isOperation(int vertex, CellOperation operation, int[] value) {
        return operations[vertex] == operation && Arrays.equals(sources[vertex], value);
    }

    /** Whether anything reads this input. */
    boolean reads(int input) {
        return contains(output, input) || Arrays.stream(sources).anyMatch(s -> contains(s, input));
    }

    private static boolean contains(int[] vertices, int vertex) {
        return Arrays.stream(vertices).anyMatch(v -> v == vertex);
    }

    /** Numbers that two cells share exactly when they are the same, however their nodes and edges are arranged. */
    String signature() {
        return Arrays.stream(Colouring.sorted(distinguished()))
                .mapToObj(Long::toHexString)
                .collect(Collectors.joining(",", inputs + ":", ""));
    }

    /** The same cell with its operations numbered the same way, however its nodes and edges are arranged. */
    CellGraph canonical() {
        long[] colours = distinguished();
        var levels = new int[operations.length];
        for (int v = inputs; v < levels.length; v++) {
            levels[v] = 1 + Arrays.stream(sources[v]).map(s -> levels[s]).max().orElse(0);
        }
        var order = new ArrayList<>(IntStream.range(0, levels.length).boxed().toList());
        order.sort((a, b) -> levels[a] != levels[b] || (levels[a] == 0 && !alike)
                ? Integer.compare(levels[a], levels[b])
                : Long.compare(colours[a], colours[b]));
        var names = new int[levels.length];
        for (int i = 0; i < names.length; i++) {
            names[order.get(i)] = i;
        }
        var newOperations = new CellOperation[names.length];
        var newSources = new int[names.length][];
        for (int v = 0; v < names.length; v++) {
            newOperations[names[v]] = operations[v];
            newSources[names[v]] = renamed(sources[v], names);
        }
        return new CellGraph(inputs, alike, newOperations, newSources, renamed(output, names));
    }

    /** A colour of its own for every vertex, the same ones for every arrangement. */
    private long[] distinguished() {
        long[] colours = new long[operations.length];
        for (int v = 0; v < colours.length; v++) {
            colours[v] = mix(v < inputs ? (alike ? 0 : v) : operations[v].text().hashCode());
        }
        return new Colouring(sources, output).distinguished(colours);
    }

    private static long mix(long value) {
        return Colouring.mix(value);
    }
}
