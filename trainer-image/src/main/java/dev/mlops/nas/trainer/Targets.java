package dev.mlops.nas.trainer;

import dev.mlops.nas.trainer.Augmentation.Mixing;
import java.util.Arrays;

/** What a network has to say of every example. */
sealed interface Targets {
    /** Examples. */
    int count();

    /** Numbers that a network gives for each. */
    int outputs();

    /** Kinds of examples that every part of the data must have the same share of. */
    int strata();

    /** The kind of an example, from 0. */
    int stratum(int row);

    /**
     * Class labels.
     *
     * @param classes labels are 0 to classes - 1
     * @param of each example
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared, and too long to copy
    record Labels(int classes, int[] of) implements Targets {
        @Override
        public int count() {
            return of.length;
        }

        @Override
        public int outputs() {
            return classes;
        }

        @Override
        public int strata() {
            return classes;
        }

        @Override
        public int stratum(int row) {
            return of[row];
        }

        /** The labels of some rows. */
        int[] at(int[] rows) {
            return Arrays.stream(rows).map(row -> of[row]).toArray();
        }
    }

    /**
     * Numbers, of one kind: they are cut as the seed says. A network learns them with mean 0 and deviation 1.
     *
     * @param values in the data's own units, column by column for each example
     * @param mean of each column; 0 until {@link #measure}
     * @param deviation of each column; 1 until {@link #measure}
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared, and too long to copy
    record Numbers(float[] values, double[] mean, double[] deviation) implements Targets {
        Numbers(int columns, float[] values) {
            this(values, new double[columns], new double[columns]);
            Arrays.fill(deviation, 1);
        }

        @Override
        public int count() {
            return values.length / mean.length;
        }

        @Override
        public int outputs() {
            return mean.length;
        }

        @Override
        public int strata() {
            return 1;
        }

        @Override
        public int stratum(int row) {
            return 0;
        }

        /** Takes mean and deviation from some rows; a column that is always the same keeps a deviation of 1. */
        void measure(int[] rows) {
            for (int c = 0; c < mean.length; c++) {
                int column = c;
                double average = Arrays.stream(rows)
                        .mapToDouble(row -> value(row, column))
                        .average()
                        .orElse(0);
                double variance = Arrays.stream(rows)
                        .mapToDouble(row -> (value(row, column) - average) * (value(row, column) - average))
                        .average()
                        .orElse(0);
                mean[c] = average;
                deviation[c] = variance > 1e-24 ? Math.sqrt(variance) : 1;
            }
        }

        double value(int row, int column) {
            return values[row * mean.length + column];
        }

        double standard(int row, int column) {
            return (value(row, column) - mean[column]) / deviation[column];
        }

        /** What a network says, in the data's own units. */
        float[] original(float[] outputs) {
            var original = new float[outputs.length];
            for (int i = 0; i < original.length; i++) {
                int column = i % mean.length;
                original[i] = (float) (outputs[i] * deviation[column] + mean[column]);
            }
            return original;
        }

        /**
         * The mean squared error of a batch.
         *
         * @param outputs of the network, column by column for each example; replaced by the gradient of the mean loss
         * @param rows of the batch
         */
        double differentiate(float[] outputs, int[] rows, Mixing mixing) {
            double sum = 0;
            for (int i = 0; i < outputs.length; i++) {
                int example = i / mean.length;
                int column = i % mean.length;
                double target = standard(rows[example], column);
                if (mixing.part() < 1) {
                    double other = standard(rows[mixing.partners()[example]], column);
                    target = mixing.part() * target + (1 - mixing.part()) * other;
                }
                double error = outputs[i] - target;
                sum += error * error;
                outputs[i] = (float) (2 * error / outputs.length);
            }
            return sum / outputs.length;
        }
    }
}
