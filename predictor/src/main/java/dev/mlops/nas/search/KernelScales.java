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

    /** Its derivative. */
    private static double maternSlope(double squares) {
        double r = Math.sqrt(5 * squares);
        return -(5.0 / 6) * (1 + r) * Exponential.of(-r);
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
        public double value(double[] logarithms) {
            KernelScales scales = of(logarithms);
            Cholesky factor = Cholesky.of(gram(scales, distances(scales)));
            double value = factor.logDeterminant() / 2;
            double[] v = factor.forward(targets);
            for (double e : v) {
                value += e * e / 2;
            }
            return value + penalty(logarithms);
        }

        @Override
        public double value(double[] logarithms, double[] gradient) {
            KernelScales scales = of(logarithms);
            double[] distances = distances(scales);
            Cholesky factor = Cholesky.of(gram(scales, distances));
            double[] alpha = factor.solve(targets);
            slopes(scales, distances, alpha, factor.inverse(), gradient);
            double value = factor.logDeterminant() / 2 + penalty(logarithms);
            for (int i = 0; i < alpha.length; i++) {
                value += targets[i] * alpha[i] / 2;
            }
            for (int p = 0; p < gradient.length; p++) {
                gradient[p] += (logarithms[p] - prior[p]) / (width[p] * width[p]);
            }
            return value;
        }

        private double penalty(double[] logarithms) {
            double sum = 0;
            for (int p = 0; p < logarithms.length; p++) {
                double z = (logarithms[p] - prior[p]) / width[p];
                sum += z * z / 2;
            }
            return sum;
        }

        private double[] distances(KernelScales scales) {
            double[] distances = new double[pairs.squares[0].length];
            for (int g = 0; g < prior.length / 2 - 1; g++) {
                double scale = scales.inverseSquaredLength().get(g);
                double[] squares = pairs.squares[g];
                for (int at = 0; at < distances.length; at++) {
                    distances[at] += scale * squares[at];
                }
            }
            return distances;
        }

        private double[][] gram(KernelScales scales, double[] distances) {
            double[] flat = new double[distances.length];
            for (int g = 0; g < scales.linear().size(); g++) {
                double scale = scales.linear().get(g);
                double[] products = pairs.products[g];
                for (int at = 0; at < flat.length; at++) {
                    flat[at] += scale * products[at];
                }
            }
            double[][] k = new double[targets.length][];
            for (int i = 0, at = 0; i < k.length; i++) {
                k[i] = new double[i + 1];
                for (int j = 0; j <= i; j++, at++) {
                    k[i][j] = flat[at] + scales.matern() * matern(distances[at]);
                }
                k[i][i] += scales.noise() + JITTER;
            }
            return k;
        }

        /** Half the trace of (K<sup>-1</sup> - alpha alpha<sup>T</sup>) times the derivative of K, for each logarithm. */
        private void slopes(
                KernelScales scales, double[] distances, double[] alpha, double[][] inverse, double[] gradient) {
            int groups = scales.linear().size();
            double[] byKernel = new double[distances.length];
            double[] byDistance = new double[distances.length];
            double matern = 0;
            double noise = 0;
            for (int i = 0, at = 0; i < alpha.length; i++) {
                for (int j = 0; j <= i; j++, at++) {
                    // Pairs off the diagonal stand for two entries of the matrix.
                    double weight = (inverse[i][j] - alpha[i] * alpha[j]) * (i == j ? 0.5 : 1);
                    byKernel[at] = weight;
                    byDistance[at] = weight * scales.matern() * maternSlope(distances[at]);
                    matern += weight * scales.matern() * matern(distances[at]);
                    noise += i == j ? weight * scales.noise() : 0;
                }
            }
            for (int g = 0; g < groups; g++) {
                gradient[g] = scales.linear().get(g) * sum(byKernel, pairs.products[g]);
                gradient[groups + g] = scales.inverseSquaredLength().get(g) * sum(byDistance, pairs.squares[g]);
            }
            gradient[2 * groups] = matern;
            gradient[2 * groups + 1] = noise;
        }

        private static double sum(double[] a, double[] b) {
            double sum = 0;
            for (int i = 0; i < a.length; i++) {
                sum += a[i] * b[i];
            }
            return sum;
        }
    }
}
