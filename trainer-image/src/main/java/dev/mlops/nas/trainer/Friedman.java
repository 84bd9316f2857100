package dev.mlops.nas.trainer;

import dev.mlops.nas.trainer.Network.Shape;
import java.util.SplittableRandom;

/**
 * A table of ten even columns from 0 to 1 and a number (Friedman, "Multivariate Adaptive Regression Splines", 1991, section 4.3):
 * 10 sin(pi a b) + 20 (c - 1/2)^2 + 10 d + 5 e and noise of deviation 1, so that no root mean squared error is below 1. The last five
 * columns say nothing.
 */
record Friedman() implements Generator.OfNumbers {
    private static final int COLUMNS = 10;

    @Override
    public Shape shape() {
        return Shape.image(COLUMNS, 1, 1);
    }

    @Override
    public double generate(SplittableRandom random, float[] example) {
        for (int column = 0; column < COLUMNS; column++) {
            example[column] = (float) random.nextDouble();
        }
        return 10 * StrictMath.sin(StrictMath.PI * example[0] * example[1])
                + 20 * (example[2] - 0.5) * (example[2] - 0.5)
                + 10 * example[3]
                + 5 * example[4]
                + Gaussian.draw(random);
    }
}
