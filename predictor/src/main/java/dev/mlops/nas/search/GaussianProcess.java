package dev.mlops.nas.search;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Gaussian process on grouped features. Its kernel is a linear part (what adds up: cost, counts, choices) plus a Matérn part (what
 * interacts), each with one scale per group of features, found by maximising the marginal likelihood with weak priors (Rasmussen
 * and Williams 2006, chapter 5). Written here and not taken from Smile because all arithmetic must give the same bits on every
 * machine, which a native BLAS does not.
 */
final class GaussianProcess implements Surrogate {
    /** At most so many rows tune the scales. */
    static final int TUNED = 120;

    private final List<Features.Vector> rows;
    private final double[] targets;
    private final double[][] mean; // per group and column
    private final double[][] scale;
    private final double[][][] x; // row, group, column: standardised
    private final double[] theta;
    private final double[] alpha;
    private final double[][] factor; // lower Cholesky factor, by rows
    private final double centre;
    private final double spread;

    /** A prediction in the target's units. */
    record Normal(double mean, double sd) {}

    private GaussianProcess(
            List<Features.Vector> rows,
            double[] targets,
            double[][] mean,
            double[][] scale,
            double[][][] x,
            double[] theta,
            double[] alpha,
            double[][] factor,
            double centre,
            double spread) {
        this.rows = rows;
        this.targets = targets;
        this.mean = mean;
        this.scale = scale;
        this.x = x;
        this.theta = theta;
        this.alpha = alpha;
        this.factor = factor;
        this.centre = centre;
        this.spread = spread;
    }

    /** Fits; scales as given, or tuned when null. */
    static GaussianProcess fit(
            List<Features.Vector> rows, double[] targets, double @org.jspecify.annotations.Nullable [] scales) {
        int groups = rows.getFirst().groups().length;
        double[][] mean = new double[groups][];
        double[][] scale = new double[groups][];
        standardise(rows, mean, scale);
        double[][][] x = rows.stream().map(r -> apply(r, mean, scale)).toArray(double[][][]::new);
        double centre = Statistics.mean(targets);
        double spread = Math.max(1e-12, StrictMath.sqrt(targets.length < 2 ? 1 : Statistics.variance(targets)));
        double[] y = Arrays.stream(targets).map(t -> (t - centre) / spread).toArray();
        double[] theta = scales == null ? tune(x, y, groups) : scales;
        double[][] k = gram(x, theta);
        double[][] factor = cholesky(k);
        double[] alpha = solve(factor, y);
        return new GaussianProcess(rows, targets, mean, scale, x, theta, alpha, factor, centre, spread);
    }

    double[] theta() {
        return theta;
    }

    /** The process when these rows come out as it predicts: means stay, doubt near them shrinks. */
    GaussianProcess believing(List<Features.Vector> pending) {
        if (pending.isEmpty()) {
            return this;
        }
        List<Features.Vector> all = new ArrayList<>(rows);
        double[] values = Arrays.copyOf(targets, targets.length + pending.size());
        for (Features.Vector row : pending) {
            values[all.size()] = predict(row).mean();
            all.add(row);
        }
        return fit(all, values, theta);
    }

    /** Columns have mean 0; a group's squared distances have mean 2 over the rows. */
    private static void standardise(List<Features.Vector> rows, double[][] mean, double[][] scale) {
        for (int g = 0; g < mean.length; g++) {
            int width = rows.getFirst().groups()[g].length;
            mean[g] = new double[width];
            scale[g] = new double[width];
            double total = 0;
            double[] variances = new double[width];
            for (int c = 0; c < width; c++) {
                double sum = 0;
                for (Features.Vector row : rows) {
                    sum += row.groups()[g][c];
                }
                mean[g][c] = sum / rows.size();
                double squares = 0;
                for (Features.Vector row : rows) {
                    double d = row.groups()[g][c] - mean[g][c];
                    squares += d * d;
                }
                variances[c] = squares / rows.size();
                total += variances[c];
            }
            double factor = total > 0 ? 1 / StrictMath.sqrt(total) : 1;
            Arrays.fill(scale[g], factor);
        }
    }

