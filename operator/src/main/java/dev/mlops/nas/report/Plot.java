package dev.mlops.nas.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.DoubleFunction;
import java.util.stream.DoubleStream;

/** A chart as SVG: two axes with round ticks, and marks in data coordinates. Colours come from the page's style sheet. */
final class Plot {
    private static final double WIDTH = 660;
    private static final double HEIGHT = 330;
    private static final double LEFT = 62;
    private static final double RIGHT = 16;
    private static final double TOP = 14;
    private static final double BOTTOM = 46;

    /**
     * One axis.
     *
     * @param title below or beside it
     * @param low where it begins, in data coordinates
     * @param high where it ends
     * @param format of the ticks
     * @param logarithmic base 10
     */
    record Axis(String title, double low, double high, DoubleFunction<String> format, boolean logarithmic) {
        /** An axis with a little room around the values. */
        static Axis around(String title, DoubleStream values, DoubleFunction<String> format) {
            double[] finite = values.filter(Double::isFinite).toArray();
            double low = DoubleStream.of(finite).min().orElse(0);
            double high = DoubleStream.of(finite).max().orElse(1);
            double room = high > low ? (high - low) * 0.06 : Math.max(Math.abs(high) * 0.05, 0.01);
            return new Axis(title, low - room, high + room, format, false);
        }

        /** The same on a logarithmic scale; values are positive. */
        static Axis logarithmic(String title, DoubleStream values, DoubleFunction<String> format) {
            double[] positive = values.filter(v -> v > 0 && Double.isFinite(v)).toArray();
            double low = DoubleStream.of(positive).min().orElse(1);
            double high = DoubleStream.of(positive).max().orElse(10);
            return new Axis(title, low / 1.15, high * 1.15, format, true);
        }

        /** From 0 to 1 along the axis. */
        double position(double value) {
            return logarithmic
                    ? (Math.log(value) - Math.log(low)) / (Math.log(high) - Math.log(low))
                    : (value - low) / (high - low);
        }

        List<Double> ticks() {
            return logarithmic ? logarithmicTicks() : linearTicks();
        }

        private List<Double> linearTicks() {
            double raw = (high - low) / 6;
            double power = Math.pow(10, Math.floor(Math.log10(raw)));
            double factor = raw / power;
            double step = power * (factor <= 1 ? 1 : factor <= 2 ? 2 : factor <= 5 ? 5 : 10);
            var ticks = new ArrayList<Double>();
            for (double i = Math.ceil(low / step); i * step <= high; i++) {
                ticks.add(i * step);
            }
            return ticks;
        }

        private List<Double> logarithmicTicks() {
            boolean wide = high / low > 100;
            var ticks = new ArrayList<Double>();
            for (double decade = Math.pow(10, Math.floor(Math.log10(low))); decade <= high; decade *= 10) {
                for (double factor : wide ? new double[] {1} : new double[] {1, 2, 5}) {
                    if (decade * factor >= low && decade * factor <= high) {
                        ticks.add(decade * factor);
                    }
                }
            }
            return ticks;
        }
    }

    private final Axis x;
    private final Axis y;
    private final StringBuilder marks = new StringBuilder();

    Plot(Axis x, Axis y) {
        this.x = x;
        this.y = y;
    }

    /** A staircase through values at 1, 2, 3, …; NaN values are left out. */
    void stairs(List<Double> values, String style) {
        var path = new StringBuilder();
        for (int i = 0; i < values.size(); i++) {
            if (Double.isNaN(values.get(i))) {
                continue;
            }
            path.append(
                    path.isEmpty()
                            ? "M%s,%s".formatted(number(px(i + 1)), number(py(values.get(i))))
                            : "H%sV%s".formatted(number(px(i + 1)), number(py(values.get(i)))));
        }
        if (!path.isEmpty()) {
            marks.append("<path class=\"line %s\" d=\"%s\"/>%n".formatted(style, path));
        }
    }

    /** A straight line. */
    void line(double x1, double y1, double x2, double y2, String style) {
        marks.append("<path class=\"%s\" d=\"M%s,%sL%s,%s\"/>%n"
                .formatted(style, number(px(x1)), number(py(y1)), number(px(x2)), number(py(y2))));
    }

    /** A dot with a tooltip. */
    void dot(double atX, double atY, double radius, String style, String tooltip) {
        marks.append("<circle class=\"%s\" cx=\"%s\" cy=\"%s\" r=\"%s\"><title>%s</title></circle>%n"
                .formatted(style, number(px(atX)), number(py(atY)), number(radius), Html.escaped(tooltip)));
    }

    /** Words at a point. */
    void label(double atX, double atY, String text, boolean toTheLeft) {
        marks.append("<text class=\"label\" x=\"%s\" y=\"%s\" text-anchor=\"%s\">%s</text>%n"
                .formatted(
                        number(px(atX) + (toTheLeft ? -9 : 9)),
                        number(py(atY) + 4),
                        toTheLeft ? "end" : "start",
                        Html.escaped(text)));
    }

    /** Whether a label at this value has more room on its left. */
    boolean isRightHalf(double atX) {
        return x.position(atX) > 0.6;
    }

    /** The chart. */
    String svg(String description) {
        var svg = new StringBuilder(
                "<svg class=\"plot\" viewBox=\"0 0 %s %s\" role=\"img\" aria-label=\"%s\" xmlns=\"http://www.w3.org/2000/svg\">%n"
                        .formatted(number(WIDTH), number(HEIGHT), Html.escaped(description)));
        for (double tick : x.ticks()) {
            svg.append(
                    "<path class=\"grid\" d=\"M%s,%sV%s\"/><text class=\"tick\" x=\"%s\" y=\"%s\" text-anchor=\"middle\">%s</text>%n"
                            .formatted(
                                    number(px(tick)),
                                    number(TOP),
                                    number(HEIGHT - BOTTOM),
                                    number(px(tick)),
                                    number(HEIGHT - BOTTOM + 17),
                                    x.format().apply(tick)));
        }
        for (double tick : y.ticks()) {
            svg.append(
                    "<path class=\"grid\" d=\"M%s,%sH%s\"/><text class=\"tick\" x=\"%s\" y=\"%s\" text-anchor=\"end\">%s</text>%n"
                            .formatted(
                                    number(LEFT),
                                    number(py(tick)),
                                    number(WIDTH - RIGHT),
                                    number(LEFT - 7),
                                    number(py(tick) + 4),
                                    y.format().apply(tick)));
        }
        svg.append("<text class=\"axis\" x=\"%s\" y=\"%s\" text-anchor=\"middle\">%s</text>%n"
                .formatted(number((LEFT + WIDTH - RIGHT) / 2), number(HEIGHT - 8), Html.escaped(x.title())));
        svg.append("<text class=\"axis\" transform=\"translate(14,%s) rotate(-90)\" text-anchor=\"middle\">%s</text>%n"
                .formatted(number((TOP + HEIGHT - BOTTOM) / 2), Html.escaped(y.title())));
        return svg.append(marks).append("</svg>\n").toString();
    }

    private double px(double value) {
        return LEFT + x.position(value) * (WIDTH - LEFT - RIGHT);
    }

    private double py(double value) {
        return HEIGHT - BOTTOM - y.position(value) * (HEIGHT - TOP - BOTTOM);
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.1f", value).replaceFirst("\\.0$", "");
    }
}
