package dev.mlops.nas.search;

import dev.mlops.nas.search.Experiment.Constraint;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.ToDoubleFunction;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The architectures that may be trained: the space without those that break an analytic constraint. Remembers hash and cost of
 * what was asked, and lists small spaces once; what it answers depends on its arguments alone.
 */
final class Candidates {
    /** Spaces of at most so many genotypes are listed. */
    static final int LISTED = 100_000;

    /** Hashes, costs and features of at most so many are kept. */
    static final int KEPT = 2 * LISTED;

    private static final int DRAWS = 2_000;
    private static final int REMEMBERED = 64;
    private static final Memory RECENT = new Memory(4);

    private final SearchSpace space;
    private final List<Constraint> constraints;
    private final Map<Genotype, Candidate> known = new ConcurrentHashMap<>();
    private final Features features;
    private final @Nullable Transfer transfer;
    private final boolean listable;
    private final Memory memory = new Memory(REMEMBERED);
    private volatile @Nullable Listing listing;

    /** Every admissible architecture once, and by its hash. */
    private record Listing(List<Candidate> all, Map<String, Candidate> byHash) {}

    private record Key(SearchSpace space, List<Constraint> constraints, List<Earlier> earlier) {}

    Candidates(SearchSpace space, List<Constraint> constraints) {
        this(space, constraints, List.of());
    }

    Candidates(SearchSpace space, List<Constraint> constraints, List<Earlier> earlier) {
        this.space = space;
        this.constraints = List.copyOf(constraints);
        var plain = new Features(space);
        var told = new Transfer(space, plain, earlier, this::of);
        this.transfer = told.isEmpty() ? null : told;
        this.features = transfer == null ? plain : new Features(space, transfer);
        this.listable = space.size().compareTo(BigInteger.valueOf(LISTED)) <= 0;
    }

    /** Those of an experiment; a call soon after with an equal space and equal constraints gets the same object. */
    static Candidates of(Experiment experiment) {
        var key = new Key(experiment.space(), experiment.constraints(), experiment.earlier());
        return RECENT.of(key, () -> new Candidates(key.space(), key.constraints(), key.earlier()));
    }

    SearchSpace space() {
        return space;
    }

    /** The candidate of a genotype, whether it keeps the constraints or not. */
    Candidate of(Genotype genotype) {
        if (known.size() > KEPT) {
            known.clear();
        }
        return known.computeIfAbsent(genotype, g -> new Candidate(g, space.architectureHash(g), space.cost(g)));
    }

    /** What earlier experiments tell; null when there are none that do. */
    @Nullable
    Transfer transfer() {
        return transfer;
    }

    /** What surrogates see of a candidate: in listed spaces the same for all genotypes of an architecture. */
    Features.Vector features(Candidate candidate) {
        if (!isListed()) {
            return features.of(candidate);
        }
        return features.of(listing().byHash().getOrDefault(candidate.hash(), candidate));
    }

    /** What was learned of them lately. */
    Memory memory() {
        return memory;
    }

    /** Admissible architectures one decision away. */
    List<Candidate> neighbours(Candidate candidate) {
        return space.neighbours(candidate.genotype()).stream()
                .map(this::of)
                .filter(this::admits)
                .toList();
    }

    /** A draw, taken or not; null when a few tries find nothing admissible. */
    @Nullable
    Candidate drawQuickly(RandomGenerator random) {
        for (int i = 0; i < 4; i++) {
            Candidate candidate = of(space.sampleRepresentative(random));
            if (admits(candidate)) {
                return candidate;
            }
        }
        return null;
    }

    /** Whether no analytic constraint is broken. */
    boolean admits(Candidate candidate) {
        return constraints.stream().filter(Constraint::isAnalytic).allMatch(c -> candidate.value(c) <= c.max());
    }

    /** The first analytic constraint that is broken, in words. */
    String broken(Candidate candidate) {
        Constraint first = constraints.stream()
                .filter(c -> c.isAnalytic() && candidate.value(c) > c.max())
                .findFirst()
                .orElseThrow();
        return String.format(
                Locale.ROOT,
                "constraints[%d]: %s is %,.0f, at most %,.0f is allowed",
                constraints.indexOf(first),
                first.metric(),
                candidate.value(first),
                first.max());
    }

    /** Whether {@link #list} can be asked. */
    boolean isListed() {
        return listable;
    }

    /** Every admissible architecture once, in the order of {@link SearchSpace#all}. */
    List<Candidate> list() {
        return listing().all();
    }

    private Listing listing() {
        Listing known = listing;
        return known == null ? listOnce() : known;
    }

    private synchronized Listing listOnce() {
        Listing known = listing;
        if (known == null) {
            var architectures = new LinkedHashMap<String, Candidate>();
            space.all().map(this::of).filter(this::admits).forEach(c -> architectures.putIfAbsent(c.hash(), c));
            known = new Listing(List.copyOf(architectures.values()), Map.copyOf(architectures));
            listing = known;
        }
        return known;
    }

