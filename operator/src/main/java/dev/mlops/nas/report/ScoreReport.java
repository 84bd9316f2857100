package dev.mlops.nas.report;

import dev.mlops.nas.search.Experiment;
import dev.mlops.nas.search.ScoreStudy;
import dev.mlops.nas.search.ScoreStudy.Ranking;
import dev.mlops.nas.search.ScoreStudy.Subject;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What {@code nas score} tells, as text and as a document for scripts. */
public final class ScoreReport {
    private static final int WIDTH = 100;

    /** Costs are shown apart, as people read them. */
    private static final List<String> COSTS = List.of("params", "macs");

    /**
     * What was found.
     *
     * @param experiment whose architectures
     * @param subjects all that was to be scored
     * @param scores by subject's name and score's name
     * @param unscored why not, by the subject's name
     * @param rankings how well each score ranks what was trained; empty where fewer than three architectures were
     */
    public record Findings(
            Experiment experiment,
            List<Subject> subjects,
            Map<String, Map<String, Double>> scores,
            Map<String, String> unscored,
            List<Ranking> rankings) {
        /** By mean rank, best first. */
        List<Subject> sorted() {
            return subjects.stream()
                    .sorted(Comparator.comparingDouble(
                            s -> -own(s).getOrDefault(ScoreStudy.MEAN_RANK, Double.NEGATIVE_INFINITY)))
                    .toList();
        }

        Map<String, Double> own(Subject subject) {
            return scores.getOrDefault(subject.name(), Map.of());
        }

        /** Names of the scores but for costs and the mean rank; the engine's voters first. */
        List<String> names() {
            return Stream.concat(
                            ScoreStudy.VOTERS.stream(),
                            scores.values().stream()
                                    .flatMap(s -> s.keySet().stream())
                                    .sorted())
                    .distinct()
                    .filter(n -> !COSTS.contains(n) && !n.equals(ScoreStudy.MEAN_RANK))
                    .toList();
        }
    }

    /** The lines for a terminal. */
    public static List<String> lines(Findings findings) {
        var lines = new ArrayList<>(FinalTable.aligned(table(findings)));
        findings.unscored().forEach((name, why) -> lines.addAll(FinalTable.wrapped(name, "not scored: " + why, WIDTH)));
        lines.add("");
        String metric = findings.experiment().objective().metric();
        long trained = findings.subjects().stream().filter(Subject::isTrained).count();
        if (findings.rankings().isEmpty()) {
            lines.addAll(FinalTable.wrapped(
                    "rank correlation",
                    "unknown, as it takes three trained architectures: name the folder of a search by --state",
                    WIDTH));
            return lines;
        }
        lines.add("  Kendall tau with the %s of %d trained architectures, %s interval"
                .formatted(
                        metric,
                        trained,
                        Figures.percent(findings.experiment().protocol().confidence())));
        List<List<String>> taus = new ArrayList<>();
        for (Ranking ranking : findings.rankings()) {
            taus.add(List.of(
                    label(ranking.score()),
                    Figures.correlation(ranking.kendallTau()),
                    "[%s, %s]".formatted(Figures.correlation(ranking.low()), Figures.correlation(ranking.high()))));
        }
        lines.addAll(FinalTable.aligned(taus));
        return lines;
    }

    private static List<List<String>> table(Findings findings) {
        List<List<String>> table = new ArrayList<>();
        List<String> head = new ArrayList<>(List.of("", "params", "MACs"));
        head.addAll(findings.names());
        head.add(label(ScoreStudy.MEAN_RANK));
        head.add(findings.experiment().objective().metric());
        table.add(head);
        for (Subject subject : findings.sorted()) {
            Map<String, Double> own = findings.own(subject);
            List<String> row = new ArrayList<>(List.of(
                    subject.name(),
                    Figures.cost(subject.cost().params()),
                    Figures.cost(subject.cost().macs())));
            findings.names().forEach(n -> row.add(figure(own.get(n))));
            row.add(figure(own.get(ScoreStudy.MEAN_RANK)));
            row.add(Figures.score(subject.value()));
            table.add(row);
        }
        return table;
    }

    private static String figure(@Nullable Double value) {
        return value == null ? "–" : String.format(Locale.ROOT, Math.abs(value) < 10 ? "%.3f" : "%.1f", value);
    }

    /** A score as people read it. */
    static String label(String score) {
        return score.equals(ScoreStudy.MEAN_RANK) ? "mean rank" : score.equals("macs") ? "MACs" : score;
    }

    /** The document for scripts. */
    public static Map<String, Object> document(Findings findings) {
        var document = new LinkedHashMap<String, Object>();
        document.put("experiment", findings.experiment().name());
        document.put("metric", findings.experiment().objective().metric());
        document.put(
                "architectures",
                findings.sorted().stream().map(s -> architecture(findings, s)).toList());
        document.put("rankings", findings.rankings());
        return document;
    }

    private static Map<String, Object> architecture(Findings findings, Subject subject) {
        var document = new LinkedHashMap<String, Object>();
        document.put("name", subject.name());
        document.put("decisions", findings.experiment().space().describe(subject.genotype()));
        document.put("scores", findings.own(subject));
        if (findings.unscored().containsKey(subject.name())) {
            document.put("message", findings.unscored().get(subject.name()));
        }
        if (subject.isTrained()) {
            document.put("value", subject.value());
        }
        return document;
    }

    private ScoreReport() {}
}
