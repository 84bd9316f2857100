package dev.mlops.nas.search;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * What surrogates see of the paths from a cell's inputs to its output: how often each operation lies on them, how deep they are,
 * and how many there are by their last operations in order (White et al., "BANANAS", AAAI 2021). Skips, sums, joins and
 * projections are no steps of a path.
 */
final class CellFeatures {
    private static final int LONGEST = 3;
    private static final int MOST_COLUMNS = 160;

    private final List<CellOperation> choices;
    private final Map<CellOperation, Integer> steps = new EnumMap<>(CellOperation.class);
    private final int radix;
    private final int codes;
    private final int[] columns;
    private final int width;

    /** For cells with these operations. */
    CellFeatures(List<CellOperation> choices) {
        this.choices = List.copyOf(choices);
        int kinds = 0;
        for (CellOperation choice : choices) {
            if (choice != CellOperation.NONE && choice != CellOperation.SKIP) {
                steps.put(choice, ++kinds);
            }
        }
        this.radix = kinds + 1;
        int length = LONGEST;
        while (length > 1 && paths(kinds, length) > MOST_COLUMNS) {
            length--;
        }
        this.codes = power(radix, length);
        this.columns = new int[codes];
        List<Integer> ends = List.of(0);
        int column = 1;
        for (int l = 0; l < length; l++) {
            List<Integer> longer = new ArrayList<>();
            for (int end : ends) {
                for (int step = 1; step < radix; step++) {
                    longer.add(end * radix + step);
                    columns[end * radix + step] = column++;
                }
            }
            ends = longer;
        }
        this.width = column;
    }

    private static int paths(int kinds, int length) {
        int sum = 0;
        for (int l = 0; l <= length; l++) {
            sum += power(kinds, l);
        }
        return sum;
    }

    private static int power(int base, int exponent) {
        int power = 1;
        for (int i = 0; i < exponent; i++) {
            power *= base;
        }
        return power;
    }

    /** All paths from the inputs to one place. */
    private final class Paths {
        final double[] ends = new double[codes];
        final double[] uses = new double[choices.size()];
        double ways;
        double deep;
        int longest;
        int shortest = Integer.MAX_VALUE;

        void add(Paths other) {
            for (int i = 0; i < ends.length; i++) {
                ends[i] += other.ends[i];
            }
            for (int i = 0; i < uses.length; i++) {
                uses[i] += other.uses[i];
            }
            ways += other.ways;
            deep += other.deep;
            longest = Math.max(longest, other.longest);
            shortest = Math.min(shortest, other.shortest);
        }

        /** The same paths with an operation behind them. */
        Paths then(CellOperation operation) {
            int step = steps.getOrDefault(operation, 0);
            if (step == 0) {
                return this;
            }
            var after = new Paths();
            for (int code = 0; code < codes; code++) {
                after.ends[(code * radix + step) % codes] += ends[code];
            }
            System.arraycopy(uses, 0, after.uses, 0, uses.length);
            after.uses[choices.indexOf(operation)] += ways;
            int depth = operation.hasWeights() ? 1 : 0;
            after.ways = ways;
            after.deep = deep + depth * ways;
            after.longest = longest + depth;
            after.shortest = shortest + depth;
            return after;
        }
    }

    private Paths output(CellGraph cell) {
        var paths = new Paths[cell.vertices()];
        for (int v = 0; v < cell.inputs(); v++) {
            paths[v] = new Paths();
            paths[v].ways = 1;
            paths[v].ends[0] = 1;
            paths[v].shortest = 0;
        }
        for (int v = cell.inputs(); v < paths.length; v++) {
            paths[v] = sum(cell.sources(v), paths).then(cell.operation(v));
        }
        return sum(cell.output(), paths);
    }

    private Paths sum(List<Integer> sources, Paths[] paths) {
        var sum = new Paths();
        sources.forEach(s -> sum.add(paths[s]));
        return sum;
    }

    /** Operations on paths; the longest, shortest and mean number of weighted ones; how many paths there are. */
    double[] structure(CellGraph cell) {
        Paths paths = output(cell);
        double[] structure = Arrays.copyOf(paths.uses, paths.uses.length + 5);
        int at = paths.uses.length;
        boolean dead = paths.ways == 0;
        structure[at++] = paths.longest;
        structure[at++] = dead ? -1 : paths.shortest;
        structure[at++] = dead ? 0 : paths.deep / paths.ways;
        structure[at++] = StrictMath.log1p(paths.ways);
        structure[at] = dead ? 1 : 0;
        return structure;
    }

    /** Roots of the numbers of paths by their last operations. */
    double[] paths(CellGraph cell) {
        Paths paths = output(cell);
        double[] counts = new double[width];
        for (int code = 0; code < codes; code++) {
            counts[columns[code]] += paths.ends[code];
        }
        for (int i = 0; i < counts.length; i++) {
            counts[i] = StrictMath.sqrt(counts[i]);
        }
        return counts;
    }
}
