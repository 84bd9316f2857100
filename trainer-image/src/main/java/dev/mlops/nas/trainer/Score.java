package dev.mlops.nas.trainer;

import java.util.Arrays;

/**
 * How well a network classifies some examples.
 *
 * @param loss mean cross-entropy
 * @param accuracy part of right answers
 * @param macroF1 mean over the classes that occur, or were answered, of their F1 (the harmonic mean of precision and recall)
 * @param auc area under the ROC curve of each class against all others, mean of the classes that occur (Fawcett, "An introduction
 *     to ROC analysis", 2006); NaN where no class has both examples and counterexamples
 */
record Score(double loss, double accuracy, double macroF1, double auc) {
    /**
     * The score of some examples.
     *
     * @param logarithms of the probabilities, class by class for each example
     * @param labels of the examples, at least one
     */
    static Score of(float[] logarithms, int[] labels, int classes) {
        double loss = 0;
        int right = 0;
        var truePositives = new int[classes];
        var answered = new int[classes];
        var present = new int[classes];
        for (int i = 0; i < labels.length; i++) {
            int best = best(logarithms, i * classes, classes);
            loss -= logarithms[i * classes + labels[i]];
            answered[best]++;
            present[labels[i]]++;
            if (best == labels[i]) {
                truePositives[best]++;
                right++;
            }
        }
        return new Score(
                loss / labels.length,
                (double) right / labels.length,
                macroF1(truePositives, answered, present),
                auc(logarithms, labels, present));
    }

    private static int best(float[] logarithms, int start, int classes) {
        int best = 0;
        for (int c = 1; c < classes; c++) {
            if (logarithms[start + c] > logarithms[start + best]) {
                best = c;
            }
        }
        return best;
    }

    private static double macroF1(int[] truePositives, int[] answered, int[] present) {
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

    private static double auc(float[] logarithms, int[] labels, int[] present) {
        double sum = 0;
        int count = 0;
        for (int c = 0; c < present.length; c++) {
            if (present[c] > 0 && present[c] < labels.length) {
                sum += auc(logarithms, labels, present.length, c);
                count++;
            }
        }
        return count == 0 ? Double.NaN : sum / count;
    }

    /** The part of pairs of an example and a counterexample that are in the right order; ties count half. */
    private static double auc(float[] logarithms, int[] labels, int classes, int positive) {
        var of = new float[labels.length];
        var others = new float[labels.length];
        int positives = 0;
        int negatives = 0;
        for (int i = 0; i < labels.length; i++) {
            float score = logarithms[i * classes + positive];
            if (labels[i] == positive) {
                of[positives++] = score;
            } else {
                others[negatives++] = score;
            }
        }
        Arrays.sort(of, 0, positives);
        Arrays.sort(others, 0, negatives);
        long halves = 0;
        int below = 0;
        int notAbove = 0;
        for (int i = 0; i < positives; i++) {
            while (below < negatives && others[below] < of[i]) {
                below++;
            }
            while (notAbove < negatives && others[notAbove] <= of[i]) {
                notAbove++;
            }
            halves += below + notAbove;
        }
        return halves / (2.0 * positives * negatives);
    }
}
