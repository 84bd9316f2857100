package dev.mlops.nas.bench;

import dev.mlops.nas.search.TabularBenchmark.Row;
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

/** A CSV file, plain or gzip, with a header. */
final class TableFile {
    /**
     * The rows.
     *
     * @param choices name of the column with one digit per decision
     * @param objective name of the column with the objective
     */
    static List<Row> read(Path file, String choices, String objective) throws BenchException {
        try (var lines = new BufferedReader(new InputStreamReader(open(file), StandardCharsets.UTF_8))) {
            String header = lines.readLine();
            if (header == null || header.isBlank()) {
                throw new BenchException("%s: the file is empty; it must be CSV with a header".formatted(file));
            }
            List<String> names = cells(header);
            int choicesAt = column(file, names, choices, "--choices");
            int objectiveAt = column(file, names, objective, "--objective");
            List<Row> rows = new ArrayList<>();
            int number = 1;
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                number++;
                if (!line.isBlank()) {
                    List<String> cells = cells(line);
                    if (cells.size() != names.size()) {
                        throw new BenchException("%s: line %d has %d columns, but the header has %d"
                                .formatted(file, number, cells.size(), names.size()));
                    }
                    rows.add(new Row(
                            number, cells.get(choicesAt), number(file, number, objective, cells.get(objectiveAt))));
                }
            }
            return rows;
        } catch (IOException failed) {
            throw new BenchException("%s: cannot be read: %s".formatted(file, failed.getMessage()));
        }
    }

    private static InputStream open(Path file) throws IOException, BenchException {
        if (!Files.isRegularFile(file)) {
            throw new BenchException("%s: there is no such file".formatted(file));
        }
        var in = new BufferedInputStream(Files.newInputStream(file));
        in.mark(2);
        boolean zipped = in.read() == 0x1f && in.read() == 0x8b;
        in.reset();
        return zipped ? new GZIPInputStream(in) : in;
    }

    private static int column(Path file, List<String> names, String name, String option) throws BenchException {
        int at = names.indexOf(name);
        if (at < 0) {
            throw new BenchException("%s: %s names the column \"%s\", which the file does not have; it has %s"
                    .formatted(file, option, name, String.join(", ", names)));
        }
        return at;
    }

    private static double number(Path file, int line, String column, String text) throws BenchException {
        Double value = parsed(text);
        if (value == null || !Double.isFinite(value)) {
            throw new BenchException("%s: line %d: column %s holds \"%s\", which is not a finite number"
                    .formatted(file, line, column, text));
        }
        return value;
    }

    private static @Nullable Double parsed(String text) {
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

    private TableFile() {}
}
