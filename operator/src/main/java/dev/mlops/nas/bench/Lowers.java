package dev.mlops.nas.bench;

import dev.mlops.nas.search.TabularBenchmark.Lower;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads {@code COLUMN:COST}, where the cost is a number or a fraction such as {@code 12/200}. */
final class Lowers {
    private static final Pattern FORM = Pattern.compile("\\s*(.*\\S)\\s*:\\s*([^:/\\s]+)(?:\\s*/\\s*([^:/\\s]+))?\\s*");

    /** The lower fidelities of the options; each names a column of its own and has a cost of its own. */
    static List<Lower> parse(List<String> options, TableFile table, String objective) throws BenchException {
        List<Lower> fidelities = new ArrayList<>();
        for (String option : options) {
            Lower fidelity = parse(option);
            table.require("--fidelities", fidelity.column());
            if (fidelity.column().equals(objective)) {
                throw new BenchException(
                        "--fidelities names %s, which is the objective: that is the full fidelity, at cost 1"
                                .formatted(objective));
            }
            for (Lower other : fidelities) {
                if (other.column().equals(fidelity.column()) || other.cost() == fidelity.cost()) {
                    throw new BenchException(
                            "--fidelities has the same %s twice: every fidelity needs a column and a cost of its own"
                                    .formatted(other.column().equals(fidelity.column()) ? "column" : "cost"));
                }
            }
            fidelities.add(fidelity);
        }
        return fidelities;
    }

    private static Lower parse(String option) throws BenchException {
        Matcher form = FORM.matcher(option);
        if (!form.matches()) {
            throw new BenchException(
                    "--fidelities is \"%s\": it must be COLUMN:COST, such as accuracy_e12:0.06 or accuracy_e12:12/200"
                            .formatted(option));
        }
        double cost = number(form.group(2)) / (form.group(3) == null ? 1 : number(form.group(3)));
        if (!(cost >= 1e-6 && cost < 1)) {
            throw new BenchException(
                    "--fidelities %s: the cost must be a number from 0.000001 to below 1, the cost of the objective"
                            .formatted(option));
        }
        return new Lower(form.group(1), cost);
    }

    private static double number(@Nullable String text) {
        Double number = text == null ? null : TableFile.parsed(text);
        return number == null ? Double.NaN : number;
    }

    private Lowers() {}
}
