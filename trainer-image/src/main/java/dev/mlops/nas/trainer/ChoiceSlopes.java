package dev.mlops.nas.trainer;

import static dev.mlops.nas.trainer.Kernel.in;
import static dev.mlops.nas.trainer.Kernel.out;

import java.util.Arrays;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The slopes of the loss on one batch by the logits of open choices, while another batch is for the weights (Liu, Simonyan and Yang,
 * "DARTS: Differentiable Architecture Search", ICLR 2019).
 */
sealed interface ChoiceSlopes {
    /**
     * The slopes; the weights are afterwards as they were.
     *
     * @param forWeights a pass forward and backward over the batch that is for the weights, the same every time
     * @param forChoices one over the batch that is for the choices
     * @param rate of the step that the weights are about to take
     */
    double[] of(Runnable forWeights, Runnable forChoices, double rate);

    /** Of first order: at the weights as they are. */
    static ChoiceSlopes present(Mixtures mixtures) {
        return new Present(mixtures);
    }

    /**
     * Of second order: at the weights after a step of gradient descent.
     *
     * @throws TrialException with exit code 69 when the two vectors that it needs do not fit into memory
     */
    static ChoiceSlopes ahead(Mixtures mixtures, Parameters parameters, MemoryLimit limit) {
        limit.claim(Math.multiplyExact(parameters.count(), 2L * Float.BYTES));
        return new Ahead(mixtures, parameters);
    }

    /** Of first order. */
    record Present(Mixtures mixtures) implements ChoiceSlopes {
        @Override
        public double[] of(Runnable forWeights, Runnable forChoices, double rate) {
            forChoices.run();
            return mixtures.slopes();
        }
    }

    /**
     * Of second order, equation 7 of the paper: with the weights w' = w - rate g after a step down the slope g of the loss on the
     * weights' batch, the slopes of the loss at w', less rate times the second derivatives of the former loss by choices and weights
     * times the slope of the latter by w'. That product is the central difference of equation 8.
     */
    final class Ahead implements ChoiceSlopes {
        /** How far the weights are moved to either side for the difference, as the length of the whole vector. */
        private static final double REACH = 0.01;

        private final Mixtures mixtures;
        private final INDArray weights;
        private final INDArray gradients;
        private final INDArray before;
        private final INDArray direction;
        private final Kernel descend;
        private final Kernel move;

        private Ahead(Mixtures mixtures, Parameters parameters) {
            this.mixtures = mixtures;
            this.weights = parameters.values();
            this.gradients = parameters.gradients();
            this.before = Nd4j.create(DataType.FLOAT, weights.length());
            this.direction = Nd4j.create(DataType.FLOAT, weights.length());
            // ND4J's axpy: first + a second
            this.descend = Kernel.of("axpy", in(before, gradients), out(weights));
            this.move = Kernel.of("axpy", in(before, direction), out(weights));
        }

        @Override
        public double[] of(Runnable forWeights, Runnable forChoices, double rate) {
            before.assign(weights);
            forWeights.run();
            descend.run(-rate);
            forChoices.run();
            var slopes = mixtures.slopes();
            direction.assign(gradients);
            double length = direction.norm2Number().doubleValue();
            if (length > 0) {
                double reach = REACH / length;
                var up = slopes(forWeights, reach);
                var down = slopes(forWeights, -reach);
                Arrays.setAll(slopes, i -> slopes[i] - rate * (up[i] - down[i]) / (2 * reach));
            }
            weights.assign(before);
            return slopes;
        }

        private double[] slopes(Runnable forWeights, double reach) {
            move.run(reach);
            forWeights.run();
            return mixtures.slopes();
        }
    }
}
