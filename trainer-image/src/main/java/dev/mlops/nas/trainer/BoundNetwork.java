package dev.mlops.nas.trainer;

import dev.mlops.nas.trainer.Targets.Labels;
import dev.mlops.nas.trainer.Targets.Numbers;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A compiled network with the way in (examples to batch) and the way out (logits to loss). */
final class BoundNetwork {
    private final Tape tape;
    private final Examples examples;
    private final Loss loss;
    private final Augmentation augmentation;
    private final INDArray input;
    private final INDArray logits;
    private final INDArray logitsGradient;
    private final float[] features;
    private final float[] scores;

    /** One that evaluates, or learns by the plain loss. */
    BoundNetwork(Network.Compiled compiled, Examples examples) {
        this(compiled, examples, Loss.plain(examples.targets()), Augmentation.NONE);
    }

    BoundNetwork(Network.Compiled compiled, Examples examples, Loss loss, Augmentation augmentation) {
        this.tape = compiled.tape();
        this.examples = examples;
        this.loss = loss;
        this.augmentation = augmentation;
        this.input = compiled.input().array();
        this.logits = compiled.logits().array();
        this.logitsGradient = compiled.logitsGradient().array();
        this.features = new float[tape.batch() * examples.shape().size()];
        this.scores = new float[tape.batch() * examples.targets().outputs()];
    }

    Tape tape() {
        return tape;
    }

    /** Copies examples into the batch; places beyond the rows keep what they held. */
    void fill(int[] rows, int from, int count) {
        copy(rows, from, count);
        Floats.write(features, input);
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
        Floats.write(features, input);
        tape.runForward();
        Floats.read(logits, scores);
        double mean = loss.differentiate(scores, Arrays.copyOfRange(rows, from, from + tape.batch()), mixing);
        Floats.write(scores, logitsGradient);
        tape.runBackward();
        return mean;
    }

    /** What the network says of the rows, to be scored. */
    Answers evaluate(int[] rows) {
        var outputs = outputs(rows);
        return switch (examples.targets()) {
            case Labels labels ->
                new Classified(Classified.logarithms(outputs, labels.classes()), labels.at(rows), labels.classes());
            case Numbers numbers -> new Regressed(numbers.original(outputs), numbers, rows);
        };
    }

    /** What the last node gives, row by row: logits, or standardised numbers. */
    float[] outputs(int[] rows) {
        int width = examples.targets().outputs();
        var outputs = new float[Math.multiplyExact(rows.length, width)];
        for (int from = 0; from < rows.length; from += tape.batch()) {
            int count = Math.min(tape.batch(), rows.length - from);
            fill(rows, from, count);
            tape.runForward();
            Floats.read(logits, scores);
            System.arraycopy(scores, 0, outputs, from * width, count * width);
        }
        return outputs;
    }
}
