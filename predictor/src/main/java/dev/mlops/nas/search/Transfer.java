package dev.mlops.nas.search;

import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What earlier experiments tell of a space's architectures: for each experiment a Gaussian process on the normal scores of its
 * results, so that different data and metrics compare by rank (Bardenet et al., "Collaborative hyperparameter tuning", ICML 2013).
 * Its means are features of this search's surrogates, which learn from their own trials what they are worth.
 */
final class Transfer {
    /** Fewer results tell too little. */
    static final int LEAST = 8;

    private static final int ROWS = 400;
    private static final int BEST = 10;
    private static final int DRAWS = 1_500;
    private static final double GOLDEN = (Math.sqrt(5) - 1) / 2;

    private final Features features;
    private final List<GaussianProcess> models;
    private final List<Genotype> best;

    Transfer(SearchSpace space, Features features, List<Earlier> earlier, Function<Genotype, Candidate> candidates) {
        this.features = features;
        List<List<Earlier.Known>> known = earlier.stream()
                .map(e -> e.in(space))
                .filter(k -> k.size() >= LEAST)
                .map(Transfer::thinned)
                .toList();
        this.models = known.stream()
                .map(Transfer::mixed)
                .map(k -> model(k, candidates))
                .toList();
        this.best = known.stream()
                .flatMap(k -> k.stream().limit(BEST))
                .map(Earlier.Known::genotype)
                .toList();
    }

    private GaussianProcess model(List<Earlier.Known> known, Function<Genotype, Candidate> candidates) {
        double[] scores = known.stream().mapToDouble(Earlier.Known::score).toArray();
        var scale = new Scale(scores);
        return GaussianProcess.fit(
                known.stream()
                        .map(k -> features.of(candidates.apply(k.genotype())))
                        .toList(),
                Arrays.stream(scores).map(scale::normal).toArray(),
                null);
    }

    boolean isEmpty() {
        return models.isEmpty();
    }

    /** What each experiment tells of an architecture, as normal scores. */
    double[] means(Candidate candidate) {
        Features.Vector row = features.of(candidate);
        return models.stream().mapToDouble(m -> m.mean(row)).toArray();
    }

    /** The architecture with the best mean over the experiments, among their best, random draws, and neighbours of those. */
    @Nullable
    Candidate choose(Candidates candidates, Set<String> taken, RandomGenerator random) {
        List<Candidate> pool = Stream.concat(
                        best.stream().map(candidates::of).filter(candidates::admits),
                        IntStream.range(0, DRAWS)
                                .mapToObj(i -> candidates.drawQuickly(random))
                                .filter(Objects::nonNull))
                .sorted(order())
                .toList();
        return Stream.concat(pool.stream(), pool.stream().limit(BEST).flatMap(c -> candidates.neighbours(c).stream()))
                .filter(c -> !taken.contains(c.hash()))
                .min(order())
                .orElse(null);
    }

    /** Best first. */
    private Comparator<Candidate> order() {
        var known = new HashMap<String, Double>();
        return Comparator.comparingDouble(c -> known.computeIfAbsent(
                c.hash(), h -> -Arrays.stream(means(c)).average().orElse(0)));
    }

    /** Best first; of many results every other part of the order is kept alike. */
    private static List<Earlier.Known> thinned(List<Earlier.Known> known) {
        List<Earlier.Known> sorted = known.stream()
                .sorted(Comparator.comparingDouble((Earlier.Known k) -> -k.score()))
                .toList();
        int kept = Math.min(ROWS, sorted.size());
        return IntStream.range(0, kept)
                .mapToObj(i -> sorted.get((int) ((long) i * sorted.size() / kept)))
                .toList();
    }

    /**
     * In an order of which every part holds good and bad ones alike: only the last rows tune a Gaussian process's scales. Multiples
     * of the golden ratio fall evenly between whole numbers (Knuth, "The Art of Computer Programming", volume 3, section 6.4).
     */
    static <T> List<T> mixed(List<T> sorted) {
        return IntStream.range(0, sorted.size())
                .boxed()
                .sorted(Comparator.comparingDouble(i -> i * GOLDEN % 1))
                .map(sorted::get)
                .toList();
    }
}
