package dev.mlops.nas.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class StatisticsTest {
    @Test
    void tauIsOneForTheSameOrderAndMinusOneForTheReverse() {
        double[] up = {1, 2, 3, 4, 5};
        double[] down = {9, 7, 5, 3, 1};
        assertThat(Statistics.kendallTau(up, up)).isEqualTo(1);
        assertThat(Statistics.kendallTau(up, down)).isEqualTo(-1);
        assertThat(Statistics.kendallTau(up, new double[] {1, 1, 1, 1, 1})).isZero();
    }

    @Test
    void tauAllowsForTies() {
        // 8 concordant, 1 discordant, 1 tied pair on the left: 7 / sqrt(9 * 10)
        assertThat(Statistics.kendallTau(new double[] {1, 1, 2, 3, 4}, new double[] {1, 2, 3, 5, 4}))
                .isCloseTo(7 / Math.sqrt(90), within(1e-12));
    }

    @Test
    void theIntervalOfTauCoversZeroForUnrelatedValuesAboutAsOftenAsItSays() {
        var random = new SplittableRandom(5);
        long covered = IntStream.range(0, 400)
                .filter(i -> {
                    double[] a = random.doubles(25).toArray();
                    double[] b = random.doubles(25).toArray();
                    var interval = Statistics.kendallInterval(a, b, 0.9);
                    return interval.low() <= 0 && interval.high() >= 0;
                })
                .count();
        assertThat(covered / 400.0).isBetween(0.84, 0.96);
    }

    @Test
    void quantilesAreThoseOfTheTables() {
        assertThat(Statistics.normalQuantile(0.975)).isCloseTo(1.959964, within(1e-6));
        assertThat(Statistics.normalCdf(-3)).isCloseTo(0.001349898, within(1e-9));
        assertThat(Statistics.studentQuantile(0.975, 2)).isCloseTo(4.302653, within(1e-5));
        assertThat(Statistics.studentQuantile(0.975, 30)).isCloseTo(2.042272, within(1e-5));
    }

    @Test
    void wilsonsIntervalIsThatOfTheTextbook() {
        var interval = Statistics.wilson(0.9, 50, 0.95);
        assertThat(interval.low()).isCloseTo(0.7864, within(1e-4));
        assertThat(interval.high()).isCloseTo(0.9565, within(1e-4));
        assertThat(Statistics.wilson(1, 50, 0.95).high()).isCloseTo(1, within(1e-12));
    }

    @Property(tries = 100, seed = RandomSpaces.SEED)
    void aScaleKeepsTheOrderAndFindsItsScoresAgain(
            @ForAll @Size(min = 2, max = 30) double @DoubleRange(min = -1e6, max = 1e6) [] values) {
        var scale = new Scale(values);
        double largest = java.util.Arrays.stream(values).map(Math::abs).max().orElseThrow();
        for (double a : values) {
            assertThat(scale.score(scale.normal(a))).isCloseTo(a, within(1e-9 * (1 + largest)));
            for (double b : values) {
                assertThat(Double.compare(scale.normal(a), scale.normal(b)))
                        .isEqualTo(Double.compare(a + 0.0, b + 0.0));
            }
        }
    }

    @Test
    void fourItemsInPerfectOrderProveLittle() {
        var interval = Statistics.kendallInterval(new double[] {1, 2, 3, 4}, new double[] {1, 2, 3, 4}, 0.9);

        assertThat(interval.low()).isLessThan(0);
        assertThat(interval.high()).isEqualTo(1);
    }
}
