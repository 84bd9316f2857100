package dev.mlops.nas.bench;

import dev.mlops.nas.search.ArchitectureTable;
import dev.mlops.nas.search.SearchSpace;
import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/**
 * A CSV file, plain or gzip, with a header.
 *
 * @param path where it is
 * @param columns names of the header
 */
record TableFile(Path path, List<String> columns) {
    /** Reads the header. */
    static TableFile open(Path path) throws BenchException {
        try (var lines = reader(path)) {
            String header = lines.readLine();
            if (header == null || header.isBlank()) {
                throw new BenchException("%s: the file is empty; it must be CSV with a header".formatted(path));
            }
            return new TableFile(
                    path,
                    cells(header.startsWith("\uFEFF") ? header.substring(1) : header).stream()
                            .map(String::strip)
                            .toList());
        } catch (IOException failed) {
            throw unreadable(path, failed);
        }
    }

    boolean has(String column) {
        return columns.contains(column);
    }

    /** Makes sure that an option names a column. */
    void require(String option, String column) throws BenchException {
        if (!has(column)) {
            throw new BenchException("%s: %s names the column \"%s\", which the file does not have; it has %s"
                    .formatted(path, option, column, String.join(", ", columns)));
        }
    }

    /**
     * The whole table.
     *
     * @param space that it is about
     * @param choices name of the column with the choices
     * @param wanted names of the columns with numbers
     */
    ArchitectureTable read(SearchSpace space, String choices, List<String> wanted) throws BenchException {
        int choicesAt = columns.indexOf(choices);
        int[] at = wanted.stream().mapToInt(columns::indexOf).toArray();
        List<ArchitectureTable.Row> rows = new ArrayList<>();
        try (var lines = reader(path)) {
            lines.readLine();
            int number = 1;
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                number++;
                if (!line.isBlank()) {
                    List<String> cells = cells(line);
                    if (cells.size() != columns.size()) {
                        throw new BenchException("%s: line %d has %d columns, but the header has %d"
                                .formatted(path, number, cells.size(), columns.size()));
                    }
                    List<Double> values = new ArrayList<>();
                    for (int column : at) {
                        values.add(number(number, columns.get(column), cells.get(column)));
                    }
                    rows.add(new ArchitectureTable.Row(number, cells.get(choicesAt), values));
                }
            }
        } catch (IOException failed) {
            throw unreadable(path, failed);
        }
        try {
            return new ArchitectureTable(space, wanted, rows);
        } catch (IllegalArgumentException unusable) {
            throw new BenchException("%s: %s".formatted(path, unusable.getMessage()));
        }
    }

    private static BufferedReader reader(Path file) throws IOException, BenchException {
        if (!Files.isRegularFile(file)) {
            throw new BenchException("%s: there is no such file".formatted(file));
        }
        var in = new BufferedInputStream(Files.newInputStream(file));
        in.mark(2);
        boolean zipped = in.read() == 0x1f && in.read() == 0x8b;
        in.reset();
        InputStream plain = zipped ? new GZIPInputStream(in) : in;
        return new BufferedReader(new InputStreamReader(plain, StandardCharsets.UTF_8));
    }

    private static BenchException unreadable(Path path, IOException failed) {
        return new BenchException("%s: cannot be read: %s".formatted(path, failed.getMessage()));
    }

    private double number(int line, String column, String text) throws BenchException {
        Double value = parsed(text);
        if (value == null || !Double.isFinite(value)) {
            throw new BenchException("%s: line %d: column %s holds \"%s\", which is not a finite number"
                    .formatted(path, line, column, text));
        }
        return value;
    }

    static @Nullable Double parsed(String text) {
        try {
            return Double.valueOf(text.strip());
        } catch (NumberFormatException e) {
            return null;
        }
    }

    /** Cells of a line; cells in double quotes may hold commas, and doubled quotes. */
    private static List<String> cells(String line) {
        List<String> cells = new ArrayList<>();
        var cell = new StringBuilder();
        boolean quoted = false;
        for (int i = 0; i < line.length(); i++) {
            char c = line.charAt(i);
            if (c == '"') {
                if (quoted && i + 1 < line.length() && line.charAt(i + 1) == '"') {
                    cell.append(c);
                    i++;
                } else {
                    quoted = !quoted;
                }
            } else if (c == ',' && !quoted) {
                cells.add(cell.toString());
                cell.setLength(0);
            } else {
                cell.append(c);
            }
        }
        cells.add(cell.toString());
        return cells;
    }
}
