package dev.mlops.nas.search;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** Writes an SVG picture; coordinates in pixels, y downwards. */
final class Svg {
    private static final String STYLE = "<style>text{font:12px system-ui,Helvetica,Arial,sans-serif;fill:#1f2933}"
            + ".small{font-size:10.5px;fill:#5f6c7b}.line{fill:none;stroke:#52606d;stroke-width:1.4}"
            + ".bold{font-weight:600}</style>"
            + "<defs><marker id='tip' viewBox='0 0 8 8' refX='7.2' refY='4' markerWidth='9' markerHeight='9'"
            + " markerUnits='userSpaceOnUse' orient='auto'><path d='M0 0.6L8 4L0 7.4z' fill='#52606d'/></marker></defs>";

    private final StringBuilder body = new StringBuilder();

    /** A rectangle with round corners. */
    Svg box(double x, double y, double width, double height, double radius, String fill, String stroke) {
        return add("<rect x='" + number(x) + "' y='" + number(y) + "' width='" + number(width) + "' height='"
                + number(height) + "' rx='" + number(radius) + "' fill='" + fill + "' stroke='" + stroke + "'/>");
    }

    Svg circle(double x, double y, double radius, String fill, String stroke) {
        return add("<circle cx='" + number(x) + "' cy='" + number(y) + "' r='" + number(radius) + "' fill='" + fill
                + "' stroke='" + stroke + "'/>");
    }

    /** A line along a {@link #path} with an arrow's tip at its end; style is CSS. */
    Svg arrow(String path, String style) {
        return add("<path class='line' d='" + path + "' marker-end='url(#tip)' style='" + style + "'/>");
    }

    Svg line(String path, String style) {
        return add("<path class='line' d='" + path + "' style='" + style + "'/>");
    }

    /** A text; anchor is start, middle or end; style one of the classes small and bold, or nothing. */
    Svg text(double x, double y, String anchor, String style, String text) {
        return add("<text x='" + number(x) + "' y='" + number(y) + "' text-anchor='" + anchor + "' class='" + style
                + "'>" + escaped(text) + "</text>");
    }

    /** A finished picture. */
    record Picture(String document, double width, double height) {}

    /** A picture inside this one. */
    Svg picture(double x, double y, Picture picture) {
        return add(picture.document().replaceFirst("<svg ", "<svg x='" + number(x) + "' y='" + number(y) + "' "));
    }

    /** The whole document with its size. */
    Picture finished(double left, double top, double width, double height, String title) {
        return new Picture(document(left, top, width, height, title), width, height);
    }

    /** The whole document with a white ground. */
    String document(double left, double top, double width, double height, String title) {
        String ground = new Svg()
                .add("<rect x='" + number(left) + "' y='" + number(top) + "' width='" + number(width) + "' height='"
                        + number(height) + "' fill='#ffffff'/>")
                .body
                .toString();
        return "<svg xmlns='http://www.w3.org/2000/svg' viewBox='" + number(left) + " " + number(top) + " "
                + number(width) + " " + number(height) + "' width='" + number(width) + "' height='" + number(height)
                + "' role='img'>\n<title>" + escaped(title) + "</title>\n" + STYLE + "\n" + ground + body + "</svg>\n";
    }

    /** An SVG path from commands (texts) and their coordinates (numbers). */
    static String path(Object... parts) {
        return Arrays.stream(parts)
                .map(part -> part instanceof Double value ? number(value) : part.toString())
                .collect(Collectors.joining(" "));
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.1f", value);
    }

    private Svg add(String element) {
        body.append(element).append('\n');
        return this;
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
    }
}
