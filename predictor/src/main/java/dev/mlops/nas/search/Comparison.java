package dev.mlops.nas.search;

import dev.mlops.nas.search.Ledger.Entry;
import dev.mlops.nas.search.Plan.Entrant;
import dev.mlops.nas.search.Statistics.Interval;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The search's winner against random search and human designs, by the objective on the test split. An interval holds the sampling
 * error of the test split (for accuracy Wilson's, for other metrics the standard error that the trainer reports; seeds share the
 * split, so they add no examples) and the spread over seeds, pooled over all retrained architectures (Student's t). Differences get
 * Newcombe's hybrid interval (Newcombe 1998), which is wide rather than narrow here because both sides saw the same examples.
 */
final class Comparison {
    private static final String ACCURACY = "accuracy";
    private static final String EXAMPLES = "testExamples";

    private final Experiment experiment;
    private final Ledger ledger;
    private final ProtocolPlan protocol;
    private final String metric;
    private final String test;
    private final double seedVariance;
    private final int seedDegrees;

    Comparison(Experiment experiment, Ledger ledger, ProtocolPlan protocol) {
        this.experiment = experiment;
        this.ledger = ledger;
        this.protocol = protocol;
        this.metric = experiment.objective().metric();
        this.test = experiment.objective().testMetric();
        double squares = 0;
        int degrees = 0;
        for (List<Entry> trainings : groups()) {
            double[] tests = Ledger.values(trainings, test);
            if (tests.length > 1) {
                squares += Statistics.variance(tests) * (tests.length - 1);
                degrees += tests.length - 1;
            }
        }
        this.seedVariance = degrees == 0 ? 0 : squares / degrees;
        this.seedDegrees = degrees;
    }

    private List<List<Entry>> groups() {
        List<List<Entry>> groups = new ArrayList<>();
        protocol.finalists().forEach(f -> groups.add(protocol.retrained(f.candidate())));
        Entry random = ledger.best(protocol.arm());
        if (random != null && protocol.retrained(random.candidate()).isEmpty()) {
            groups.add(protocol.randomRetrained(random.candidate()));
        }
        protocol.references().forEach(r -> groups.add(protocol.reference(r.name())));
        return groups;
    }

    /** The finalist with the best mean validation over its seeds among those that keep the constraints then; null without one. */
    @Nullable
    Entry winner() {
        Entry best = null;
        double bestScore = Double.NEGATIVE_INFINITY;
        for (Entry finalist : protocol.finalists()) {
            List<Entry> trainings = protocol.retrained(finalist.candidate());
            double value = Ledger.mean(trainings, metric);
            if (Double.isFinite(value) && ledger.excess(trainings) == 0) {
                double score = experiment.objective().score(value);
                if (best == null || score > bestScore) {
                    best = finalist;
                    bestScore = score;
                }
            }
        }
        return best;
    }

    /** Mean validation objective of the winner over its seeds. */
    double validation(Entry winner) {
        return Ledger.mean(protocol.retrained(winner.candidate()), metric);
    }

    /** Winner, random search, references. */
    List<Entrant> entrants(Entry winner) {
        List<Entrant> entrants = new ArrayList<>();
        Entrant search = entrant("search", winner.candidate(), protocol.retrained(winner.candidate()));
        entrants.add(search);
        Entry random = ledger.best(protocol.arm());
        if (random != null) {
            Entrant entrant =
                    entrant("random search", random.candidate(), protocol.randomRetrained(random.candidate()));
            boolean same = random.candidate().hash().equals(winner.candidate().hash());
            entrants.add(withVerdict(
                    entrant,
                    same
                            ? "Random search with as many trainings found the same architecture: the search did not beat it."
                            : verdict(search, entrant)));
        }
        for (SearchSpace.Reference reference : protocol.references()) {
            List<Entry> trainings = protocol.reference(reference.name());
            Entrant entrant = entrant(reference.name(), trainings.getFirst().candidate(), trainings);
            boolean same = entrant.genotype().equals(winner.candidate().genotype())
                    || trainings
                            .getFirst()
                            .candidate()
                            .hash()
                            .equals(winner.candidate().hash());
            String verdict = same
                    ? "The search found the architecture of %s itself: it did not beat it.".formatted(reference.name())
                    : verdict(search, entrant);
            if (Double.isFinite(entrant.test()) && ledger.excess(trainings) > 0) {
                verdict += " %s breaks a measured limit.".formatted(reference.name());
            }
            entrants.add(withVerdict(entrant, verdict));
        }
        return entrants;
    }

    /**
     * Kendall's tau between the value in the search and the mean when retrained; null below three architectures. Results of lower
     * rungs are left out where there are several: values of different fidelities have no common order.
     */
    @Nullable
    Double rankCorrelation() {
        List<Entry> pairs = new ArrayList<>(protocol.finalists());
        Entry random = ledger.best(protocol.arm());
        if (random != null
                && pairs.stream()
                        .noneMatch(p ->
                                p.candidate().hash().equals(random.candidate().hash()))) {
            pairs.add(random);
        }
        List<double[]> values = new ArrayList<>();
        for (Entry entry : pairs) {
            if (entry.request().epochs() != experiment.fidelity().highest()) {
                continue;
            }
            double retrained = Ledger.mean(protocol.randomRetrained(entry.candidate()), metric);
            if (Double.isFinite(retrained)) {
                values.add(new double[] {entry.metric(metric), retrained});
            }
        }
        if (values.size() < 3) {
            return null;
        }
        return Statistics.kendallTau(
                values.stream().mapToDouble(v -> v[0]).toArray(),
                values.stream().mapToDouble(v -> v[1]).toArray());
    }

    private Entrant entrant(String name, Candidate candidate, List<Entry> trainings) {
        double[] tests = Ledger.values(trainings, test);
        double mean = Statistics.mean(tests);
        Interval sampling = sampling(mean, trainings);
        boolean seedsOnly = Double.isNaN(sampling.low());
        Interval interval = interval(mean, tests.length, seedsOnly ? new Interval(mean, mean) : sampling);
        return new Entrant(
                name,
                candidate.genotype(),
                trainings.stream().map(e -> e.request().number()).toList(),
                Ledger.mean(trainings, metric),
                mean,
                StrictMath.sqrt(Statistics.variance(tests)),
                interval.low(),
                interval.high(),
                seedsOnly,
                candidate.cost().params(),
                candidate.cost().macs(),
                Ledger.mean(trainings, "latencyMs"),
                null);
    }

    /** What other test examples might have given; NaN at both ends where the trainer does not tell. */
    private Interval sampling(double mean, List<Entry> trainings) {
        double confidence = experiment.protocol().confidence();
        double examples = Ledger.mean(trainings, EXAMPLES);
        if (metric.equals(ACCURACY) && examples >= 1) {
            return Statistics.wilson(Math.clamp(mean, 0, 1), examples, confidence);
        }
        double half = Statistics.normalQuantile((1 + confidence) / 2)
                * Ledger.mean(trainings, experiment.objective().testError());
        return new Interval(mean - half, mean + half);
    }

    /** With the spread over seeds; NaN where nothing is known of either. */
    private Interval interval(double mean, int seeds, Interval sampling) {
        double confidence = experiment.protocol().confidence();
        double spread = seedDegrees == 0
                ? 0
                : Statistics.studentQuantile((1 + confidence) / 2, seedDegrees) * StrictMath.sqrt(seedVariance / seeds);
        if (seedDegrees == 0 && sampling.low() == sampling.high()) {
            return new Interval(Double.NaN, Double.NaN);
        }
        return new Interval(
                Math.max(experiment.objective().least(), mean - StrictMath.hypot(mean - sampling.low(), spread)),
                Math.min(experiment.objective().most(), mean + StrictMath.hypot(sampling.high() - mean, spread)));
    }

    private String verdict(Entrant search, Entrant other) {
        if (!Double.isFinite(other.test())) {
            return "No training of %s gave a test %s: nothing to compare.".formatted(other.name(), metric);
        }
        if (!Double.isFinite(search.low()) || !Double.isFinite(other.low())) {
            return "The trainer reported nothing that tells how sure the test %s is, to compare with %s."
                    .formatted(metric, other.name());
        }
        double difference = search.test() - other.test();
        double low = difference - StrictMath.hypot(search.test() - search.low(), other.high() - other.test());
        double high = difference + StrictMath.hypot(search.high() - search.test(), other.test() - other.low());
        String figures = figures(difference, low, high, search.seedsOnly() || other.seedsOnly());
        boolean maximize = experiment.objective().maximize();
        if (maximize ? low > 0 : high < 0) {
            return "The search beats %s on the test split (%s).".formatted(other.name(), figures);
        }
        if (maximize ? high < 0 : low > 0) {
            return "The search did not beat %s, which is better on the test split (%s)."
                    .formatted(other.name(), figures);
        }
        return "The search did not clearly beat %s: the difference on the test split is within its error (%s)."
                .formatted(other.name(), figures);
    }

    private String figures(double difference, double low, double high, boolean seedsOnly) {
        String confidence = percent(experiment.protocol().confidence());
        String basis = seedsOnly ? ", over seeds only" : "";
        return metric.equals(ACCURACY)
                ? String.format(
                        Locale.ROOT,
                        "%s %+.2f points, %s interval %+.2f to %+.2f%s",
                        metric,
                        100 * difference,
                        confidence,
                        100 * low,
                        100 * high,
                        basis)
                : "%s %s, %s interval %s to %s%s"
                        .formatted(metric, signed(difference), confidence, signed(low), signed(high), basis);
    }

    /** Three significant digits. */
    private static String signed(double value) {
        String digits = new BigDecimal(value).round(new MathContext(3)).toPlainString();
        return value < 0 ? digits : "+" + digits;
    }

    /** A part of one, as in "95 %". */
    static String percent(double part) {
        return new BigDecimal(100 * part, new MathContext(4))
                        .stripTrailingZeros()
                        .toPlainString() + " %";
    }

    private static Entrant withVerdict(Entrant e, String verdict) {
        return new Entrant(
                e.name(),
                e.genotype(),
                e.numbers(),
                e.validation(),
                e.test(),
                e.seedSd(),
                e.low(),
                e.high(),
                e.seedsOnly(),
                e.params(),
                e.macs(),
                e.latencyMs(),
                verdict);
    }
}
