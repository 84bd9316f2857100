package dev.mlops.nas.search;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A space whose architectures were all trained before: numbers by column for every genotype. Genotypes that give the same graph
 * are one architecture, whose value is the mean of their rows.
 */
public final class ArchitectureTable {
    private static final BigInteger LARGEST = BigInteger.valueOf(2_000_000);

    /**
     * One line of the table.
     *
     * @param line in the file, for messages
     * @param choices one digit per decision, letters from 10 on (a is 10, z is 35), or numbers with dots between them; a
     *     decision that is inactive may hold any choice or {@code -}
     * @param values one per column
     */
    public record Row(int line, String choices, List<Double> values) {
        /** Copies the values. */
        public Row {
            values = List.copyOf(values);
        }
    }

    private final SearchSpace space;
    private final List<String> columns;
    private final Map<String, double[]> means = new HashMap<>();

    /**
     * Checks that there is one row for every genotype of the space.
     *
     * @throws IllegalArgumentException with one sentence on what is wrong
     */
    public ArchitectureTable(SearchSpace space, List<String> columns, Collection<Row> rows) {
        this.space = space;
        this.columns = List.copyOf(columns);
        if (space.size().compareTo(LARGEST) > 0) {
            throw new IllegalArgumentException(
                    "the search space has %s genotypes, more than the %s that a table may have"
                            .formatted(space.size(), LARGEST));
        }
        var encoding = new Encoding(space);
        Map<Genotype, Row> seen = new HashMap<>();
        Map<String, Integer> counts = new HashMap<>();
        for (Row row : rows) {
            Genotype genotype = encoding.genotype(row);
            check(row);
            Row first = seen.put(genotype, row);
            if (first != null) {
                throw new IllegalArgumentException(twice(row, first));
            }
            String hash = space.architectureHash(genotype);
            double[] sums = means.computeIfAbsent(hash, h -> new double[columns.size()]);
            for (int i = 0; i < sums.length; i++) {
                sums[i] += row.values().get(i);
            }
            counts.merge(hash, 1, Integer::sum);
        }
        if (seen.size() < encoding.genotypes.size()) {
            Genotype lacking =
                    space.all().filter(g -> !seen.containsKey(g)).findFirst().orElseThrow();
            throw new IllegalArgumentException("the table lacks %d of the search space's %d genotypes, such as %s"
                    .formatted(
                            encoding.genotypes.size() - seen.size(),
                            encoding.genotypes.size(),
                            encoding.text(lacking)));
        }
        means.forEach((hash, sums) -> Arrays.setAll(sums, i -> sums[i] / counts.getOrDefault(hash, 1)));
    }

    private void check(Row row) {
        for (int i = 0; i < columns.size(); i++) {
            if (!Double.isFinite(row.values().get(i))) {
                throw new IllegalArgumentException("line %d: column %s holds %s, not a number"
                        .formatted(row.line(), columns.get(i), row.values().get(i)));
            }
        }
    }

    private static String twice(Row row, Row first) {
        return row.choices().equals(first.choices())
                ? "line %d: choices %s stand in line %d already".formatted(row.line(), row.choices(), first.line())
                : "line %d: choices %s are the genotype of line %d (%s): they differ in inactive decisions only"
                        .formatted(row.line(), row.choices(), first.line(), first.choices());
    }

    /** The space. */
    public SearchSpace space() {
        return space;
    }

    /** Number of architectures. */
    public int size() {
        return means.size();
    }

    /** Whether there is such a column. */
    public boolean has(String column) {
        return columns.contains(column);
    }

    /**
     * The mean over the rows of one architecture.
     *
     * @throws IllegalArgumentException if there is no such column
     */
    public double value(Genotype genotype, String column) {
        return value(space.architectureHash(genotype), column);
    }

    double value(String hash, String column) {
        int at = columns.indexOf(column);
        double[] values = means.get(hash);
        if (at < 0 || values == null) {
            throw new IllegalArgumentException("the table has no column %s for %s".formatted(column, hash));
        }
        return values[at];
    }

    /** Between genotypes and the text of a row. */
    private static final class Encoding {
        private final List<Decision> decisions;
        private final Map<List<Integer>, Genotype> genotypes = new HashMap<>();
        private final Set<List<Integer>> inactive = new HashSet<>();

        Encoding(SearchSpace space) {
            this.decisions = space.decisions();
            space.all().forEach(g -> {
                genotypes.put(g.choices(), g);
                inactive.add(IntStream.range(0, g.choices().size())
                        .filter(i -> g.choices().get(i) < 0)
                        .boxed()
                        .toList());
            });
        }

        String text(Genotype genotype) {
            boolean digits = decisions.stream().allMatch(d -> d.choices().size() <= Character.MAX_RADIX);
            List<String> parts = genotype.choices().stream()
                    .map(c -> c < 0 ? "-" : Integer.toString(c, digits ? Character.MAX_RADIX : 10))
                    .toList();
            return String.join(digits ? "" : ".", parts);
        }

        Genotype genotype(Row row) {
            List<@Nullable Integer> choices = choices(row);
            Genotype exact = genotypes.get(choices);
            if (exact != null) {
                return exact;
            }
            for (List<Integer> off : inactive) {
                var masked = new ArrayList<>(choices);
                off.forEach(i -> masked.set(i, -1));
                Genotype genotype = genotypes.get(masked);
                if (genotype != null) {
                    return genotype;
                }
            }
            throw new IllegalArgumentException(unfit(row, choices));
        }

        /** One number per decision, null where the text holds none. */
        private List<@Nullable Integer> choices(Row row) {
            String[] parts = parts(row);
            if (parts.length != decisions.size()) {
                throw new IllegalArgumentException(
                        "line %d: choices \"%s\" have %d digits, but the search space has %d decisions"
                                .formatted(row.line(), row.choices(), parts.length, decisions.size()));
            }
            List<@Nullable Integer> choices = new ArrayList<>();
            for (String part : parts) {
                choices.add(part.equals("-") ? Integer.valueOf(-1) : number(part));
            }
            return choices;
        }

        private String[] parts(Row row) {
            String text = row.choices().strip().toLowerCase(Locale.ROOT);
            if (text.isEmpty()) {
                return new String[0];
            }
            return text.contains(".") || decisions.size() == 1 ? text.split("\\.", -1) : text.split("");
        }

        private static @Nullable Integer number(String part) {
            if (part.matches("[0-9]{1,9}")) {
                return Integer.valueOf(part);
            }
            return part.matches("[a-z]") ? Integer.valueOf(Character.digit(part.charAt(0), Character.MAX_RADIX)) : null;
        }

        private String unfit(Row row, List<@Nullable Integer> choices) {
            for (int i = 0; i < decisions.size(); i++) {
                Integer choice = choices.get(i);
                int last = decisions.get(i).choices().size() - 1;
                if (choice == null || choice > last) {
                    return "line %d: choices \"%s\" hold \"%s\" for %s, which has choices 0 to %d"
                            .formatted(
                                    row.line(),
                                    row.choices(),
                                    parts(row)[i],
                                    decisions.get(i).name(),
                                    last);
                }
            }
            return "line %d: choices \"%s\" are no genotype of the search space".formatted(row.line(), row.choices());
        }
    }
}
