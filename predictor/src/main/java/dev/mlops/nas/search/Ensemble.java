package dev.mlops.nas.search;

import dev.mlops.nas.search.Experiment.SurrogateKind;
import dev.mlops.nas.search.GaussianProcess.Normal;
import dev.mlops.nas.search.Statistics.Interval;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Surrogates weighted by cross-validation. Weights and quality, and the Gaussian process, are those of all trials. What takes long to fit,
 * which are the models of each fold, the trees and the scales of the kernel, learns from the first trials up to a round number,
 * which grows by a seventh: for each fold another one, so that a new trial seldom asks for more than one fold.
 */
final class Ensemble {
    /** Level of the interval of Kendall's tau. */
    static final double CONFIDENCE = 0.9;

    /** The fold of the models that learn from all. */
    static final int WHOLE = -1;

    private static final int FOLDS = 5;
    /** The first round number. */
    private static final int FEWEST = 10;

    private static final int GROWTH = 7;
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
    private final Map<SurrogateKind, Surrogate> trees;
    private final KernelScales scales;

    private Ensemble(Validation validation, Map<SurrogateKind, Surrogate> trees, KernelScales scales) {
        this.validation = validation;
        this.trees = trees;
        this.scales = scales;
    }

    /** Scales of the Gaussian process's kernel. */
    KernelScales scales() {
        return scales;
    }

    /**
     * The largest round number of trials that is not above n, of the models of one fold.
     *
     * @param fold from 0, or {@link #WHOLE}
     */
    static int round(int n, int fold) {
        int latest = Math.min(n, FEWEST);
        for (int round = FEWEST; round <= n; round = next(round)) {
            // The folds divide the way to the next round number among themselves.
            int own = round + (next(round) - round) * (fold + 1) / (FOLDS + 1);
            latest = own <= n ? own : latest;
        }
        return latest;
    }

    /** The next round number of the models of all trials. */
    static int next(int round) {
        return round + Math.max(1, round / GROWTH);
    }

    /** Whether models learn from just so many trials. */
    static boolean fits(int n) {
        return IntStream.range(WHOLE, FOLDS).anyMatch(fold -> round(n, fold) == n);
    }

    /** What one kind learns from. */
    private record Task(SurrogateKind kind, List<Features.Vector> rows, List<Double> scores) {
        Model learn() {
            double[] values = scores.stream().mapToDouble(Double::doubleValue).toArray();
            var scale = new Scale(values);
            double[] targets = Arrays.stream(values).map(scale::normal).toArray();
            return new Model(
                    scale,
                    switch (kind) {
                        case RANDOM_FOREST -> Trees.forest(rows, targets);
                        case GRADIENT_BOOSTING -> Trees.boosting(rows, targets);
                        case GAUSSIAN_PROCESS -> GaussianProcess.fit(rows, targets, null);
                    });
        }
    }

    /** A surrogate of normal scores, and what they stand for. */
    private record Model(Scale scale, Surrogate surrogate) {}

    /**
     * Learns from finished trials, and validates all kinds.
     *
     * @param rows in the order of the trials
     * @param scores to maximise, of the same trials
     * @param memory of what was fitted before
     */
    static Ensemble fit(List<SurrogateKind> kinds, List<Features.Vector> rows, double[] scores, Memory memory) {
        return new Fitting(kinds, rows, scores, memory).ensemble();
    }

    private static final class Fitting {
        private final List<SurrogateKind> kinds;
        private final List<Features.Vector> rows;
        private final double[] scores;
        private final Memory memory;
        private final int folds;

        Fitting(List<SurrogateKind> kinds, List<Features.Vector> rows, double[] scores, Memory memory) {
            this.kinds = kinds;
            this.rows = rows;
            this.scores = scores;
            this.memory = memory;
            // Few trials are left out one by one.
            this.folds = scores.length <= 2 * FOLDS ? scores.length : FOLDS;
        }

        /** The trials up to a round number, without one fold. */
        private Task task(SurrogateKind kind, int fold) {
            int round = folds == FOLDS ? round(scores.length, fold) : scores.length;
            int[] known = Arrays.stream(Learned.kept(Arrays.copyOf(scores, round)))
                    .filter(i -> i % folds != fold)
                    .toArray();
            return new Task(
                    kind,
                    Arrays.stream(known).mapToObj(rows::get).toList(),
                    Arrays.stream(known).mapToObj(i -> scores[i]).toList());
        }

        Ensemble ensemble() {
            int[] validated = Learned.kept(scores);
            List<Task> tasks = IntStream.range(0, folds)
                    .boxed()
                    .flatMap(f -> kinds.stream().map(k -> task(k, f)))
                    .toList();
            Map<Task, Model> models = memory.all(tasks, Task::learn);
            Map<SurrogateKind, double[]> predictions = new EnumMap<>(SurrogateKind.class);
            kinds.forEach(k -> predictions.put(k, new double[validated.length]));
            double[] targets = new double[validated.length];
            for (int v = 0; v < validated.length; v++) {
                int trial = validated[v];
                for (int k = 0; k < kinds.size(); k++) {
                    Model model = Objects.requireNonNull(models.get(tasks.get(trial % folds * kinds.size() + k)));
                    Objects.requireNonNull(predictions.get(kinds.get(k)))[v] =
                            model.surrogate().mean(rows.get(trial));
                    targets[v] = model.scale().between(scores[trial]);
                }
            }
            Validation validation = validation(predictions, targets);
            return whole(validation);
        }

        /** The models that weigh something, and the scales of the Gaussian process, from all folds. */
        private Ensemble whole(Validation validation) {
            List<Task> tasks = kinds.stream()
                    .filter(k -> k != SurrogateKind.GAUSSIAN_PROCESS
                            && validation.weights().containsKey(k))
                    .map(k -> task(k, WHOLE))
                    .toList();
            Task process = task(SurrogateKind.GAUSSIAN_PROCESS, WHOLE);
            Map<Task, Model> models =
                    memory.all(Stream.concat(tasks.stream(), Stream.of(process)).toList(), Task::learn);
            Map<SurrogateKind, Surrogate> trees = new EnumMap<>(SurrogateKind.class);
            tasks.forEach(t ->
                    trees.put(t.kind(), Objects.requireNonNull(models.get(t)).surrogate()));
            return switch (Objects.requireNonNull(models.get(process)).surrogate()) {
                case GaussianProcess known -> new Ensemble(validation, trees, known.scales());
                case Trees other -> throw new IllegalStateException("trees have no kernel");
            };
        }
    }

    private static Validation validation(Map<SurrogateKind, double[]> predictions, double[] targets) {
        Map<SurrogateKind, Double> weights = weigh(predictions, targets);
        double[] mixed = new double[targets.length];
        weights.forEach((kind, weight) -> {
            double[] own = Objects.requireNonNull(predictions.get(kind));
            Arrays.setAll(mixed, i -> mixed[i] + weight * own[i]);
        });
        return new Validation(
                weights,
                Statistics.kendallTau(mixed, targets),
                interval(mixed, targets),
                targets.length,
                StrictMath.sqrt(error(mixed, targets)));
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
        return kind == SurrogateKind.GAUSSIAN_PROCESS ? process : Objects.requireNonNull(trees.get(kind));
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
