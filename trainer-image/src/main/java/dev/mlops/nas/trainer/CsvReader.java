package dev.mlops.nas.trainer;

import dev.mlops.nas.contract.TrialFile.DatasetRef;
import dev.mlops.nas.trainer.Network.Shape;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Numbers and names of categories separated by commas, one row of {@link TableRows} per line. A cell in quotes may hold commas, and quotes
 * twice (RFC 4180), but no line end. A first line without any number and any name is a header.
 */
final class CsvReader {
    private final DataFile file;
    private final TableRows rows;

    private CsvReader(DataFile file, TableRows rows) {
        this.file = file;
        this.rows = rows;
    }

    static Examples read(DataFile file, DatasetRef dataset) throws IOException {
        var rows = TableRows.of(file.name(), dataset);
        new CsvReader(file, rows).read();
        return rows.examples();
    }

    /** Examples without a column of labels. */
    static float[] unlabelled(DataFile file, Shape shape, Categories categories) throws IOException {
        var rows = TableRows.unlabelled(file.name(), shape, categories);
        new CsvReader(file, rows).read();
        return rows.features();
    }

    private void read() throws IOException {
        try (var lines =
                new BufferedReader(new InputStreamReader(file.open(), StandardCharsets.UTF_8.newDecoder()), 1 << 16)) {
            int number = 0;
            for (var line = lines.readLine(); line != null; line = lines.readLine()) {
                number++;
                if (!line.isBlank() && !(number == 1 && isHeader(line))) {
                    add(line, number);
                }
            }
        }
    }

    private boolean isHeader(String line) {
        var cells = cells(line, 1);
        return IntStream.range(0, cells.size()).noneMatch(c -> isNumber(cells.get(c)) || rows.isName(c, cells.get(c)));
    }

    private static boolean isNumber(String cell) {
        try {
            Double.parseDouble(cell);
            return true;
        } catch (NumberFormatException e) {
            return false;
        }
    }

    private void add(String line, int number) {
        var cells = cells(line, number);
        if (cells.size() != rows.columns()) {
            throw rows.count() == 0
                    ? TrialException.data(
                            "Data file %s, line %d has %d columns, but %s.",
                            file.name(), number, cells.size(), rows.need())
                    : TrialException.data(
                            "Data file %s, line %d has %d columns, but the lines before it have %d.",
                            file.name(), number, cells.size(), rows.columns());
        }
        var row = new double[cells.size()];
        for (int column = 0; column < row.length; column++) {
            var cell = cells.get(column);
            row[column] =
                    rows.isNamed(column) ? rows.code(column, cell, "line " + number) : number(cell, number, column);
        }
        rows.add(row, "line " + number);
    }

    /** Without white space around them. */
    private List<String> cells(String line, int number) {
        if (line.indexOf('"') < 0) {
            return Arrays.stream(line.split(",", -1)).map(String::strip).toList();
        }
        var cells = new ArrayList<String>();
        for (int from = 0; from <= line.length(); ) {
            int to = end(line, from, number);
            var cell = line.substring(from, to);
            boolean quoted = cell.startsWith("\"");
            cells.add((quoted ? cell.substring(1, cell.lastIndexOf('"')).replace("\"\"", "\"") : cell).strip());
            from = to + 1;
        }
        return cells;
    }

    /** Where the cell that begins there ends. */
    private int end(String line, int from, int number) {
        boolean quoted = false;
        for (int at = from; at < line.length(); at++) {
            char c = line.charAt(at);
            if (c == '"' && (quoted || at == from)) {
                quoted = !quoted;
            } else if (c == '"' && at > from && line.charAt(at - 1) == '"' && line.charAt(from) == '"') {
                quoted = true;
            } else if (c == ',' && !quoted) {
                return at;
            }
        }
        if (quoted) {
            throw TrialException.data(
                    "Data file %s, line %d: a cell begins with a quote that never ends.", file.name(), number);
        }
        return line.length();
    }

    private double number(String cell, int line, int column) {
        try {
            return Double.parseDouble(cell);
        } catch (NumberFormatException e) {
            throw TrialException.data(
                    "Data file %s, line %d, column %d: \"%s\" is not a number.",
                    file.name(), line, column + 1, cell.length() > 40 ? cell.substring(0, 40) + "…" : cell);
        }
    }
}
