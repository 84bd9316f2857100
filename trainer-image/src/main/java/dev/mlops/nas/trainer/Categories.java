package dev.mlops.nas.trainer;

import dev.mlops.nas.contract.TrialFile.Categorical;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Which columns of a table hold categories, and how a file writes these; columns are those of an example, from 0. */
final class Categories {
    static final Categories NONE = new Categories(List.of());

    /** So many names are listed in a message. */
    private static final int LISTED = 10;

    private final Map<Integer, Categorical> columns = new TreeMap<>();
    private final Map<Integer, Map<String, Integer>> codes = new HashMap<>();

    private Categories(List<Categorical> categorical) {
        for (var column : categorical) {
            columns.put(column.column(), column);
            if (column.values() != null) {
                var named = new HashMap<String, Integer>();
                column.values().forEach(name -> named.put(name.strip(), named.size()));
                codes.put(column.column(), named);
            }
        }
    }

    static Categories of(@Nullable List<Categorical> categorical) {
        return categorical == null ? NONE : new Categories(categorical);
    }

    /** Whether a column holds some. */
    boolean areIn(int column) {
        return columns.containsKey(column);
    }

    /** Whether the file has names in a column, in place of codes. */
    boolean areNamedIn(int column) {
        return codes.containsKey(column);
    }

    /** Whether a column has a category of this name. */
    boolean haveName(int column, String name) {
        return codes.getOrDefault(column, Map.of()).containsKey(name.strip());
    }

    /**
     * The code of a name.
     *
     * @param place where it stands, such as {@code line 3}
     * @throws TrialException with exit code 65 when the column has no such category
     */
    int code(int column, String name, String source, String place) {
        var code = codes.getOrDefault(column, Map.of()).get(name.strip());
        if (code == null) {
            throw TrialException.data(
                    "Data file %s, %s: categorical column %d holds \"%s\"; allowed: %s.",
                    source, place, column, name.length() > 40 ? name.substring(0, 40) + "…" : name, names(column));
        }
        return code;
    }

    private String names(int column) {
        var values = columns.get(column);
        if (values == null || values.values() == null) {
            return "none";
        }
        var listed = values.values().stream().limit(LISTED).collect(Collectors.joining(", "));
        return values.values().size() > LISTED
                ? listed + ", … (%d values)".formatted(values.values().size())
                : listed;
    }

    /**
     * Refuses what is no code.
     *
     * @param place where it stands, such as {@code line 3}
     * @throws TrialException with exit code 65 when a column holds categories and this is none of them
     */
    void check(int column, double code, String source, String place) {
        var found = columns.get(column);
        if (found != null && !(code >= 0 && code < found.categories() && code == Math.rint(code))) {
            throw TrialException.data(
                    "Data file %s, %s: categorical column %d holds %s; allowed: whole numbers 0 to %d.",
                    source,
                    place,
                    column,
                    code == Math.rint(code) ? Long.toString((long) code) : Double.toString(code),
                    found.categories() - 1);
        }
    }

    /** Refuses examples with what is no code; see {@link #check(int, double, String, String)}. */
    void check(float[] features, int size, String source) {
        for (int column : columns.keySet()) {
            for (int example = 0; example < features.length / size; example++) {
                check(column, features[example * size + column], source, "example " + (example + 1));
            }
        }
    }
}
