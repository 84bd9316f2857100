package dev.mlops.nas.search;

import dev.mlops.nas.search.Experiment.Objective;
import dev.mlops.nas.search.Experiment.StrategyOptions;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongSupplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Search strategies on a table of architectures that were all trained before: the very strategies of
 * {@link Experiments#decide}, one trial at a time, without training anything.
 *
 * <p>A query is an architecture, counted once: genotypes that give the same graph are one, and its value is the mean of their
 * rows. The regret is the distance between the best value in the table and the best value queried.
 */
public final class TabularBenchmark {
    /** Numbers of queries at which the regret is reported. */
    public static final List<Integer> CHECKPOINTS = List.of(25, 50, 100, 150, 200, 300);

    /** Numbers of queries at which Kendall's tau is reported. */
    public static final List<Integer> TAU_CHECKPOINTS = List.of(25, 50, 100);

    private static final BigInteger LARGEST = BigInteger.valueOf(2_000_000);
    private static final int UNSEEN = 1_000;
    private static final int LAST_TAU = 100;

    /**
     * One line of the table.
     *
     * @param line in the file, for messages
     * @param choices one digit per decision; a decision that is inactive may hold any digit or {@code -}
     * @param objective value of the objective
     */
    public record Row(int line, String choices, double objective) {}

    /**
     * What a strategy reached over the seeds.
     *
     * @param regretMean by number of queries
     * @param regretSe its standard error, by number of queries
     * @param toOptimumMean queries to the best architecture; a run that did not find it counts as one more than its budget
     * @param toOptimumMedian likewise
     * @param found runs that found it
     * @param secondsPerQuery of the strategy alone
     * @param kendallTau of the surrogates' predictions for architectures that were not queried, by number of queries, mean over
     *     the seeds; empty for strategies without surrogates
     */
    public record Result(
            String strategy,
            int seeds,
            Map<Integer, Double> regretMean,
            Map<Integer, Double> regretSe,
            double toOptimumMean,
            double toOptimumMedian,
            int found,
            double secondsPerQuery,
            Map<Integer, Double> kendallTau) {}

    private final Candidates candidates;
    private final Objective objective;
    private final Map<String, Double> values = new HashMap<>();
    private final double best;

    /**
     * Checks that the table holds one row for every genotype of the space.
     *
     * @throws IllegalArgumentException with one sentence on what is wrong
     */
    public TabularBenchmark(SearchSpace space, List<Row> rows, Objective objective) {
        if (space.size().compareTo(LARGEST) > 0) {
            throw new IllegalArgumentException(
                    "the search space has %s genotypes, more than the %s that a table may have"
                            .formatted(space.size(), LARGEST));
        }
        this.candidates = new Candidates(space, List.of());
        this.objective = objective;
        Map<String, Genotype> genotypes = new HashMap<>();
        Set<List<Integer>> inactive = new HashSet<>();
        space.all().forEach(g -> {
            genotypes.put(digits(g), g);
            inactive.add(IntStream.range(0, g.choices().size())
                    .filter(i -> g.choices().get(i) < 0)
                    .boxed()
                    .toList());
        });
        Map<Genotype, Row> seen = new HashMap<>();
        Map<String, double[]> sums = new HashMap<>();
        for (Row row : rows) {
            Genotype genotype = genotype(space, row, genotypes, inactive);
            if (!Double.isFinite(row.objective())) {
                throw new IllegalArgumentException(
                        "line %d: the objective is %s, not a number".formatted(row.line(), row.objective()));
            }
            Row first = seen.put(genotype, row);
            if (first != null) {
                throw new IllegalArgumentException("line %d: choices %s stand in line %d already"
                        .formatted(row.line(), row.choices(), first.line()));
            }
            double[] sum = sums.computeIfAbsent(candidates.of(genotype).hash(), h -> new double[2]);
            sum[0] += objective.score(row.objective());
            sum[1]++;
        }
        if (seen.size() < genotypes.size()) {
            Genotype lacking =
                    space.all().filter(g -> !seen.containsKey(g)).findFirst().orElseThrow();
            throw new IllegalArgumentException(
                    "the table has %d rows, but the search space has %d genotypes: %s is missing"
                            .formatted(rows.size(), genotypes.size(), digits(lacking)));
        }
        sums.forEach((hash, sum) -> values.put(hash, sum[0] / sum[1]));
        this.best = Collections.max(values.values());
    }

    private static String digits(Genotype genotype) {
        StringBuilder text = new StringBuilder();
        genotype.choices().forEach(c -> text.append(c < 0 ? "-" : Integer.toString(c, 36)));
        return text.toString();
    }

    private static Genotype genotype(
            SearchSpace space, Row row, Map<String, Genotype> genotypes, Set<List<Integer>> inactive) {
        Genotype exact = genotypes.get(row.choices());
        if (exact != null) {
            return exact;
        }
        List<Decision> decisions = space.decisions();
        if (row.choices().length() != decisions.size()) {
            throw new IllegalArgumentException(
                    "line %d: choices \"%s\" have %d digits, but the search space has %d decisions"
                            .formatted(row.line(), row.choices(), row.choices().length(), decisions.size()));
        }
        for (List<Integer> off : inactive) {
            StringBuilder masked = new StringBuilder(row.choices());
            off.forEach(i -> masked.setCharAt(i, '-'));
            Genotype genotype = genotypes.get(masked.toString());
            if (genotype != null) {
                return genotype;
            }
        }
        for (int i = 0; i < decisions.size(); i++) {
            int digit = Character.digit(row.choices().charAt(i), 36);
            int last = decisions.get(i).choices().size() - 1;
            if (digit < 0 || digit > last) {
                throw new IllegalArgumentException(
                        "line %d: choices \"%s\" hold \"%s\" for %s, which has choices 0 to %d"
                                .formatted(
                                        row.line(),
                                        row.choices(),
                                        row.choices().charAt(i),
                                        decisions.get(i).name(),
                                        last));
            }
        }
        throw new IllegalArgumentException(
                "line %d: choices \"%s\" are no genotype of the search space".formatted(row.line(), row.choices()));
    }

    /** Number of architectures. */
    public int size() {
        return values.size();
    }

    /**
     * Runs a strategy.
     *
     * @param name for the result
     * @param options which strategy
     * @param seeds runs, with seeds 0 to seeds - 1
     * @param budget queries per run at most; a run ends early when the best architecture is found and no tau is due any more
     * @param nanoTime a clock, for {@link Result#secondsPerQuery} only
     */
    public Result run(String name, StrategyOptions options, int seeds, int budget, LongSupplier nanoTime) {
        Strategy strategy = Strategy.of(options, List.of());
        int queries = Math.min(budget, values.size());
        double[][] regret = new double[seeds][];
        double[] toOptimum = new double[seeds];
        Map<Integer, List<Double>> taus = new HashMap<>();
        long nanos = 0;
        long asked = 0;
        for (int seed = 0; seed < seeds; seed++) {
            List<Observation> observations = new ArrayList<>();
            regret[seed] = new double[queries];
            toOptimum[seed] = budget + 1.0;
            double reached = Double.NEGATIVE_INFINITY;
            for (int query = 0; query < queries; query++) {
                if (toOptimum[seed] <= query && query >= LAST_TAU) {
                    // Nothing changes any more: the regret stays 0.
                    break;
                }
                long before = nanoTime.getAsLong();
                Candidate candidate = strategy.propose(candidates, observations, 1, seed)
                        .getFirst()
                        .candidate();
                nanos += nanoTime.getAsLong() - before;
                asked++;
                double score = value(candidate);
                observations.add(new Observation(
                        candidate,
                        Observation.Status.MEASURED,
                        score,
                        Map.of(objective.metric(), objective.score(score)),
                        0));
                reached = Math.max(reached, score);
                regret[seed][query] = best - reached;
                if (score == best && toOptimum[seed] > budget) {
                    toOptimum[seed] = query + 1.0;
                }
                if (TAU_CHECKPOINTS.contains(query + 1) && strategy instanceof PredictorSearch predictor) {
                    Double tau = tau(predictor, observations, seed);
                    if (tau != null) {
                        taus.computeIfAbsent(query + 1, q -> new ArrayList<>()).add(tau);
                    }
                }
            }
        }
        Map<Integer, Double> mean = new java.util.TreeMap<>();
        Map<Integer, Double> error = new java.util.TreeMap<>();
        for (int checkpoint : CHECKPOINTS) {
            if (checkpoint <= queries) {
                double[] column = Arrays.stream(regret)
                        .mapToDouble(r -> r[checkpoint - 1])
                        .toArray();
                mean.put(checkpoint, Statistics.mean(column));
                error.put(checkpoint, seeds < 2 ? 0 : StrictMath.sqrt(Statistics.variance(column) / seeds));
            }
        }
        Map<Integer, Double> tau = new java.util.TreeMap<>();
        taus.forEach((query, list) -> tau.put(
                query,
                Statistics.mean(list.stream().mapToDouble(Double::doubleValue).toArray())));
        return new Result(
                name,
                seeds,
                mean,
                error,
                Statistics.mean(toOptimum),
                Statistics.median(toOptimum),
                (int) Arrays.stream(toOptimum).filter(q -> q <= budget).count(),
                nanos / 1e9 / asked,
                tau);
    }

    private double value(Candidate candidate) {
        Double value = values.get(candidate.hash());
        if (value == null) {
            throw new IllegalStateException(candidate.genotype() + " is not in the table");
        }
        return value;
    }

    /** Rank quality on random architectures that were not queried. */
    private @Nullable Double tau(PredictorSearch predictor, List<Observation> observations, long seed) {
        Set<String> taken = RandomSearch.taken(observations);
        List<Candidate> unseen = new ArrayList<>();
        for (int i = 0; i < UNSEEN; i++) {
            Candidate drawn = candidates.draw(taken, Seeds.stream(seed, "unseen", i));
            if (drawn == null) {
                break;
            }
            taken.add(drawn.hash());
            unseen.add(drawn);
        }
        double[] predictions = predictor.predictions(candidates, observations, unseen);
        return predictions == null || unseen.size() < 2
                ? null
                : Statistics.kendallTau(
                        predictions, unseen.stream().mapToDouble(this::value).toArray());
    }
}
