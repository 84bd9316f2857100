package dev.mlops.nas.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.mlops.nas.search.CurveStudy.Cut;
import dev.mlops.nas.search.CurveStudy.Rule;
import dev.mlops.nas.search.CurveStudy.Training;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class CurveStudyTest {
    private static final int EPOCHS = 20;

    @Test
    void theBestOfTheLastThreeEpochsCounts() {
        assertThat(Curve.promise(0.4, new double[] {0.9, 0.5, 0.6, 0.4})).isEqualTo(0.6);
        assertThat(Curve.promise(0.4, new double[] {0.3})).isEqualTo(0.4);
        assertThat(Curve.promise(0.4, new double[0])).isEqualTo(0.4);
    }

    @Test
    void powerLawsAreFoundAgainWhereTheirBeginningsCross() {
        // What starts well ends badly: only the law tells.
        List<Training> trainings = IntStream.range(0, 10)
                .mapToObj(i -> training(e -> 0.8 + 0.01 * i - (0.2 + 0.05 * i) / e))
                .toList();
        Cut early = CurveStudy.of(trainings, List.of(0.15)).getFirst();
        assertThat(early.epochs()).isEqualTo(3);
        assertThat(early.tau().get(Rule.LAST)).isEqualTo(-1, within(1e-9));
        assertThat(early.tau().get(Rule.BEST_OF_LAST_THREE)).isEqualTo(-1, within(1e-9));
        assertThat(early.tau().get(Rule.POWER_LAW)).isEqualTo(1, within(1e-9));
    }

    @Test
    void epochsThatGoWrongAtRandomHideTheOrderFromTheLastEpochAlone() {
        List<Training> trainings = IntStream.range(0, 30)
                .mapToObj(i -> training(e -> 0.7 + 0.005 * i - (e < EPOCHS && (e * 7 + i * 11) % 3 == 0 ? 0.3 : 0)))
                .toList();
        Cut half = CurveStudy.of(trainings, List.of(0.5)).getFirst();
        assertThat(half.tau().get(Rule.BEST_OF_LAST_THREE)).isEqualTo(1, within(1e-9));
        assertThat(half.tau().get(Rule.LAST)).isLessThan(0.7);
    }

    @Test
    void lossesRankByBeingSmall() {
        var trainings = new ArrayList<Training>();
        for (int i = 0; i < 5; i++) {
            double level = 0.1 * i;
            List<Double> losses =
                    IntStream.range(0, EPOCHS).mapToObj(e -> 1 - level).toList();
            trainings.add(new Training(losses.stream().map(l -> -l).toList(), losses, losses.reversed()));
        }
        Cut cut = CurveStudy.of(trainings, List.of(0.5)).getFirst();
        assertThat(cut.tau().get(Rule.VALIDATION_LOSS)).isEqualTo(1, within(1e-9));
        assertThat(cut.tau().get(Rule.SUM_OF_TRAINING_LOSSES)).isEqualTo(1, within(1e-9));
    }

    private static Training training(java.util.function.IntToDoubleFunction score) {
        List<Double> scores =
                IntStream.rangeClosed(1, EPOCHS).mapToDouble(score).boxed().toList();
        List<Double> losses = scores.stream().map(s -> 1 - s).toList();
        return new Training(scores, losses, losses);
    }
}
