package dev.mlops.nas.report;

import dev.mlops.nas.api.NasApi;
import dev.mlops.nas.search.Drawings;
import dev.mlops.nas.search.Plan.Front;
import dev.mlops.nas.search.Plan.Incumbent;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;

/** The report as one HTML page that needs nothing else: no script, no font, no picture from elsewhere. */
public final class HtmlReport {
    /** The page. */
    public static String of(SearchRecord search) {
        var html = new StringBuilder();
        html.append("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
                .append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>")
                .append(Html.escaped(Content.title(search)))
                .append("</title>\n<style>\n")
                .append(style())
                .append("</style>\n</head>\n<body>\n<main>\n");
        html.append("<h1>").append(Html.escaped(Content.title(search))).append("</h1>\n");
        html.append("<p class=\"headline\">")
                .append(Html.escaped(Content.headline(search)))
                .append("</p>\n");
        if (!Content.verdicts(search).isEmpty()) {
            html.append(Html.list(Content.verdicts(search)));
        }
        html.append(Html.paragraph("Cost: " + Costs.sentence(search) + "."));
        comparison(search, html);
        Incumbent best = search.summary().best();
        if (best != null) {
            architecture(search, best, html);
        }
        if (!Content.deployed(search).isEmpty()) {
            html.append(Html.heading("Latency as deployed"))
                    .append(Html.table(Content.DEPLOYED_HEAD, Content.deployed(search), true))
                    .append(Html.paragraph(Content.DEPLOYED));
        }
        html.append(Html.heading("Search against random search")).append(Charts.bestSoFar(search));
        front(search, html);
        predictor(search, html);
        html.append(Html.heading("Cost"))
                .append(Html.table(
                        List.of("purpose", "trainings", "without result", "training time"),
                        Content.cost(search),
                        true));
        html.append(Html.heading("How it was done")).append(Html.list(Content.protocol(search)));
        html.append(Html.heading("What this does not show")).append(Html.list(Content.limits(search)));
        manifest(search, html);
        return html.append("</main>\n</body>\n</html>\n").toString();
    }

    private static void comparison(SearchRecord search, StringBuilder html) {
        if (!search.summary().comparison().isEmpty()) {
            html.append(Html.heading("Comparison on the test split"))
                    .append(Html.table(Content.comparisonHead(search), Content.comparison(search), true));
        }
    }

    private static void architecture(SearchRecord search, Incumbent best, StringBuilder html) {
        html.append(Html.heading("The architecture"))
                .append("<div class=\"columns\">\n<div>\n")
                .append(Html.paragraph("Found by %s."
                        .formatted(NasApi.trialName(search.experiment().name(), best.number()))))
                .append(Html.table(List.of("decision", "value"), Content.decisions(search, best), false))
                .append("</div>\n<div class=\"drawing\">\n")
                .append(Drawings.svg(search.experiment().space(), best.genotype())
                        .replaceFirst("<\\?xml[^>]*\\?>", ""))
                .append("</div>\n</div>\n");
    }

    /** The objective against the second one, or against the size where there is none. */
    private static void front(SearchRecord search, StringBuilder html) {
        Front front = search.summary().front();
        if (front != null && !front.points().isEmpty()) {
            html.append(Html.heading("The Pareto front"))
                    .append(front.metrics().stream()
                            .map(metric -> Charts.pareto(search, metric))
                            .collect(Collectors.joining()))
                    .append(Html.table(Content.frontHead(search, front), Content.front(search, front), true))
                    .append(Html.paragraph(Sentences.hypervolume(
                            front, search.experiment().objective().metric())));
        } else if (search.experiment().space().hasNetwork()) {
            html.append(Html.heading("Result and size")).append(Charts.pareto(search, "params"));
        }
    }

    private static void predictor(SearchRecord search, StringBuilder html) {
        List<String> sentences = Content.predictor(search);
        if (!sentences.isEmpty()) {
            html.append(Html.heading("The predictor"));
            if (!Charts.predicted(search).isEmpty()) {
                html.append(Charts.predictions(search));
            }
            html.append(Html.list(sentences));
        }
    }

    private static void manifest(SearchRecord search, StringBuilder html) {
        html.append(Html.heading("To repeat it"))
                .append(Html.table(
                        List.of("what", "value"),
                        Content.manifest(search).entrySet().stream()
                                .map(e -> List.of(e.getKey(), e.getValue()))
                                .toList(),
                        false))
                .append("<details open><summary>The experiment with all defaults</summary><pre>")
                .append(Html.escaped(Content.yaml(search)))
                .append("</pre></details>\n");
        html.append(Html.heading("All trials"))
                .append(Html.table(Content.trialHead(search), Content.trials(search), true));
        if (!Content.lost(search).isEmpty()) {
            html.append(Html.list(Content.lost(search)));
        }
    }

    private static String style() {
        try (InputStream in = HtmlReport.class.getResourceAsStream("report.css")) {
            return new String(Objects.requireNonNull(in, "report.css").readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private HtmlReport() {}
}
