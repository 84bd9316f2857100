package dev.mlops.nas.trainer;

import dev.mlops.nas.trainer.Network.Shape;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * Changes of the examples of a training batch; every draw comes from the generator that is passed in. Examples are standardised, so
 * that 0 is the mean: what a change leaves blank.
 */
final class Augmentation {
    /** The names that the contract knows. */
    static final Set<String> NAMES = Set.of("flip", "crop", "cutout", "mixup");

    static final Augmentation NONE = new Augmentation(List.of(), Shape.flat(1));

    /** Both parameters of mixup's beta distribution, as for ImageNet in Zhang et al. 2018. */
    private static final double MIXUP = 0.2;

    private final Set<String> names;
    private final Shape shape;
    private final float[] before;

    /**
     * Which example each one is mixed with, and how much of itself it keeps.
     *
     * @param partners positions in the batch
     * @param part of an example that is its own, from 0 to 1
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Mixing(int[] partners, float part) {
        static final Mixing NONE = new Mixing(new int[0], 1);
    }

    Augmentation(Collection<String> names, Shape shape) {
        this.names = Set.copyOf(names);
        this.shape = shape;
        this.before = new float[this.names.isEmpty() ? 0 : shape.size()];
    }

    /** Changes a batch of examples in place and tells how their labels are to be mixed. */
    Mixing apply(float[] batch, SplittableRandom random) {
        for (int start = 0; start < batch.length && !names.isEmpty(); start += shape.size()) {
            if (names.contains("flip") && random.nextBoolean()) {
                flip(batch, start);
            }
            if (names.contains("crop")) {
                crop(batch, start, shift(shape.height(), random), shift(shape.width(), random));
            }
            if (names.contains("cutout")) {
                cutOut(batch, start, random.nextInt(shape.height()), random.nextInt(shape.width()));
            }
        }
        return names.contains("mixup") ? mix(batch, random) : Mixing.NONE;
    }

    private void flip(float[] batch, int start) {
        int channels = shape.channels();
        System.arraycopy(batch, start, before, 0, before.length);
        for (int position = 0; position < shape.height() * shape.width(); position++) {
            int column = position % shape.width();
            int mirrored = position - column + shape.width() - 1 - column;
            System.arraycopy(before, mirrored * channels, batch, start + position * channels, channels);
        }
    }

    private static int shift(int side, SplittableRandom random) {
        int most = Math.round(side / 8f);
        return random.nextInt(-most, most + 1);
    }

    private void crop(float[] batch, int start, int down, int right) {
        int channels = shape.channels();
        System.arraycopy(batch, start, before, 0, before.length);
        Arrays.fill(batch, start, start + before.length, 0f);
        int columns = shape.width() - Math.abs(right);
        for (int row = Math.max(0, down); row < Math.min(shape.height(), shape.height() + down); row++) {
            int from = (row - down) * shape.width() + Math.max(0, -right);
            int to = row * shape.width() + Math.max(0, right);
            System.arraycopy(before, from * channels, batch, start + to * channels, columns * channels);
        }
    }

    /** A square around a pixel; what lies outside of the image is left away. */
    private void cutOut(float[] batch, int start, int row, int column) {
        int side = shape.height() == 1
                ? Math.max(1, shape.width() / 2)
                : Math.max(1, Math.min(shape.height(), shape.width()) / 2);
        int left = Math.max(0, column - side / 2);
        int right = Math.min(shape.width(), column - side / 2 + side);
        for (int y = Math.max(0, row - side / 2); y < Math.min(shape.height(), row - side / 2 + side); y++) {
            int line = start + y * shape.width() * shape.channels();
            Arrays.fill(batch, line + left * shape.channels(), line + right * shape.channels(), 0f);
        }
    }

    private Mixing mix(float[] batch, SplittableRandom random) {
        var partners = new int[batch.length / shape.size()];
        Arrays.setAll(partners, i -> i);
        Partition.shuffle(partners, random);
        float part = (float) beta(random);
        var unmixed = batch.clone();
        for (int i = 0; i < batch.length; i++) {
            int other = partners[i / shape.size()] * shape.size() + i % shape.size();
            batch[i] = part * unmixed[i] + (1 - part) * unmixed[other];
        }
        return new Mixing(partners, part);
    }

    /** A draw from the symmetric beta distribution (Joehnk, Metrika 1964). */
    private static double beta(SplittableRandom random) {
        while (true) {
            double x = StrictMath.pow(random.nextDouble(), 1 / MIXUP);
            double y = StrictMath.pow(random.nextDouble(), 1 / MIXUP);
            if (x + y > 0 && x + y <= 1) {
                return x / (x + y);
            }
        }
    }
}
