package dev.mlops.nas.search;

import java.util.Arrays;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/**
 * How well that which can be read off learning curves ranks trainings before they have ended: curves of whole trainings are cut, and
 * what a rule says of the beginnings is compared with the results.
 */
public final class CurveStudy {
    /** Exponents of the power laws that are fitted; the one with the least error counts. */
    private static final double[] EXPONENTS = {0.3, 0.6, 1, 1.5, 2};

    /** Least epochs of a beginning. */
    private static final int FEWEST = 2;

    /**
     * One whole training; all lists have an entry per epoch.
     *
     * @param scores the objective on the validation part, as something to maximise
     * @param losses on the validation part
     * @param trainLosses means over the epochs' batches
     */
    public record Training(List<Double> scores, List<Double> losses, List<Double> trainLosses) {
        /** Copies the lists. */
        public Training {
            scores = List.copyOf(scores);
            losses = List.copyOf(losses);
            trainLosses = List.copyOf(trainLosses);
        }

        private Training until(int epochs) {
            return new Training(scores.subList(0, epochs), losses.subList(0, epochs), trainLosses.subList(0, epochs));
        }
    }

    /** What a beginning is judged by; more is better. */
    public enum Rule {
        /** The result of the last epoch. */
        LAST,
        /** The best of the last three epochs, by which promotions go: {@link Curve}. */
        BEST_OF_LAST_THREE,
        /** Mean of the last two epochs. */
        MEAN_OF_LAST_TWO,
        /** Mean of the last half of the epochs. */
        MEAN_OF_LAST_HALF,
        /** A power law with a limit, fitted to the scores and followed to the end, as in Domhan et al. 2015, with later epochs weighing more. */
        POWER_LAW,
        /** The validation loss after the last epoch. */
        VALIDATION_LOSS,
        /** The training losses of the last half of the epochs, summed, as in Ru et al., "Speedy Performance Estimation for NAS", 2021. */
        SUM_OF_TRAINING_LOSSES;

        private double worth(Training beginning, int end) {
            double[] scores = array(beginning.scores());
            return switch (this) {
                case LAST -> scores[scores.length - 1];
                case BEST_OF_LAST_THREE -> Curve.promise(scores[scores.length - 1], scores);
                case MEAN_OF_LAST_TWO -> late(scores, 2);
                case MEAN_OF_LAST_HALF -> late(scores, Math.ceilDiv(scores.length, 2));
                case POWER_LAW -> extrapolated(scores, end);
                case VALIDATION_LOSS -> -beginning.losses().getLast();
                case SUM_OF_TRAINING_LOSSES -> -late(array(beginning.trainLosses()), Math.ceilDiv(scores.length, 2));
            };
        }
    }

    /**
     * What was found at one length of the beginnings.
     *
     * @param epochs of the beginnings
     * @param tau Kendall's tau between what a rule says and the results of the whole trainings
     */
    public record Cut(int epochs, Map<Rule, Double> tau) {}

    /**
     * Cuts and compares.
     *
     * @param trainings three or more of the same length
     * @param parts of the epochs at which to cut, between 0 and 1
     */
    public static List<Cut> of(List<Training> trainings, List<Double> parts) {
        int epochs = trainings.getFirst().scores().size();
        double[] results =
                trainings.stream().mapToDouble(t -> t.scores().getLast()).toArray();
        return parts.stream()
                .map(part -> Math.max(FEWEST, (int) (part * epochs)))
                .map(cut -> {
                    Map<Rule, Double> tau = new EnumMap<>(Rule.class);
                    for (Rule rule : Rule.values()) {
                        ToDoubleFunction<Training> worth = t -> rule.worth(t.until(cut), epochs);
                        tau.put(
                                rule,
                                Statistics.kendallTau(
                                        trainings.stream().mapToDouble(worth).toArray(), results));
                    }
                    return new Cut(cut, tau);
                })
                .toList();
    }

    private static double[] array(List<Double> values) {
        return values.stream().mapToDouble(Double::doubleValue).toArray();
    }

    private static double late(double[] values, int count) {
        return Statistics.mean(Arrays.copyOfRange(values, Math.max(0, values.length - count), values.length));
    }

    private record Law(double limit, double drop, double exponent, double error) {
        /** Least squares for {@code limit - drop * epoch^-exponent}, each epoch weighing as much as its number. */
        static Law fit(double[] scores, double exponent) {
            double weights = 0;
            double meanX = 0;
            double meanY = 0;
            for (int i = 0; i < scores.length; i++) {
                weights += i + 1;
                meanX += (i + 1) * x(i + 1, exponent);
                meanY += (i + 1) * scores[i];
            }
            meanX /= weights;
            meanY /= weights;
            double xx = 0;
            double xy = 0;
            for (int i = 0; i < scores.length; i++) {
                double dx = x(i + 1, exponent) - meanX;
                xx += (i + 1) * dx * dx;
                xy += (i + 1) * dx * (scores[i] - meanY);
            }
            double slope = xx > 0 ? xy / xx : 0;
            var law = new Law(meanY - slope * meanX, -slope, exponent, 0);
            double error = 0;
            for (int i = 0; i < scores.length; i++) {
                double miss = scores[i] - law.at(i + 1);
                error += (i + 1) * miss * miss;
            }
            return new Law(law.limit, law.drop, exponent, error);
        }

        private static double x(int epoch, double exponent) {
            return StrictMath.pow(epoch, -exponent);
        }

        double at(int epoch) {
            return limit - drop * x(epoch, exponent);
        }
    }

    private static double extrapolated(double[] scores, int end) {
        return Arrays.stream(EXPONENTS)
                .mapToObj(e -> Law.fit(scores, e))
                .min(Comparator.comparingDouble(Law::error))
                .orElseThrow()
                .at(end);
    }

    private CurveStudy() {}
}