    private static double[][] apply(Features.Vector row, double[][] mean, double[][] scale) {
        double[][] out = new double[mean.length][];
        for (int g = 0; g < mean.length; g++) {
            double[] in = row.groups()[g];
            out[g] = new double[in.length];
            for (int c = 0; c < in.length; c++) {
                out[g][c] = (in[c] - mean[g][c]) * scale[g][c];
            }
        }
        return out;
    }

    // theta: per group log linear weight, per group log inverse squared length, log matern variance, log noise
    private static double kernel(double[][] a, double[][] b, double[] t) {
        int groups = a.length;
        double linear = 0;
        double distance = 0;
        for (int g = 0; g < groups; g++) {
            double dot = 0;
            double squares = 0;
            double[] p = a[g];
            double[] q = b[g];
            for (int c = 0; c < p.length; c++) {
                dot += p[c] * q[c];
                double d = p[c] - q[c];
                squares += d * d;
            }
            linear += t[g] * dot;
            distance += t[groups + g] * squares;
        }
        return linear + t[2 * groups] * matern(distance);
    }

    private static double matern(double squares) {
        double r = Math.sqrt(5 * squares);
        return (1 + r + r * r / 3) * Math.exp(-r);
    }

    private static double[] exp(double[] theta) {
        double[] t = new double[theta.length];
        for (int i = 0; i < t.length; i++) {
            t[i] = StrictMath.exp(theta[i]);
        }
        return t;
    }

    private static double[][] gram(double[][][] x, double[] theta) {
        double[] t = exp(theta);
        double noise = t[t.length - 1];
        double[][] k = new double[x.length][];
        for (int i = 0; i < x.length; i++) {
            k[i] = new double[i + 1];
            for (int j = 0; j <= i; j++) {
                k[i][j] = kernel(x[i], x[j], t);
            }
            k[i][i] += noise + 1e-8;
        }
        return k;
    }

    private static double[] tune(double[][][] x, double[] y, int groups) {
        int n = Math.min(TUNED, x.length);
        double[][][] part = Arrays.copyOfRange(x, x.length - n, x.length);
        double[] target = Arrays.copyOfRange(y, y.length - n, y.length);
        // Distances and products of every pair, once.
        double[][] dots = new double[groups][n * (n + 1) / 2];
        double[][] squares = new double[groups][n * (n + 1) / 2];
        for (int i = 0, at = 0; i < n; i++) {
            for (int j = 0; j <= i; j++, at++) {
                for (int g = 0; g < groups; g++) {
                    double dot = 0;
                    double square = 0;
                    for (int c = 0; c < part[i][g].length; c++) {
                        dot += part[i][g][c] * part[j][g][c];
                        double d = part[i][g][c] - part[j][g][c];
                        square += d * d;
                    }
                    dots[g][at] = dot;
                    squares[g][at] = square;
                }
            }
        }
        double[] prior = new double[2 * groups + 2];
        double[] width = new double[2 * groups + 2];
        for (int g = 0; g < groups; g++) {
            prior[g] = StrictMath.log(0.5 / groups);
            width[g] = 1.5;
            prior[groups + g] = StrictMath.log(0.25 / groups);
            width[groups + g] = 1.5;
        }
        prior[2 * groups] = StrictMath.log(0.5);
        width[2 * groups] = 1;
        prior[2 * groups + 1] = StrictMath.log(0.02);
        width[2 * groups + 1] = 1.5;
        double[] theta = prior.clone();
        double best = objective(theta, prior, width, dots, squares, target);
        double step = 1.5;
        for (int round = 0; round < 8; round++) {
            boolean moved = false;
            for (int p = 0; p < theta.length; p++) {
                for (double sign = 1; sign >= -1; sign -= 2) {
                    double old = theta[p];
                    theta[p] = old + sign * step;
                    double value = objective(theta, prior, width, dots, squares, target);
                    if (value > best + 1e-9) {
                        best = value;
                        moved = true;
                        break;
                    }
                    theta[p] = old;
                }
            }
            if (!moved) {
                step /= 2;
                if (step < 0.3) {
                    break;
                }
            }
        }
        return theta;
    }

