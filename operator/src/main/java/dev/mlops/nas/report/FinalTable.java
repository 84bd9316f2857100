package dev.mlops.nas.report;

import dev.mlops.nas.api.NasApi;
import dev.mlops.nas.search.Plan;
import dev.mlops.nas.search.Plan.Entrant;
import dev.mlops.nas.search.Plan.Summary;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** The result of a search as text for a terminal. */
public final class FinalTable {
    /** The lines, at most 100 columns wide as far as names allow. */
    public static List<String> lines(SearchRecord search) {
        Summary summary = search.summary();
        var lines = new ArrayList<String>();
        if (summary.best() != null) {
            best(search, summary, lines);
        }
        if (!summary.comparison().isEmpty()) {
            comparison(search, lines);
        }
        if (summary.front() != null && !summary.front().points().isEmpty()) {
            front(search, summary.front(), lines);
        }
        lines.addAll(wrapped("", summary.message(), 100));
        lines.add("");
        lines.add(row("cost", Costs.sentence(search)));
        if (summary.predictor() != null) {
            lines.addAll(wrapped("predictor", Sentences.predictor(summary), 100));
        }
        if (summary.rankCorrelation() != null) {
            lines.addAll(wrapped("proxy", Sentences.rankCorrelation(summary.rankCorrelation()), 100));
        }
        for (Plan.Promotions promotions : summary.promotions()) {
            lines.addAll(wrapped("promotions", Sentences.promotions(promotions, search.experiment()), 100));
        }
        for (Plan.RankingNoise noise : summary.rankingNoise()) {
            lines.addAll(wrapped("ranking noise", Sentences.rankingNoise(noise, search.experiment()), 100));
        }
        Sentences.scores(search).ifPresent(s -> lines.addAll(wrapped("scores", s, 100)));
        Sentences.openChoices(search).ifPresent(s -> lines.addAll(wrapped("open choices", s, 100)));
        return lines;
    }

    /** A label and what it says. */
    public static String row(String label, String text) {
        return "  %-14s %s".formatted(label, text);
    }

    private static void best(SearchRecord search, Summary summary, List<String> lines) {
        Plan.Incumbent best = java.util.Objects.requireNonNull(summary.best());
        var space = search.experiment().space();
        lines.add(row("architecture", NasApi.trialName(search.experiment().name(), best.number())));
        Map<String, String> decisions = space.describe(best.genotype());
        lines.addAll(wrapped(
                "decisions",
                decisions.entrySet().stream()
                        .map(e -> e.getKey() + " " + e.getValue())
                        .collect(Collectors.joining(", ")),
                100));
        if (summary.comparison().isEmpty()) {
            lines.add(row(
                    search.experiment().objective().metric(),
                    Figures.score(best.value()) + " on validation, one training; the test split is not opened yet"));
        } else {
            Entrant winner = summary.comparison().getFirst();
            lines.add(row(
                    "test " + search.experiment().objective().metric(),
                    "%s  [%s]  mean of %d training%s, %s interval"
                            .formatted(
                                    Figures.score(winner.test()),
                                    Figures.interval(winner.low(), winner.high()),
                                    winner.numbers().size(),
                                    winner.numbers().size() == 1 ? "" : "s",
                                    Figures.percent(
                                            search.experiment().protocol().confidence()))));
            lines.add(row(
                    "size",
                    "%s params, %s MACs, latency %s%s"
                            .formatted(
                                    Figures.cost(winner.params()),
                                    Figures.cost(winner.macs()),
                                    Figures.milliseconds(winner.latencyMs()),
                                    deployed(search, winner))));
        }
        lines.add("");
    }

    /** The mean of its trainings in ONNX Runtime, where it was measured. */
    private static String deployed(SearchRecord search, Entrant winner) {
        double mean = Content.mean(search, winner, Content.EXPORTED_LATENCY);
        return Double.isNaN(mean) ? "" : ", in ONNX Runtime " + Figures.milliseconds(mean);
    }

    private static void comparison(SearchRecord search, List<String> lines) {
        boolean deployed = !Content.deployed(search).isEmpty();
        List<List<String>> table = new ArrayList<>();
        var head = new ArrayList<>(List.of(
                "",
                "test " + search.experiment().objective().metric(),
                Figures.percent(search.experiment().protocol().confidence()) + " interval",
                "seeds",
                "params",
                "MACs",
                "latency"));
        if (deployed) {
            head.add("ONNX Runtime");
        }
        table.add(head);
        for (Entrant e : search.summary().comparison()) {
            var row = new ArrayList<>(List.of(
                    e.name(),
                    Figures.score(e.test()),
                    Figures.interval(e.low(), e.high()),
                    Integer.toString(e.numbers().size()),
                    Figures.cost(e.params()),
                    Figures.cost(e.macs()),
                    Figures.milliseconds(e.latencyMs())));
            if (deployed) {
                row.add(Figures.milliseconds(Content.mean(search, e, Content.EXPORTED_LATENCY)));
            }
            table.add(row);
        }
        lines.addAll(aligned(table));
        Sentences.seedsOnly(search).ifPresent(s -> lines.addAll(wrapped("", s, 100)));
        lines.add("");
    }

    private static void front(SearchRecord search, Plan.Front front, List<String> lines) {
        List<List<String>> table = new ArrayList<>();
        table.add(Content.frontHead(search, front));
        table.addAll(Content.front(search, front));
        lines.addAll(aligned(table));
        lines.addAll(wrapped(
                "", Sentences.hypervolume(front, search.experiment().objective().metric()), 100));
        lines.add("");
    }

    /** Rows of equal length under each other, the first column to the left, the others to the right. */
    static List<String> aligned(List<List<String>> table) {
        int[] widths = new int[table.getFirst().size()];
        for (List<String> cells : table) {
            for (int i = 0; i < widths.length; i++) {
                widths[i] = Math.max(widths[i], cells.get(i).length());
            }
        }
        var lines = new ArrayList<String>();
        for (List<String> cells : table) {
            var line = new StringBuilder("  ");
            for (int i = 0; i < widths.length; i++) {
                String format = i == 0 ? "%-" + widths[i] + "s" : "  %" + widths[i] + "s";
                line.append(format.formatted(cells.get(i)));
            }
            lines.add(line.toString());
        }
        return lines;
    }

    /** The text behind its label, broken between words. */
    public static List<String> wrapped(String label, String text, int width) {
        var lines = new ArrayList<String>();
        int indent = label.isEmpty() ? 2 : 17;
        var line = new StringBuilder(label.isEmpty() ? "  " : row(label, ""));
        boolean empty = true;
        for (String word : text.split(" ", -1)) {
            if (!empty && line.length() + 1 + word.length() > width) {
                lines.add(line.toString());
                line = new StringBuilder(" ".repeat(indent));
                empty = true;
            }
            line.append(empty ? "" : " ").append(word);
            empty = false;
        }
        lines.add(line.toString());
        return lines;
    }

    private FinalTable() {}
}
