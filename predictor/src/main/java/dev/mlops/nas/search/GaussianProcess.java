package dev.mlops.nas.search;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Gaussian process on grouped features. Its kernel is a linear part (what adds up: cost, counts, choices) plus a Matérn part (what
 * interacts), each with one scale per group of features ({@link KernelScales}). Written here and not taken from Smile because all
 * arithmetic must give the same bits on every machine, which a native BLAS does not.
 */
final class GaussianProcess implements Surrogate {
    /** At most so many rows tune the scales. */
    static final int TUNED = 120;

    /** A variance below this is that of a constant. */
    private static final double ROUNDING = 1e-12;

    private final Standard standard;
    private final KernelScales scales;
    private final Rows rows;
    private final Cholesky factor;
    private final double[] alpha;
    private final double centre;
    private final double spread;

    /** A prediction in the target's units. */
    record Normal(double mean, double sd) {}

    private GaussianProcess(
            Standard standard,
            KernelScales scales,
            Rows rows,
            Cholesky factor,
            double[] alpha,
            double centre,
            double spread) {
        this.standard = standard;
        this.scales = scales;
        this.rows = rows;
        this.factor = factor;
        this.alpha = alpha;
        this.centre = centre;
        this.spread = spread;
    }

    /** Fits; scales as given, or tuned on the last rows when null. */
    static GaussianProcess fit(List<Features.Vector> vectors, double[] targets, @Nullable KernelScales given) {
        var standard = new Standard(vectors);
        double centre = Statistics.mean(targets);
        double spread = Math.max(1e-12, StrictMath.sqrt(targets.length < 2 ? 1 : Statistics.variance(targets)));
        double[] y = Arrays.stream(targets).map(t -> (t - centre) / spread).toArray();
        int from = Math.max(0, y.length - TUNED);
        KernelScales scales = given == null
                ? KernelScales.tune(
                        standard.pairs(vectors.subList(from, y.length)), Arrays.copyOfRange(y, from, y.length))
                : given;
        var rows = new Rows(standard, scales, vectors);
        Cholesky factor = Cholesky.of(rows.gram(0));
        return new GaussianProcess(standard, scales, rows, factor, factor.solve(y), centre, spread);
    }

    KernelScales scales() {
        return scales;
    }

    /** The process when these rows come out as it predicts: no mean moves, doubt near them shrinks. */
    GaussianProcess believing(List<Features.Vector> pending) {
        if (pending.isEmpty()) {
            return this;
        }
        var all = new Rows(
                standard,
                scales,
                Stream.concat(rows.vectors.stream(), pending.stream()).toList());
        // A row whose target is its prediction has no weight.
        double[] weights = Arrays.copyOf(alpha, all.vectors.size());
        return new GaussianProcess(
                standard, scales, all, factor.extended(all.gram(factor.size())), weights, centre, spread);
    }

    /** Prediction of the noise-free target. */
    @Override
    public Normal predict(Features.Vector row) {
        double[] k = rows.kernel(row, rows.vectors.size());
        double variance = rows.itself(row);
        for (double e : factor.forward(k)) {
            variance -= e * e;
        }
        return new Normal(mean(k), spread * Math.sqrt(Math.max(variance, 1e-12)));
    }

    @Override
    public double mean(Features.Vector row) {
        return mean(rows.kernel(row, rows.vectors.size()));
    }

    private double mean(double[] kernel) {
        double sum = 0;
        for (int i = 0; i < kernel.length; i++) {
            sum += kernel[i] * alpha[i];
        }
        return centre + spread * sum;
    }

    /** Prediction of a measurement: the noise belongs to it. */
    Normal predictNoisy(Features.Vector row) {
        Normal quiet = predict(row);
        double noise = spread * spread * scales.noise();
        return new Normal(quiet.mean(), Math.sqrt(quiet.sd() * quiet.sd() + noise));
    }

    /** Columns get mean 0, groups a squared distance of 2 in the mean over pairs of rows. */
    private static final class Standard {
        private final int[] groups;
        private final double[] means;
        private final double[] factors; // of squares and products, by group

        Standard(List<Features.Vector> vectors) {
            this.groups = vectors.getFirst().groups();
            this.means = new double[groups.length];
            double[] squares = new double[groups.length];
            for (Features.Vector vector : vectors) {
                for (int i = 0; i < vector.columns().length; i++) {
                    means[vector.columns()[i]] += vector.values()[i];
                }
            }
            Arrays.setAll(means, c -> means[c] / vectors.size());
            int[] present = new int[groups.length];
            for (Features.Vector vector : vectors) {
                for (int i = 0; i < vector.columns().length; i++) {
                    int column = vector.columns()[i];
                    double d = vector.values()[i] - means[column];
                    squares[column] += d * d / vectors.size();
                    present[column]++;
                }
            }
            double[] totals = new double[groups[groups.length - 1] + 1];
            for (int c = 0; c < groups.length; c++) {
                double absent = (double) (vectors.size() - present[c]) / vectors.size();
                totals[groups[c]] += squares[c] + absent * means[c] * means[c];
            }
            this.factors =
                    Arrays.stream(totals).map(t -> t > ROUNDING ? 1 / t : 1).toArray();
        }

