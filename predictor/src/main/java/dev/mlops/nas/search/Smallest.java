package dev.mlops.nas.search;

import java.math.BigInteger;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.ToLongFunction;
import java.util.stream.Stream;

/** The architecture of the smallest cost in a space that has no formula for it. */
final class Smallest {
    private static final BigInteger LISTED = BigInteger.valueOf(4_096);
    private static final int STARTS = 16;

    /** The cost, from starts that are always the same. */
    static long of(SearchSpace space, ToLongFunction<Genotype> cost) {
        SplittableRandom random = Seeds.stream(0, "smallest", 0);
        List<Genotype> starts =
                Stream.generate(() -> space.sample(random)).limit(STARTS).toList();
        return end(space, starts, cost).height();
    }

    /** Exact in small spaces; elsewhere the least that descents through neighbours find, from the first {@value #STARTS} starts. */
    static Genotype among(SearchSpace space, List<Genotype> starts, ToLongFunction<Genotype> cost) {
        return end(space, starts, cost).genotype();
    }

    /** Where a descent ends, and how low. */
    private record End(Genotype genotype, long height) {}

    private static End end(SearchSpace space, List<Genotype> starts, ToLongFunction<Genotype> cost) {
        Stream<End> ends = space.size().compareTo(LISTED) <= 0
                ? space.all().map(g -> new End(g, cost.applyAsLong(g)))
                : starts.stream().limit(STARTS).toList().parallelStream().map(start -> descend(space, start, cost));
        return ends.min(Comparator.comparingLong(End::height)).orElseThrow();
    }

    /** Takes the best value of one decision after the other, until none changes any more. */
    private static End descend(SearchSpace space, Genotype start, ToLongFunction<Genotype> cost) {
        Genotype here = start;
        long height = cost.applyAsLong(here);
        int unchanged = 0;
        int decisions = space.decisions().size();
        List<Genotype> near = space.neighbours(here);
        for (int decision = 0; unchanged < decisions; decision = (decision + 1) % decisions) {
            unchanged++;
            Genotype before = here;
            for (Genotype neighbour : near) {
                if (differsFirst(before, neighbour) == decision) {
                    long there = cost.applyAsLong(neighbour);
                    if (there < height) {
                        height = there;
                        here = neighbour;
                        unchanged = 0;
                    }
                }
            }
            near = here.equals(before) ? near : space.neighbours(here);
        }
        return new End(here, height);
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
