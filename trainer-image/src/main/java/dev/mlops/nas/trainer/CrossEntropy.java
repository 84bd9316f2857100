package dev.mlops.nas.trainer;

import dev.mlops.nas.contract.TrialFile.Recipe;
import dev.mlops.nas.trainer.Augmentation.Mixing;
import dev.mlops.nas.trainer.Targets.Labels;
import java.util.Arrays;

/**
 * The training loss: softmax cross-entropy against labels that may be mixed, then smoothed (Szegedy et al., "Rethinking the Inception
 * Architecture for Computer Vision", CVPR 2016), with a weight per class: -sum over classes of weight x target x log(probability),
 * averaged over the batch.
 */
final class CrossEntropy {
    private final int classes;
    private final double smoothing;
    private final double[] weights;
    private final double[] targets;

    /**
     * A loss.
     *
     * @param smoothing part of each target that is spread over all classes
     * @param weights one per class
     */
    CrossEntropy(double smoothing, double[] weights) {
        this.classes = weights.length;
        this.smoothing = smoothing;
        this.weights = weights.clone();
        this.targets = new double[classes];
    }

    /** Without smoothing and weights. */
    static CrossEntropy plain(int classes) {
        return new CrossEntropy(0, ones(classes));
    }

    private static double[] ones(int classes) {
        var weights = new double[classes];
        Arrays.fill(weights, 1);
        return weights;
    }

    /** The loss of a recipe; balanced weights make all classes of the given rows count the same, and a row on average 1. */
    static CrossEntropy of(Recipe recipe, Labels labels, int[] rows) {
        var weights = ones(labels.classes());
        if ("balanced".equals(recipe.classWeights())) {
            var counts = new int[labels.classes()];
            for (int row : rows) {
                counts[labels.of()[row]]++;
            }
            Arrays.setAll(weights, label -> (double) rows.length / (labels.classes() * (double) counts[label]));
        }
        return new CrossEntropy(recipe.labelSmoothing() == null ? 0 : recipe.labelSmoothing(), weights);
    }

    /**
     * The mean loss of a batch.
     *
     * @param scores the logits, class by class for each example; replaced by the gradient of the mean loss
     * @param labels of the batch
     */
    double differentiate(float[] scores, int[] labels, Mixing mixing) {
        double loss = 0;
        for (int i = 0; i < labels.length; i++) {
            Arrays.fill(targets, smoothing / classes);
            targets[labels[i]] += (1 - smoothing) * mixing.part();
            if (mixing.part() < 1) {
                targets[labels[mixing.partners()[i]]] += (1 - smoothing) * (1 - mixing.part());
            }
            loss += differentiate(scores, i * classes, labels.length);
        }
        return loss / labels.length;
    }

    private double differentiate(float[] scores, int start, int count) {
        double maximum = Double.NEGATIVE_INFINITY;
        for (int c = 0; c < classes; c++) {
            maximum = Math.max(maximum, scores[start + c]);
        }
        double sum = 0;
        double loss = 0;
        double weighted = 0;
        for (int c = 0; c < classes; c++) {
            double score = scores[start + c] - maximum;
            sum += Math.exp(score);
            loss -= weights[c] * targets[c] * score;
            weighted += weights[c] * targets[c];
        }
        loss += weighted * Math.log(sum);
        for (int c = 0; c < classes; c++) {
            double probability = Math.exp(scores[start + c] - maximum) / sum;
            scores[start + c] = (float) ((probability * weighted - weights[c] * targets[c]) / count);
        }
        return loss;
    }
}
