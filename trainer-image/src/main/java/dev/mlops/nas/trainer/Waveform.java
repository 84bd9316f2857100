package dev.mlops.nas.trainer;

import dev.mlops.nas.trainer.Network.Shape;
import java.util.SplittableRandom;

/**
 * A table of 21 columns and three classes (Breiman et al., "Classification and Regression Trees", 1984): a random mean of two of three
 * triangular waves, with noise. Nothing can be right more often than 86 times in 100.
 */
record Waveform() implements Generator.OfClasses {
    private static final int COLUMNS = 21;
    private static final int[][] WAVES = {{0, 1}, {0, 2}, {1, 2}};
    private static final int[] PEAKS = {11, 15, 7};
    private static final int HEIGHT = 6;

    @Override
    public Shape shape() {
        return Shape.image(COLUMNS, 1, 1);
    }

    @Override
    public int classes() {
        return WAVES.length;
    }

    @Override
    public void generate(int label, SplittableRandom random, float[] example) {
        double share = random.nextDouble();
        for (int column = 0; column < COLUMNS; column++) {
            double mean = share * wave(WAVES[label][0], column) + (1 - share) * wave(WAVES[label][1], column);
            example[column] = (float) (mean + Gaussian.draw(random));
        }
    }

    private static double wave(int number, int column) {
        return Math.max(0, HEIGHT - Math.abs(column + 1 - PEAKS[number]));
    }
}
