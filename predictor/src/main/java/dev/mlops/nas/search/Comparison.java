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
 * The search's winner against random search and human designs, on the test split. An interval holds the sampling error of the
 * test split (Wilson; seeds share the split, so they add no examples) and the spread over seeds, pooled over all retrained
 * architectures (Student's t). Differences get Newcombe's hybrid interval (Newcombe 1998), which is wide rather than narrow
 * here because both sides saw the same examples.
 */
final class Comparison {
    /** The metric of the final comparison. */
    static final String TEST = "testAccuracy";

    private static final String EXAMPLES = "testExamples";

    private final Experiment experiment;
    private final Ledger ledger;
    private final ProtocolPlan protocol;
    private final double seedVariance;
    private final int seedDegrees;

    Comparison(Experiment experiment, Ledger ledger, ProtocolPlan protocol) {
        this.experiment = experiment;
        this.ledger = ledger;
        this.protocol = protocol;
        double squares = 0;
        int degrees = 0;
        for (List<Entry> trainings : groups()) {
            double[] tests = Ledger.values(trainings, TEST);
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
            double value = Ledger.mean(trainings, experiment.objective().metric());
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
        return Ledger.mean(
                protocol.retrained(winner.candidate()), experiment.objective().metric());
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
        String metric = experiment.objective().metric();
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
        double[] tests = Ledger.values(trainings, TEST);
        double test = Statistics.mean(tests);
        Interval interval = interval(test, tests.length, Ledger.mean(trainings, EXAMPLES));
        return new Entrant(
                name,
                candidate.genotype(),
                trainings.stream().map(e -> e.request().number()).toList(),
                Ledger.mean(trainings, experiment.objective().metric()),
                test,
                StrictMath.sqrt(Statistics.variance(tests)),
                interval.low(),
                interval.high(),
                candidate.cost().params(),
                candidate.cost().macs(),
                Ledger.mean(trainings, "latencyMs"),
                null);
    }

    private Interval interval(double test, int seeds, double examples) {
        if (!Double.isFinite(test) || !(examples >= 1)) {
            return new Interval(Double.NaN, Double.NaN);
        }
        double confidence = experiment.protocol().confidence();
        Interval wilson = Statistics.wilson(Math.clamp(test, 0, 1), examples, confidence);
        double spread = seedDegrees == 0
                ? 0
                : Statistics.studentQuantile((1 + confidence) / 2, seedDegrees) * StrictMath.sqrt(seedVariance / seeds);
        return new Interval(
                Math.max(0, test - StrictMath.hypot(test - wilson.low(), spread)),
                Math.min(1, test + StrictMath.hypot(wilson.high() - test, spread)));
    }

    private String verdict(Entrant search, Entrant other) {
        if (!Double.isFinite(other.test())) {
            return "No training of %s gave a test accuracy: nothing to compare.".formatted(other.name());
        }
        if (!Double.isFinite(search.low()) || !Double.isFinite(other.low())) {
            return "The trainer reported no test accuracy and size of the test split to compare with %s."
                    .formatted(other.name());
        }
        double difference = search.test() - other.test();
        double low = difference - StrictMath.hypot(search.test() - search.low(), other.high() - other.test());
        double high = difference + StrictMath.hypot(search.high() - search.test(), other.test() - other.low());
        String figures = String.format(
                Locale.ROOT,
                "%+.2f points, %s %% interval %+.2f to %+.2f",
                100 * difference,
                new BigDecimal(100 * experiment.protocol().confidence(), new MathContext(4))
                        .stripTrailingZeros()
                        .toPlainString(),
                100 * low,
                100 * high);
        if (low > 0) {
            return "The search beats %s on the test split (%s).".formatted(other.name(), figures);
        }
        if (high < 0) {
            return "The search did not beat %s, which is better on the test split (%s)."
                    .formatted(other.name(), figures);
        }
        return "The search did not clearly beat %s: the difference on the test split is within its error (%s)."
                .formatted(other.name(), figures);
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
                e.params(),
                e.macs(),
                e.latencyMs(),
                verdict);
    }
}