    /**
     * A draw among what is not taken: uniform over architectures where they can be listed, or where the space counts the
     * representatives of each, of which one in so many is kept; elsewhere uniform over representatives. Null when none is found.
     */
    @Nullable
    Candidate draw(Set<String> taken, RandomGenerator random) {
        if (isListed()) {
            List<Candidate> left =
                    list().stream().filter(c -> !taken.contains(c.hash())).toList();
            return left.isEmpty() ? null : left.get(random.nextInt(left.size()));
        }
        for (int missed = 0; missed < DRAWS; ) {
            Candidate candidate = of(space.sampleRepresentative(random));
            if (taken.contains(candidate.hash()) || !admits(candidate)) {
                missed++;
            } else if (keeps(candidate, random)) {
                return candidate;
            }
        }
        return repaired(taken, random);
    }

    private boolean keeps(Candidate representative, RandomGenerator random) {
        long alike = space.multiplicity(representative.genotype()).orElse(1);
        return alike == 1 || random.nextLong(alike) == 0;
    }

    /** Whether draws are uniform over architectures. */
    boolean drawsArchitectures(RandomGenerator random) {
        return isListed()
                || space.multiplicity(space.sampleRepresentative(random)).isPresent();
    }

    /** A mutation whose architecture is not taken; null when a number of tries finds none. */
    @Nullable
    Candidate mutation(Candidate parent, Set<String> taken, RandomGenerator random) {
        Candidate origin = parent;
        for (int i = 0; i < 100; i++) {
            Candidate child = of(space.mutate(origin.genotype(), random));
            if (admits(child)) {
                if (!taken.contains(child.hash())) {
                    return child;
                }
                // After some tries the neighbourhood counts as used up, and mutations of mutations widen it.
                origin = i % 20 == 19 ? child : origin;
            }
        }
        return null;
    }

    /**
     * Makes sure that something may be trained.
     *
     * @throws SpaceException naming the tightest bound and the smallest value in the space, or the bounds that exclude each other
     */
    void check() {
        List<Integer> analytic = new ArrayList<>();
        for (int i = 0; i < constraints.size(); i++) {
            if (constraints.get(i).isAnalytic()) {
                analytic.add(i);
            }
        }
        if (!analytic.isEmpty() && !space.hasNetwork()) {
            int first = analytic.getFirst();
            throw new SpaceException(
                    "constraints[%d].metric".formatted(first),
                    "constraints[%d] limits %s, which is unknown before training because searchSpace has no network: give"
                                    .formatted(first, constraints.get(first).metric())
                            + " searchSpace.network, or limit latencyMs");
        }
        RandomGenerator random = Seeds.stream(0, "check", 0);
        if (analytic.isEmpty() || drawQuickly(random) != null || draw(Set.of(), random) != null) {
            return;
        }
        int tightest = -1;
        double worst = 1;
        double smallest = 0;
        SearchSpace.Cost least = space.smallest();
        for (int i : analytic) {
            double value = least.value(constraints.get(i).metric());
            if (value / constraints.get(i).max() > worst) {
                tightest = i;
                worst = value / constraints.get(i).max();
                smallest = value;
            }
        }
        if (tightest >= 0) {
            Constraint bound = constraints.get(tightest);
            throw new SpaceException(
                    "constraints[%d].max".formatted(tightest),
                    String.format(
                            Locale.ROOT,
                            "constraints[%d].max allows at most %,.0f %s, but the smallest value in the search space is %,.0f:"
                                    + " raise the bound or add smaller choices",
                            tightest,
                            bound.max(),
                            bound.metric(),
                            smallest));
        }
        throw new SpaceException(
                "constraints[%d].max".formatted(analytic.getFirst()),
                "no architecture of the search space was found that keeps all of "
                        + String.join(
                                " and ",
                                analytic.stream()
                                        .map(i -> String.format(
                                                Locale.ROOT,
                                                "constraints[%d] (%s at most %,.0f)",
                                                i,
                                                constraints.get(i).metric(),
                                                constraints.get(i).max()))
                                        .toList())
                        + ", although each can be kept alone: raise one of them");
    }

    /** Draws in spaces where admissible architectures are rare: walks downhill in the excess over the bounds. */
    private @Nullable Candidate repaired(Set<String> taken, RandomGenerator random) {
        for (int i = 0; i < 20; i++) {
            Candidate end = descend(of(space.sample(random)), this::excess, 0);
            if (!admits(end)) {
                continue;
            }
            if (!taken.contains(end.hash())) {
                return end;
            }
            Candidate near = mutation(end, taken, random);
            if (near != null) {
                return near;
            }
        }
        return null;
    }

    private double excess(Candidate candidate) {
        return constraints.stream()
                .filter(Constraint::isAnalytic)
                .mapToDouble(c -> Math.max(0, candidate.value(c) / c.max() - 1))
                .sum();
    }

    private Candidate descend(Candidate start, ToDoubleFunction<Candidate> height, double goal) {
        Candidate here = start;
        while (height.applyAsDouble(here) > goal) {
            Candidate best = space.neighbours(here.genotype()).stream()
                    .map(this::of)
                    .min(Comparator.comparingDouble(height))
                    .orElse(here);
            if (height.applyAsDouble(best) >= height.applyAsDouble(here)) {
                break;
            }
            here = best;
        }
        return here;
    }
}
