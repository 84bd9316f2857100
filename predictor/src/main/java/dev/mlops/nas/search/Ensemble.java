package dev.mlops.nas.search;

import dev.mlops.nas.search.Experiment.SurrogateKind;
import dev.mlops.nas.search.GaussianProcess.Normal;
import dev.mlops.nas.search.Statistics.Interval;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Surrogates weighted by cross-validation. Weights, trees, kernel scales and quality are those of the last round number of trials (numbers that
 * grow by a seventh), so that they need not be fitted for every trial; the Gaussian process knows every trial.
 */
final class Ensemble {
    /** Level of the interval of Kendall's tau. */
    static final double CONFIDENCE = 0.9;

    private static final int FOLDS = 5;
    /**
     * Errors of one fold depend on those of another through the rows that both learned from, so that intervals from
     * cross-validation are too narrow (Bates, Hastie and Tibshirani, "Cross-validation: what does it estimate and how well does
     * it do it?", JASA 2023). {@code nas bench predictor} counts how often the widened one holds.
     */
    private static final double WIDENING = 1.25;

    private static final double STEP = 0.1;

    /** What cross-validation found: out-of-fold Kendall tau and weights that sum to 1. */
    record Validation(Map<SurrogateKind, Double> weights, double tau, Interval interval, int trials, double residual) {
        SurrogateKind strongest() {
            return weights.entrySet().stream()
                    .max(Map.Entry.comparingByValue())
                    .orElseThrow()
                    .getKey();
        }

        /** Whether the surrogates rank better than chance. */
        boolean trusted() {
            return interval.low() > 0;
        }
    }

    private final Validation validation;
    private final Map<SurrogateKind, Trees> trees;
    private final KernelScales scales;

    private Ensemble(Validation validation, Map<SurrogateKind, Trees> trees, KernelScales scales) {
        this.validation = validation;
        this.trees = trees;
        this.scales = scales;
    }

    /** Scales of the Gaussian process's kernel. */
    KernelScales scales() {
        return scales;
    }

    /** The largest round number of trials that is not above n. */
    static int round(int n) {
        int round = 4;
        while (round + Math.max(1, round / 7) <= n) {
            round += Math.max(1, round / 7);
        }
        return Math.min(n, round);
    }

    /** Fits trees and validates all kinds. */
    static Ensemble fit(List<SurrogateKind> kinds, List<Features.Vector> rows, double[] targets) {
        Map<SurrogateKind, double[]> predictions = new EnumMap<>(SurrogateKind.class);
        int[] fold = folds(targets);
        for (SurrogateKind kind : kinds) {
            predictions.put(kind, outOfFold(kind, rows, targets, fold));
        }
        Map<SurrogateKind, Double> weights = weigh(predictions, targets);
        double[] mixed = new double[targets.length];
        weights.forEach((kind, weight) -> {
            double[] own = predictions.getOrDefault(kind, targets);
            Arrays.setAll(mixed, i -> mixed[i] + weight * own[i]);
        });
        Map<SurrogateKind, Trees> trees = new EnumMap<>(SurrogateKind.class);
        weights.keySet().stream()
                .filter(k -> k != SurrogateKind.GAUSSIAN_PROCESS)
                .forEach(k -> trees.put(k, grow(k, rows, targets)));
        return new Ensemble(
                new Validation(
                        weights,
                        Statistics.kendallTau(mixed, targets),
                        interval(mixed, targets),
                        targets.length,
                        StrictMath.sqrt(error(mixed, targets))),
                trees,
                GaussianProcess.fit(rows, targets, null).scales());
    }

    private static Interval interval(double[] predictions, double[] targets) {
        double tau = Statistics.kendallTau(predictions, targets);
        Interval narrow = Statistics.kendallInterval(predictions, targets, CONFIDENCE);
        return new Interval(
                Math.max(-1, tau - WIDENING * (tau - narrow.low())),
                Math.min(1, tau + WIDENING * (narrow.high() - tau)));
    }

    Validation validation() {
        return validation;
    }

    /** Prediction of the mixture; the Gaussian process comes from outside because it knows more trials. */
    Normal predict(Features.Vector row, GaussianProcess process) {
        double mean = 0;
        double second = 0;
        for (var entry : validation.weights().entrySet()) {
            Surrogate surrogate = surrogate(entry.getKey(), process);
            Normal one = surrogate.predict(row);
            // Trees that agree where they saw nothing are not sure: their doubt is at least half of their error out of
            // fold.
            double doubt = surrogate instanceof Trees ? Math.max(one.sd(), validation.residual() / 2) : one.sd();
            mean += entry.getValue() * one.mean();
            second += entry.getValue() * (one.mean() * one.mean() + doubt * doubt);
        }
        return new Normal(mean, Math.sqrt(Math.max(1e-12, second - mean * mean)));
    }

