package dev.mlops.nas.trainer;

import dev.mlops.nas.contract.TrialFile.Mixture;
import java.util.Arrays;
import java.util.List;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Open choices: each mixture weighs its choices by the softmax of its logits, or is closed to one of them. All logits lie in one vector,
 * mixture by mixture.
 */
final class Mixtures {
    private final List<Mixture> mixtures;
    private final int[] starts;
    private final double[] logits;
    private final float[] weights;
    private final INDArray weightArray;
    private final INDArray gradientArray;

    Mixtures(List<Mixture> mixtures) {
        this.mixtures = List.copyOf(mixtures);
        this.starts = new int[mixtures.size() + 1];
        for (int m = 0; m < mixtures.size(); m++) {
            starts[m + 1] = starts[m] + mixtures.get(m).choices().size();
        }
        int length = starts[mixtures.size()];
        this.logits = new double[length];
        this.weights = new float[length];
        this.weightArray = Nd4j.create(DataType.FLOAT, length);
        this.gradientArray = Nd4j.create(DataType.FLOAT, length);
        open();
    }

    List<Mixture> list() {
        return mixtures;
    }

    /** The weight of a choice, as an array of one number. */
    INDArray weight(int mixture, int choice) {
        int at = starts[mixture] + choice;
        return weightArray.get(NDArrayIndex.interval(at, at + 1));
    }

    /** Where the loss's slope by that weight is added to, as a matrix of one number. */
    INDArray gradient(int mixture, int choice) {
        int at = starts[mixture] + choice;
        return gradientArray.get(NDArrayIndex.interval(at, at + 1)).reshape('c', 1, 1);
    }

    double[] logits() {
        return logits.clone();
    }

    /** Takes other logits; the weights follow. */
    void open(double[] others) {
        System.arraycopy(others, 0, logits, 0, logits.length);
        open();
    }

    private void open() {
        var shares = shares(logits);
        for (int m = 0; m < shares.length; m++) {
            for (int c = 0; c < shares[m].length; c++) {
                weights[starts[m] + c] = (float) shares[m][c];
            }
        }
        publish();
    }

    /** Closes every mixture to one choice, or to nothing where it is -1, until it is opened again. */
    void close(List<Integer> choices) {
        Arrays.fill(weights, 0);
        for (int m = 0; m < choices.size(); m++) {
            if (choices.get(m) >= 0) {
                weights[starts[m] + choices.get(m)] = 1;
            }
        }
        publish();
    }

    private void publish() {
        Floats.write(weights, weightArray);
    }

    /** The weights that each mixture has at these logits. */
    double[][] shares(double[] at) {
        var shares = new double[mixtures.size()][];
        for (int m = 0; m < shares.length; m++) {
            var part = Arrays.copyOfRange(at, starts[m], starts[m + 1]);
            double maximum = Arrays.stream(part).max().orElseThrow();
            double sum = 0;
            for (int c = 0; c < part.length; c++) {
                part[c] = Math.exp(part[c] - maximum);
                sum += part[c];
            }
            for (int c = 0; c < part.length; c++) {
                part[c] /= sum;
            }
            shares[m] = part;
        }
        return shares;
    }

    /** Before a backward pass, which adds. */
    void clearGradients() {
        gradientArray.assign(0f);
    }

    /** The loss's slopes by the logits, through the softmax. */
    double[] slopes() {
        var byWeight = gradientArray.toFloatVector();
        var slopes = new double[logits.length];
        for (int m = 0; m < mixtures.size(); m++) {
            double mean = 0;
            for (int i = starts[m]; i < starts[m + 1]; i++) {
                mean += weights[i] * (double) byWeight[i];
            }
            for (int i = starts[m]; i < starts[m + 1]; i++) {
                slopes[i] = weights[i] * (byWeight[i] - mean);
            }
        }
        return slopes;
    }
}
