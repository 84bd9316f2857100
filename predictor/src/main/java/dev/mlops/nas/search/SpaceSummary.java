package dev.mlops.nas.search;

import dev.mlops.nas.search.Experiment.Constraint;
import dev.mlops.nas.search.SearchSpace.Cost;
import dev.mlops.nas.search.SearchSpace.Reference;
import java.math.BigInteger;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * What a person wants to know of a space before searching it. The same space and seed give the same summary.
 *
 * @param genotypes how many there are
 * @param architectures how many different ones they are
 * @param decisions in the space's order
 * @param costs range of each analytic cost, by metric; none where the space has no network
 * @param feasible part of uniform draws (of all architectures where they are counted) that keeps the analytic constraints
 * @param examples uniform draws
 * @param references human designs
 */
public record SpaceSummary(
        BigInteger genotypes,
        Architectures architectures,
        List<Line> decisions,
        Map<String, Range> costs,
        double feasible,
        List<Example> examples,
        List<Example> references) {

    private static final int COUNTED = Candidates.LISTED;
    private static final int DRAWS = 1_000;
    private static final int CLASSES = 400;
    private static final int LARGEST_CLASS = 50;

    /** Number of different architectures. */
    public sealed interface Architectures {}

    /** All genotypes were listed. */
    public record Counted(long number) implements Architectures {}

    /**
     * Estimated from draws: the mean of the inverse number of genotypes that are the drawn architecture, as far as single changes
     * lead to them, times the number of genotypes. What only several changes at once make equal counts apart, so that the
     * estimate is rather too high.
     */
    public record Estimated(double number, double standardError) implements Architectures {}

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

    /** Summarises; takes a second or two for large spaces. */
    public static SpaceSummary of(SearchSpace space, List<Constraint> constraints, int examples, long seed) {
        var candidates = new Candidates(space, constraints);
        SplittableRandom random = Seeds.stream(seed, "summary", 0);
        List<Example> draws = IntStream.rangeClosed(1, examples)
                .mapToObj(i -> example(Integer.toString(i), space.sample(random), candidates))
                .toList();
        boolean counted = space.size().compareTo(BigInteger.valueOf(COUNTED)) <= 0;
        List<Candidate> sample = counted
                ? List.copyOf(space.all()
                        .map(candidates::of)
                        .collect(
                                Collectors.toMap(Candidate::hash, Function.identity(), (a, b) -> a, LinkedHashMap::new))
                        .values())
                : Stream.generate(() -> candidates.of(space.sample(random)))
                        .limit(DRAWS)
                        .toList();
        return new SpaceSummary(
                space.size(),
                counted ? new Counted(sample.size()) : estimate(space, random),
                lines(space),
                ranges(space, sample, counted),
                (double) sample.stream().filter(candidates::admits).count() / sample.size(),
                draws,
                space.references().stream()
                        .map((Reference r) -> example(r.name(), r.genotype(), candidates))
                        .toList());
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

    private static Estimated estimate(SearchSpace space, SplittableRandom random) {
        double[] inverse = new double[CLASSES];
        for (int i = 0; i < CLASSES; i++) {
            inverse[i] = 1.0 / classSize(space, space.sample(random));
        }
        double size = space.size().doubleValue();
        return new Estimated(
                Statistics.mean(inverse) * size, StrictMath.sqrt(Statistics.variance(inverse) / CLASSES) * size);
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
