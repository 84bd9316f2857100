package dev.mlops.nas.search;

import dev.mlops.nas.search.Experiment.StrategyOptions;
import dev.mlops.nas.search.Experiment.SurrogateKind;
import dev.mlops.nas.search.GaussianProcess.Normal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongSupplier;
import java.util.stream.IntStream;

/** How well the predictor's surrogates rank architectures that they have not seen, and what fitting and asking them costs. */
public final class PredictorBenchmark {
    /** Name under which the weighted mixture of all surrogates is reported. */
    public static final String ENSEMBLE = "Ensemble";

    private static final int UNSEEN = 1_000;
    private static final int LEARNED = 400;

    private final LongSupplier nanoTime;

    /**
     * One model, trained on one number of random architectures, over the seeds.
     *
     * @param model a surrogate, or {@link #ENSEMBLE}
     * @param rows it learned from
     * @param tau Kendall's tau of its means with the table's values on {@value #UNSEEN} architectures not among the rows (all
     *     others where there are fewer), mean over the seeds
     * @param se standard error of that mean
     * @param covered seeds in which its cross-validated 90 % interval holds its tau on the unseen
     * @param calibration of its predictions for the unseen, over all seeds, in normal scores
     * @param fitSeconds mean, cross-validation included
     * @param predictSeconds for 1,000 architectures, mean and doubt, features known
     */
    public record Quality(
            String model,
            int rows,
            double tau,
            double se,
            int covered,
            Calibration calibration,
            double fitSeconds,
            double predictSeconds) {}

    /**
     * What one decision costs as a search grows: from a number of trials on, until all models were fitted once again.
     *
     * @param trials finished; drawn at random, with made-up results
     * @param meanSeconds of a proposal, with the last trial new
     * @param longestSeconds of the proposals for which a fold or the trees are fitted again
     */
    public record Growth(int trials, double meanSeconds, double longestSeconds) {}

    /**
     * What predicting many architectures costs, drawn at random, after {@value #LEARNED} trials.
     *
     * @param candidates how many
     * @param firstSeconds when they are seen for the first time: features are worked out
     * @param againSeconds when they were seen before; as many of them as are kept ({@value Candidates#KEPT}) have their features
     */
    public record Reach(int candidates, double firstSeconds, double againSeconds) {}

    /**
     * Prepares.
     *
     * @param nanoTime a clock
     */
    public PredictorBenchmark(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
    }

    /**
     * Ranks a column of a table.
     *
     * @param table of trained architectures
     * @param objective column and direction
     * @param rows how many random architectures are learned from; less than the table has
     * @param seeds runs, with seeds 0 to seeds - 1
     */
    public List<Quality> quality(ArchitectureTable table, Experiment.Objective objective, int rows, int seeds) {
        Map<String, Tally> tallies = new LinkedHashMap<>();
        var candidates = new Candidates(table.space(), List.of());
        for (int seed = 0; seed < seeds; seed++) {
            List<Candidate> drawn = distinct(candidates, rows + UNSEEN, seed);
            double[] values = drawn.stream()
                    .mapToDouble(c -> objective.score(table.value(c.hash(), objective.metric())))
                    .toArray();
            var sample = new Sample(drawn.stream().map(candidates::features).toList(), values, rows);
            for (SurrogateKind kind : SurrogateKind.values()) {
                tallies.computeIfAbsent(PredictorSearch.name(kind), n -> new Tally())
                        .add(sample, List.of(kind), nanoTime);
            }
            tallies.computeIfAbsent(ENSEMBLE, n -> new Tally()).add(sample, List.of(SurrogateKind.values()), nanoTime);
        }
        return tallies.entrySet().stream()
                .map(e -> e.getValue().quality(e.getKey(), rows))
                .toList();
    }

    /**
     * Times a decision.
     *
     * @param space to search in
     * @param options of the strategy
     * @param trials finished; at least 8
     */
    public Growth growth(SearchSpace space, StrategyOptions.Predictor options, int trials) {
        var search = new PredictorSearch(options, List.of(), null);
        var candidates = new Candidates(space, List.of());
        int from = Ensemble.round(trials, Ensemble.WHOLE);
        int to = Ensemble.next(from);
        List<Observation> observations = observations(candidates, to);
        // The first proposal lists the space and fits all models.
        propose(search, candidates, observations.subList(0, from - 1));
        double sum = 0;
        double longest = 0;
        double usual = Double.NaN;
        for (int n = from; n < to; n++) {
            boolean fits = Ensemble.fits(n);
            if (fits || Double.isNaN(usual)) {
                double seconds = propose(search, candidates, observations.subList(0, n));
                longest = Math.max(longest, seconds);
                usual = fits ? usual : seconds;
                sum += seconds;
            } else {
                sum += usual;
            }
        }
        return new Growth(trials, sum / (to - from), longest);
    }

