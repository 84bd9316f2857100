package dev.mlops.nas.tracking;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.mlops.nas.api.NasApi;
import dev.mlops.nas.report.Figures;
import dev.mlops.nas.search.Experiment;
import dev.mlops.nas.search.Plan;
import dev.mlops.nas.search.Plan.Entrant;
import dev.mlops.nas.search.Plan.Summary;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** What the parent run of a search shows: a function from records to names and values. */
final class SearchContent {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** How the search is steered, not what it is. */
    private static final Set<String> LEFT_OUT = Set.of("suspend", "tracking", "trainer");

    /** The spec's fields by their paths ({@code budget.trials}), and the size of the space. */
    static Map<String, String> params(TrackedSearch search) {
        var params = new LinkedHashMap<String, String>();
        JSON.valueToTree(search.spec()).properties().stream()
                .filter(e -> !LEFT_OUT.contains(e.getKey()))
                .forEach(e -> flatten(e.getKey(), e.getValue(), params));
        params.put("space.size", search.experiment().space().size().toString());
        params.put(
                "space.decisions",
                String.valueOf(search.experiment().space().decisions().size()));
        return params;
    }

    private static void flatten(String path, JsonNode node, Map<String, String> params) {
        if (node.isObject()) {
            node.properties().forEach(e -> flatten(path + "." + e.getKey(), e.getValue(), params));
        } else if (!node.isNull()) {
            params.put(path, node.isValueNode() ? node.asText() : node.toString());
        }
    }

    static Map<String, String> tags(TrackedSearch search) {
        var tags = new LinkedHashMap<String, String>();
        tags.put("mlflow.source.name", "nas-operator");
        tags.put("mlflow.source.type", "PROJECT");
        tags.put("nas.kind", "search");
        tags.put("nas.experiment", search.experiment().name());
        tags.putAll(search.tags());
        return tags;
    }

    static Map<String, String> artifacts(TrackedSearch search) {
        return Map.of("experiment.json", JSON.valueToTree(search.spec()).toPrettyString() + "\n");
    }

    /** What the summary adds to the tags: the best trial, and the description that MLflow shows above the charts. */
    static Map<String, String> summaryTags(TrackedSearch search, Plan.Phase phase, Summary summary) {
        var tags = new LinkedHashMap<String, String>();
        tags.put("nas.phase", phase.name().toLowerCase(Locale.ROOT).replace('_', ' '));
        tags.put("nas.reason", summary.reason());
        if (summary.best() != null) {
            tags.put(
                    "nas.best.trial",
                    NasApi.trialName(search.experiment().name(), summary.best().number()));
            tags.put(
                    "nas.best.architecture",
                    search.experiment().space().architectureHash(summary.best().genotype()));
        }
        tags.put("mlflow.note.content", note(search, summary));
        return tags;
    }

    /** The outcome in Markdown: the sentence, the best architecture, the comparison, what it cost, how far to trust the predictor. */
    static String note(TrackedSearch search, Summary summary) {
        var text = new StringBuilder(escape(summary.message()) + "\n\n");
        String metric = search.experiment().objective().metric();
        if (!summary.comparison().isEmpty()) {
            text.append(comparison(search, summary.comparison()));
        }
        if (summary.best() != null) {
            text.append("Best: `%s`, %s %s on validation: %s\n\n"
                    .formatted(
                            NasApi.trialName(
                                    search.experiment().name(), summary.best().number()),
                            metric,
                            number(summary.best().value()),
                            search.experiment().space().describe(summary.best().genotype()).entrySet().stream()
                                    .map(e -> "`%s` %s".formatted(e.getKey(), escape(e.getValue())))
                                    .collect(Collectors.joining(", "))));
        }
        if (summary.front() != null) {
            text.append(front(search, summary.front()));
        }
        if (summary.predictor() != null) {
            var quality = summary.predictor();
            text.append("Predictor: %s, Kendall tau %s [%s, %s] on %d trials%s\n\n"
                    .formatted(
                            quality.surrogate(),
                            number(quality.kendallTau()),
                            number(quality.low()),
                            number(quality.high()),
                            quality.trials(),
                            summary.exploresByEvolution()
                                    ? "; no better than chance, so evolution explores instead"
                                    : ""));
        }
        text.append("Search trials: %d of %d; training time %s\n"
                .formatted(summary.searchDone(), summary.searchTotal(), time(summary.trainSeconds())));
        return text.toString();
    }

