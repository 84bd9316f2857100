package dev.mlops.nas.bench;

import dev.mlops.nas.search.SearchSpace;
import dev.mlops.nas.search.TabularBenchmark.Source;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads {@code COLUMN:RESULTS}, an earlier experiment. */
final class Sources {
    private static final Pattern FORM = Pattern.compile("\\s*(.*\\S)\\s*:\\s*([1-9][0-9]{0,5})\\s*");

    static List<Source> parse(List<String> options, TableFile table, SearchSpace space) throws BenchException {
        List<Source> sources = new ArrayList<>();
        for (String option : options) {
            Matcher form = FORM.matcher(option);
            if (!form.matches()) {
                throw new BenchException(
                        "--earlier is \"%s\": it must be COLUMN:RESULTS with 1 to 999999 results, such as accuracy_other:100"
                                .formatted(option));
            }
            table.require("--earlier", form.group(1));
            int results = Integer.parseInt(form.group(2));
            if (space.size().compareTo(BigInteger.valueOf(results)) < 0) {
                throw new BenchException("--earlier is \"%s\", but the table has %d rows: give 1 to %d results"
                        .formatted(option, space.size(), space.size()));
            }
            sources.add(new Source(form.group(1), results));
        }
        return sources;
    }

    private Sources() {}
}
