package dev.mlops.nas.search;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Objects;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Tells the vertices of an acyclic graph apart by what they are and how they hang together, however they are numbered: colour
 * refinement, and where that leaves several alike, one of them is taken as the first (McKay, "Practical graph isomorphism", 1981).
 */
final class Colouring {
    private final int[][] sources;
    private final int[] output;

    /**
     * A graph.
     *
     * @param sources of every vertex, in any order, one as often as it counts
     * @param output vertices that are results
     */
    Colouring(int[][] sources, int[] output) {
        this.sources = sources;
        this.output = output;
    }

    /** A colour of its own for every vertex, the same ones for every numbering; starts from what the vertices are. */
    long[] distinguished(long[] kinds) {
        return distinguish(refine(kinds));
    }

    /**
     * Tries every vertex of the smallest colour that several have as the first of them, and takes the way that ends in the
     * smallest colours. Where two end alike, a symmetry of the graph maps one to the other, and one is enough.
     */
    private long[] distinguish(long[] colours) {
        int[] tied = tied(colours);
        if (tied.length == 0) {
            return colours;
        }
        var ends = new ArrayList<long[]>();
        long @Nullable [] best = null;
        for (int vertex : tied) {
            long[] first = with(colours, vertex);
            long[] end = sorted(followed(first));
            if (ends.stream().noneMatch(e -> Arrays.equals(e, end))) {
                ends.add(end);
                long[] found = distinguish(first);
                best = best == null || Arrays.compare(sorted(found), sorted(best)) < 0 ? found : best;
            }
        }
        return Objects.requireNonNull(best);
    }

    /** Any way to the end. */
    private long[] followed(long[] colours) {
        long[] way = colours;
        for (int[] tied = tied(way); tied.length > 0; tied = tied(way)) {
            way = with(way, tied[0]);
        }
        return way;
    }

    private long[] with(long[] colours, int vertex) {
        long[] changed = colours.clone();
        changed[vertex] = mix(changed[vertex] + 1);
        return refine(changed);
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

    static long[] sorted(long[] colours) {
        long[] sorted = colours.clone();
        Arrays.sort(sorted);
        return sorted;
    }

    private static int distinct(long[] colours) {
        long[] sorted = sorted(colours);
        int distinct = sorted.length == 0 ? 0 : 1;
        for (int i = 1; i < sorted.length; i++) {
            distinct += sorted[i] == sorted[i - 1] ? 0 : 1;
        }
        return distinct;
    }

    /** The vertices of the smallest colour that several have; none when all differ. */
    private static int[] tied(long[] colours) {
        long[] sorted = sorted(colours);
        for (int i = 1; i < sorted.length; i++) {
            if (sorted[i] == sorted[i - 1]) {
                long colour = sorted[i];
                return IntStream.range(0, colours.length)
                        .filter(v -> colours[v] == colour)
                        .toArray();
            }
        }
        return new int[0];
    }

    /** The finaliser of SplitMix64. */
    static long mix(long value) {
        long z = value + 0x9e3779b97f4a7c15L;
        z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        return z ^ (z >>> 31);
    }
}
