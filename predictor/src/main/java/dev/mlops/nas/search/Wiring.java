package dev.mlops.nas.search;

import java.util.random.RandomGenerator;

/** A set of edges (i, j), i &lt; j, by target, then source, and which nodes lie on a path from the first to the last. */
final class Wiring {
    private final boolean[] chosen;
    private final boolean[] live;
    private final boolean tidy;

    private Wiring(int nodes, boolean[] chosen) {
        this.chosen = chosen;
        boolean[] reached = new boolean[nodes];
        boolean[] useful = new boolean[nodes];
        reached[0] = true;
        useful[nodes - 1] = true;
        for (int to = 1; to < nodes; to++) {
            for (int from = 0; from < to; from++) {
                reached[to] |= reached[from] && chosen[edge(from, to)];
            }
        }
        for (int from = nodes - 2; from >= 0; from--) {
            for (int to = from + 1; to < nodes; to++) {
                useful[from] |= useful[to] && chosen[edge(from, to)];
            }
        }
        this.live = new boolean[nodes];
        for (int node = 0; node < nodes; node++) {
            live[node] = reached[node] && useful[node];
        }
        this.tidy = tidy(nodes);
    }

    private boolean tidy(int nodes) {
        for (int to = 1; to < nodes; to++) {
            for (int from = 0; from < to; from++) {
                if (chosen[edge(from, to)] && !(live[from] && live[to])) {
                    return false;
                }
            }
        }
        for (int node = 2; node < nodes - 1; node++) {
            if (live[node] && !live[node - 1]) {
                return false;
            }
        }
        return live[0];
    }

    /** Uniform over the sets of at most so many edges. */
    static Wiring random(int nodes, int most, RandomGenerator random) {
        int edges = NodeCellSpace.edges(nodes);
        long sets = 0;
        for (int count = 0; count <= Math.min(most, edges); count++) {
            sets += binomial(edges, count);
        }
        long number = random.nextLong(sets);
        int left = 0;
        while (number >= binomial(edges, left)) {
            number -= binomial(edges, left++);
        }
        boolean[] chosen = new boolean[edges];
        for (int edge = 0; edge < edges; edge++) {
            // Of the edges from here on, so many are still to be chosen.
            chosen[edge] = random.nextInt(edges - edge) < left;
            left -= chosen[edge] ? 1 : 0;
        }
        return new Wiring(nodes, chosen);
    }

    private static long binomial(int of, int count) {
        long product = 1;
        for (int i = 0; i < count; i++) {
            product = product * (of - i) / (i + 1);
        }
        return product;
    }

    private static int edge(int from, int to) {
        return to * (to - 1) / 2 + from;
    }

    boolean chosen(int edge) {
        return chosen[edge];
    }

    boolean isLive(int node) {
        return live[node];
    }

    /** Whether something passes, every edge lies on a path from the first node to the last, and nodes without edges come last. */
    boolean isTidy() {
        return tidy;
    }
}
