package dev.mlops.nas.trainer;

import static dev.mlops.nas.trainer.Kernel.in;
import static dev.mlops.nas.trainer.Kernel.out;

import dev.mlops.nas.contract.TrialFile.Recipe;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Updates all parameters at once: SGD with Nesterov momentum (Sutskever et al. 2013), Adam (Kingma and Ba 2015) with L2 decay,
 * or AdamW with decoupled decay (Loshchilov and Hutter 2019), along a cosine or constant schedule after a linear warm-up (Goyal et al.
 * 2017). Gradients that are longer than the recipe's bound are scaled down to it first (Pascanu et al. 2013).
 */
final class Optimizer {
    private static final double MOMENTUM = 0.9;
    private static final double BETA1 = 0.9;
    private static final double BETA2 = 0.999;
    private static final double EPSILON = 1e-8;

    private final Recipe recipe;
    private final long totalSteps;
    private final long warmUpSteps;
    private final INDArray values;
    private final INDArray gradients;
    private final INDArray decayedValues;
    private final INDArray first;
    private final INDArray second;
    private final Kernel decay;
    private final Kernel descend;
    private final Kernel followMomentum;
    private final Kernel adam;
    private long step;

    /**
     * An optimiser.
     *
     * @param totalSteps of the whole schedule
     * @param warmUpSteps of these, the first ones, in which the rate rises to the recipe's
     */
    Optimizer(Recipe recipe, Parameters parameters, long totalSteps, long warmUpSteps) {
        this.recipe = recipe;
        this.totalSteps = totalSteps;
        this.warmUpSteps = warmUpSteps;
        this.values = parameters.values();
        this.gradients = parameters.gradients();
        var decayed = NDArrayIndex.interval(0, Math.max(1, parameters.decayed()));
        this.decayedValues = values.get(decayed);
        var decayedGradients = gradients.get(decayed);
        this.first = Nd4j.create(DataType.FLOAT, values.length());
        this.second = recipe.optimizer().equals("sgd") ? first : Nd4j.create(DataType.FLOAT, values.length());
        // ND4J's axpy: first + a second
        this.decay = Kernel.of("axpy", in(decayedGradients, decayedValues), out(decayedGradients));
        this.descend = Kernel.of("axpy", in(values, gradients), out(values));
        this.followMomentum = Kernel.of("axpy", in(values, first), out(values));
        this.adam = Kernel.of("adam_updater", in(gradients, second, first), out(gradients, second, first));
    }

    /** One update from the gradients as they are; changes them. */
    void update() {
        double rate = rate();
        if (recipe.gradientClipping() != null) {
            clip(recipe.gradientClipping());
        }
        boolean decoupled = recipe.optimizer().equals("adamw");
        if (recipe.weightDecay() > 0 && !decoupled) {
            decay.run(recipe.weightDecay());
        }
        if (recipe.weightDecay() > 0 && decoupled) {
            decayedValues.muli(1 - rate * recipe.weightDecay());
        }
        if (recipe.optimizer().equals("sgd")) {
            // v = momentum v + g; w -= rate (g + momentum v)
            first.muli(MOMENTUM).addi(gradients);
            descend.run(-rate);
            followMomentum.run(-rate * MOMENTUM);
        } else {
            adam(rate);
        }
        step++;
    }

    private void adam(double rate) {
        adam.run(step, rate, BETA1, BETA2, EPSILON);
        values.subi(gradients);
    }

    private void clip(double longest) {
        double length = gradients.norm2Number().doubleValue();
        if (length > longest) {
            gradients.muli(longest / length);
        }
    }

    /** The learning rate of the next step. */
    double rate() {
        if (step < warmUpSteps) {
            return recipe.learningRate() * (step + 1) / warmUpSteps;
        }
        double done = (double) (step - warmUpSteps) / (totalSteps - warmUpSteps);
        return recipe.schedule().equals("cosine")
                ? recipe.learningRate() * 0.5 * (1 + Math.cos(Math.PI * done))
                : recipe.learningRate();
    }

    long step() {
        return step;
    }

    INDArray first() {
        return first;
    }

    INDArray second() {
        return second;
    }

    void restore(long stepsSoFar) {
        step = stepsSoFar;
    }
}
