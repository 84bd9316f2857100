package dev.mlops.nas.search;

import dev.mlops.nas.search.Experiment.Constraint;
import dev.mlops.nas.search.SearchSpace.Cost;
import dev.mlops.nas.search.SearchSpace.Reference;
import java.math.BigInteger;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * What a person wants to know of a space before searching it. The same space and seed give the same summary.
 *
 * @param genotypes how many there are
 * @param architectures how many different ones they are
 * @param uniform whether draws are uniform over architectures; else they are over genotypes
 * @param decisions in the space's order
 * @param costs range of each analytic cost, by metric; none where the space has no network
 * @param feasible part of draws (of all architectures where they are listed) that keeps the analytic constraints
 * @param examples draws
 * @param references human designs
 */
public record SpaceSummary(
        BigInteger genotypes,
        Architectures architectures,
        boolean uniform,
        List<Line> decisions,
        Map<String, Range> costs,
        double feasible,
        List<Example> examples,
        List<Example> references) {

    private static final double NORMAL_95 = 1.959964;
    private static final int COUNTS = 1_000;
    private static final int CLASSES = 200;
    private static final int LARGEST_CLASS = 50;

    /** Number of different architectures. */
    public sealed interface Architectures {}

    /** Every one was counted, or every genotype is one. */
    public record Counted(BigInteger number) implements Architectures {}

    /**
     * Estimated without bias: the number of representatives ({@link SearchSpace#representatives}) times the mean, over uniform draws
     * of them, of the inverse number that are the drawn architecture (as Horvitz and Thompson 1952 weigh).
     *
     * @param least of the 95 % interval
     * @param most of the 95 % interval
     */
    public record Estimated(double number, double least, double most) implements Architectures {}

    /**
     * The same, but of the genotypes that are the drawn architecture only those count to which single changes lead, and at most 50.
     * There may be more, so that this is a bound and no estimate.
     *
     * @param number upper end of the bound's 95 % interval
     */
    public record AtMost(double number) implements Architectures {}

    /**
     * A decision.
     *
     * @param needs what makes it active, such as {@code s1.operator mbconv}; empty where it always is
     */
    public record Line(String name, List<String> choices, String needs) {}

    /**
     * Range of a cost.
     *
     * @param least smallest in the space
     * @param median of uniform draws, or of all architectures where they are counted
     * @param most largest in the space, or the largest that ascents find where the space cannot be listed
     */
    public record Range(long least, long median, long most) {}

    /** One architecture; its name is a human design's, or the draw's number from 1. */
    public record Example(String name, Genotype genotype, String hash, Cost cost, Map<String, String> decisions) {}

    /**
     * Summarises; takes seconds for large spaces.
     *
     * @throws SpaceException if no architecture can meet the constraints
     */
    public static SpaceSummary of(SearchSpace space, List<Constraint> constraints, int examples, long seed) {
        var candidates = new Candidates(space, constraints);
        candidates.check();
        var all = new Candidates(space, List.of());
        SplittableRandom random = Seeds.stream(seed, "summary", 0);
        List<Example> draws = IntStream.rangeClosed(1, examples)
                .mapToObj(i -> example(Integer.toString(i), draw(all, random), candidates))
                .toList();
        List<Counts> counts = all.isListed() ? List.of() : counts(space, random);
        List<Candidate> sample = all.isListed() ? all.list() : sample(all, counts, random);
        return new SpaceSummary(
                space.size(),
                architectures(all, counts, random),
                all.drawsArchitectures(random),
                lines(space),
                ranges(space, sample, all.isListed()),
                (double) sample.stream().filter(candidates::admits).count() / sample.size(),
                draws,
                space.references().stream()
                        .map((Reference r) -> example(r.name(), r.genotype(), candidates))
                        .toList());
    }

    private static Genotype draw(Candidates all, SplittableRandom random) {
        return Objects.requireNonNull(all.draw(Set.of(), random)).genotype();
    }

    private static Example example(String name, Genotype genotype, Candidates candidates) {
        Candidate candidate = candidates.of(genotype);
        return new Example(
                name,
                genotype,
                candidate.hash(),
                candidate.cost(),
                candidates.space().describe(genotype));
    }

    private static List<Line> lines(SearchSpace space) {
        Decisions table = switch (space) {
            case DecisionSpace decided -> decided.table();
        };
        return IntStream.range(0, table.all().size())
                .mapToObj(i ->
                        new Line(table.all().get(i).name(), table.all().get(i).choices(), table.needs(i)))
                .toList();
    }

    private static Map<String, Range> ranges(SearchSpace space, List<Candidate> sample, boolean counted) {
        var ranges = new TreeMap<String, Range>();
        if (!space.hasNetwork()) {
            return ranges;
        }
        for (String metric : Cost.METRICS) {
            long[] values = sample.stream()
                    .mapToLong(c -> c.cost().value(metric))
                    .sorted()
                    .toArray();
            long least =
                    counted ? values[0] : Math.min(values[0], space.smallest().value(metric));
            long most = values[values.length - 1];
            if (!counted) {
                most = Math.max(most, -Smallest.of(space, g -> -space.cost(g).value(metric)));
            }
            ranges.put(metric, new Range(least, values[values.length / 2], most));
        }
        return ranges;
    }

    /** A representative, and how many of them are its architecture where the space counts them. */
    private record Counts(Genotype drawn, OptionalLong alike) {}

    private static List<Counts> counts(SearchSpace space, SplittableRandom random) {
        return Stream.generate(() -> space.sampleRepresentative(random)).limit(COUNTS).toList().parallelStream()
                .map(drawn -> new Counts(drawn, space.multiplicity(drawn)))
                .toList();
    }

    /** Those of the representatives that a uniform draw keeps; one at least. */
    private static List<Candidate> sample(Candidates all, List<Counts> counts, SplittableRandom random) {
        List<Candidate> kept = counts.stream()
                .filter(c -> random.nextLong(c.alike().orElse(1)) == 0)
                .map(c -> all.of(c.drawn()))
                .toList();
        return kept.isEmpty() ? List.of(all.of(draw(all, random))) : kept;
    }

    private static Architectures architectures(Candidates all, List<Counts> counts, SplittableRandom random) {
        SearchSpace space = all.space();
        if (all.isListed()) {
            return new Counted(BigInteger.valueOf(all.list().size()));
        }
        if (!space.hasNetwork()) {
            return new Counted(space.size());
        }
        return counts.stream().allMatch(c -> c.alike().isPresent())
                ? estimated(
                        space.representatives(),
                        counts.stream()
                                .mapToDouble(c -> 1.0 / c.alike().orElseThrow())
                                .toArray())
                : bound(space, random);
    }

    /** The interval is normal, and not narrower than what so many draws leave open where all are alike (rule of three). */
    private static Estimated estimated(BigInteger drawnFrom, double[] inverse) {
        double most = drawnFrom.doubleValue();
        double mean = Statistics.mean(inverse);
        double half = Math.max(
                NORMAL_95 * StrictMath.sqrt(Statistics.variance(inverse) / inverse.length), 3 * mean / inverse.length);
        return new Estimated(mean * most, Math.max(0, mean - half) * most, Math.min(1, mean + half) * most);
    }

    private static AtMost bound(SearchSpace space, SplittableRandom random) {
        double[] inverse = Stream.generate(() -> space.sample(random))
                .limit(CLASSES)
                .mapToDouble(g -> 1.0 / classSize(space, g))
                .toArray();
        return new AtMost(estimated(space.size(), inverse).most());
    }

    /** Genotypes with the same hash that single changes lead to, itself included; the search ends at the largest size. */
    private static int classSize(SearchSpace space, Genotype genotype) {
        String hash = space.architectureHash(genotype);
        Set<Genotype> found = new HashSet<>(List.of(genotype));
        Deque<Genotype> open = new ArrayDeque<>(List.of(genotype));
        while (!open.isEmpty() && found.size() < LARGEST_CLASS) {
            List<Genotype> same = new ArrayList<>();
            for (Genotype neighbour : space.neighbours(open.removeFirst())) {
                if (!found.contains(neighbour)
                        && space.architectureHash(neighbour).equals(hash)) {
                    same.add(neighbour);
                }
            }
            found.addAll(same);
            open.addAll(same);
        }
        return found.size();
    }
}