        /** Products and distances of all pairs. */
        KernelScales.Pairs pairs(List<Features.Vector> vectors) {
            int n = vectors.size();
            double[][] products = new double[factors.length][n * (n + 1) / 2];
            double[][] squares = new double[factors.length][n * (n + 1) / 2];
            double[][] flat = new double[n][];
            for (int i = 0, at = 0; i < n; i++) {
                flat[i] = vectors.get(i).flat();
                for (int c = 0; c < groups.length; c++) {
                    flat[i][c] -= means[c];
                }
                for (int j = 0; j <= i; j++, at++) {
                    for (int c = 0; c < groups.length; c++) {
                        double d = flat[i][c] - flat[j][c];
                        products[groups[c]][at] += factors[groups[c]] * flat[i][c] * flat[j][c];
                        squares[groups[c]][at] += factors[groups[c]] * d * d;
                    }
                }
            }
            return new KernelScales.Pairs(products, squares);
        }
    }

    /**
     * Known rows, kept by columns. The kernel of sparse vectors a and b follows from the sums of weight * a * b over the columns
     * that both have, once with the weights of the linear part and once with those of the distances.
     */
    private static final class Rows {
        private final List<Features.Vector> vectors;
        private final double matern;
        private final double noise;
        private final double[] means;
        private final double[] linear; // weight of every column
        private final double[] relevance; // likewise, for distances
        private final int[][] holders; // rows in which a column is not 0, ascending
        private final double[][] values;
        private final double[] linearMeans; // product of each row with the means
        private final double[] lengths; // squared length of each row, for distances
        private final double meanSquare;

        Rows(Standard standard, KernelScales scales, List<Features.Vector> vectors) {
            int width = standard.groups.length;
            this.vectors = vectors;
            this.matern = scales.matern();
            this.noise = scales.noise();
            this.means = standard.means;
            this.linear = new double[width];
            this.relevance = new double[width];
            double square = 0;
            for (int c = 0; c < width; c++) {
                int group = standard.groups[c];
                linear[c] = scales.linear().get(group) * standard.factors[group];
                relevance[c] = scales.inverseSquaredLength().get(group) * standard.factors[group];
                square += linear[c] * means[c] * means[c];
            }
            this.meanSquare = square;
            int[] counts = new int[width];
            vectors.forEach(v -> Arrays.stream(v.columns()).forEach(c -> counts[c]++));
            this.holders = Arrays.stream(counts).mapToObj(int[]::new).toArray(int[][]::new);
            this.values = Arrays.stream(counts).mapToObj(double[]::new).toArray(double[][]::new);
            this.linearMeans = new double[vectors.size()];
            this.lengths = new double[vectors.size()];
            Arrays.fill(counts, 0);
            for (int row = 0; row < vectors.size(); row++) {
                Features.Vector vector = vectors.get(row);
                for (int i = 0; i < vector.columns().length; i++) {
                    int c = vector.columns()[i];
                    holders[c][counts[c]] = row;
                    values[c][counts[c]] = vector.values()[i];
                    counts[c]++;
                }
                linearMeans[row] = withMeans(vector);
                lengths[row] = length(vector);
            }
        }

        private double withMeans(Features.Vector vector) {
            double sum = 0;
            for (int i = 0; i < vector.columns().length; i++) {
                int c = vector.columns()[i];
                sum += linear[c] * means[c] * vector.values()[i];
            }
            return sum;
        }

        private double length(Features.Vector vector) {
            double sum = 0;
            for (int i = 0; i < vector.columns().length; i++) {
                double value = vector.values()[i];
                sum += relevance[vector.columns()[i]] * value * value;
            }
            return sum;
        }

        /** Kernel of a vector with the first rows. */
        double[] kernel(Features.Vector vector, int count) {
            double[] products = new double[count];
            double[] near = new double[count];
            for (int i = 0; i < vector.columns().length; i++) {
                int c = vector.columns()[i];
                double byLinear = linear[c] * vector.values()[i];
                double byRelevance = relevance[c] * vector.values()[i];
                int[] rows = holders[c];
                double[] own = values[c];
                for (int h = 0; h < rows.length && rows[h] < count; h++) {
                    products[rows[h]] += byLinear * own[h];
                    near[rows[h]] += byRelevance * own[h];
                }
            }
            double shift = meanSquare - withMeans(vector);
            double length = length(vector);
            for (int row = 0; row < count; row++) {
                double distance = length + lengths[row] - 2 * near[row];
                // Math.max takes longer: it tells -0 from 0.
                products[row] += shift - linearMeans[row] + matern * KernelScales.matern(distance < 0 ? 0 : distance);
            }
            return products;
        }

        /** Kernel of a vector with itself. */
        double itself(Features.Vector vector) {
            double sum = meanSquare - 2 * withMeans(vector) + matern;
            for (int i = 0; i < vector.columns().length; i++) {
                double value = vector.values()[i];
                sum += linear[vector.columns()[i]] * value * value;
            }
            return sum;
        }

        /** Lower triangle of the rows' covariance with noise, from a row on. */
        double[][] gram(int from) {
            double[][] k = new double[vectors.size() - from][];
            for (int i = 0; i < k.length; i++) {
                k[i] = kernel(vectors.get(from + i), from + i + 1);
                k[i][from + i] += noise + KernelScales.JITTER;
            }
            return k;
        }
    }
}
