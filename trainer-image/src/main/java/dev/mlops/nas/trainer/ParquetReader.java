package dev.mlops.nas.trainer;

import dev.hardwood.InputFile;
import dev.hardwood.metadata.LogicalType;
import dev.hardwood.reader.ParquetFileReader;
import dev.hardwood.reader.RowReader;
import dev.hardwood.schema.ColumnSchema;
import dev.mlops.nas.contract.TrialFile.DatasetRef;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Collectors;

/** Columns of numbers, truth values or names of categories as Parquet writes them, one row of {@link TableRows} per row. */
final class ParquetReader {
    /** Tells at each start that it does without the processor's vector instructions. Held, as loggers are forgotten. */
    private static final Logger LIBRARY = Logger.getLogger("dev.hardwood");

    static {
        LIBRARY.setLevel(Level.WARNING);
    }

    private final String name;
    private final TableRows rows;

    private ParquetReader(String name, TableRows rows) {
        this.name = name;
        this.rows = rows;
    }

    static Examples read(DataFile file, DatasetRef dataset) throws IOException {
        var rows = TableRows.of(file.name(), dataset);
        try (var reader = ParquetFileReader.open(InputFile.of(file.path()))) {
            new ParquetReader(file.name(), rows).read(reader);
        } catch (UncheckedIOException e) {
            throw e.getCause();
        } catch (IllegalArgumentException | IllegalStateException | UnsupportedOperationException e) {
            throw new IOException(String.valueOf(e.getMessage()), e);
        }
        return rows.examples();
    }

    private void read(ParquetFileReader reader) {
        List<ColumnSchema> columns = reader.getFileSchema().getColumns();
        for (int c = 0; c < columns.size(); c++) {
            var column = columns.get(c);
            if (rows.isNamed(c) ? !isText(column) : !isNumber(column)) {
                throw TrialException.data(
                        "Data file %s, column %s holds %s; every column must hold one %s a row.",
                        name,
                        column.fieldPath(),
                        kind(column),
                        rows.isNamed(c) ? "text, as dataset.categorical has values," : "number or truth value");
            }
        }
        if (columns.size() != rows.columns()) {
            throw TrialException.data(
                    "Data file %s has %d columns (%s), but %s.",
                    name,
                    columns.size(),
                    columns.stream().limit(5).map(ColumnSchema::name).collect(Collectors.joining(", "))
                            + (columns.size() > 5 ? ", …" : ""),
                    rows.need());
        }
        try (RowReader row = reader.rowReader()) {
            while (row.hasNext()) {
                row.next();
                rows.add(numbers(row, columns), "row " + (rows.count() + 1));
            }
        }
    }

    private double[] numbers(RowReader row, List<ColumnSchema> columns) {
        var numbers = new double[columns.size()];
        for (int c = 0; c < numbers.length; c++) {
            if (rows.isNamed(c)) {
                numbers[c] = rows.code(c, row.isNull(c) ? "" : row.getString(c), "row " + (rows.count() + 1));
                continue;
            }
            if (row.isNull(c)) {
                throw TrialException.data(
                        "Data file %s, row %d, column %s is empty; every value must be a finite number.",
                        name, rows.count() + 1, columns.get(c).name());
            }
            numbers[c] = switch (columns.get(c).type()) {
                case BOOLEAN -> row.getBoolean(c) ? 1 : 0;
                case INT32 -> isUnsigned(columns.get(c)) ? Integer.toUnsignedLong(row.getInt(c)) : row.getInt(c);
                case INT64 -> isUnsigned(columns.get(c)) ? unsigned(row.getLong(c)) : row.getLong(c);
                case FLOAT -> row.getFloat(c);
                case DOUBLE -> row.getDouble(c);
                case INT96, BYTE_ARRAY, FIXED_LEN_BYTE_ARRAY -> throw new IllegalStateException("no number");
            };
        }
        return numbers;
    }

    private static boolean isText(ColumnSchema column) {
        return column.logicalType() instanceof LogicalType.StringType && isFlat(column);
    }

    private static boolean isNumber(ColumnSchema column) {
        boolean plain = column.logicalType() == null || column.logicalType() instanceof LogicalType.IntType;
        return plain
                && isFlat(column)
                && switch (column.type()) {
                    case BOOLEAN, INT32, INT64, FLOAT, DOUBLE -> true;
                    case INT96, BYTE_ARRAY, FIXED_LEN_BYTE_ARRAY -> false;
                };
    }

    /** Neither a part of a list nor of a record. */
    private static boolean isFlat(ColumnSchema column) {
        return column.maxRepetitionLevel() == 0 && column.fieldPath().elements().size() == 1;
    }

    private static boolean isUnsigned(ColumnSchema column) {
        return column.logicalType() instanceof LogicalType.IntType integer && !integer.isSigned();
    }

    /** The nearest double; halving keeps the last bit, so that it is rounded once. */
    private static double unsigned(long bits) {
        return bits >= 0 ? bits : 2 * (double) (bits >>> 1 | (bits & 1));
    }

    private static String kind(ColumnSchema column) {
        if (!isFlat(column)) {
            return "lists or records";
        }
        return column.logicalType() == null
                ? column.type().name()
                : column.logicalType().getClass().getSimpleName().replaceFirst("Type$", "");
    }
}
