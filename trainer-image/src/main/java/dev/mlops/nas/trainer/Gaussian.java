package dev.mlops.nas.trainer;

import java.util.SplittableRandom;

/** Normally distributed numbers, the same on every machine. */
final class Gaussian {
    private Gaussian() {}

    /** With mean 0 and deviation 1. SplittableRandom has no such contract across releases; Box and Muller's formula has. */
    static double draw(SplittableRandom random) {
        return StrictMath.sqrt(-2 * StrictMath.log(1 - random.nextDouble()))
                * StrictMath.cos(2 * Math.PI * random.nextDouble());
    }
}
