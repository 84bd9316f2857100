package dev.mlops.nas.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class CalibrationTest {
    @Test
    void normalDeviationsFillEveryIntervalAsItsLevelSays() {
        Calibration calibration = Calibration.of(deviations(1));
        assertThat(calibration.predictions()).isEqualTo(1_000);
        assertThat(calibration.within50()).isCloseTo(0.5, within(0.002));
        assertThat(calibration.within80()).isCloseTo(0.8, within(0.002));
        assertThat(calibration.within95()).isCloseTo(0.95, within(0.002));
    }

    @Test
    void whoIsTooSureIsSeldomRight() {
        Calibration calibration = Calibration.of(deviations(2));
        assertThat(calibration.within50()).isLessThan(0.3);
        assertThat(calibration.within95()).isLessThan(0.7);
    }

    @Test
    void valuesBetweenAndBeyondThoseKnownHaveNormalScoresInTheSameOrder() {
        var scale = new Scale(new double[] {1, 2, 4, 8, 16});
        double before = Double.NEGATIVE_INFINITY;
        for (double score : new double[] {-3, 1, 1.5, 2, 3, 4, 7, 16, 20}) {
            double normal = scale.between(score);
            assertThat(normal).as("%s", score).isGreaterThan(before);
            assertThat(scale.score(normal)).isCloseTo(score, within(1e-9));
            before = normal;
        }
        assertThat(scale.between(4)).isEqualTo(scale.normal(4));
    }

    private static List<Double> deviations(double spread) {
        return IntStream.range(0, 1_000)
                .mapToObj(i -> spread * Statistics.normalQuantile((i + 0.5) / 1_000))
                .toList();
    }
}
