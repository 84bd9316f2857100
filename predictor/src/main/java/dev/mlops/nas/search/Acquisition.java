package dev.mlops.nas.search;

import dev.mlops.nas.search.Experiment.TradeOff;
import dev.mlops.nas.search.GaussianProcess.Normal;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Chooses one architecture by the expected gain towards a {@link Goal}, times the probability of feasibility (Gardner et al. 2014).
 * Pending trials count as if they had come out as predicted (the kriging believer, Ginsbourger et al. 2010), so that parallel trials
 * differ. Small spaces are scored whole, others by random draws, neighbours of the best trials and then uphill from the best scored.
 */
final class Acquisition {
    private static final int SCORED_WHOLE = 10_000;
    private static final int DOUBTED = 1_000;
    private static final int DRAWS = 1_500;
    private static final int PARENTS = 12;
    private static final int CLIMBS = 4;
    private static final int ROUNDS = 4;

    private final Candidates candidates;
    private final Learned learned;
    private final List<Observation> known;
    private final Set<String> taken;
    private final SplittableRandom random;
    private final GaussianProcess process;
    private final Goal goal;

    private record Scored(Candidate candidate, Normal prediction, double value) {}

    Acquisition(
            Candidates candidates,
            Learned learned,
            List<Observation> known,
            Set<String> taken,
            @Nullable TradeOff tradeOff,
            SplittableRandom random) {
        this.candidates = candidates;
        this.learned = learned;
        this.known = known;
        this.taken = taken;
        this.random = random;
        this.process = learned.process()
                .believing(known.stream()
                        .filter(o -> o.status() == Observation.Status.PENDING)
                        .map(o -> candidates.features(o.candidate()))
                        .toList());
        this.goal = tradeOff == null ? better() : further(tradeOff);
    }

    private Goal better() {
        return new Goal.Improvement(known.stream()
                .filter(Observation::isFeasible)
                .map(this::believed)
                .max(Comparator.naturalOrder())
                .orElse(null));
    }

    private Goal further(TradeOff tradeOff) {
        List<Pareto.Point> believed = known.stream()
                .filter(Observation::isFeasible)
                .map(o -> new Pareto.Point(
                        believed(o),
                        Pareto.point(o, tradeOff).costs().stream()
                                .map(StrictMath::log1p)
                                .toList()))
                .toList();
        return new Goal.FrontImprovement(
                tradeOff,
                believed,
                c -> tradeOff.metrics().stream()
                        .mapToDouble(m -> StrictMath.log1p(cost(c, m)))
                        .toArray());
    }

    /** Known, or what is expected; 0 where too little was measured. */
    private double cost(Candidate candidate, String metric) {
        if (Experiment.isAnalytic(metric)) {
            return candidate.cost().value(metric);
        }
        GaussianProcess model = learned.costs().get(metric);
        return model == null
                ? 0
                : StrictMath.exp(model.predict(candidates.features(candidate)).mean());
    }

    private double believed(Observation observation) {
        return learned.ensemble().mean(candidates.features(observation.candidate()), process);
    }

    @Nullable
    Proposal choose() {
        Scored best = candidates.isListed() && candidates.list().size() <= SCORED_WHOLE ? listed() : climbed();
        return best == null
                ? null
                : new Proposal(best.candidate(), false, learned.scale().prediction(best.prediction()));
    }

    /** Doubt costs more than the mean, so that only those with the best means are scored, unless limits count too. */
    private @Nullable Scored listed() {
        List<Candidate> left = candidates.list().stream()
                .filter(c -> !taken.contains(c.hash()))
                .toList();
        double[] means = learned.ensemble().means(left, candidates, process);
        return IntStream.range(0, means.length)
                .boxed()
                .sorted(Comparator.comparingDouble((Integer i) -> -goal.sketch(left.get(i), means[i])))
                .limit(learned.knowsLimits() ? SCORED_WHOLE : DOUBTED)
                .toList()
                .parallelStream()
                .map(i -> score(left.get(i)))
                .max(Comparator.comparingDouble(Scored::value))
                .orElse(null);
    }

    private @Nullable Scored climbed() {
        Map<String, Scored> pool = new LinkedHashMap<>();
        for (int i = 0; i < DRAWS; i++) {
            Candidate drawn = candidates.drawQuickly(random);
            if (drawn != null) {
                add(pool, drawn);
            }
        }
        goal.parents(known).stream()
                .limit(PARENTS)
                .forEach(o -> candidates.neighbours(o.candidate()).forEach(n -> add(pool, n)));
        if (pool.isEmpty()) {
            Candidate drawn = candidates.draw(taken, random);
            return drawn == null ? null : score(drawn);
        }
        for (int round = 0; round < ROUNDS; round++) {
            int before = pool.size();
            pool.values().stream()
                    .sorted(Comparator.comparingDouble((Scored s) -> -s.value()))
                    .limit(CLIMBS)
                    .toList()
                    .forEach(s -> candidates.neighbours(s.candidate()).forEach(n -> add(pool, n)));
            if (pool.size() == before) {
                break;
            }
        }
        return pool.values().stream()
                .sorted(Comparator.comparingDouble((Scored s) -> -s.value()))
                .limit(learned.knowsLimits() ? pool.size() : DOUBTED / 3)
                .map(s -> score(s.candidate()))
                .max(Comparator.comparingDouble(Scored::value))
                .orElse(null);
    }

    private void add(Map<String, Scored> pool, Candidate candidate) {
        if (!taken.contains(candidate.hash()) && !pool.containsKey(candidate.hash())) {
            pool.put(candidate.hash(), sketch(candidate));
        }
    }

    /** A score for climbing: the mean alone, unless limits count too. */
    private Scored sketch(Candidate candidate) {
        if (learned.knowsLimits()) {
            return score(candidate);
        }
        double mean = learned.ensemble().mean(candidates.features(candidate), process);
        return new Scored(candidate, new Normal(mean, 0), goal.sketch(candidate, mean));
    }

    private Scored score(Candidate candidate) {
        Features.Vector row = candidates.features(candidate);
        Normal prediction = learned.ensemble().predict(row, process);
        double feasible = learned.feasible(row);
        return new Scored(candidate, prediction, feasible * goal.gain(candidate, prediction));
    }
}
