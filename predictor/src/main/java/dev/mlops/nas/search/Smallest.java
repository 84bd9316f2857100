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
        if (space.size().compareTo(LISTED) <= 0) {
            return space.all().mapToLong(cost).min().orElseThrow();
        }
        SplittableRandom random = Seeds.stream(0, "smallest", 0);
        long least = Long.MAX_VALUE;
        for (int i = 0; i < STARTS; i++) {
            least = Math.min(least, descend(space, space.sample(random), cost));
        }
        return least;
    }

    /** Takes the best value of one decision after the other, until none changes any more. */
    private static long descend(SearchSpace space, Genotype start, ToLongFunction<Genotype> cost) {
        Genotype here = start;
        long height = cost.applyAsLong(here);
        int unchanged = 0;
        int decisions = space.decisions().size();
        for (int decision = 0; unchanged < decisions; decision = (decision + 1) % decisions) {
            unchanged++;
            Genotype before = here;
            for (Genotype neighbour : space.neighbours(before)) {
                if (differsFirst(before, neighbour) == decision) {
                    long there = cost.applyAsLong(neighbour);
                    if (there < height) {
                        height = there;
                        here = neighbour;
                        unchanged = 0;
                    }
                }
            }
        }
        return height;
    }

    private static int differsFirst(Genotype a, Genotype b) {
        int place = 0;
        while (a.choices().get(place).equals(b.choices().get(place))) {
            place++;
        }
        return place;
    }

    private Smallest() {}
}
