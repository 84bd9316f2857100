package dev.mlops.nas.search;

import java.util.Arrays;

/** The few statistics that the engine reports. Arithmetic is strict, so that every machine gets the same bits. */
final class Statistics {
    private static final int FEW = 10;

    /** An interval. */
    record Interval(double low, double high) {}

    static double mean(double[] values) {
        double sum = 0;
        for (double v : values) {
            sum += v;
        }
        return sum / values.length;
    }

    /** Sample variance (n - 1); NaN for fewer than two values. */
    static double variance(double[] values) {
        if (values.length < 2) {
            return Double.NaN;
        }
        double mean = mean(values);
        double sum = 0;
        for (double v : values) {
            sum += (v - mean) * (v - mean);
        }
        return sum / (values.length - 1);
    }

    /** Median; of an even number of values the mean of the middle two. */
    static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int half = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
    }

    /**
     * Kendall's tau-b, which allows for ties (Kendall 1945); 0 where one side is constant.
     *
     * @param a one value per item
     * @param b another value per item
     */
    static double kendallTau(double[] a, double[] b) {
        long balance = 0;
        long tiesA = 0;
        long tiesB = 0;
        int n = a.length;
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < i; j++) {
                int x = Double.compare(a[i], a[j]);
                int y = Double.compare(b[i], b[j]);
                balance += (long) Integer.signum(x) * Integer.signum(y);
                tiesA += x == 0 ? 1 : 0;
                tiesB += y == 0 ? 1 : 0;
            }
        }
        long pairs = (long) n * (n - 1) / 2;
        double scale = StrictMath.sqrt((double) (pairs - tiesA) * (double) (pairs - tiesB));
        return scale == 0 ? 0 : balance / scale;
    }

    /**
     * Interval of Kendall's tau by the jackknife over items, at most [-1, 1]. Each item's part of the balance is known from one
     * pass over all pairs, so this costs no more than tau itself. With few items the jackknife sees too little spread (none when
     * all pairs agree): there it is taken as at least that of unrelated items (Kendall 1938).
     */
    static Interval kendallInterval(double[] a, double[] b, double confidence) {
        int n = a.length;
        double tau = kendallTau(a, b);
        if (n < 4) {
            return new Interval(-1, 1);
        }
        double[] own = new double[n];
        double total = 0;
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < i; j++) {
                int sign = Integer.signum(Double.compare(a[i], a[j])) * Integer.signum(Double.compare(b[i], b[j]));
                own[i] += sign;
                own[j] += sign;
                total += sign;
            }
        }
        double pairs = n * (n - 1.0) / 2;
        double[] pseudo = new double[n];
        for (int i = 0; i < n; i++) {
            pseudo[i] = n * total / pairs - (n - 1) * (total - own[i]) / (pairs - (n - 1));
        }
        double unrelated = n < FEW ? 2 * (2 * n + 5) / (9.0 * n * (n - 1)) : 0;
        double half = studentQuantile((1 + confidence) / 2, n - 1)
                * StrictMath.sqrt(Math.max(variance(pseudo) / n, unrelated));
        return new Interval(Math.max(-1, tau - half), Math.min(1, tau + half));
    }

    /** Wilson's score interval of a proportion (Wilson 1927). */
    static Interval wilson(double proportion, double examples, double confidence) {
        double z = normalQuantile((1 + confidence) / 2);
        double z2 = z * z / examples;
        double centre = (proportion + z2 / 2) / (1 + z2);
        double half = z / (1 + z2) * StrictMath.sqrt(proportion * (1 - proportion) / examples + z2 / (4 * examples));
        return new Interval(Math.max(0, centre - half), Math.min(1, centre + half));
    }

    /** Density of the standard normal distribution. */
    static double normalDensity(double x) {
        return StrictMath.exp(-x * x / 2) / StrictMath.sqrt(2 * StrictMath.PI);
    }

    /** Distribution function of the standard normal distribution, by the continued fraction and series of erfc. */
    static double normalCdf(double x) {
        double z = Math.abs(x);
        double tail;
        if (z > 38) {
            tail = 0;
        } else if (z < 7.07106781186547) {
            // Hart 1968 as arranged by West 2005: 14 digits.
            double up = 3.52624965998911e-02 * z + 0.700383064443688;
            up = up * z + 6.37396220353165;
            up = up * z + 33.912866078383;
            up = up * z + 112.079291497871;
            up = up * z + 221.213596169931;
            up = up * z + 220.206867912376;
            double down = 8.83883476483184e-02 * z + 1.75566716318264;
            down = down * z + 16.064177579207;
            down = down * z + 86.7807322029461;
            down = down * z + 296.564248779674;
            down = down * z + 637.333633378831;
            down = down * z + 793.826512519948;
            down = down * z + 440.413735824752;
            tail = StrictMath.exp(-z * z / 2) * up / down;
        } else {
            double f = z + 1 / (z + 2 / (z + 3 / (z + 4 / (z + 0.65))));
            tail = StrictMath.exp(-z * z / 2) / (f * 2.506628274631);
        }
        return x > 0 ? 1 - tail : tail;
    }

    /** Inverse of {@link #normalCdf}, by bisection. */
    static double normalQuantile(double p) {
        return invert(p, Statistics::normalCdf, -40, 40);
    }

    /** Quantile of Student's t for a probability of at least one half. */
    static double studentQuantile(double p, int degrees) {
        return invert(p, t -> studentCdf(t, degrees), 0, 1e6);
    }

    private static double studentCdf(double t, int degrees) {
        double x = degrees / (degrees + t * t);
        double tail = smile.math.special.Beta.regularizedIncompleteBetaFunction(degrees / 2.0, 0.5, x) / 2;
        return t > 0 ? 1 - tail : tail;
    }

    private static double invert(double p, java.util.function.DoubleUnaryOperator cdf, double from, double to) {
        double low = from;
        double high = to;
        for (int i = 0; i < 200 && high - low > 1e-12 * Math.max(1, Math.abs(low)); i++) {
            double middle = (low + high) / 2;
            if (cdf.applyAsDouble(middle) < p) {
                low = middle;
            } else {
                high = middle;
            }
        }
        return (low + high) / 2;
    }

    private Statistics() {}
}
