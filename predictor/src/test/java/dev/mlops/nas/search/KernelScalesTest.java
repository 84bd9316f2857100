package dev.mlops.nas.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.mlops.nas.search.KernelScales.Likelihood;
import dev.mlops.nas.search.KernelScales.Pairs;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class KernelScalesTest {
    private static final int ROWS = 30;

    @Test
    void theGradientIsTheSlopeOfTheLikelihood() {
        double[][] x = points(1);
        var likelihood = new Likelihood(pairs(x), targets(x, 0.3));
        double[] at = likelihood.prior();
        double[] gradient = likelihood.at(at).gradient();
        for (int p = 0; p < at.length; p++) {
            double[] above = at.clone();
            double[] below = at.clone();
            above[p] += 1e-5;
            below[p] -= 1e-5;
            assertThat(gradient[p])
                    .as("scale %d", p)
                    .isCloseTo(
                            (likelihood.at(above).value() - likelihood.at(below).value()) / 2e-5, within(1e-4));
        }
    }

    @Test
    void tuningNeverEndsBelowTheStart() {
        for (int seed = 0; seed < 10; seed++) {
            double[][] x = points(seed);
            var likelihood = new Likelihood(pairs(x), targets(x, 0.5));
            KernelScales tuned = KernelScales.tune(pairs(x), targets(x, 0.5));
            assertThat(likelihood.at(logarithms(tuned)).value())
                    .isLessThan(likelihood.at(likelihood.prior()).value());
        }
    }

    @Test
    void noiseIsFoundWhereTargetsHaveNothingToDoWithTheFeatures() {
        double[][] x = points(2);
        double quiet = KernelScales.tune(pairs(x), targets(x, 0)).noise();
        double[] loose = standardised(new SplittableRandom(5).doubles(ROWS).toArray());
        double noisy = KernelScales.tune(pairs(x), loose).noise();
        assertThat(noisy).isGreaterThan(5 * quiet);
    }

    @Test
    void theExponentialAgreesWithTheLibrary() {
        var random = new SplittableRandom(3);
        for (int i = 0; i < 10_000; i++) {
            double x = -random.nextDouble(700);
            double exact = StrictMath.exp(x);
            assertThat(Math.abs(Exponential.of(x) - exact)).isLessThanOrEqualTo(2 * Math.ulp(exact));
        }
        assertThat(Exponential.of(0)).isEqualTo(1);
        assertThat(Exponential.of(-1000)).isZero();
    }

    @Test
    void aFactorMultipliesBackAndGrowsRowByRow() {
        double[][] x = points(4);
        double[][] k = new double[ROWS][];
        for (int i = 0; i < ROWS; i++) {
            k[i] = new double[i + 1];
            for (int j = 0; j <= i; j++) {
                k[i][j] = x[i][0] * x[j][0] + x[i][1] * x[j][1] + (i == j ? 0.5 : 0);
            }
        }
        Cholesky factor = Cholesky.of(k);
        double[] b = new SplittableRandom(6).doubles(ROWS).toArray();
        double[] solved = factor.solve(b);
        double[][] inverse = factor.inverse();
        for (int i = 0; i < ROWS; i++) {
            double back = 0;
            double direct = 0;
            for (int j = 0; j < ROWS; j++) {
                back += k[Math.max(i, j)][Math.min(i, j)] * solved[j];
                direct += inverse[Math.max(i, j)][Math.min(i, j)] * b[j];
            }
            assertThat(back).isCloseTo(b[i], within(1e-9));
            assertThat(direct).isCloseTo(solved[i], within(1e-9));
        }
        double[] grown = Cholesky.of(Arrays.copyOf(k, 12))
                .extended(Arrays.copyOfRange(k, 12, ROWS))
                .solve(b);
        assertThat(grown).containsExactly(solved);
    }

    @Test
    void descentEndsAtTheMinimumOfABananaAndWhereNothingCanBeGained() {
        Descent.Function banana = at -> new Descent.Point() {
            private final double across = at[1] - at[0] * at[0];

            @Override
            public double[] arguments() {
                return at;
            }

            @Override
            public double value() {
                return 100 * across * across + (1 - at[0]) * (1 - at[0]);
            }

            @Override
            public double[] gradient() {
                return new double[] {-400 * at[0] * across - 2 * (1 - at[0]), 200 * across};
            }
        };
        assertThat(Descent.minimise(banana, new double[] {-1.2, 1}, 1e-8, 200))
                .containsExactly(new double[] {1, 1}, within(1e-6));
        assertThat(Descent.minimise(banana, new double[] {1, 1}, 1e-8, 200)).containsExactly(1, 1);
    }

    private static double[] logarithms(KernelScales scales) {
        return DoubleStream.concat(
                        Stream.concat(scales.linear().stream(), scales.inverseSquaredLength().stream())
                                .mapToDouble(Double::doubleValue),
                        DoubleStream.of(scales.matern(), scales.noise()))
                .map(StrictMath::log)
                .toArray();
    }

    private static double[][] points(long seed) {
        var random = new SplittableRandom(seed);
        double[][] x = new double[ROWS][2];
        for (double[] point : x) {
            point[0] = random.nextGaussian();
            point[1] = random.nextGaussian();
        }
        return x;
    }

    private static double[] targets(double[][] x, double noise) {
        var random = new SplittableRandom(9);
        return standardised(Arrays.stream(x)
                .mapToDouble(p -> p[0] + StrictMath.sin(2 * p[1]) + noise * random.nextGaussian())
                .toArray());
    }

    private static double[] standardised(double[] values) {
        double mean = Statistics.mean(values);
        double sd = StrictMath.sqrt(Statistics.variance(values));
        return Arrays.stream(values).map(v -> (v - mean) / sd).toArray();
    }

    /** Two groups of one column each. */
    private static Pairs pairs(double[][] x) {
        double[][] products = new double[2][ROWS * (ROWS + 1) / 2];
        double[][] squares = new double[2][ROWS * (ROWS + 1) / 2];
        for (int g = 0; g < 2; g++) {
            for (int i = 0, at = 0; i < ROWS; i++) {
                for (int j = 0; j <= i; j++, at++) {
                    products[g][at] = x[i][g] * x[j][g];
                    squares[g][at] = (x[i][g] - x[j][g]) * (x[i][g] - x[j][g]);
                }
            }
        }
        return new Pairs(products, squares);
    }
}
