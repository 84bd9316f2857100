package dev.mlops.nas.search;

import java.util.Arrays;
import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A regression tree (Breiman et al., "Classification and Regression Trees", 1984) whose splits reduce the squared error most, the
 * best split of all leaves first. Written here because trees of Smile take about ten times as long, and a search fits a thousand
 * of them while its next trial waits.
 */
final class Tree {
    /**
     * How far a tree grows.
     *
     * @param depth splits on the way to a leaf, at most
     * @param leaves at most
     * @param leafSize rows of a leaf, at least
     * @param tried columns that are looked at for a split, drawn anew for each among those that are not the same for all its rows
     */
    record Limits(int depth, int leaves, int leafSize, int tried) {}

    private final int[] column;
    private final double[] edge;
    private final int[] below; // node for values up to the edge, the one after it for larger ones; 0 at a leaf
    private final double[] output;

    private Tree(int[] column, double[] edge, int[] below, double[] output) {
        this.column = column;
        this.edge = edge;
        this.below = below;
        this.output = output;
    }

    /** Grows a tree on some rows of a table, among which one may stand several times. */
    static Tree grow(Bins bins, int[] rows, double[] targets, Limits limits, RandomGenerator random) {
        return new Growth(bins, rows.clone(), targets, limits, random).tree();
    }

    /** The mean target of the leaf to which an architecture belongs. */
    double predict(double[] flat) {
        int node = 0;
        while (below[node] != 0) {
            node = below[node] + (flat[column[node]] <= edge[node] ? 0 : 1);
        }
        return output[node];
    }

    /** A leaf that can be split, with its best split: rows up to a bin of a column go below. */
    private record Open(int node, int from, int to, int depth, int place, int bin, double gain) {}

    private static final class Growth {
        private final Bins bins;
        private final int[] rows; // those of a node stand together
        private final double[] targets;
        private final Limits limits;
        private final RandomGenerator random;
        private final int[] places;
        private final double[] sums = new double[Bins.MOST];
        private final int[] counts = new int[Bins.MOST];
        private final int[] column;
        private final double[] edge;
        private final int[] below;
        private final double[] output;
        private int nodes;

        Growth(Bins bins, int[] rows, double[] targets, Limits limits, RandomGenerator random) {
            this.bins = bins;
            this.rows = rows;
            this.targets = targets;
            this.limits = limits;
            this.random = random;
            this.places = IntStream.range(0, bins.width()).toArray();
            int most = 2 * Math.min(limits.leaves(), rows.length) - 1;
            this.column = new int[most];
            this.edge = new double[most];
            this.below = new int[most];
            this.output = new double[most];
        }

        Tree tree() {
            var open = new PriorityQueue<Open>(
                    Comparator.comparingDouble((Open o) -> -o.gain()).thenComparingInt(Open::node));
            add(open, 0, rows.length, 0);
            for (int leaves = 1; leaves < limits.leaves() && !open.isEmpty(); leaves++) {
                Open split = open.remove();
                int middle = partition(split);
                column[split.node()] = bins.column(split.place());
                edge[split.node()] = bins.edge(split.place(), split.bin());
                below[split.node()] = nodes;
                add(open, split.from(), middle, split.depth() + 1);
                add(open, middle, split.to(), split.depth() + 1);
            }
            return new Tree(
                    Arrays.copyOf(column, nodes),
                    Arrays.copyOf(edge, nodes),
                    Arrays.copyOf(below, nodes),
                    Arrays.copyOf(output, nodes));
        }

        private void add(PriorityQueue<Open> open, int from, int to, int depth) {
            int node = nodes++;
            double sum = 0;
            for (int i = from; i < to; i++) {
                sum += targets[rows[i]];
            }
            output[node] = sum / (to - from);
            Open split = depth < limits.depth() && to - from >= 2 * limits.leafSize()
                    ? best(node, from, to, depth, sum)
                    : null;
            if (split != null) {
                open.add(split);
            }
        }

        /** The best split by one of the columns tried; null where none reduces the error. */
        private @Nullable Open best(int node, int from, int to, int depth, double sum) {
            double least = sum * sum / (to - from);
            double highest = least + 1e-9 * (1 + least);
            int place = -1;
            int bin = 0;
            for (int i = 0, tries = 0; i < places.length && tries < limits.tried(); i++) {
                int tried = limits.tried() < places.length ? draw(i) : places[i];
                count(tried, from, to);
                if (counts[bins.of(tried)[rows[from]]] == to - from) {
                    continue;
                }
                tries++;
                double low = 0;
                int size = 0;
                for (int b = 0; b < bins.count(tried) - 1; b++) {
                    low += sums[b];
                    size += counts[b];
                    int rest = to - from - size;
                    if (counts[b] == 0 || size < limits.leafSize()) {
                        continue;
                    }
                    if (rest < limits.leafSize()) {
                        break;
                    }
                    double score = low * low / size + (sum - low) * (sum - low) / rest;
                    if (score > highest) {
                        highest = score;
                        place = tried;
                        bin = b;
                    }
                }
            }
            return place < 0 ? null : new Open(node, from, to, depth, place, bin, highest - least);
        }

        /** The next of the columns in random order. */
        private int draw(int i) {
            int j = i + random.nextInt(places.length - i);
            int drawn = places[j];
            places[j] = places[i];
            places[i] = drawn;
            return drawn;
        }

        private void count(int place, int from, int to) {
            byte[] own = bins.of(place);
            Arrays.fill(sums, 0, bins.count(place), 0);
            Arrays.fill(counts, 0, bins.count(place), 0);
            for (int i = from; i < to; i++) {
                int row = rows[i];
                sums[own[row]] += targets[row];
                counts[own[row]]++;
            }
        }

        /** Puts the rows that go below first; where the others begin. */
        private int partition(Open split) {
            byte[] own = bins.of(split.place());
            int middle = split.from();
            for (int i = split.from(); i < split.to(); i++) {
                int row = rows[i];
                if (own[row] <= split.bin()) {
                    rows[i] = rows[middle];
                    rows[middle++] = row;
                }
            }
            return middle;
        }
    }
}
