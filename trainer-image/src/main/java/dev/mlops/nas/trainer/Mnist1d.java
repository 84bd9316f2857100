package dev.mlops.nas.trainer;

import dev.mlops.nas.trainer.Network.Shape;
import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * MNIST-1D (Greydanus, "Scaling Down Deep Learning", 2020): a stroke for each digit, padded, scaled, shifted, with smooth noise around it
 * and white noise over it, sheared, and sampled at 40 points. The published procedure with its default settings, on random numbers of
 * our own: as hard as the published data, but not the same signals.
 */
record Mnist1d() implements Generator.OfClasses {
    private static final double[][] DIGITS = {
        {5, 6, 6.5, 6.75, 7, 7, 7, 7, 6.75, 6.5, 6, 5},
        {5, 3, 3, 3.4, 3.8, 4.2, 4.6, 5, 5.4, 5.8, 5, 5},
        {5, 6, 6.5, 6.5, 6, 5.25, 4.75, 4, 3.5, 3.5, 4, 5},
        {5, 6, 6.5, 6.5, 6, 5, 5, 6, 6.5, 6.5, 6, 5},
        {5, 4.4, 3.8, 3.2, 2.6, 2.6, 5, 5, 5, 5, 5, 5},
        {5, 3, 3, 3, 3, 5, 6, 6.5, 6.5, 6, 4.5, 5},
        {5, 4, 3.5, 3.25, 3, 3, 3, 3, 3.25, 3.5, 4, 5},
        {5, 7, 7, 6.6, 6.2, 5.8, 5.4, 5, 4.6, 4.2, 5, 5},
        {5, 4, 3.5, 3.5, 4, 5, 5, 4, 3.5, 3.5, 4, 5},
        {5, 4, 3.5, 3.5, 4, 5, 5, 5, 5, 4.7, 4.3, 5}
    };
    private static final double[][] STROKES =
            Arrays.stream(DIGITS).map(Mnist1d::stroke).toArray(double[][]::new);
    private static final int LENGTH = 40;
    private static final int LEAST_PADDING = 36;
    private static final int MOST_PADDING = 60;
    private static final int SHIFTS = 48;
    private static final double SCALES = 0.4;
    private static final double SHEARS = 0.75;
    private static final double SMOOTH_NOISE = 0.25;
    private static final double WHITE_NOISE = 0.02;
    private static final double[] SMOOTHING = smoothing(2, 8);

    @Override
    public Shape shape() {
        return Shape.image(1, 1, LENGTH);
    }

    @Override
    public int classes() {
        return DIGITS.length;
    }

    @Override
    public void generate(int label, SplittableRandom random, float[] example) {
        var stroke = STROKES[label];
        int padding = LEAST_PADDING + random.nextInt(MOST_PADDING - LEAST_PADDING + 1);
        var signal = sampled(Arrays.copyOf(stroke, stroke.length + padding), stroke.length + MOST_PADDING);
        double scale = 1 + SCALES * (random.nextDouble() - 0.5);
        int shift = random.nextInt(SHIFTS);
        var noise = smooth(white(signal.length, SMOOTH_NOISE, random));
        double shear = SHEARS * (random.nextDouble() - 0.5);
        var shifted = new double[signal.length];
        for (int i = 0; i < signal.length; i++) {
            double value = scale * signal[Math.floorMod(i - shift, signal.length)];
            double place = (double) i / (signal.length - 1) - 0.5;
            shifted[i] = (value == 0 ? noise[i] : value) + WHITE_NOISE * Gaussian.draw(random) - shear * place;
        }
        var points = sampled(shifted, LENGTH);
        for (int i = 0; i < LENGTH; i++) {
            example[i] = (float) points[i];
        }
    }

    /** Standardised, starting at 0 (but for a trace that tells it from padding), a sixth as high. */
    private static double[] stroke(double[] digit) {
        double mean = Arrays.stream(digit).average().orElseThrow();
        double variance =
                Arrays.stream(digit).map(v -> (v - mean) * (v - mean)).average().orElseThrow();
        return Arrays.stream(digit)
                .map(v -> (v - digit[0]) / Math.sqrt(variance) / 6 + 1e-8)
                .toArray();
    }

    /** So many points, evenly spaced, of the line through the values. */
    private static double[] sampled(double[] values, int points) {
        var result = new double[points];
        for (int i = 0; i < points; i++) {
            double place = (double) i * (values.length - 1) / (points - 1);
            int before = Math.min((int) place, values.length - 2);
            result[i] = values[before] + (place - before) * (values[before + 1] - values[before]);
        }
        return result;
    }

    private static double[] white(int count, double deviation, SplittableRandom random) {
        var noise = new double[count];
        Arrays.setAll(noise, i -> deviation * Gaussian.draw(random));
        return noise;
    }

    /** A Gaussian window, mirrored at the ends. */
    private static double[] smooth(double[] values) {
        var result = new double[values.length];
        int reach = SMOOTHING.length / 2;
        for (int i = 0; i < values.length; i++) {
            for (int j = -reach; j <= reach; j++) {
                int at = i + j < 0 ? -1 - i - j : i + j;
                result[i] += SMOOTHING[j + reach] * values[at < values.length ? at : 2 * values.length - 1 - at];
            }
        }
        return result;
    }

    private static double[] smoothing(double deviation, int reach) {
        var window = new double[2 * reach + 1];
        Arrays.setAll(window, i -> StrictMath.exp(-0.5 * (i - reach) * (i - reach) / (deviation * deviation)));
        double sum = Arrays.stream(window).sum();
        return Arrays.stream(window).map(v -> v / sum).toArray();
    }
}
