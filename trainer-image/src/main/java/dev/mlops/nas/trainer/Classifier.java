package dev.mlops.nas.trainer;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.bytedeco.javacpp.FloatPointer;

/** A compiled network with the way in (examples to batch) and the way out (logits to loss). */
final class Classifier {
    private final Tape tape;
    private final Examples examples;
    private final CrossEntropy loss;
    private final Augmentation augmentation;
    private final FloatPointer input;
    private final FloatPointer logits;
    private final FloatPointer logitsGradient;
    private final float[] features;
    private final float[] scores;

    /** One that evaluates, or learns by the plain loss. */
    Classifier(Network.Compiled compiled, Examples examples) {
        this(compiled, examples, CrossEntropy.plain(examples.classes()), Augmentation.NONE);
    }

    Classifier(Network.Compiled compiled, Examples examples, CrossEntropy loss, Augmentation augmentation) {
        this.tape = compiled.tape();
        this.examples = examples;
        this.loss = loss;
        this.augmentation = augmentation;
        this.input = pointer(compiled.input());
        this.logits = pointer(compiled.logits());
        this.logitsGradient = pointer(compiled.logitsGradient());
        this.features = new float[tape.batch() * examples.shape().size()];
        this.scores = new float[tape.batch() * examples.classes()];
    }

    private static FloatPointer pointer(Tape.Slot slot) {
        return (FloatPointer) slot.array().data().pointer();
    }

    Tape tape() {
        return tape;
    }

    /** Copies examples into the batch; places beyond the rows keep what they held. */
    void fill(int[] rows, int from, int count) {
        copy(rows, from, count);
        input.put(features, 0, features.length);
    }

    private void copy(int[] rows, int from, int count) {
        int size = examples.shape().size();
        for (int i = 0; i < count; i++) {
            System.arraycopy(examples.features(), rows[from + i] * size, features, i * size, size);
        }
    }

    /**
     * Forward, loss, backward: afterwards the parameters' gradients are there.
     *
     * @param random of the augmentation
     * @return the mean loss
     */
    double learn(int[] rows, int from, SplittableRandom random) {
        copy(rows, from, tape.batch());
        var mixing = augmentation.apply(features, random);
        input.put(features, 0, features.length);
        var labels = new int[tape.batch()];
        Arrays.setAll(labels, i -> examples.labels()[rows[from + i]]);
        tape.runForward();
        logits.get(scores, 0, scores.length);
        double mean = loss.differentiate(scores, labels, mixing);
        logitsGradient.put(scores, 0, scores.length);
        tape.runBackward();
        return mean;
    }

    /** What the network says of the rows. */
    Answers evaluate(int[] rows) {
        var labels = new int[rows.length];
        Arrays.setAll(labels, i -> examples.labels()[rows[i]]);
        return new Classified(logarithms(rows), labels, examples.classes());
    }

    /** The logarithms of the classes' probabilities, row by row. */
    float[] logarithms(int[] rows) {
        int classes = examples.classes();
        var logarithms = new float[Math.multiplyExact(rows.length, classes)];
        for (int from = 0; from < rows.length; from += tape.batch()) {
            int count = Math.min(tape.batch(), rows.length - from);
            fill(rows, from, count);
            tape.runForward();
            logits.get(scores, 0, scores.length);
            for (int i = 0; i < count; i++) {
                logarithms(i * classes, logarithms, (from + i) * classes);
            }
        }
        return logarithms;
    }

    /** The logarithms of an example's probabilities: logits less the logarithm of the sum of their exponentials. */
    private void logarithms(int start, float[] target, int to) {
        int classes = examples.classes();
        double maximum = Double.NEGATIVE_INFINITY;
        for (int c = start; c < start + classes; c++) {
            maximum = Math.max(maximum, scores[c]);
        }
        double sum = 0;
        for (int c = start; c < start + classes; c++) {
            sum += Math.exp(scores[c] - maximum);
        }
        for (int c = 0; c < classes; c++) {
            target[to + c] = (float) (scores[start + c] - maximum - Math.log(sum));
        }
    }
}