    private double propose(PredictorSearch search, Candidates candidates, List<Observation> observations) {
        long before = nanoTime.getAsLong();
        search.propose(candidates, observations, 1, 0);
        return (nanoTime.getAsLong() - before) / 1e9;
    }

    /**
     * Times predictions.
     *
     * @param space to draw from
     * @param size number of candidates
     */
    public Reach reach(SearchSpace space, int size) {
        var candidates = new Candidates(space, List.of());
        Learned learned = Learned.from(
                candidates, List.of(SurrogateKind.values()), List.of(), null, observations(candidates, LEARNED));
        List<Candidate> drawn = IntStream.range(0, size)
                .mapToObj(i -> candidates.of(space.sample(Seeds.stream(1, "reach", i))))
                .toList();
        double first = predict(learned, candidates, drawn);
        return new Reach(size, first, predict(learned, candidates, drawn));
    }

    private double predict(Learned learned, Candidates candidates, List<Candidate> drawn) {
        long before = nanoTime.getAsLong();
        learned.ensemble().means(drawn, candidates, learned.process());
        return (nanoTime.getAsLong() - before) / 1e9;
    }

    /** Random architectures, each once where the space has enough, with results that follow from their cost, and some noise. */
    private static List<Observation> observations(Candidates candidates, int count) {
        List<Observation> observations = new ArrayList<>();
        Set<String> taken = new HashSet<>();
        for (int i = 0; i < count; i++) {
            var random = Seeds.stream(0, "observation", i);
            Candidate candidate = candidates.draw(taken, random);
            if (candidate == null) {
                candidate = candidates.of(candidates.space().sample(random));
            }
            taken.add(candidate.hash());
            double score = StrictMath.log1p((double) candidate.cost().macs()) + random.nextGaussian();
            observations.add(new Observation(
                    candidate,
                    Observation.Status.MEASURED,
                    score,
                    Map.of(),
                    0,
                    1,
                    List.of(new Observation.Rung(1, 1, score))));
        }
        return observations;
    }

    private static List<Candidate> distinct(Candidates candidates, int count, int seed) {
        Set<String> taken = new HashSet<>();
        List<Candidate> drawn = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Candidate candidate = candidates.draw(taken, Seeds.stream(seed, "sample", i));
            if (candidate == null) {
                break;
            }
            taken.add(candidate.hash());
            drawn.add(candidate);
        }
        return drawn;
    }

    /** Rows to learn from, and the others, with their values, and all of these as normal scores of the former. */
    private static final class Sample {
        private final List<Features.Vector> rows;
        private final List<Features.Vector> unseen;
        private final double[] values;
        private final double[] targets;
        private final double[] truth;

        Sample(List<Features.Vector> vectors, double[] values, int count) {
            this.values = Arrays.copyOf(values, count);
            var scale = new Scale(this.values);
            this.rows = vectors.subList(0, count);
            this.unseen = vectors.subList(count, vectors.size());
            this.targets = Arrays.stream(this.values).map(scale::normal).toArray();
            this.truth = Arrays.stream(values, count, values.length)
                    .map(scale::between)
                    .toArray();
        }
    }

    /** Sums over the seeds. */
    private static final class Tally {
        private final List<Double> taus = new ArrayList<>();
        private final List<Double> deviations = new ArrayList<>();
        private int covered;
        private double fitSeconds;
        private double predictSeconds;

        void add(Sample sample, List<SurrogateKind> kinds, LongSupplier nanoTime) {
            long start = nanoTime.getAsLong();
            Ensemble ensemble = Ensemble.fit(kinds, sample.rows, sample.values, new Memory(64));
            var process = GaussianProcess.fit(sample.rows, sample.targets, ensemble.scales());
            long fitted = nanoTime.getAsLong();
            List<Normal> normals = sample.unseen.stream()
                    .map(v -> ensemble.predict(v, process))
                    .toList();
            predictSeconds += (nanoTime.getAsLong() - fitted) / 1e9 / normals.size() * UNSEEN;
            double[] predictions = normals.stream().mapToDouble(Normal::mean).toArray();
            for (int i = 0; i < predictions.length; i++) {
                deviations.add(
                        (sample.truth[i] - predictions[i]) / normals.get(i).sd());
            }
            fitSeconds += (fitted - start) / 1e9;
            double tau = Statistics.kendallTau(predictions, sample.truth);
            taus.add(tau);
            var interval = ensemble.validation().interval();
            covered += interval.low() <= tau && tau <= interval.high() ? 1 : 0;
        }

        Quality quality(String model, int rows) {
            double[] all = taus.stream().mapToDouble(Double::doubleValue).toArray();
            return new Quality(
                    model,
                    rows,
                    Statistics.mean(all),
                    all.length < 2 ? 0 : StrictMath.sqrt(Statistics.variance(all) / all.length),
                    covered,
                    Calibration.of(deviations),
                    fitSeconds / all.length,
                    predictSeconds / all.length);
        }
    }
}
