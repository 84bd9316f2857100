package dev.mlops.nas.search;

import java.util.random.RandomGenerator;

/**
 * Sets of edges (i, j), i &lt; j, over an input, some nodes and an output, in which every node has an edge before it and one behind
 * it, so that all lie between input and output. Counted and drawn node after node: what is left depends only on how many of the
 * nodes before have no edge behind them yet.
 */
final class Wiring {
    private final int output;
    private final int most;
    /** Ways to go on, by the node whose edges are next, the nodes before it that none leaves yet, and the edges left. */
    private final long[][][] ways;

    /**
     * All such sets.
     *
     * @param nodes between input and output
     * @param least edges
     * @param most edges
     */
    Wiring(int nodes, int least, int most) {
        this.output = nodes + 1;
        this.most = most;
        this.ways = new long[output + 2][output + 2][most + 1];
        for (int edges = 0; edges <= most - least; edges++) {
            ways[output + 1][1][edges] = 1;
        }
        for (int node = output; node > 0; node--) {
            for (int open = 1; open <= node; open++) {
                for (int edges = 1; edges <= most; edges++) {
                    ways[node][open][edges] = sum(node, open, edges);
                }
            }
        }
    }

    private long sum(int node, int open, int edges) {
        long sum = 0;
        for (int closes = 0; closes <= open; closes++) {
            for (int others = 0; others <= node - open; others++) {
                sum += ways(node, open, edges, closes, others);
            }
        }
        return sum;
    }

    /** Ways in which so many of a node's edges are the first that leave their source, and so many are not. */
    private long ways(int node, int open, int edges, int closes, int others) {
        int left = edges - closes - others;
        return closes + others == 0 || left < 0
                ? 0
                : binomial(open, closes) * binomial(node - open, others) * ways[node + 1][open - closes + 1][left];
    }

    private static long binomial(int of, int count) {
        long product = 1;
        for (int i = 0; i < count; i++) {
            product = product * (of - i) / (i + 1);
        }
        return product;
    }

    /** How many there are. */
    long count() {
        return ways[1][1][most];
    }

    /** One of them, all alike likely: the sources of every node, as bits; the last entry is the output's. */
    int[] draw(RandomGenerator random) {
        var sources = new int[output + 1];
        int open = 1;
        int edges = most;
        for (int node = 1; node <= output; node++) {
            long number = random.nextLong(ways[node][Integer.bitCount(open)][edges]);
            int closes = 0;
            int others = 0;
            long these = 0;
            while (number >= these) {
                number -= these;
                if (++others > node - Integer.bitCount(open)) {
                    others = 0;
                    closes++;
                }
                these = ways(node, Integer.bitCount(open), edges, closes, others);
            }
            int before = (1 << node) - 1;
            sources[node] = some(open, closes, random) | some(before & ~open, others, random);
            open = (open & ~sources[node]) | (1 << node);
            edges -= closes + others;
        }
        return sources;
    }

    /** So many of the bits that are set. */
    private static int some(int bits, int count, RandomGenerator random) {
        int chosen = 0;
        int left = count;
        for (int rest = bits; left > 0; rest &= rest - 1) {
            if (random.nextInt(Integer.bitCount(rest)) < left) {
                chosen |= Integer.lowestOneBit(rest);
                left--;
            }
        }
        return chosen;
    }
}