    private static double objective(
            double[] theta, double[] prior, double[] width, double[][] dots, double[][] squares, double[] y) {
        int groups = dots.length;
        double[] t = exp(theta);
        int n = y.length;
        double[][] k = new double[n][];
        for (int i = 0, at = 0; i < n; i++) {
            k[i] = new double[i + 1];
            for (int j = 0; j <= i; j++, at++) {
                double linear = 0;
                double distance = 0;
                for (int g = 0; g < groups; g++) {
                    linear += t[g] * dots[g][at];
                    distance += t[groups + g] * squares[g][at];
                }
                k[i][j] = linear + t[2 * groups] * matern(distance);
            }
            k[i][i] += t[2 * groups + 1] + 1e-8;
        }
        double[][] factor = cholesky(k);
        double[] alpha = solve(factor, y);
        double fit = 0;
        double logDeterminant = 0;
        for (int i = 0; i < n; i++) {
            fit += y[i] * alpha[i];
            logDeterminant += StrictMath.log(factor[i][i]);
        }
        double value = -fit / 2 - logDeterminant;
        for (int p = 0; p < theta.length; p++) {
            double z = (theta[p] - prior[p]) / width[p];
            value -= z * z / 2;
        }
        return value;
    }

    private static double[][] cholesky(double[][] k) {
        int n = k.length;
        double[][] l = new double[n][];
        for (int i = 0; i < n; i++) {
            l[i] = new double[i + 1];
            double[] li = l[i];
            for (int j = 0; j <= i; j++) {
                double[] lj = l[j];
                double sum = k[i][j];
                for (int c = 0; c < j; c++) {
                    sum -= li[c] * lj[c];
                }
                li[j] = i == j ? Math.sqrt(Math.max(sum, 1e-10)) : sum / lj[j];
            }
        }
        return l;
    }

    private static double[] forward(double[][] l, double[] b) {
        double[] v = new double[l.length];
        for (int i = 0; i < l.length; i++) {
            double sum = b[i];
            for (int c = 0; c < i; c++) {
                sum -= l[i][c] * v[c];
            }
            v[i] = sum / l[i][i];
        }
        return v;
    }

    private static double[] solve(double[][] l, double[] b) {
        double[] v = forward(l, b);
        for (int i = l.length - 1; i >= 0; i--) {
            v[i] /= l[i][i];
            for (int c = 0; c < i; c++) {
                v[c] -= l[i][c] * v[i];
            }
        }
        return v;
    }

    /** Prediction of the noise-free target. */
    @Override
    public Normal predict(Features.Vector row) {
        double[] t = exp(theta);
        double[][] z = apply(row, mean, scale);
        double[] k = against(z, t);
        double[] v = forward(factor, k);
        double variance = kernel(z, z, t);
        for (double e : v) {
            variance -= e * e;
        }
        return new Normal(average(k), spread * Math.sqrt(Math.max(variance, 1e-12)));
    }

    @Override
    public double mean(Features.Vector row) {
        return average(against(apply(row, mean, scale), exp(theta)));
    }

    private double[] against(double[][] z, double[] t) {
        double[] k = new double[x.length];
        for (int i = 0; i < k.length; i++) {
            k[i] = kernel(z, x[i], t);
        }
        return k;
    }

    private double average(double[] k) {
        double sum = 0;
        for (int i = 0; i < k.length; i++) {
            sum += k[i] * alpha[i];
        }
        return centre + spread * sum;
    }

    /** Prediction of a measurement: the noise belongs to it. */
    Normal predictNoisy(Features.Vector row) {
        Normal quiet = predict(row);
        double noise = spread * spread * StrictMath.exp(theta[theta.length - 1]);
        return new Normal(quiet.mean(), Math.sqrt(quiet.sd() * quiet.sd() + noise));
    }
}
