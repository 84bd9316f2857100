package dev.mlops.nas.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.mlops.nas.contract.TrialFile.Recipe;
import dev.mlops.nas.trainer.Augmentation.Mixing;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Losses by hand, and gradients against finite differences. */
class CrossEntropyTest {
    private static final double LOG_HALF = Math.log(0.5);

    @Test
    void thePlainLossIsTheLogarithmOfTheProbability() {
        float[] scores = {(float) Math.log(1), (float) Math.log(2), (float) Math.log(1)};

        double loss = CrossEntropy.plain(3).differentiate(scores, new int[] {1}, Mixing.NONE);

        assertThat(loss).isCloseTo(-LOG_HALF, within(1e-7));
        assertThat(scores).containsExactly(new float[] {0.25f, -0.5f, 0.25f}, within(1e-6f));
    }

    @Test
    void smoothingSpreadsItsPartOverAllClasses() {
        float[] scores = {0, (float) Math.log(2), 0};

        double loss = new CrossEntropy(0.3, new double[] {1, 1, 1}).differentiate(scores, new int[] {1}, Mixing.NONE);

        assertThat(loss).isCloseTo(-0.8 * LOG_HALF - 0.2 * Math.log(0.25), within(1e-7));
    }

    @Test
    void mixedLabelsShareTheLossInTheRatioOfTheMixture() {
        float[] scores = {0, (float) Math.log(2), 0, 0, (float) Math.log(2), 0};

        double loss =
                CrossEntropy.plain(3).differentiate(scores, new int[] {1, 2}, new Mixing(new int[] {1, 0}, 0.75f));

        double first = -0.75 * LOG_HALF - 0.25 * Math.log(0.25);
        double second = -0.75 * Math.log(0.25) - 0.25 * LOG_HALF;
        assertThat(loss).isCloseTo((first + second) / 2, within(1e-7));
    }

    @Test
    void balancedClassesCountTheSameAndAnExampleOnAverageOne() {
        var labels = new Targets.Labels(2, new int[] {0, 0, 0, 1});
        var recipe = new Recipe("sgd", 0.1, "constant", 4, 0, null, null, null, null, null, "balanced");
        var loss = CrossEntropy.of(recipe, labels, new int[] {0, 1, 2, 3});

        double frequent = loss.differentiate(new float[2], new int[] {0}, Mixing.NONE);
        double rare = loss.differentiate(new float[2], new int[] {1}, Mixing.NONE);

        assertThat(rare).isCloseTo(3 * frequent, within(1e-9));
        assertThat((3 * frequent + rare) / 4).isCloseTo(-LOG_HALF, within(1e-9));
    }

    @Test
    void theGradientIsThatOfTheLoss() {
        var loss = new CrossEntropy(0.2, new double[] {0.5, 1, 2});
        var mixing = new Mixing(new int[] {1, 0}, 0.6f);
        int[] labels = {0, 2};
        float[] at = {0.3f, -0.2f, 1.1f, 0, 2, -1};
        var gradient = at.clone();
        loss.differentiate(gradient, labels, mixing);

        var slopes = IntStream.range(0, at.length)
                .mapToDouble(i ->
                        (moved(loss, at, i, 1e-2f, labels, mixing) - moved(loss, at, i, -1e-2f, labels, mixing)) / 2e-2)
                .toArray();

        for (int i = 0; i < at.length; i++) {
            assertThat(slopes[i]).isCloseTo(gradient[i], within(1e-4));
        }
    }

    private static double moved(CrossEntropy loss, float[] at, int which, float by, int[] labels, Mixing mixing) {
        var scores = at.clone();
        scores[which] += by;
        return loss.differentiate(scores, labels, mixing);
    }
}
