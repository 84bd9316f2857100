package dev.mlops.nas.search;

import java.util.List;
import java.util.random.RandomGenerator;

/**
 * An autoregressive distribution over genotypes: every active decision has a softmax whose logits are a bias and one weight for
 * each earlier choice (a fully visible belief network: Neal, "Connectionist Learning of Belief Networks", Artificial Intelligence
 * 1992). It starts with equal probabilities. In place of the recurrent network of Zoph and Le, since a search of a few hundred
 * trials can fit this one, and since it replays a whole search in milliseconds. Arithmetic is strict, so that every machine gets
 * the same bits.
 */
final class Controller {
    private final SearchSpace space;
    private final double[][] bias;
    private final double[][][][] weights; // of a decision's choices, given an earlier decision's choice

    Controller(SearchSpace space) {
        this.space = space;
        int[] sizes =
                space.decisions().stream().mapToInt(d -> d.choices().size()).toArray();
        this.bias = new double[sizes.length][];
        this.weights = new double[sizes.length][][][];
        for (int i = 0; i < sizes.length; i++) {
            bias[i] = new double[sizes[i]];
            weights[i] = new double[i][][];
            for (int j = 0; j < i; j++) {
                weights[i][j] = new double[sizes[j]][sizes[i]];
            }
        }
    }

    /** A draw. */
    Genotype sample(RandomGenerator random) {
        return space.choose((decision, before) -> {
            double[] probabilities = probabilities(decision, before);
            double left = random.nextDouble();
            int choice = 0;
            while (choice < probabilities.length - 1 && left >= probabilities[choice]) {
                left -= probabilities[choice++];
            }
            return choice;
        });
    }

    /** The probability of drawing this genotype. */
    double probability(Genotype genotype) {
        double product = 1;
        for (int i = 0; i < bias.length; i++) {
            int choice = genotype.choices().get(i);
            product *= choice < 0 ? 1 : probabilities(i, genotype.choices())[choice];
        }
        return product;
    }

    /**
     * One step of REINFORCE (Williams, "Simple Statistical Gradient-Following Algorithms for Connectionist Reinforcement Learning",
     * Machine Learning 1992) uphill in the expected reward and the entropy of each decision.
     *
     * @param genotype that was drawn
     * @param advantage its reward over the baseline
     * @param rate of learning
     * @param entropy weight of the entropy
     */
    void learn(Genotype genotype, double advantage, double rate, double entropy) {
        List<Integer> choices = genotype.choices();
        for (int i = 0; i < bias.length; i++) {
            if (choices.get(i) < 0) {
                continue;
            }
            double[] step = probabilities(i, choices);
            double mean = 0;
            for (double p : step) {
                mean += p * StrictMath.log(Math.max(p, Double.MIN_NORMAL));
            }
            for (int c = 0; c < step.length; c++) {
                double p = step[c];
                double likelihood = (c == choices.get(i) ? 1 : 0) - p;
                double spread = -p * (StrictMath.log(Math.max(p, Double.MIN_NORMAL)) - mean);
                step[c] = rate * (advantage * likelihood + entropy * spread);
            }
            add(i, choices, step);
        }
    }

    /** Half of a step goes to the bias, the other half to the weights of the earlier choices together. */
    private void add(int decision, List<Integer> choices, double[] step) {
        int earlier = 0;
        for (int j = 0; j < decision; j++) {
            earlier += choices.get(j) < 0 ? 0 : 1;
        }
        for (int c = 0; c < step.length; c++) {
            bias[decision][c] += step[c];
            for (int j = 0; j < decision; j++) {
                if (choices.get(j) >= 0) {
                    weights[decision][j][choices.get(j)][c] += step[c] / earlier;
                }
            }
        }
    }

    private double[] probabilities(int decision, List<Integer> before) {
        double[] logits = bias[decision].clone();
        for (int j = 0; j < decision; j++) {
            if (before.get(j) >= 0) {
                double[] weight = weights[decision][j][before.get(j)];
                for (int c = 0; c < logits.length; c++) {
                    logits[c] += weight[c];
                }
            }
        }
        double highest = Double.NEGATIVE_INFINITY;
        for (double logit : logits) {
            highest = Math.max(highest, logit);
        }
        double sum = 0;
        for (int c = 0; c < logits.length; c++) {
            logits[c] = StrictMath.exp(logits[c] - highest);
            sum += logits[c];
        }
        for (int c = 0; c < logits.length; c++) {
            logits[c] /= sum;
        }
        return logits;
    }
}
