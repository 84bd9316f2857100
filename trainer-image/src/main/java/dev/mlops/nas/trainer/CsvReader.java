package dev.mlops.nas.trainer;

import dev.mlops.nas.trainer.Network.Shape;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Numbers separated by commas, one example per line: the values of an image channel by channel, row by row, and a column with
 * the label. A first line without any number is a header.
 */
final class CsvReader {
    private final DataFile file;
    private final Shape shape;
    private final int classes;
    private final int labelColumn;
    private final int columns;
    private float[] features;
    private int[] labels = new int[1024];
    private int count;

    private CsvReader(DataFile file, Shape shape, int classes, int columns, int labelColumn) {
        this.file = file;
        this.shape = shape;
        this.classes = classes;
        this.columns = columns;
        this.labelColumn = labelColumn;
        this.features = new float[1024 * shape.size()];
    }

    static Examples read(DataFile file, Shape shape, int classes, int labelColumn) throws IOException {
        int columns = shape.size() + 1;
        if (labelColumn >= columns) {
            throw TrialException.data(
                    "dataset.labelColumn is %d, but shape %s gives %d columns with the label; allowed: -1 to %d.",
                    labelColumn, shape, columns, columns - 1);
        }
        return new CsvReader(file, shape, classes, columns, labelColumn < 0 ? columns - 1 : labelColumn).read();
    }

    /** Examples without a column of labels; all get label 0. */
    static Examples unlabelled(DataFile file, Shape shape, int classes) throws IOException {
        return new CsvReader(file, shape, classes, shape.size(), -1).read();
    }

    private Examples read() throws IOException {
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
        return new Examples(
                file.name(),
                shape,
                classes,
                Arrays.copyOf(features, count * shape.size()),
                Arrays.copyOf(labels, count));
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
        if (cells.length != columns) {
            if (count == 0) {
                throw TrialException.data(
                        "Data file %s, line %d has %d columns, but shape %s needs %d values%s, %d columns.",
                        file.name(),
                        number,
                        cells.length,
                        shape,
                        shape.size(),
                        labelColumn < 0 ? "" : " and a label",
                        columns);
            }
            throw TrialException.data(
                    "Data file %s, line %d has %d columns, but the lines before it have %d.",
                    file.name(), number, cells.length, columns);
        }
        if (count == labels.length) {
            labels = Arrays.copyOf(labels, count * 2);
            features = Arrays.copyOf(features, count * 2 * shape.size());
        }
        int pixels = shape.height() * shape.width();
        for (int column = 0, value = 0; column < columns; column++) {
            double cell = number(cells[column].strip(), number, column);
            if (column == labelColumn) {
                labels[count] = label(cell, cells[column].strip(), number);
            } else {
                int channel = value / pixels;
                features[count * shape.size() + (value % pixels) * shape.channels() + channel] = (float) cell;
                value++;
            }
        }
        count++;
    }

    private double number(String cell, int line, int column) {
        double value;
        try {
            value = Double.parseDouble(cell);
        } catch (NumberFormatException e) {
            throw TrialException.data(
                    "Data file %s, line %d, column %d: \"%s\" is not a number.",
                    file.name(), line, column + 1, cell.length() > 40 ? cell.substring(0, 40) + "…" : cell);
        }
        if (!Double.isFinite(value)) {
            throw TrialException.data(
                    "Data file %s, line %d, column %d is %s; every value must be a finite number.",
                    file.name(), line, column + 1, cell);
        }
        return value;
    }

    private int label(double value, String cell, int line) {
        if (value != Math.rint(value) || value < 0 || value >= classes) {
            throw TrialException.data(
                    "Data file %s, line %d: label %s is out of range; allowed: whole numbers 0 to %d (dataset.classes is %d).",
                    file.name(), line, cell, classes - 1, classes);
        }
        return (int) value;
    }
}
