package dev.mlops.nas.trainer;

import dev.mlops.nas.trainer.Network.Shape;
import dev.mlops.nas.trainer.Parameters.Parameter;
import dev.mlops.nas.trainer.Tape.Slot;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A row of a table with a trainable vector in the place of each category (Guo and Berkhahn, "Entity Embeddings of Categorical
 * Variables", 2016): first the columns of numbers, then the vectors, column by column. It reads the examples themselves, so that no
 * gradient goes further. A vector starts with a length of about 1, that of one standardised number.
 */
final class Embedding implements Layer {
    private final String node;
    private final int columns;
    private final int[] numbers;
    private final List<Table> tables;

    /**
     * The vectors of a column.
     *
     * @param column from 0
     * @param start of a vector among the numbers that the row becomes
     * @param vectors one row for each category
     */
    private record Table(int column, int categories, int units, int start, Parameter vectors) {}

    /**
     * What a column has.
     *
     * @param column from 0
     * @param categories as many vectors
     * @param units numbers in each
     */
    record Column(int column, int categories, int units) {}

    /**
     * A layer with vectors of its own.
     *
     * @param node its name, for messages
     * @param columns of a row
     * @param categorical in the order of their columns
     */
    Embedding(String node, int columns, List<Column> categorical, Parameters parameters) {
        this.node = node;
        this.columns = columns;
        this.numbers = IntStream.range(0, columns)
                .filter(column -> categorical.stream().noneMatch(c -> c.column() == column))
                .toArray();
        this.tables = new ArrayList<>();
        int start = numbers.length;
        for (var c : categorical) {
            var vectors = parameters.weight(c.units(), 1, c.categories(), c.units());
            tables.add(new Table(c.column(), c.categories(), c.units(), start, vectors));
            start = Math.addExact(start, c.units());
        }
    }

    @Override
    public Shape shape() {
        return Shape.flat(
                numbers.length + tables.stream().mapToInt(Table::units).sum());
    }

    @Override
    public Slot forward(Tape tape, Site site) {
        var x = site.inputs().getFirst().as(tape.batch(), columns);
        var rows = new Codes(x.array(), tape.batch());
        var y = tape.acquire(shape().withBatch(tape.batch()));
        var values = new float[Math.toIntExact(y.array().length())];
        // One step: a native one for each column takes far longer than what it looks up.
        tape.add(() -> {
            rows.read();
            rows.copyNumbers(values);
            for (var table : tables) {
                Floats.readRows(table.vectors().value(), rows.of(table), values, table.start());
            }
            Floats.write(values, y.array());
        });
        tape.release(x);
        return y;
    }

    /** Adds up row after row, so that the same batch always gives the same sums. */
    @Override
    public void backward(Tape tape, Site site, Slot gradient) {
        var x = site.inputs().getFirst().as(tape.batch(), columns);
        var rows = new Codes(x.array(), tape.batch());
        var slopes = new float[Math.toIntExact(gradient.array().length())];
        tape.add(() -> {
            rows.read();
            Floats.read(gradient.array(), slopes);
        });
        for (var table : tables) {
            var sums = new float[Math.multiplyExact(table.categories(), table.units())];
            var whole = tape.lasting(table.categories(), table.units());
            tape.add(() -> {
                Arrays.fill(sums, 0);
                scatter(rows.of(table), slopes, table, sums);
                Floats.write(sums, whole);
                table.vectors().gradient().assign(whole);
            });
        }
        tape.release(x);
    }

    private void scatter(int[] codes, float[] slopes, Table table, float[] sums) {
        int width = slopes.length / codes.length;
        for (int row = 0; row < codes.length; row++) {
            int from = row * width + table.start();
            int to = codes[row] * table.units();
            for (int i = 0; i < table.units(); i++) {
                sums[to + i] += slopes[from + i];
            }
        }
    }

    /** The examples of a batch on this side. */
    private final class Codes {
        private final INDArray array;
        private final float[] values;
        private final int[] codes;

        Codes(INDArray array, int batch) {
            this.array = array;
            this.values = new float[Math.multiplyExact(batch, columns)];
            this.codes = new int[batch];
        }

        void read() {
            Floats.read(array, values);
        }

        /** Puts the columns of numbers in front of each row of what is wider. */
        void copyNumbers(float[] wider) {
            int width = wider.length / codes.length;
            for (int row = 0; row < codes.length; row++) {
                for (int i = 0; i < numbers.length; i++) {
                    wider[row * width + i] = values[row * columns + numbers[i]];
                }
            }
        }

        /** The categories in a column; valid until the next call. */
        int[] of(Table table) {
            for (int row = 0; row < codes.length; row++) {
                float code = values[row * columns + table.column()];
                if (!(code >= 0 && code < table.categories()) || code != Math.rint(code)) {
                    throw TrialException.architecture(
                            "Node %s (embedding) finds %s in column %d; allowed: whole numbers 0 to %d.",
                            node, code, table.column(), table.categories() - 1);
                }
                codes[row] = (int) code;
            }
            return codes;
        }
    }
}
