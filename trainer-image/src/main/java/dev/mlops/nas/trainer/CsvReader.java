package dev.mlops.nas.trainer;

import dev.mlops.nas.contract.TrialFile.DatasetRef;
import dev.mlops.nas.trainer.Network.Shape;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Numbers separated by commas, one row of {@link TableRows} per line. A first line without any number is a header. */
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
    static float[] unlabelled(DataFile file, Shape shape) throws IOException {
        var rows = TableRows.unlabelled(file.name(), shape);
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

    private static boolean isHeader(String line) {
        return Arrays.stream(line.split(",", -1)).noneMatch(cell -> isNumber(cell.strip()));
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
        var cells = line.split(",", -1);
        if (cells.length != rows.columns()) {
            throw rows.count() == 0
                    ? TrialException.data(
                            "Data file %s, line %d has %d columns, but %s.",
                            file.name(), number, cells.length, rows.need())
                    : TrialException.data(
                            "Data file %s, line %d has %d columns, but the lines before it have %d.",
                            file.name(), number, cells.length, rows.columns());
        }
        var row = new double[cells.length];
        for (int column = 0; column < cells.length; column++) {
            row[column] = number(cells[column].strip(), number, column);
        }
        rows.add(row, "line " + number);
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
