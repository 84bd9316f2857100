package dev.mlops.nas.trainer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mlops.nas.trainer.Network.Shape;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What becomes of images with two channels whose values tell where they were: row, column and channel, none of them 0. */
class AugmentationTest {
    private static final int SIDE = 16;
    private static final Shape SHAPE = Shape.image(2, SIDE, SIDE);

    @Test
    void flipMirrorsSomeImagesFromLeftToRight() {
        var seen = outcomes("flip");

        assertThat(seen).hasSize(2);
        assertThat(seen).anyMatch(image -> image.equals(values(false)));
        assertThat(seen).anyMatch(image -> image.equals(values(true)));
    }

    @Test
    void cropShiftsByUpToAnEighthOfEachSideAndFillsWithTheMean() {
        var seen = outcomes("crop");

        assertThat(seen).as("five shifts downwards by five to the right").hasSize(25);
        for (var image : seen) {
            var shifts = new HashSet<Integer>();
            int kept = 0;
            for (int i = 0; i < image.size(); i++) {
                if (image.get(i) != 0) {
                    shifts.add(i - (Math.round(image.get(i)) - 1));
                    kept++;
                }
            }
            assertThat(shifts).as("all values moved by the same distance").hasSize(1);
            int shift = shifts.iterator().next() / 2;
            int right = Math.floorMod(shift + 2, SIDE) - 2;
            int down = (shift - right) / SIDE;
            assertThat(Math.max(Math.abs(right), Math.abs(down))).isLessThanOrEqualTo(2);
            assertThat(kept).isEqualTo(2 * (SIDE - Math.abs(right)) * (SIDE - Math.abs(down)));
        }
    }

    @Test
    void cutoutLeavesASquareOfHalfTheSideBlankAndTheRestAsItWas() {
        var before = values(false);
        var sizes = new HashSet<Integer>();
        for (var image : outcomes("cutout")) {
            var blank = IntStream.range(0, image.size())
                    .filter(i -> image.get(i) == 0)
                    .toArray();
            sizes.add(blank.length);
            var rows = Arrays.stream(blank).map(i -> i / 2 / SIDE).summaryStatistics();
            var columns = Arrays.stream(blank).map(i -> i / 2 % SIDE).summaryStatistics();
            int height = rows.getMax() - rows.getMin() + 1;
            int width = columns.getMax() - columns.getMin() + 1;
            assertThat(blank.length).as("a whole rectangle").isEqualTo(2 * height * width);
            assertThat(Math.max(height, width)).isLessThanOrEqualTo(SIDE / 2);
            assertThat(IntStream.range(0, image.size()).filter(i -> image.get(i) != 0))
                    .allMatch(i -> image.get(i).equals(before.get(i)));
        }
        assertThat(sizes).contains(2 * (SIDE / 2) * (SIDE / 2));
    }

    @Test
    void mixupMixesTwoExamplesInTheRatioOfTheirLabels() {
        var random = new SplittableRandom(3);
        var augmentation = new Augmentation(List.of("mixup"), Shape.flat(1));
        double least = 1;
        for (int draw = 0; draw < 200; draw++) {
            float[] batch = {1, 10, 100};
            var mixing = augmentation.apply(batch, random);
            float[] before = {1, 10, 100};
            for (int i = 0; i < 3; i++) {
                float mixed = mixing.part() * before[i] + (1 - mixing.part()) * before[mixing.partners()[i]];
                assertThat(batch[i]).isEqualTo(mixed);
            }
            least = Math.min(least, Math.abs(mixing.part() - 0.5));
        }
        assertThat(least).as("now and then the halves are about even").isLessThan(0.1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"flip", "crop", "cutout", "mixup"})
    void theSameGeneratorGivesTheSameImages(String name) {
        assertThat(changed(name, 5)).isEqualTo(changed(name, 5)).isNotEqualTo(changed(name, 6));
    }

    @Test
    void aSignalIsShiftedMirroredAndCutAlongItsLength() {
        var shape = Shape.image(1, 1, 16);
        var random = new SplittableRandom(1);
        var augmentation = new Augmentation(List.of("flip", "crop", "cutout"), shape);
        var blanks = new HashSet<Integer>();
        for (int draw = 0; draw < 100; draw++) {
            var signal = new float[16];
            Arrays.fill(signal, 1);
            augmentation.apply(signal, random);
            int blank = 0;
            for (float value : signal) {
                blank += value == 0 ? 1 : 0;
            }
            blanks.add(blank);
        }
        assertThat(blanks).contains(8, 10).allMatch(blank -> blank >= 4 && blank <= 10);
    }

    private static Set<List<Float>> outcomes(String name) {
        var random = new SplittableRandom(1);
        var augmentation = new Augmentation(List.of(name), SHAPE);
        var seen = new HashSet<List<Float>>();
        for (int draw = 0; draw < 400; draw++) {
            var image = image();
            augmentation.apply(image, random);
            seen.add(list(image));
        }
        return seen;
    }

    private static float[] changed(String name, long seed) {
        var batch = new float[16 * SHAPE.size()];
        for (int i = 0; i < batch.length; i++) {
            batch[i] = i + 1f;
        }
        new Augmentation(List.of(name), SHAPE).apply(batch, new SplittableRandom(seed));
        return batch;
    }

    private static float[] image() {
        var image = new float[SHAPE.size()];
        for (int i = 0; i < image.length; i++) {
            image[i] = i + 1f;
        }
        return image;
    }

    private static List<Float> values(boolean mirrored) {
        var image = image();
        var moved = image.clone();
        for (int i = 0; i < image.length; i++) {
            int column = i / 2 % SIDE;
            int from = i / 2 - column + (mirrored ? SIDE - 1 - column : column);
            moved[i] = image[from * 2 + i % 2];
        }
        return list(moved);
    }

    private static List<Float> list(float[] values) {
        return IntStream.range(0, values.length).mapToObj(i -> values[i]).toList();
    }
}
