package dev.mlops.nas.tracking;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.mlops.nas.api.NasApi;
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
            text.append(comparison(
                    summary.comparison(), search.experiment().protocol().confidence()));
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
        var table = new StringBuilder("| Pareto front | validation %s | %s | test accuracy |\n|---|---:|---:|---:|\n"
                .formatted(escape(search.experiment().objective().metric()), escape(front.metric())));
        for (Plan.Front.Point p : front.points()) {
            table.append(String.format(
                    Locale.ROOT,
                    "| %s | %.4f | %s | %s |\n",
                    escape(NasApi.trialName(search.experiment().name(), p.number())),
                    p.value(),
                    number(p.cost()),
                    Double.isNaN(p.test()) ? "" : String.format(Locale.ROOT, "%.4f", p.test())));
        }
        return table.append('\n').toString();
    }

    private static String comparison(List<Entrant> entrants, double confidence) {
        var table = new StringBuilder("| | test accuracy | %s %% interval | seeds | params | latency ms |\n"
                .formatted(number(confidence * 100)));
        table.append("|---|---:|---:|---:|---:|---:|\n");
        for (Entrant e : entrants) {
            table.append(String.format(
                    Locale.ROOT,
                    "| %s | %.4f | %.4f – %.4f | %d | %s | %s |\n",
                    escape(e.name()),
                    e.test(),
                    e.low(),
                    e.high(),
                    e.numbers().size(),
                    e.params() == 0 ? "" : String.format(Locale.ROOT, "%,d", e.params()),
                    Double.isNaN(e.latencyMs()) ? "" : String.format(Locale.ROOT, "%.2f", e.latencyMs())));
        }
        table.append('\n');
        return table.append('\n').toString();
    }

    /** The final figures: each entrant's test accuracy, the winner's interval, and the rank correlation. */
    static Map<String, Double> resultMetrics(Summary summary) {
        var metrics = new LinkedHashMap<String, Double>();
        for (Entrant e : summary.comparison()) {
            String name = e.name().replaceAll("[^\\w-]", "_");
            metrics.put("test_accuracy_%s".formatted(name), e.test());
            if (e.verdict() == null) {
                metrics.put("test_accuracy_%s_low".formatted(name), e.low());
                metrics.put("test_accuracy_%s_high".formatted(name), e.high());
            }
        }
        if (summary.front() != null) {
            metrics.put("hypervolume", summary.front().hypervolume());
        }
        if (summary.rankCorrelation() != null) {
            metrics.put("rank_correlation", summary.rankCorrelation());
        }
        summary.rankingNoise()
                .forEach(n -> metrics.put("rank_correlation_%d_epochs".formatted(n.epochs()), n.kendallTau()));
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
