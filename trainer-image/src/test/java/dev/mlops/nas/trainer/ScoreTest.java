package dev.mlops.nas.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Scores by hand, as scikit-learn's accuracy_score, f1_score and roc_auc_score give them. */
class ScoreTest {
    @Test
    void anExampleByHand() {
        int[] labels = {0, 0, 1, 1, 2, 2};
        float[] logarithms = logarithms(
                0.7, 0.2, 0.1, //
                0.4, 0.5, 0.1, //
                0.2, 0.6, 0.2, //
                0.1, 0.8, 0.1, //
                0.5, 0.3, 0.2, //
                0.1, 0.1, 0.8);

        var score = new Classified(logarithms, labels, 3).score();

        assertThat(score.of("accuracy")).isCloseTo(4.0 / 6, within(1e-9));
        // F1: 2 of 2+2, 4 of 3+2, 2 of 1+2
        assertThat(score.of("macroF1")).isCloseTo((0.5 + 0.8 + 2.0 / 3) / 3, within(1e-9));
        // of 8 pairs each: class 0 loses 0.4 to 0.5; class 1 none; class 2 ties 0.2 with 0.2
        assertThat(score.of("auc")).isCloseTo((7.0 / 8 + 1 + 7.5 / 8) / 3, within(1e-9));
        double product = 0.7 * 0.4 * 0.6 * 0.8 * 0.2 * 0.8;
        assertThat(score.loss()).isCloseTo(-Math.log(product) / 6, within(1e-6));
    }

    @Test
    void twoClassesHaveTheSameAreaAsTheUsualOne() {
        var random = new SplittableRandom(1);
        int count = 200;
        var labels = new int[count];
        var probabilities = new double[2 * count];
        for (int i = 0; i < count; i++) {
            labels[i] = random.nextInt(2);
            double positive = Math.round(random.nextDouble() * 9 + labels[i]) / 11.0 + 0.01;
            probabilities[2 * i] = 1 - positive;
            probabilities[2 * i + 1] = positive;
        }
        double inOrder = 0;
        int pairs = 0;
        for (int i = 0; i < count; i++) {
            for (int j = 0; j < count; j++) {
                if (labels[i] == 1 && labels[j] == 0) {
                    inOrder += (Math.signum(probabilities[2 * i + 1] - probabilities[2 * j + 1]) + 1) / 2;
                    pairs++;
                }
            }
        }

        assertThat(new Classified(logarithms(probabilities), labels, 2).score().of("auc"))
                .isCloseTo(inOrder / pairs, within(1e-3));
    }

    @Test
    void aClassThatNeverOccursAndIsNeverAnsweredDoesNotCount() {
        var score = new Classified(logarithms(0.8, 0.1, 0.1, 0.1, 0.8, 0.1), new int[] {0, 1}, 3).score();

        assertThat(score.metrics()).contains(entry("macroF1", 1.0), entry("auc", 1.0));
        assertThat(new Classified(logarithms(0.8, 0.2), new int[] {0}, 2)
                        .score()
                        .of("auc"))
                .isNaN();
    }

    private static float[] logarithms(double... probabilities) {
        var logarithms = new float[probabilities.length];
        for (int i = 0; i < probabilities.length; i++) {
            logarithms[i] = (float) Math.log(probabilities[i]);
        }
        return logarithms;
    }
}
