package dev.mlops.nas.report;

import dev.mlops.nas.search.Experiment.Constraint;
import dev.mlops.nas.search.SearchSpace.Cost;
import dev.mlops.nas.search.SpaceSummary;
import dev.mlops.nas.search.SpaceSummary.Architectures;
import dev.mlops.nas.search.SpaceSummary.AtMost;
import dev.mlops.nas.search.SpaceSummary.Counted;
import dev.mlops.nas.search.SpaceSummary.Estimated;
import dev.mlops.nas.search.SpaceSummary.Example;
import dev.mlops.nas.search.SpaceSummary.Line;
import dev.mlops.nas.search.SpaceSummary.Range;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** What {@code nas space} tells of a search space, as text and as a document for scripts. */
public final class SpaceReport {
    private static final int WIDTH = 100;

    /** Stands between a name and its value while lines are broken. */
    private static final char TIED = '\u00a0';

    private static final Map<String, String> COSTS = costs();

    private static Map<String, String> costs() {
        var labels = new LinkedHashMap<String, String>();
        labels.put("params", "parameters");
        labels.put("macs", "MACs");
        labels.put("activationBytes", "activation bytes");
        return labels;
    }

    /** The lines, at most 100 columns wide as far as names allow. */
    public static List<String> lines(String title, SpaceSummary summary, List<Constraint> constraints) {
        var lines = new ArrayList<String>();
        lines.add(FinalTable.row("search space", title));
        lines.add(FinalTable.row("genotypes", "%,d".formatted(summary.genotypes())));
        lines.addAll(FinalTable.wrapped("architectures", sentence(summary.architectures()), WIDTH));
        lines.add(FinalTable.row(
                "draws",
                summary.uniform()
                        ? "uniform over architectures"
                        : "uniform over genotypes: architectures with more of them are drawn more often"));
        lines.add("");
        for (Line decision : summary.decisions()) {
            String needs = decision.needs().isEmpty() ? "" : "  (where " + decision.needs() + ")";
            lines.addAll(FinalTable.wrapped(decision.name(), String.join(", ", decision.choices()) + needs, WIDTH));
        }
        lines.add("");
        if (summary.costs().isEmpty()) {
            lines.add("  costs are unknown before training, because the search space has no network");
        } else {
            lines.addAll(FinalTable.aligned(ranges(summary)));
            limits(summary, constraints, lines);
        }
        lines.add("");
        examples("draw ", summary.examples(), lines);
        examples("", summary.references(), lines);
        return lines;
    }

    private static String sentence(Architectures architectures) {
        return switch (architectures) {
            case Counted counted -> "%,d different ones, counted".formatted(counted.number());
            case Estimated estimated ->
                "about %s different ones, estimated from draws (95 %% interval %s to %s)"
                        .formatted(number(estimated.number()), number(estimated.least()), number(estimated.most()));
            case AtMost most ->
                "at most %s different ones; how many more genotypes are alike is not known"
                        .formatted(number(most.number()));
        };
    }

    /** Beyond what anybody says in words, by its power of ten. */
    private static String number(double value) {
        return value < 1e12
                ? Figures.count(value)
                : String.format(Locale.ROOT, "%.2e", value).replace("e+", "e");
    }

    private static List<List<String>> ranges(SpaceSummary summary) {
        List<List<String>> table = new ArrayList<>(List.of(List.of("", "least", "median", "most")));
        COSTS.forEach((metric, label) -> {
            Range range = summary.costs().get(metric);
            if (range != null) {
                table.add(List.of(
                        label,
                        Figures.count(range.least()),
                        Figures.count(range.median()),
                        Figures.count(range.most())));
            }
        });
        return table;
    }

    private static void limits(SpaceSummary summary, List<Constraint> constraints, List<String> lines) {
        String limits = constraints.stream()
                .filter(Constraint::isAnalytic)
                .map(c -> "%s <= %s".formatted(c.metric(), Figures.count(c.max())))
                .collect(Collectors.joining(" and "));
        if (!limits.isEmpty()) {
            lines.add("  %s of the %s keep %s"
                    .formatted(
                            part(summary.feasible()),
                            summary.architectures() instanceof Counted ? "architectures" : "draws",
                            limits));
        }
    }

    private static String part(double part) {
        return part > 0 && part < 0.001 ? "less than 0.1 %" : String.format(Locale.ROOT, "%.1f %%", 100 * part);
    }

    private static void examples(String kind, List<Example> examples, List<String> lines) {
        for (Example example : examples) {
            lines.add(FinalTable.row(kind + example.name(), cost(example.cost()) + example.hash()));
            String decisions = example.decisions().entrySet().stream()
                    .map(e -> e.getKey() + TIED + e.getValue())
                    .collect(Collectors.joining(", "));
            FinalTable.wrapped(" ", decisions, WIDTH).forEach(line -> lines.add(line.replace(TIED, ' ')));
        }
    }

    private static String cost(Cost cost) {
        return cost.equals(Cost.UNKNOWN)
                ? ""
                : "%s params, %s MACs, %s activation bytes, "
                        .formatted(
                                Figures.count(cost.params()),
                                Figures.count(cost.macs()),
                                Figures.count(cost.activationBytes()));
    }

    /** The same for scripts: maps, lists, texts and numbers. */
    public static Map<String, Object> document(String title, SpaceSummary summary) {
        var document = new LinkedHashMap<String, Object>();
        document.put("searchSpace", title);
        document.put("genotypes", summary.genotypes());
        document.put("architectures", architectures(summary.architectures()));
        document.put("draws", summary.uniform() ? "architectures" : "genotypes");
        document.put(
                "decisions",
                summary.decisions().stream()
                        .map(d -> Map.of("name", d.name(), "choices", d.choices(), "needs", d.needs()))
                        .toList());
        var ranges = new LinkedHashMap<String, Object>();
        COSTS.keySet().stream()
                .filter(summary.costs()::containsKey)
                .forEach(metric -> ranges.put(metric, summary.costs().get(metric)));
        document.put("costs", ranges);
        document.put("feasible", summary.feasible());
        document.put(
                "examples",
                summary.examples().stream().map(SpaceReport::example).toList());
        document.put(
                "references",
                summary.references().stream().map(SpaceReport::example).toList());
        return document;
    }

    private static Map<String, Object> architectures(Architectures architectures) {
        return switch (architectures) {
            case Counted counted -> Map.of("counted", counted.number());
            case Estimated estimated ->
                Map.of("estimated", estimated.number(), "interval", List.of(estimated.least(), estimated.most()));
            case AtMost most -> Map.of("atMost", most.number());
        };
    }

    private static Map<String, Object> example(Example example) {
        var entry = new LinkedHashMap<String, Object>();
        entry.put("name", example.name());
        entry.put("hash", example.hash());
        if (!example.cost().equals(Cost.UNKNOWN)) {
            COSTS.keySet().forEach(metric -> entry.put(metric, example.cost().value(metric)));
        }
        entry.put("decisions", example.decisions());
        return entry;
    }

    private SpaceReport() {}
}
