package dev.mlops.nas.search;

import dev.mlops.nas.search.Experiment.Constraint;
import dev.mlops.nas.search.Experiment.SurrogateKind;
import dev.mlops.nas.search.Experiment.TradeOff;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * All that is learned from the finished trials: the objective's ensemble and Gaussian process on normal scores, and one model per
 * measured constraint.
 *
 * @param scale of the scores
 * @param ensemble weights and trees
 * @param process knows every trial
 * @param limits models of measured constraints
 * @param costs models of the logarithms of measured further objectives, by their metrics; those of which too little is known are missing
 * @param fits model of 1 for architectures that fit the device and 0 for those that do not; null when all did
 */
record Learned(
        Scale scale,
        Ensemble ensemble,
        GaussianProcess process,
        List<Limit> limits,
        Map<String, GaussianProcess> costs,
        @Nullable GaussianProcess fits) {
    /** Rows beyond this number are thinned: the best half and the newest stay. */
    private static final int ROWS = 400;

    /** Logarithm of a measured metric against the logarithm of its bound. */
    record Limit(GaussianProcess model, double bound) {}

    static Learned from(
            Candidates candidates,
            List<SurrogateKind> kinds,
            List<Constraint> constraints,
            @Nullable TradeOff tradeOff,
            List<Observation> finished) {
        List<Observation> measured =
                finished.stream().filter(Observation::isMeasured).toList();
        Ensemble ensemble = Ensemble.fit(kinds, rows(candidates, measured), scores(measured), candidates.memory());
        List<Observation> used = thinned(measured);
        var scale = new Scale(scores(used));
        GaussianProcess process = GaussianProcess.fit(rows(candidates, used), targets(scale, used), ensemble.scales());
        List<Limit> limits = constraints.stream()
                .filter(c -> !c.isAnalytic())
                .map(c -> limit(candidates, c, used))
                .filter(java.util.Objects::nonNull)
                .toList();
        Map<String, GaussianProcess> costs = new HashMap<>();
        for (String metric : tradeOff == null ? List.<String>of() : tradeOff.measured()) {
            GaussianProcess model = logarithm(candidates, metric, used);
            if (model != null) {
                costs.put(metric, model);
            }
        }
        return new Learned(scale, ensemble, process, limits, Map.copyOf(costs), fits(candidates, thinned(finished)));
    }

    private static double[] scores(List<Observation> observations) {
        return observations.stream().mapToDouble(Observation::score).toArray();
    }

    private static double[] targets(Scale scale, List<Observation> observations) {
        return observations.stream().mapToDouble(o -> scale.normal(o.score())).toArray();
    }

    private static List<Features.Vector> rows(Candidates candidates, List<Observation> observations) {
        return observations.stream()
                .map(o -> candidates.features(o.candidate()))
                .toList();
    }

    /** What a model can learn from in time: not too many, the best and the newest. */
    static List<Observation> thinned(List<Observation> observations) {
        return Arrays.stream(kept(scores(observations)))
                .mapToObj(observations::get)
                .toList();
    }

    /** Places, ascending, of those that {@link #thinned} leaves. */
    static int[] kept(double[] scores) {
        boolean[] best = new boolean[scores.length];
        IntStream.range(0, scores.length)
                .boxed()
                .sorted(Comparator.comparingDouble(i -> -scores[i]))
                .limit(ROWS / 2)
                .forEach(i -> best[i] = true);
        int from = scores.length;
        for (int kept = Math.min(ROWS / 2, scores.length); from > 0 && kept < ROWS; from--) {
            kept += best[from - 1] ? 0 : 1;
        }
        int newest = from;
        return IntStream.range(0, scores.length)
                .filter(i -> best[i] || i >= newest)
                .toArray();
    }

    private static @Nullable Limit limit(Candidates candidates, Constraint constraint, List<Observation> observations) {
        GaussianProcess model = logarithm(candidates, constraint.metric(), observations);
        return model == null ? null : new Limit(model, StrictMath.log(constraint.max()));
    }

    /** A model of a positive metric's logarithm; null below three measurements. */
    private static @Nullable GaussianProcess logarithm(
            Candidates candidates, String metric, List<Observation> observations) {
        List<Features.Vector> rows = new ArrayList<>();
        List<Double> values = new ArrayList<>();
        for (Observation observation : observations) {
            double value = observation.metrics().getOrDefault(metric, Double.NaN);
            if (value > 0 && Double.isFinite(value)) {
                rows.add(candidates.features(observation.candidate()));
                values.add(StrictMath.log(value));
            }
        }
        if (rows.size() < 3) {
            return null;
        }
        double[] targets = values.stream().mapToDouble(Double::doubleValue).toArray();
        return GaussianProcess.fit(rows, targets, null);
    }

    private static @Nullable GaussianProcess fits(Candidates candidates, List<Observation> finished) {
        if (finished.stream().allMatch(Observation::isMeasured)) {
            return null;
        }
        double[] targets =
                finished.stream().mapToDouble(o -> o.isMeasured() ? 1 : 0).toArray();
        return GaussianProcess.fit(rows(candidates, finished), targets, null);
    }

    /** Whether feasibility differs between architectures. */
    boolean knowsLimits() {
        return fits != null || !limits.isEmpty();
    }

    /** Probability that all measured constraints are kept and the device suffices. */
    double feasible(Features.Vector row) {
        double probability = 1;
        for (Limit limit : limits) {
            GaussianProcess.Normal log = limit.model().predictNoisy(row);
            probability *= Statistics.normalCdf((limit.bound() - log.mean()) / log.sd());
        }
        return fits == null
                ? probability
                : probability * Math.clamp(fits.predict(row).mean(), 0.01, 1.0);
    }
}
