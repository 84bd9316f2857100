package dev.mlops.nas.trainer;

import java.util.Arrays;
import java.util.LinkedHashMap;

/**
 * Examples with labels and the logarithms of the probabilities that a network gives their classes. {@code loss} is the mean
 * cross-entropy, {@code accuracy} the part of right answers, {@code macroF1} the mean over the classes that occur, or were answered, of
 * their F1 (the harmonic mean of precision and recall), {@code auc} the area under the ROC curve of each class against all others, mean
 * of the classes that occur (Fawcett, "An introduction to ROC analysis", 2006), NaN where no class has both examples and counterexamples.
 */
final class Classified implements Answers {
    private final float[] logarithms;
    private final int[] labels;
    private final int classes;
    private final int[] answers;
    private final int[][] ascending;

    /**
     * Answers.
     *
     * @param logarithms of the probabilities, class by class for each example
     * @param labels of the examples, at least one
     */
    Classified(float[] logarithms, int[] labels, int classes) {
        this.logarithms = logarithms;
        this.labels = labels;
        this.classes = classes;
        this.answers = new int[labels.length];
        Arrays.setAll(answers, i -> best(i * classes));
        this.ascending = new int[classes][];
        Arrays.setAll(ascending, this::ascending);
    }

    /** The logarithms of probabilities: logits less the logarithm of the sum of their exponentials, for each example. */
    static float[] logarithms(float[] logits, int classes) {
        var logarithms = new float[logits.length];
        for (int start = 0; start < logits.length; start += classes) {
            double maximum = Double.NEGATIVE_INFINITY;
            for (int i = start; i < start + classes; i++) {
                maximum = Math.max(maximum, logits[i]);
            }
            double sum = 0;
            for (int i = start; i < start + classes; i++) {
                sum += Math.exp(logits[i] - maximum);
            }
            for (int i = start; i < start + classes; i++) {
                logarithms[i] = (float) (logits[i] - maximum - Math.log(sum));
            }
        }
        return logarithms;
    }

    private int best(int start) {
        int best = 0;
        for (int c = 1; c < classes; c++) {
            if (logarithms[start + c] > logarithms[start + best]) {
                best = c;
            }
        }
        return best;
    }

    /** The examples by what is said of one class. */
    private int[] ascending(int which) {
        var keys = new long[labels.length];
        for (int i = 0; i < keys.length; i++) {
            int bits = Float.floatToIntBits(logarithms[i * classes + which]);
            // Negative numbers have the order of their bits turned round.
            keys[i] = ((long) (bits < 0 ? bits ^ 0x7fffffff : bits) << 32) | i;
        }
        Arrays.sort(keys);
        return Arrays.stream(keys).mapToInt(key -> (int) key).toArray();
    }

    @Override
    public int count() {
        return labels.length;
    }

    @Override
    public int outputs() {
        return classes;
    }

    @Override
    public Score score(int[] times) {
        double loss = 0;
        long right = 0;
        long all = 0;
        var truePositives = new long[classes];
        var answered = new long[classes];
        var present = new long[classes];
        for (int i = 0; i < labels.length; i++) {
            loss -= times[i] * (double) logarithms[i * classes + labels[i]];
            all += times[i];
            answered[answers[i]] += times[i];
            present[labels[i]] += times[i];
            if (answers[i] == labels[i]) {
                truePositives[labels[i]] += times[i];
                right += times[i];
            }
        }
        var metrics = new LinkedHashMap<String, Double>();
        metrics.put("accuracy", (double) right / all);
        metrics.put("loss", loss / all);
        metrics.put("macroF1", macroF1(truePositives, answered, present));
        metrics.put("auc", auc(times, present, all));
        return new Score(metrics);
    }

    private static double macroF1(long[] truePositives, long[] answered, long[] present) {
        double sum = 0;
        int count = 0;
        for (int c = 0; c < present.length; c++) {
            if (answered[c] + present[c] > 0) {
                sum += 2.0 * truePositives[c] / (answered[c] + present[c]);
                count++;
            }
        }
        return sum / count;
    }

    private double auc(int[] times, long[] present, long all) {
        double sum = 0;
        int count = 0;
        for (int c = 0; c < classes; c++) {
            if (present[c] > 0 && present[c] < all) {
                sum += halves(times, c) / (2.0 * present[c] * (all - present[c]));
                count++;
            }
        }
        return count == 0 ? Double.NaN : sum / count;
    }

    /** Twice the number of pairs of an example of the class and one of another that are in the right order; ties count half. */
    private double halves(int[] times, int which) {
        double halves = 0;
        long below = 0;
        int at = 0;
        while (at < labels.length) {
            float said = logarithms[ascending[which][at] * classes + which];
            long of = 0;
            long others = 0;
            for (; at < labels.length; at++) {
                int example = ascending[which][at];
                if (Float.compare(logarithms[example * classes + which], said) != 0) {
                    break;
                }
                if (labels[example] == which) {
                    of += times[example];
                } else {
                    others += times[example];
                }
            }
            halves += of * (2.0 * below + others);
            below += others;
        }
        return halves;
    }
}
