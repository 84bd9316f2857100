package dev.mlops.nas.bench;

import dev.mlops.nas.search.Experiment.Constraint;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads {@code NAME<=NUMBER}. */
final class Limits {
    private static final Pattern FORM = Pattern.compile("\\s*([^<>=]*[^<>=\\s])\\s*<=\\s*(\\S+)\\s*");

    /** The limits of the options; each names a column of the table, or an analytic cost of the space. */
    static List<Constraint> parse(List<String> options, TableFile table) throws BenchException {
        List<Constraint> limits = new ArrayList<>();
        for (String option : options) {
            limits.add(parse(option, table));
        }
        return limits;
    }

    private static Constraint parse(String option, TableFile table) throws BenchException {
        Matcher form = FORM.matcher(option);
        if (!form.matches()) {
            throw new BenchException(
                    "--constraint is \"%s\": it must be NAME<=NUMBER, such as macs<=8e7".formatted(option));
        }
        Double max = TableFile.parsed(form.group(2));
        if (max == null || !Double.isFinite(max) || max <= 0) {
            throw new BenchException(
                    "--constraint %s: \"%s\" is not a number above 0".formatted(option, form.group(2)));
        }
        var limit = new Constraint(form.group(1), max);
        if (!table.has(limit.metric()) && !limit.isAnalytic()) {
            throw new BenchException(
                    "--constraint %s: \"%s\" is neither a column of the table, which has %s, nor params or macs"
                            .formatted(option, limit.metric(), String.join(", ", table.columns())));
        }
        return limit;
    }

    private Limits() {}
}
