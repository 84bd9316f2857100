package dev.mlops.nas.bench;

import dev.mlops.nas.local.BadInputException;
import dev.mlops.nas.local.SearchCurves;
import dev.mlops.nas.search.CurveStudy;
import dev.mlops.nas.search.CurveStudy.Cut;
import dev.mlops.nas.search.CurveStudy.Rule;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What beginnings of trainings say of their ends: {@code nas bench curves}. */
public final class CurveBench {
    /** Fewer trainings are too few to rank. */
    private static final int FEWEST = 8;

    /** Shorter trainings have no beginning to speak of. */
    private static final int SHORTEST = 8;

    /**
     * What to measure.
     *
     * @param runs folders that {@code nas run} left
     * @param parts of the epochs at which curves are cut, above 0 and below 1
     * @param json where the results go too; null for nowhere
     */
    public record Options(
            List<Path> runs, List<Double> parts, @Nullable Path json) {}

    private record Run(Path folder, String experiment, String metric, int trainings, int epochs, List<Cut> cuts) {}

    /**
     * Measures, and prints a table.
     *
     * @throws BenchException with one sentence when an input cannot be used; nothing is printed then
     */
    public static void run(Options options, PrintWriter out) throws BenchException {
        for (double part : options.parts()) {
            if (!(part > 0 && part < 1)) {
                throw new BenchException(
                        "--cuts holds %s: give parts of a training, above 0 and below 1".formatted(part));
            }
        }
        Checks.writable(options.json());
        List<Run> runs = new ArrayList<>();
        for (Path folder : options.runs()) {
            runs.add(read(folder, options.parts()));
        }
        for (Run run : runs) {
            print(run, out);
        }
        if (runs.size() > 1) {
            means(runs, options.parts(), out);
        }
        if (options.json() != null) {
            Checks.write(runs.stream().map(CurveBench::document).toList(), options.json());
        }
    }

    private static Run read(Path folder, List<Double> parts) throws BenchException {
        SearchCurves curves;
        try {
            curves = SearchCurves.read(folder)
                    .orElseThrow(() ->
                            new BenchException("%s holds no search: give folders that nas run left".formatted(folder)));
        } catch (BadInputException unusable) {
            throw new BenchException("%s holds no search: give folders that nas run left".formatted(folder));
        }
        if (curves.epochs() < SHORTEST) {
            throw new BenchException("%s: its trainings have %d epochs, too few to cut: give searches with %d or more"
                    .formatted(folder, curves.epochs(), SHORTEST));
        }
        if (curves.trainings().size() < FEWEST) {
            throw new BenchException(
                    "%s: %d of its trainings went all %d epochs from the first on and told %s after each: give searches with %d or more"
                            .formatted(folder, curves.trainings().size(), curves.epochs(), curves.metric(), FEWEST));
        }
        return new Run(
                folder,
                curves.experiment(),
                curves.metric(),
                curves.trainings().size(),
                curves.epochs(),
                CurveStudy.of(curves.trainings(), parts));
    }

    private static void print(Run run, PrintWriter out) {
        out.printf(
                "%s (%s): Kendall tau with %s after all %d epochs, %d trainings%n",
                run.experiment(), run.folder(), run.metric(), run.epochs(), run.trainings());
        head(run.cuts().stream().map(c -> "after %d".formatted(c.epochs())).toList(), out);
        for (Rule rule : Rule.values()) {
            line(
                    rule,
                    run.cuts().stream()
                            .map(c -> c.tau().getOrDefault(rule, Double.NaN))
                            .toList(),
                    out);
        }
        out.println();
    }

    private static void means(List<Run> runs, List<Double> parts, PrintWriter out) {
        out.printf("Mean over %d searches%n", runs.size());
        head(parts.stream().map(p -> String.format(Locale.ROOT, "at %.2f", p)).toList(), out);
        for (Rule rule : Rule.values()) {
            List<Double> means = new ArrayList<>();
            for (int cut = 0; cut < parts.size(); cut++) {
                int at = cut;
                means.add(runs.stream()
                        .mapToDouble(r -> r.cuts().get(at).tau().getOrDefault(rule, Double.NaN))
                        .average()
                        .orElseThrow());
            }
            line(rule, means, out);
        }
    }

    private static void head(List<String> cuts, PrintWriter out) {
        out.printf("  %-28s", "");
        cuts.forEach(c -> out.printf("%12s", c));
        out.println();
    }

    private static void line(Rule rule, List<Double> taus, PrintWriter out) {
        out.printf("  %-28s", name(rule));
        taus.forEach(t -> out.printf(Locale.ROOT, "%12.2f", t));
        out.println();
    }

    private static String name(Rule rule) {
        return switch (rule) {
            case LAST -> "last epoch";
            case BEST_OF_LAST_THREE -> "best of last three (used)";
            case MEAN_OF_LAST_TWO -> "mean of last two";
            case MEAN_OF_LAST_HALF -> "mean of last half";
            case POWER_LAW -> "power law, extrapolated";
            case VALIDATION_LOSS -> "validation loss, last epoch";
            case SUM_OF_TRAINING_LOSSES -> "training losses, last half";
        };
    }

    private static Map<String, Object> document(Run run) {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("experiment", run.experiment());
        document.put("metric", run.metric());
        document.put("trainings", run.trainings());
        document.put("epochs", run.epochs());
        document.put("cuts", run.cuts());
        return document;
    }

    private CurveBench() {}
}
