package dev.mlops.nas.report;

import java.util.List;

/** Pieces of HTML; every text from outside is escaped here. */
final class Html {
    static String escaped(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }

    /** A table of texts; columns from the second on are numbers, to the right, where {@code numbers} says so. */
    static String table(List<String> head, List<List<String>> rows, boolean numbers) {
        var html = new StringBuilder(
                "<div class=\"scroll\"><table%s>\n<thead><tr>".formatted(numbers ? " class=\"numbers\"" : ""));
        head.forEach(h -> html.append("<th>").append(escaped(h)).append("</th>"));
        html.append("</tr></thead>\n<tbody>\n");
        for (List<String> row : rows) {
            html.append("<tr>");
            row.forEach(c -> html.append("<td>").append(escaped(c)).append("</td>"));
            html.append("</tr>\n");
        }
        return html.append("</tbody></table></div>\n").toString();
    }

    static String paragraph(String text) {
        return "<p>" + escaped(text) + "</p>\n";
    }

    static String list(List<String> items) {
        var html = new StringBuilder("<ul>\n");
        items.forEach(i -> html.append("<li>").append(escaped(i)).append("</li>\n"));
        return html.append("</ul>\n").toString();
    }

    static String heading(String text) {
        return "<h2>" + escaped(text) + "</h2>\n";
    }

    private Html() {}
}