    private static String front(TrackedSearch search, Plan.Front front) {
        String metric = escape(search.experiment().objective().metric());
        var table = new StringBuilder("| Pareto front | validation %s | %s | test %s |\n|---|---:|%s---:|\n"
                .formatted(
                        metric,
                        front.metrics().stream().map(SearchContent::escape).collect(Collectors.joining(" | ")),
                        metric,
                        "---:|".repeat(front.metrics().size())));
        for (Plan.Front.Point p : front.points()) {
            table.append(String.format(
                    Locale.ROOT,
                    "| %s | %s | %s | %s |\n",
                    escape(NasApi.trialName(search.experiment().name(), p.number())),
                    Figures.score(p.value()),
                    p.costs().stream().map(SearchContent::number).collect(Collectors.joining(" | ")),
                    Double.isNaN(p.test()) ? "" : Figures.score(p.test())));
        }
        return table.append('\n').toString();
    }

    private static String comparison(TrackedSearch search, List<Entrant> entrants) {
        var table = new StringBuilder("| | test %s | %s %% interval | seeds | params | latency ms |\n"
                .formatted(
                        escape(search.experiment().objective().metric()),
                        number(search.experiment().protocol().confidence() * 100)));
        table.append("|---|---:|---:|---:|---:|---:|\n");
        for (Entrant e : entrants) {
            table.append(String.format(
                    Locale.ROOT,
                    "| %s | %s | %s | %d | %s | %s |\n",
                    escape(e.name()),
                    Figures.score(e.test()),
                    Figures.interval(e.low(), e.high()),
                    e.numbers().size(),
                    e.params() == 0 ? "" : String.format(Locale.ROOT, "%,d", e.params()),
                    Double.isNaN(e.latencyMs()) ? "" : String.format(Locale.ROOT, "%.2f", e.latencyMs())));
        }
        table.append('\n');
        return table.append('\n').toString();
    }

    /** The final figures: each entrant's objective on the test split, the winner's interval, and the rank correlation. */
    static Map<String, Double> resultMetrics(Experiment experiment, Summary summary) {
        var metrics = new LinkedHashMap<String, Double>();
        for (Entrant e : summary.comparison()) {
            String name = "test_%s_%s"
                    .formatted(experiment.objective().metric(), e.name().replaceAll("[^\\w-]", "_"));
            metrics.put(name, e.test());
            if (e.verdict() == null) {
                metrics.put(name + "_low", e.low());
                metrics.put(name + "_high", e.high());
            }
        }
        if (summary.front() != null) {
            metrics.put("hypervolume", summary.front().hypervolume());
        }
        if (summary.rankCorrelation() != null) {
            metrics.put("rank_correlation", summary.rankCorrelation());
        }
        summary.rankingNoise()
                .forEach(n -> metrics.put(
                        n.epochs() == 0
                                ? "rank_correlation_inherited"
                                : "rank_correlation_%d_epochs".formatted(n.epochs()),
                        n.kendallTau()));
        summary.promotions().forEach(p -> {
            metrics.put("promotion_tau_of_results_%d_epochs".formatted(p.from()), p.tauOfResults());
            if (p.tauOfForetold() != null) {
                metrics.put("promotion_tau_of_foretold_%d_epochs".formatted(p.from()), p.tauOfForetold());
            }
        });
        metrics.values().removeIf(v -> v.isNaN());
        return metrics;
    }

    static String number(double value) {
        return String.format(Locale.ROOT, "%.4g", value)
                .replaceFirst("(\\.\\d*?)0+$", "$1")
                .replaceFirst("\\.$", "");
    }

    private static String time(double seconds) {
        long whole = Math.round(seconds);
        return whole < 60
                ? whole + " s"
                : whole < 3600
                        ? "%d min %d s".formatted(whole / 60, whole % 60)
                        : "%d h %d min".formatted(whole / 3600, whole % 3600 / 60);
    }

    /** A name or sentence that must not become Markdown or HTML. */
    static String escape(String text) {
        return text.replaceAll("([\\\\`*_|<>\\[\\]])", "\\\\$1");
    }

    private SearchContent() {}
}
