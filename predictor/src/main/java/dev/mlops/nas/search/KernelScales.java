package dev.mlops.nas.search;

import java.util.Arrays;
import java.util.List;

/**
 * Scales of a Gaussian process's kernel on groups of features. For two architectures whose standardised features have the product
 * p<sub>g</sub> and the squared distance d<sub>g</sub> in group g it is
 * <pre>sum over g of linear[g] p<sub>g</sub>  +  matern * M(sum over g of inverseSquaredLength[g] d<sub>g</sub>)</pre>
 * with the Matérn function M of smoothness 5/2, and noise on the diagonal.
 *
 * @param linear variance of the linear part, by group
 * @param inverseSquaredLength relevance for the Matérn part, by group
 * @param matern variance of the Matérn part
 * @param noise variance of a measurement
 */
record KernelScales(List<Double> linear, List<Double> inverseSquaredLength, double matern, double noise) {
    /** Added to the diagonal, so that equal rows can be told apart. */
    static final double JITTER = 1e-8;

    private static final int ITERATIONS = 25;
    private static final double TOLERANCE = 1e-2;
    /** Logarithms beyond this count as this: a long step of the line search must not overflow. */
    private static final double LARGEST = 25;

    KernelScales {
        linear = List.copyOf(linear);
        inverseSquaredLength = List.copyOf(inverseSquaredLength);
    }

    /** Products and squared distances by group, of every pair of rows: row i with rows 0 to i, one after the other. */
    static final class Pairs {
        private final double[][] products;
        private final double[][] squares;

        Pairs(double[][] products, double[][] squares) {
            this.products = products;
            this.squares = squares;
        }
    }

    /**
     * The scales that maximise the marginal likelihood times a weak prior (Rasmussen and Williams, "Gaussian Processes for Machine
     * Learning", 2006, section 5.4), found with the exact gradient.
     *
     * @param pairs of the rows
     * @param targets with mean 0 and variance 1
     */
    static KernelScales tune(Pairs pairs, double[] targets) {
        var likelihood = new Likelihood(pairs, targets);
        return of(Descent.minimise(likelihood, likelihood.prior(), TOLERANCE, ITERATIONS));
    }

    private static KernelScales of(double[] logarithms) {
        List<Double> values = Arrays.stream(logarithms)
                .map(l -> StrictMath.exp(Math.clamp(l, -LARGEST, LARGEST)))
                .boxed()
                .toList();
        int groups = values.size() / 2 - 1;
        return new KernelScales(
                values.subList(0, groups),
                values.subList(groups, 2 * groups),
                values.get(2 * groups),
                values.get(2 * groups + 1));
    }

    /** The Matérn function of a squared distance: 1 at 0. */
    static double matern(double squares) {
        double r = Math.sqrt(5 * squares);
        return (1 + r + r * r / 3) * Exponential.of(-r);
    }

    /** Negative logarithm of likelihood times prior, over the logarithms of the scales in the order of the record. */
    static final class Likelihood implements Descent.Function {
        private final Pairs pairs;
        private final double[] targets;
        private final double[] prior;
        private final double[] width;

        Likelihood(Pairs pairs, double[] targets) {
            int groups = pairs.products.length;
            this.pairs = pairs;
            this.targets = targets;
            this.prior = new double[2 * groups + 2];
            this.width = new double[2 * groups + 2];
            Arrays.fill(width, 1.5);
            Arrays.fill(prior, 0, groups, StrictMath.log(0.5 / groups));
            Arrays.fill(prior, groups, 2 * groups, StrictMath.log(0.25 / groups));
            prior[2 * groups] = StrictMath.log(0.5);
            width[2 * groups] = 1;
            prior[2 * groups + 1] = StrictMath.log(0.02);
        }

        double[] prior() {
            return prior.clone();
        }

        @Override
        public Descent.Point at(double[] logarithms) {
            return new At(logarithms);
        }

        private final class At implements Descent.Point {
            private final double[] logarithms;
            private final KernelScales scales;
            private final double[] roots; // of five times the squared distance, by pair
            private final double[] decays; // exponential of minus those
            private final Cholesky factor;
            private final double[] alpha;

            At(double[] logarithms) {
                this.logarithms = logarithms;
                this.scales = of(logarithms);
                this.roots = weighted(scales.inverseSquaredLength(), pairs.squares);
                this.decays = new double[roots.length];
                for (int at = 0; at < roots.length; at++) {
                    roots[at] = Math.sqrt(5 * roots[at]);
                    decays[at] = Exponential.of(-roots[at]);
                }
                this.factor = Cholesky.of(gram());
                this.alpha = factor.solve(targets);
            }

            /** For every pair the sum over the groups, each with its weight. */
            private static double[] weighted(List<Double> weights, double[][] groups) {
                double[] sums = new double[groups[0].length];
                for (int g = 0; g < groups.length; g++) {
                    double weight = weights.get(g);
                    double[] group = groups[g];
                    for (int at = 0; at < sums.length; at++) {
                        sums[at] += weight * group[at];
                    }
                }
                return sums;
            }

            private double matern(int at) {
                double r = roots[at];
                return (1 + r + r * r / 3) * decays[at];
            }

            private double[][] gram() {
                double[] flat = weighted(scales.linear(), pairs.products);
                double[][] k = new double[targets.length][];
                for (int i = 0, at = 0; i < k.length; i++) {
                    k[i] = new double[i + 1];
                    for (int j = 0; j <= i; j++, at++) {
                        k[i][j] = flat[at] + scales.matern() * matern(at);
                    }
                    k[i][i] += scales.noise() + JITTER;
                }
                return k;
            }

            @Override
            public double[] arguments() {
                return logarithms;
            }

            @Override
            public double value() {
                double value = (factor.logDeterminant() + Cholesky.dot(targets, 0, alpha, 0, alpha.length)) / 2;
                for (int p = 0; p < logarithms.length; p++) {
                    double z = (logarithms[p] - prior[p]) / width[p];
                    value += z * z / 2;
                }
                return value;
            }

            /** Half the trace of (K<sup>-1</sup> - alpha alpha<sup>T</sup>) times the derivative of K, and the prior's slope. */
            @Override
            public double[] gradient() {
                int groups = scales.linear().size();
                double[] gradient = new double[2 * groups + 2];
                double[] byKernel = new double[roots.length];
                double[] byDistance = new double[roots.length];
                double[][] inverse = factor.inverse();
                for (int i = 0, at = 0; i < alpha.length; i++) {
                    for (int j = 0; j <= i; j++, at++) {
                        // Pairs off the diagonal stand for two entries of the matrix.
                        double weight = (inverse[i][j] - alpha[i] * alpha[j]) * (i == j ? 0.5 : 1);
                        byKernel[at] = weight;
                        byDistance[at] = weight * scales.matern() * (-5.0 / 6) * (1 + roots[at]) * decays[at];
                        gradient[2 * groups] += weight * scales.matern() * matern(at);
                    }
                    gradient[2 * groups + 1] += byKernel[at - 1] * scales.noise();
                }
                for (int g = 0; g < groups; g++) {
                    gradient[g] =
                            scales.linear().get(g) * Cholesky.dot(byKernel, 0, pairs.products[g], 0, byKernel.length);
                    gradient[groups + g] = scales.inverseSquaredLength().get(g)
                            * Cholesky.dot(byDistance, 0, pairs.squares[g], 0, byDistance.length);
                }
                for (int p = 0; p < gradient.length; p++) {
                    gradient[p] += (logarithms[p] - prior[p]) / (width[p] * width[p]);
                }
                return gradient;
            }
        }
    }
}
