package dev.mlops.nas.trainer;

import dev.mlops.nas.contract.TrialFile.DatasetRef;
import dev.mlops.nas.trainer.Network.Shape;
import dev.mlops.nas.trainer.Targets.Labels;
import dev.mlops.nas.trainer.Targets.Numbers;
import java.util.Arrays;

/**
 * Rows of numbers, one example each: the values of an image channel by channel, row by row, and a column with the label, or columns with
 * the targets.
 */
final class TableRows {
    private final String source;
    private final Shape shape;
    private final int classes;
    private final int firstTarget;
    private final int targetColumns;
    private final Categories categories;
    private float[] features;
    private float[] targets;
    private int count;

    private TableRows(
            String source, Shape shape, int classes, int firstTarget, int targetColumns, Categories categories) {
        this.source = source;
        this.shape = shape;
        this.classes = classes;
        this.firstTarget = firstTarget;
        this.targetColumns = targetColumns;
        this.categories = categories;
        this.features = new float[1024 * shape.size()];
        this.targets = new float[1024 * targetColumns];
    }

    /**
     * None yet.
     *
     * @param source the file's name, for messages
     * @throws TrialException with exit code 65 when the label's column lies outside
     */
    static TableRows of(String source, DatasetRef dataset) {
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
        return new TableRows(source, shape, classes, first, targetColumns, Categories.of(dataset.categorical()));
    }

    /** None yet, of examples alone. */
    static TableRows unlabelled(String source, Shape shape, Categories categories) {
        return new TableRows(source, shape, 0, shape.size(), 0, categories);
    }

    int count() {
        return count;
    }

    /** Columns that every row must have. */
    int columns() {
        return shape.size() + targetColumns;
    }

    /** What these are, as words. */
    String need() {
        String targeted =
                classes > 0 ? " and a label" : targetColumns > 0 ? " and " + targetColumns + " of targets" : "";
        return "shape %s needs %d values%s, %d columns".formatted(shape, shape.size(), targeted, columns());
    }

    /** Whether a column of the file has the names of categories. */
    boolean isNamed(int column) {
        return !isTarget(column) && categories.areNamedIn(value(column));
    }

    /** Whether such a column may hold this name. */
    boolean isName(int column, String cell) {
        return isNamed(column) && categories.haveName(value(column), cell);
    }

    /**
     * The code of a name in a column of the file.
     *
     * @param place where the row stands, such as {@code line 3}
     * @throws TrialException with exit code 65 when it is none of the column's
     */
    int code(int column, String cell, String place) {
        return categories.code(value(column), cell, source, place);
    }

    private boolean isTarget(int column) {
        return column >= firstTarget && column < firstTarget + targetColumns;
    }

    /** Which value of an example a column of the file holds. */
    private int value(int column) {
        return column < firstTarget ? column : column - targetColumns;
    }

    /**
     * One more.
     *
     * @param place where the row stands, such as {@code line 3}
     * @throws TrialException with exit code 65 when a value is not finite, or a label or code none of its kind
     */
    void add(double[] row, String place) {
        if (count * shape.size() == features.length) {
            targets = Arrays.copyOf(targets, targets.length * 2);
            features = Arrays.copyOf(features, features.length * 2);
        }
        int pixels = shape.height() * shape.width();
        for (int column = 0; column < row.length; column++) {
            if (!Double.isFinite(row[column])) {
                throw TrialException.data(
                        "Data file %s, %s, column %d is %s; every value must be a finite number.",
                        source, place, column + 1, row[column]);
            }
            if (isTarget(column)) {
                targets[count * targetColumns + column - firstTarget] =
                        (float) (classes > 0 ? label(row[column], place) : row[column]);
            } else {
                int value = value(column);
                categories.check(value, row[column], source, place);
                int channel = value / pixels;
                features[count * shape.size() + (value % pixels) * shape.channels() + channel] = (float) row[column];
            }
        }
        count++;
    }

    private int label(double value, String place) {
        if (value != Math.rint(value) || value < 0 || value >= classes) {
            throw TrialException.data(
                    "Data file %s, %s: label %s is out of range; allowed: whole numbers 0 to %d (dataset.classes is %d).",
                    source,
                    place,
                    value == Math.rint(value) ? Long.toString((long) value) : Double.toString(value),
                    classes - 1,
                    classes);
        }
        return (int) value;
    }

    float[] features() {
        return Arrays.copyOf(features, count * shape.size());
    }

    Examples examples() {
        return new Examples(source, shape, features(), targets(), categories);
    }

    private Targets targets() {
        if (classes == 0) {
            return new Numbers(targetColumns, Arrays.copyOf(targets, count * targetColumns));
        }
        var labels = new int[count];
        Arrays.setAll(labels, i -> (int) targets[i]);
        return new Labels(classes, labels);
    }
}
