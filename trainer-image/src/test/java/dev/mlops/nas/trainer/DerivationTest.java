package dev.mlops.nas.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.mlops.nas.contract.TrialFile.Mixture;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

class DerivationTest {
    private static final List<Mixture> MIXTURES = List.of(
            new Mixture("a", List.of("x", "y"), null, null),
            new Mixture("b0", List.of("x", "y"), "b", 2),
            new Mixture("b1", List.of("x", "y"), "b", 2),
            new Mixture("b2", List.of("x", "y", "z"), "b", 2));
    private static final double[][] SHARES = {{0.7, 0.3}, {0.6, 0.4}, {0.9, 0.1}, {0.2, 0.7, 0.1}};

    @Test
    void theHeaviestHasTheStrongestChoicesOfTheStrongestEdges() {
        assertThat(new Derivation(MIXTURES, SHARES).heaviest(1)).containsExactly(List.of(0, -1, 0, 1));
    }

    @Test
    void allWaysComeOnceByTheProductOfTheirWeights() {
        var ways = new Derivation(MIXTURES, SHARES).heaviest(1_000);

        // Two choices, times pairs of edges: 2 x 2, 2 x 3 and 2 x 3.
        assertThat(ways).hasSize(2 * 16).doesNotHaveDuplicates();
        assertThat(ways)
                .allMatch(w -> w.subList(1, 4).stream().filter(c -> c >= 0).count() == 2);
        var weights = ways.stream().map(DerivationTest::weight).toList();
        for (int i = 1; i < weights.size(); i++) {
            assertThat(weights.get(i)).isLessThanOrEqualTo(weights.get(i - 1) + 1e-12);
        }
    }

    private static double weight(List<Integer> way) {
        double weight = 1;
        for (int m = 0; m < way.size(); m++) {
            weight *= way.get(m) < 0 ? 1 : SHARES[m][way.get(m)];
        }
        return weight;
    }

    @Test
    void theCurvatureIsTheDominantEigenvalueOfTheHessian() {
        // Eigenvalues 5 and 1.
        UnaryOperator<double[]> slopes = a -> new double[] {3 * a[0] + 2 * a[1], 2 * a[0] + 3 * a[1]};
        var curvature = new Curvature();
        double value = 0;
        for (int epoch = 0; epoch < 4; epoch++) {
            value = curvature.measure(new double[] {0.5, -1}, slopes, new SplittableRandom(1));
        }
        assertThat(value).isCloseTo(5, within(1e-6));
    }

    @Test
    void aSearchStopsWhereTheCurvatureRisesByAThirdWithinFiveEpochs() {
        assertThat(stop(epoch -> 1.0 + 0.01 * epoch)).isEqualTo(-1);
        assertThat(stop(epoch -> epoch < 20 ? 1.0 : 2.0)).isEqualTo(21);
        assertThat(stop(epoch -> epoch < 6 ? 0.1 : 1.0)).as("at the beginning").isEqualTo(-1);
        assertThat(stop(epoch -> epoch < 11 ? 0.1 : 1.0))
                .as("as early as possible")
                .isEqualTo(15);
    }

    @FunctionalInterface
    private interface Values {
        double at(int epoch);
    }

    /** After which of 50 epochs a search stops; -1 for none. */
    private static int stop(Values values) {
        var curvature = new Curvature();
        var measured = new ArrayList<Double>();
        for (int epoch = 1; epoch <= 50; epoch++) {
            double value = values.at(epoch);
            measured.add(curvature.measure(new double[1], a -> new double[] {value * a[0]}, new SplittableRandom(1)));
            if (curvature.rises(50)) {
                return epoch;
            }
        }
        assertThat(measured).hasSize(50);
        return -1;
    }
}
