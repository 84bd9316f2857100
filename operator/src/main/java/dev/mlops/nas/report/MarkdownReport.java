package dev.mlops.nas.report;

import dev.mlops.nas.api.NasApi;
import dev.mlops.nas.search.Plan.Front;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** The report as Markdown: the same words and tables, without the charts. */
public final class MarkdownReport {
    /** The text. */
    public static String of(SearchRecord search) {
        var text = new StringBuilder("# " + escaped(Content.title(search)) + "\n\n");
        text.append("**").append(escaped(Content.headline(search))).append("**\n\n");
        text.append(list(Content.verdicts(search)));
        text.append("Cost: ").append(escaped(Costs.sentence(search))).append(".\n\n");
        if (!search.summary().comparison().isEmpty()) {
            text.append("## Comparison on the test split\n\n")
                    .append(table(Content.comparisonHead(search), Content.comparison(search)));
        }
        var best = search.summary().best();
        if (best != null) {
            text.append("## The architecture\n\nFound by `%s`.\n\n"
                            .formatted(NasApi.trialName(search.experiment().name(), best.number())))
                    .append(table(List.of("decision", "value"), Content.decisions(search, best)));
        }
        if (!Content.deployed(search).isEmpty()) {
            text.append("## Latency as deployed\n\n")
                    .append(table(Content.DEPLOYED_HEAD, Content.deployed(search)))
                    .append(escaped(Content.DEPLOYED))
                    .append("\n\n");
        }
        Front front = search.summary().front();
        if (front != null && !front.points().isEmpty()) {
            text.append("## The Pareto front\n\n")
                    .append(table(Content.frontHead(search, front), Content.front(search, front)))
                    .append(Sentences.hypervolume(
                            front, search.experiment().objective().metric()))
                    .append("\n\n");
        }
        if (!Content.predictor(search).isEmpty()) {
            text.append("## The predictor\n\n").append(list(Content.predictor(search)));
        }
        text.append("## Cost\n\n")
                .append(table(
                        List.of("purpose", "trainings", "without result", "training time"), Content.cost(search)));
        text.append("## How it was done\n\n").append(list(Content.protocol(search)));
        text.append("## What this does not show\n\n").append(list(Content.limits(search)));
        text.append("## To repeat it\n\n")
                .append(table(
                        List.of("what", "value"),
                        Content.manifest(search).entrySet().stream()
                                .map(e -> List.of(e.getKey(), e.getValue()))
                                .toList()))
                .append("```yaml\n")
                .append(Content.yaml(search))
                .append("```\n\n");
        text.append("## All trials\n\n").append(table(Content.trialHead(search), Content.trials(search)));
        return text.append(list(Content.lost(search))).toString();
    }

    private static String table(List<String> head, List<List<String>> rows) {
        var lines = new ArrayList<List<String>>();
        lines.add(head);
        lines.add(Collections.nCopies(head.size(), "---"));
        lines.addAll(rows);
        var text = new StringBuilder();
        for (List<String> row : lines) {
            text.append("| ")
                    .append(String.join(
                            " | ", row.stream().map(MarkdownReport::escaped).toList()))
                    .append(" |\n");
        }
        return text.append('\n').toString();
    }

    private static String list(List<String> items) {
        if (items.isEmpty()) {
            return "";
        }
        var text = new StringBuilder();
        items.forEach(i -> text.append("- ").append(escaped(i)).append('\n'));
        return text.append('\n').toString();
    }

    private static String escaped(String text) {
        return text.replaceAll("([\\\\`*_|<>\\[\\]])", "\\\\$1").replaceAll("\\R", " ");
    }

    private MarkdownReport() {}
}
