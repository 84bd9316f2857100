package dev.mlops.nas.search;

import java.util.Arrays;
import java.util.stream.DoubleStream;

/**
 * What the learning curve of a training that was broken off says of the whole one. A schedule that has not come to its end leaves the
 * steps large, so that one epoch's result is partly luck, and mostly bad luck: the best of the last epochs ranks trainings better
 * than the last. Pruners judge by the best as well (Akiba et al., "Optuna: A Next-generation Hyperparameter Optimization Framework",
 * KDD 2019). {@link CurveStudy} compares it with what else could be read off a curve.
 */
final class Curve {
    /** Epochs that count. */
    static final int LATE = 3;

    /**
     * The best of the last epochs.
     *
     * @param score the result, as something to maximise
     * @param scores after each epoch that is known, likewise; the last one is mostly the result itself
     */
    static double promise(double score, double[] scores) {
        return DoubleStream.concat(
                        DoubleStream.of(score), Arrays.stream(scores).skip(Math.max(0, scores.length - LATE)))
                .max()
                .orElseThrow();
    }

    private Curve() {}
}
