package dev.mlops.nas.trainer;

import java.util.Arrays;
import org.bytedeco.javacpp.FloatPointer;

/** A compiled network with the way in (examples to batch) and the way out (softmax cross-entropy in plain Java). */
final class Classifier {
    private final Tape tape;
    private final Examples examples;
    private final FloatPointer input;
    private final FloatPointer logits;
    private final FloatPointer logitsGradient;
    private final float[] features;
    private final float[] scores;

    /** Mean loss and number of right answers of some examples. */
    record Score(double loss, int right) {}

    Classifier(Network.Compiled compiled, Examples examples) {
        this.tape = compiled.tape();
        this.examples = examples;
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
        int size = examples.shape().size();
        for (int i = 0; i < count; i++) {
            System.arraycopy(examples.features(), rows[from + i] * size, features, i * size, size);
        }
        input.put(features, 0, features.length);
    }

    /** Forward, loss, backward: afterwards the parameters' gradients are there. */
    Score learn(int[] rows, int from) {
        fill(rows, from, tape.batch());
        tape.runForward();
        var score = score(rows, from, tape.batch());
        logitsGradient.put(scores, 0, scores.length);
        tape.runBackward();
        return score;
    }

    /** Mean loss and right answers over all rows. */
    Score evaluate(int[] rows) {
        double loss = 0;
        int right = 0;
        for (int from = 0; from < rows.length; from += tape.batch()) {
            int count = Math.min(tape.batch(), rows.length - from);
            fill(rows, from, count);
            tape.runForward();
            var score = score(rows, from, count);
            loss += score.loss() * count;
            right += score.right();
        }
        return new Score(loss / rows.length, right);
    }

    /** Turns logits into loss and, in {@link #scores}, the loss's gradient: (softmax - one-hot) / count. */
    private Score score(int[] rows, int from, int count) {
        logits.get(scores, 0, scores.length);
        int classes = examples.classes();
        double loss = 0;
        int right = 0;
        for (int i = 0; i < count; i++) {
            int start = i * classes;
            int label = examples.labels()[rows[from + i]];
            int best = 0;
            for (int c = 1; c < classes; c++) {
                if (scores[start + c] > scores[start + best]) {
                    best = c;
                }
            }
            float maximum = scores[start + best];
            float target = scores[start + label];
            double sum = 0;
            for (int c = start; c < start + classes; c++) {
                double exponential = Math.exp(scores[c] - maximum);
                scores[c] = (float) exponential;
                sum += exponential;
            }
            loss += Math.log(sum) - (target - maximum);
            for (int c = start; c < start + classes; c++) {
                scores[c] = (float) (scores[c] / sum / count);
            }
            scores[start + label] -= 1f / count;
            right += best == label ? 1 : 0;
        }
        Arrays.fill(scores, count * classes, scores.length, 0f);
        return new Score(loss / count, right);
    }
}
