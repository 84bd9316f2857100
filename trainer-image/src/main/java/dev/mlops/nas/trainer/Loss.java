package dev.mlops.nas.trainer;

import dev.mlops.nas.contract.TrialFile.Recipe;
import dev.mlops.nas.trainer.Augmentation.Mixing;
import dev.mlops.nas.trainer.Targets.Labels;
import dev.mlops.nas.trainer.Targets.Numbers;

/** What a training makes small: cross-entropy with labels, the mean squared error with numbers. */
@FunctionalInterface
interface Loss {
    /**
     * The mean loss of a batch.
     *
     * @param outputs of the network, example by example; replaced by the gradient of the mean loss
     * @param rows of the batch
     */
    double differentiate(float[] outputs, int[] rows, Mixing mixing);

    /** The loss of a recipe, with class weights as the given rows need them. */
    static Loss of(Recipe recipe, Targets targets, int[] rows) {
        return switch (targets) {
            case Labels labels -> of(labels, CrossEntropy.of(recipe, labels, rows));
            case Numbers numbers -> numbers::differentiate;
        };
    }

    /** Without smoothing and weights. */
    static Loss plain(Targets targets) {
        return switch (targets) {
            case Labels labels -> of(labels, CrossEntropy.plain(labels.classes()));
            case Numbers numbers -> numbers::differentiate;
        };
    }

    private static Loss of(Labels labels, CrossEntropy loss) {
        return (outputs, rows, mixing) -> loss.differentiate(outputs, labels.at(rows), mixing);
    }

    /** That of a network that says the same of every example. */
    static double ofGuessing(Targets targets) {
        return switch (targets) {
            case Labels labels -> Math.log(labels.classes());
            case Numbers _ -> 1;
        };
    }
}
