package dev.mlops.nas.trainer;

import dev.mlops.nas.trainer.Network.Shape;
import java.util.Arrays;
import java.util.List;

/**
 * A data set in memory.
 *
 * @param source file name, for messages
 * @param shape of one example
 * @param features example after example, each height x width x channels (channels last)
 * @param targets what is to be said of each example
 * @param categories columns of a table that hold some, as codes
 */
@SuppressWarnings("ArrayRecordComponent") // never compared, and far too long to copy
record Examples(String source, Shape shape, float[] features, Targets targets, Categories categories) {
    /** Of numbers alone. */
    Examples(String source, Shape shape, float[] features, Targets targets) {
        this(source, shape, features, targets, Categories.NONE);
    }

    int count() {
        return targets.count();
    }

    /** Smaller ones: each value is the mean of those that it covers, whole rows and columns. */
    Examples reduced(int height, int width) {
        var smaller = new Shape(shape.channels(), height, width, shape.form());
        var means = new float[Math.multiplyExact(count(), smaller.size())];
        for (int i = 0; i < means.length; i++) {
            int channel = i % shape.channels();
            int column = i / shape.channels() % width;
            int row = i / shape.channels() / width % height;
            int example = i / smaller.size();
            means[i] = mean(
                    example * shape.size() + channel,
                    row * shape.height() / height,
                    Math.ceilDiv((row + 1) * shape.height(), height),
                    column * shape.width() / width,
                    Math.ceilDiv((column + 1) * shape.width(), width));
        }
        return new Examples(source, smaller, means, targets, categories);
    }

    private float mean(int start, int top, int bottom, int left, int right) {
        double sum = 0;
        for (int row = top; row < bottom; row++) {
            for (int column = left; column < right; column++) {
                sum += features[start + (row * shape.width() + column) * shape.channels()];
            }
        }
        return (float) (sum / ((bottom - top) * (right - left)));
    }

    /**
     * How channels are shifted and scaled.
     *
     * @param mean what is taken off each channel
     * @param scale what it is multiplied with then
     */
    record Standard(List<Double> mean, List<Double> scale) {}

    /**
     * Shifts and scales every channel to mean 0 and deviation 1 over the given rows, in place, but for those of categories, and measures
     * targets by them.
     */
    Standard standardise(int[] rows) {
        if (targets instanceof Targets.Numbers numbers) {
            numbers.measure(rows);
        }
        var channels = shape.channels();
        var size = shape.size();
        var sum = new double[channels];
        var squares = new double[channels];
        for (var row : rows) {
            for (int i = row * size; i < (row + 1) * size; i++) {
                sum[i % channels] += features[i];
            }
        }
        double perChannel = (double) rows.length * size / channels;
        for (int c = 0; c < channels; c++) {
            sum[c] /= perChannel;
        }
        for (var row : rows) {
            for (int i = row * size; i < (row + 1) * size; i++) {
                double centred = features[i] - sum[i % channels];
                squares[i % channels] += centred * centred;
            }
        }
        var scale = new double[channels];
        for (int c = 0; c < channels; c++) {
            double deviation = Math.sqrt(squares[c] / perChannel);
            boolean varies = deviation > 1e-12 && !categories.areIn(c);
            scale[c] = varies ? 1 / deviation : 1;
            sum[c] = categories.areIn(c) ? 0 : sum[c];
        }
        var standard = new Standard(
                Arrays.stream(sum).boxed().toList(),
                Arrays.stream(scale).boxed().toList());
        standardise(standard);
        return standard;
    }

    /** Some examples as they were before they were shifted and scaled, channels first. */
    float[] original(int[] rows, Standard standard) {
        var original = new float[Math.multiplyExact(rows.length, shape.size())];
        for (int i = 0; i < original.length; i++) {
            int channel = i / shape.positions() % shape.channels();
            int place = i % shape.positions() * shape.channels() + channel;
            float shifted = features[rows[i / shape.size()] * shape.size() + place];
            original[i] = (float) (shifted / standard.scale.get(channel) + standard.mean.get(channel));
        }
        return original;
    }

    /** Shifts and scales in place. */
    void standardise(Standard standard) {
        int channels = shape.channels();
        var mean = standard.mean.stream().mapToDouble(Double::doubleValue).toArray();
        var scale = standard.scale.stream().mapToDouble(Double::doubleValue).toArray();
        for (int i = 0; i < features.length; i++) {
            features[i] = (float) ((features[i] - mean[i % channels]) * scale[i % channels]);
        }
    }
}
