package dev.mlops.nas.search;

import java.math.BigInteger;
import java.util.SplittableRandom;
import java.util.function.ToLongFunction;

/** The smallest cost in a space that has no formula for it. */
final class Smallest {
    private static final BigInteger LISTED = BigInteger.valueOf(4_096);
    private static final int STARTS = 16;

    /** Exact in small spaces; elsewhere the least that descents through neighbours find, from starts that are always the same. */
    static long of(SearchSpace space, ToLongFunction<Genotype> cost) {
        return of(space, cost, STARTS);
    }

    /** The same with so many descents. */
    static long of(SearchSpace space, ToLongFunction<Genotype> cost, int starts) {
        if (space.size().compareTo(LISTED) <= 0) {
            return space.all().mapToLong(cost).min().orElseThrow();
        }
        SplittableRandom random = Seeds.stream(0, "smallest", 0);
        long least = Long.MAX_VALUE;
        for (int i = 0; i < starts; i++) {
            least = Math.min(least, descend(space, space.sample(random), cost));
        }
        return least;
    }

    private static long descend(SearchSpace space, Genotype start, ToLongFunction<Genotype> cost) {
        Genotype here = start;
        long height = cost.applyAsLong(here);
        while (true) {
            long before = height;
            for (Genotype neighbour : space.neighbours(here)) {
                long there = cost.applyAsLong(neighbour);
                if (there < height) {
                    height = there;
                    here = neighbour;
                }
            }
            if (height == before) {
                return height;
            }
        }
    }

    private Smallest() {}
}
