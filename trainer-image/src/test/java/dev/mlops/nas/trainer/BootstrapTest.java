package dev.mlops.nas.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class BootstrapTest {
    private static final int COUNT = 400;

    @Test
    void theErrorsOfMeansAreThoseOfTheTextbook() {
        var answers = answers(new SplittableRandom(1));

        var errors = Bootstrap.standardErrors(answers, 7);

        double accuracy = answers.score().of("accuracy");
        assertThat(errors.get("accuracy")).isCloseTo(Math.sqrt(accuracy * (1 - accuracy) / COUNT), within(0.002));
    }

    @Test
    void theErrorsAreThoseThatOtherExamplesShow() {
        var random = new SplittableRandom(2);
        int samples = 300;
        double sum = 0;
        double squares = 0;
        double foretold = 0;
        for (int i = 0; i < samples; i++) {
            var answers = answers(random);
            double auc = answers.score().of("auc");
            sum += auc;
            squares += auc * auc;
            foretold += i % 30 == 0 ? Bootstrap.standardErrors(answers, i).get("auc") / (samples / 30.0) : 0;
        }
        double mean = sum / samples;

        assertThat(foretold).isCloseTo(Math.sqrt(squares / samples - mean * mean), within(0.003));
    }

    @Test
    void theSameSeedGivesTheSameErrors() {
        var answers = answers(new SplittableRandom(3));

        assertThat(Bootstrap.standardErrors(answers, 1))
                .isEqualTo(Bootstrap.standardErrors(answers, 1))
                .isNotEqualTo(Bootstrap.standardErrors(answers, 2))
                .containsOnlyKeys("accuracy", "loss", "macroF1", "auc");
    }

    @Test
    void veryManyExamplesAreDrawnLessOften() {
        assertThat(Bootstrap.draws(400, 10)).isEqualTo(1000);
        assertThat(Bootstrap.draws(100_000, 10)).isEqualTo(500);
        assertThat(Bootstrap.draws(1_000_000, 1000)).isEqualTo(100);
    }

    /** Two classes whose probabilities overlap. */
    private static Answers answers(SplittableRandom random) {
        var logarithms = new float[2 * COUNT];
        var labels = new int[COUNT];
        for (int i = 0; i < COUNT; i++) {
            labels[i] = random.nextInt(2);
            double positive = 0.1 + 0.5 * random.nextDouble() + 0.3 * labels[i] * random.nextDouble();
            logarithms[2 * i] = (float) Math.log(1 - positive);
            logarithms[2 * i + 1] = (float) Math.log(positive);
        }
        return new Classified(logarithms, labels, 2);
    }
}
