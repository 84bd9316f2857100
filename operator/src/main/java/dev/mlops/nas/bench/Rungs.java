package dev.mlops.nas.bench;

import dev.mlops.nas.search.Experiment;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Reads {@code COLUMN:EPOCHS}, one for every lower rung of an experiment. */
final class Rungs {
    private static final Pattern FORM = Pattern.compile("\\s*(.*\\S)\\s*:\\s*([0-9]{1,6})\\s*");

    /** Columns by epochs. */
    static Map<Integer, String> parse(List<String> options, Experiment experiment, TableFile table)
            throws BenchException {
        List<Integer> lower = experiment.fidelity().rungs().stream()
                .filter(r -> r < experiment.epochs())
                .toList();
        String known = lower.isEmpty()
                ? "it has none below its %d epochs".formatted(experiment.epochs())
                : "its rungs below %d epochs are %s"
                        .formatted(
                                experiment.epochs(),
                                lower.stream().map(String::valueOf).collect(Collectors.joining(", ")));
        Map<Integer, String> columns = new TreeMap<>();
        for (String option : options) {
            Matcher form = FORM.matcher(option);
            if (!form.matches()) {
                throw new BenchException(
                        "--fidelities is \"%s\": it must be COLUMN:EPOCHS, such as accuracy_e12:12".formatted(option));
            }
            table.require("--fidelities", form.group(1));
            int epochs = Integer.parseInt(form.group(2));
            if (!lower.contains(epochs)) {
                throw new BenchException(
                        "--fidelities %s: the experiment has no such rung; %s".formatted(option, known));
            }
            if (columns.put(epochs, form.group(1)) != null) {
                throw new BenchException("--fidelities names two columns for %d epochs".formatted(epochs));
            }
        }
        for (int epochs : lower) {
            if (!columns.containsKey(epochs)) {
                throw new BenchException(
                        "the experiment trains %d epochs first: name the column with those results, --fidelities COLUMN:%d"
                                .formatted(epochs, epochs));
            }
        }
        return columns;
    }

    private Rungs() {}
}
