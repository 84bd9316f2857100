package dev.mlops.nas.report;

import java.math.BigDecimal;
import java.math.MathContext;
import java.time.Duration;
import java.util.Locale;

/** Numbers as people read them, the same everywhere. */
public final class Figures {
    /** A result such as an accuracy or an error: four decimals, fewer from 10 on, three digits below 0.001. */
    public static String score(double value) {
        double size = Math.abs(value);
        if (Double.isNaN(value)) {
            return "–";
        }
        if (size > 0 && size < 0.001) {
            return BigDecimal.valueOf(value).round(new MathContext(3)).toPlainString();
        }
        int decimals = size < 10 ? 4 : size < 100 ? 3 : size < 1000 ? 2 : size < 10_000 ? 1 : 0;
        return String.format(Locale.ROOT, "%." + decimals + "f", value);
    }

    /** A correlation, two decimals. */
    public static String correlation(double value) {
        return Double.isNaN(value) ? "–" : String.format(Locale.ROOT, "%.2f", value);
    }

    /** Both ends of an interval of results. */
    public static String interval(double low, double high) {
        return Double.isNaN(low) || Double.isNaN(high) ? "–" : score(low) + " – " + score(high);
    }

    /** A count in three digits: 950, 45.2k, 2.13M. */
    public static String count(long value) {
        return count((double) value);
    }

    /** As {@link #count(long)}. */
    public static String count(double value) {
        return value < 1e3
                ? three(value)
                : value < 1e6
                        ? three(value / 1e3) + "k"
                        : value < 1e9 ? three(value / 1e6) + "M" : three(value / 1e9) + "G";
    }

    /** An analytic cost; 0 is one that is not known. */
    public static String cost(long value) {
        return value == 0 ? "–" : count(value);
    }

    /** Milliseconds in three digits; below a tenth, which small networks need when deployed, in two. */
    public static String milliseconds(double value) {
        if (value > 0 && value < 0.1) {
            return BigDecimal.valueOf(value).round(new MathContext(2)).toPlainString() + " ms";
        }
        return Double.isNaN(value) ? "–" : three(value) + " ms";
    }

    /** A cost by its metric: milliseconds, or a count. */
    static String cost(String metric, double value) {
        return metric.endsWith("Ms") || Double.isNaN(value) ? milliseconds(value) : count(value);
    }

    /** Two units at most: 7.3 s, 4 min 51 s, 3 h 5 min, 2 d 4 h. */
    public static String duration(Duration duration) {
        double exact = duration.toMillis() / 1000.0;
        long seconds = Math.round(exact);
        if (exact < 9.95) {
            return String.format(Locale.ROOT, "%.1f s", exact);
        }
        if (seconds < 60) {
            return seconds + " s";
        }
        if (seconds < 3600) {
            return "%d min %d s".formatted(seconds / 60, seconds % 60);
        }
        return seconds < 86_400
                ? "%d h %d min".formatted(seconds / 3600, seconds % 3600 / 60)
                : "%d d %d h".formatted(seconds / 86_400, seconds % 86_400 / 3600);
    }

    /** As {@link #duration(Duration)}. */
    public static String duration(double seconds) {
        return duration(Duration.ofMillis(Math.round(seconds * 1000)));
    }

    /** A level of confidence: 95 %. */
    public static String percent(double part) {
        return BigDecimal.valueOf(part * 100)
                        .round(new MathContext(4))
                        .stripTrailingZeros()
                        .toPlainString() + " %";
    }

    /** A part of something in whole per cent. */
    static String share(double part) {
        return Double.isNaN(part) ? "–" : "%d %%".formatted(Math.round(part * 100));
    }

    private static String three(double value) {
        return value >= 100 || value == Math.rint(value)
                ? String.format(Locale.ROOT, "%.0f", value)
                : String.format(Locale.ROOT, value >= 10 ? "%.1f" : "%.2f", value);
    }

    private Figures() {}
}
