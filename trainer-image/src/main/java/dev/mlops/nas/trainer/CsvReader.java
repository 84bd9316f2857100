package dev.mlops.nas.trainer;

import dev.mlops.nas.contract.TrialFile.DatasetRef;
import dev.mlops.nas.trainer.Network.Shape;
import dev.mlops.nas.trainer.Targets.Labels;
import dev.mlops.nas.trainer.Targets.Numbers;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Numbers separated by commas, one example per line: the values of an image channel by channel, row by row, and a column with the
 * label, or columns with the targets. A first line without any number is a header.
 */
final class CsvReader {
    private final DataFile file;
    private final Shape shape;
    private final int classes;
    private final int firstTarget;
    private final int targetColumns;
    private final int columns;
    private float[] features;
    private float[] targets;
    private int count;

    private CsvReader(DataFile file, Shape shape, int classes, int firstTarget, int targetColumns) {
        this.file = file;
        this.shape = shape;
        this.classes = classes;
        this.firstTarget = firstTarget;
        this.targetColumns = targetColumns;
        this.columns = shape.size() + targetColumns;
        this.features = new float[1024 * shape.size()];
        this.targets = new float[1024 * targetColumns];
    }

    static Examples read(DataFile file, DatasetRef dataset) throws IOException {
        var shape = Shape.of(dataset.shape());
        int targetColumns = dataset.targets() == null ? 1 : dataset.targets();
        int last = shape.size();
        if (dataset.labelColumn() > last) {
            throw TrialException.data(
                    "dataset.labelColumn is %d, but shape %s gives %d columns with the %s; allowed: -1 to %d.",
                    dataset.labelColumn(),
                    shape,
                    shape.size() + targetColumns,
                    dataset.targets() == null ? "label" : "targets",
                    last);
        }
        int first = dataset.labelColumn() < 0 ? last : dataset.labelColumn();
        int classes = dataset.targets() == null ? dataset.classes() : 0;
        var reader = new CsvReader(file, shape, classes, first, targetColumns);
        reader.read();
        return new Examples(file.name(), shape, reader.features(), reader.targets());
    }

    /** Examples without a column of labels. */
    static float[] unlabelled(DataFile file, Shape shape) throws IOException {
        var reader = new CsvReader(file, shape, 0, shape.size(), 0);
        reader.read();
        return reader.features();
    }

    private float[] features() {
        return Arrays.copyOf(features, count * shape.size());
    }

    private Targets targets() {
        if (classes == 0) {
            return new Numbers(targetColumns, Arrays.copyOf(targets, count * targetColumns));
        }
        var labels = new int[count];
        Arrays.setAll(labels, i -> (int) targets[i]);
        return new Labels(classes, labels);
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
        if (cells.length != columns) {
            if (count == 0) {
                throw TrialException.data(
                        "Data file %s, line %d has %d columns, but shape %s needs %d values%s, %d columns.",
                        file.name(),
                        number,
                        cells.length,
                        shape,
                        shape.size(),
                        classes > 0 ? " and a label" : targetColumns > 0 ? " and " + targetColumns + " of targets" : "",
                        columns);
            }
            throw TrialException.data(
                    "Data file %s, line %d has %d columns, but the lines before it have %d.",
                    file.name(), number, cells.length, columns);
        }
        if (count * shape.size() == features.length) {
            targets = Arrays.copyOf(targets, targets.length * 2);
            features = Arrays.copyOf(features, features.length * 2);
        }
        int pixels = shape.height() * shape.width();
        for (int column = 0, value = 0; column < columns; column++) {
            double cell = number(cells[column].strip(), number, column);
            int target = column - firstTarget;
            if (target >= 0 && target < targetColumns) {
                targets[count * targetColumns + target] =
                        (float) (classes > 0 ? label(cell, cells[column].strip(), number) : cell);
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