    /** The mean of {@link #predict} alone. */
    double mean(Features.Vector row, GaussianProcess process) {
        double mean = 0;
        for (var entry : validation.weights().entrySet()) {
            mean += entry.getValue() * surrogate(entry.getKey(), process).mean(row);
        }
        return mean;
    }

    /** Means of many, computed side by side. */
    double[] means(List<Candidate> others, Candidates candidates, GaussianProcess process) {
        return others.parallelStream()
                .mapToDouble(c -> mean(candidates.features(c), process))
                .toArray();
    }

    private Surrogate surrogate(SurrogateKind kind, GaussianProcess process) {
        return kind == SurrogateKind.GAUSSIAN_PROCESS ? process : java.util.Objects.requireNonNull(trees.get(kind));
    }

    private static Trees grow(SurrogateKind kind, List<Features.Vector> rows, double[] targets) {
        return switch (kind) {
            case RANDOM_FOREST -> Trees.forest(rows, targets);
            case GRADIENT_BOOSTING -> Trees.boosting(rows, targets);
            case GAUSSIAN_PROCESS -> throw new IllegalArgumentException("a Gaussian process has no trees");
        };
    }

    /** Folds by rank in turns, so that each holds good and bad ones. */
    private static int[] folds(double[] targets) {
        int[] order = IntStream.range(0, targets.length)
                .boxed()
                .sorted(java.util.Comparator.comparingDouble((Integer i) -> targets[i])
                        .thenComparingInt(i -> i))
                .mapToInt(Integer::intValue)
                .toArray();
        int[] fold = new int[targets.length];
        // Few trials are left out one by one.
        int folds = targets.length <= 2 * FOLDS ? targets.length : FOLDS;
        for (int rank = 0; rank < order.length; rank++) {
            fold[order[rank]] = rank % folds;
        }
        return fold;
    }

    /** Predictions of models that did not see the row, neither in fitting nor in tuning. */
    private static double[] outOfFold(SurrogateKind kind, List<Features.Vector> rows, double[] targets, int[] fold) {
        double[] predictions = new double[targets.length];
        int folds = Arrays.stream(fold).max().orElse(0) + 1;
        IntStream.range(0, folds).parallel().forEach(held -> {
            int[] known =
                    IntStream.range(0, fold.length).filter(i -> fold[i] != held).toArray();
            List<Features.Vector> inputs =
                    Arrays.stream(known).mapToObj(rows::get).toList();
            double[] y = Arrays.stream(known).mapToDouble(i -> targets[i]).toArray();
            Surrogate surrogate = kind == SurrogateKind.GAUSSIAN_PROCESS
                    ? GaussianProcess.fit(inputs, y, null)
                    : grow(kind, inputs, y);
            for (int i = 0; i < fold.length; i++) {
                if (fold[i] == held) {
                    predictions[i] = surrogate.mean(rows.get(i));
                }
            }
        });
        return predictions;
    }

    /** Weights in tenths with the least squared error out of fold; of equal ones the first. */
    private static Map<SurrogateKind, Double> weigh(Map<SurrogateKind, double[]> predictions, double[] targets) {
        List<SurrogateKind> kinds = List.copyOf(predictions.keySet());
        List<double[]> columns = List.copyOf(predictions.values());
        int steps = (int) Math.round(1 / STEP);
        double least = Double.POSITIVE_INFINITY;
        int[] best = new int[kinds.size()];
        int[] parts = new int[kinds.size()];
        for (int a = kinds.size() > 1 ? 0 : steps; a <= steps; a++) {
            for (int b = kinds.size() > 2 ? 0 : steps - a; b <= steps - a; b++) {
                int[] all = {a, b, steps - a - b};
                System.arraycopy(all, 0, parts, 0, parts.length);
                double[] mixed = new double[targets.length];
                for (int k = 0; k < parts.length; k++) {
                    double[] own = columns.get(k);
                    for (int i = 0; i < mixed.length; i++) {
                        mixed[i] += parts[k] * STEP * own[i];
                    }
                }
                double error = error(mixed, targets);
                if (error < least) {
                    least = error;
                    best = parts.clone();
                }
            }
        }
        Map<SurrogateKind, Double> weights = new EnumMap<>(SurrogateKind.class);
        for (int k = 0; k < best.length; k++) {
            if (best[k] > 0) {
                weights.put(kinds.get(k), best[k] * STEP);
            }
        }
        return weights;
    }

    private static double error(double[] predictions, double[] targets) {
        double sum = 0;
        for (int i = 0; i < targets.length; i++) {
            sum += (predictions[i] - targets[i]) * (predictions[i] - targets[i]);
        }
        return sum / targets.length;
    }
}
