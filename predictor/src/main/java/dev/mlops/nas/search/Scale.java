package dev.mlops.nas.search;

import java.util.Arrays;

/**
 * Turns scores into normal scores by rank and back (van der Waerden 1952). Surrogates learn ranks: what counts is the order,
 * and neither a few broken architectures nor a crowded top may hide it.
 */
final class Scale {
    private final double[] scores; // sorted, distinct
    private final double[] normal;

    /** The scale of these scores, one or more. */
    Scale(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        this.scores = Arrays.stream(sorted).distinct().toArray();
        this.normal = new double[scores.length];
        for (int i = 0, at = 0; i < scores.length; i++) {
            int from = at;
            while (at < sorted.length && sorted[at] == scores[i]) {
                at++;
            }
            normal[i] = Statistics.normalQuantile((from + at) / 2.0 / sorted.length);
        }
    }

    /** The normal score of one of the values. */
    double normal(double score) {
        return normal[Arrays.binarySearch(scores, score)];
    }

    /** The normal score of any value: linear between those known, and beyond them as over their outer quarter. */
    double between(double score) {
        return line(score, scores, normal);
    }

    /** The score of a normal score: linear between the values, and beyond them as over their outer quarter. */
    double score(double target) {
        return line(target, normal, scores);
    }

    /** Follows the broken line through the points (from, to), both ascending. */
    private static double line(double at, double[] from, double[] to) {
        int n = from.length;
        if (n == 1) {
            return to[0];
        }
        int reach = Math.max(1, n / 4);
        if (at <= from[0]) {
            return line(at, from, to, 0, reach);
        }
        if (at >= from[n - 1]) {
            return line(at, from, to, n - 1, n - 1 - reach);
        }
        int above = Arrays.binarySearch(from, at);
        above = above >= 0 ? Math.max(1, above) : -above - 1;
        return line(at, from, to, above - 1, above);
    }

    private static double line(double at, double[] from, double[] to, int first, int second) {
        return to[first] + (to[second] - to[first]) * (at - from[first]) / (from[second] - from[first]);
    }

    /** A prediction in units of the score. */
    TrialRequest.Prediction prediction(GaussianProcess.Normal target) {
        double low = score(target.mean() - target.sd());
        double high = score(target.mean() + target.sd());
        return new TrialRequest.Prediction(score(target.mean()), (high - low) / 2);
    }
}
