package dev.mlops.nas.trainer;

import dev.mlops.nas.contract.TrialFile.Split;
import dev.mlops.nas.trainer.Targets.Labels;
import dev.mlops.nas.trainer.Targets.Numbers;
import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * Rows of the train, validation and test part; disjoint, together everything, stratified by label where there are labels.
 *
 * @param train rows to learn from
 * @param validation rows that the search judges by
 * @param test rows that only finalists may open
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record Partition(int[] train, int[] validation, int[] test) {
    /**
     * Cuts the examples; a function of targets, split and seed alone, so that all trials of an experiment get the same parts.
     *
     * @throws TrialException with exit code 65 when a class has too few examples for a part
     */
    static Partition of(Examples examples, Split split, long seed) {
        double total = split.train() + split.validation() + split.test();
        if (!(Math.abs(total - 1) < 1e-6) || split.train() <= 0 || split.validation() <= 0 || split.test() < 0) {
            throw TrialException.data(
                    "dataset.split is %s, %s, %s; train and validation must be above 0 and the parts add up to 1.",
                    split.train(), split.validation(), split.test());
        }
        var random = new SplittableRandom(seed);
        var train = new Rows(examples.count());
        var validation = new Rows(examples.count());
        var test = new Rows(examples.count());
        for (int stratum = 0; stratum < examples.targets().strata(); stratum++) {
            var rows = rowsOf(examples, stratum);
            shuffle(rows, random);
            int validationCount = part(rows.length, split.validation());
            int testCount = part(rows.length, split.test());
            int trainCount = rows.length - validationCount - testCount;
            if (trainCount < 1) {
                throw tooFew(examples, rows.length, stratum, split);
            }
            train.add(rows, 0, trainCount);
            validation.add(rows, trainCount, validationCount);
            test.add(rows, trainCount + validationCount, testCount);
        }
        return new Partition(train.sorted(), validation.sorted(), test.sorted());
    }

    private static TrialException tooFew(Examples examples, int count, int stratum, Split split) {
        return switch (examples.targets()) {
            case Labels _ ->
                TrialException.data(
                        "%s has %d example(s) of class %d; the split %s/%s/%s needs at least one per class in every part.",
                        examples.source(), count, stratum, split.train(), split.validation(), split.test());
            case Numbers _ ->
                TrialException.data(
                        "%s has %d example(s); the split %s/%s/%s needs at least one in every part.",
                        examples.source(), count, split.train(), split.validation(), split.test());
        };
    }

    /**
     * The same with a part of the training rows: as much of each class where there are labels, at least one row. A function of the arguments, and less lies
     * in more.
     *
     * @param fraction above 0, at most 1
     */
    Partition withLessToLearnFrom(Examples examples, double fraction, long seed) {
        var random = new SplittableRandom(seed).split();
        var order = train.clone();
        shuffle(order, random);
        var targets = examples.targets();
        var wanted = new int[targets.strata()];
        for (var row : train) {
            wanted[targets.stratum(row)]++;
        }
        Arrays.setAll(wanted, stratum -> (int) Math.ceil(wanted[stratum] * fraction));
        var kept = new Rows(train.length);
        for (var row : order) {
            if (wanted[targets.stratum(row)]-- > 0) {
                kept.add(row);
            }
        }
        return new Partition(kept.sorted(), validation, test);
    }

    private static int part(int count, double share) {
        return share == 0 ? 0 : Math.max(1, (int) Math.round(count * share));
    }

    private static int[] rowsOf(Examples examples, int stratum) {
        var rows = new Rows(examples.count());
        for (int i = 0; i < examples.count(); i++) {
            if (examples.targets().stratum(i) == stratum) {
                rows.add(i);
            }
        }
        return rows.sorted();
    }

    /** Fisher-Yates. */
    static void shuffle(int[] values, SplittableRandom random) {
        for (int i = values.length - 1; i > 0; i--) {
            int j = random.nextInt(i + 1);
            int value = values[i];
            values[i] = values[j];
            values[j] = value;
        }
    }

    private static final class Rows {
        private final int[] values;
        private int count;

        Rows(int capacity) {
            values = new int[capacity];
        }

        void add(int row) {
            values[count++] = row;
        }

        void add(int[] rows, int from, int length) {
            System.arraycopy(rows, from, values, count, length);
            count += length;
        }

        int[] sorted() {
            var rows = Arrays.copyOf(values, count);
            Arrays.sort(rows);
            return rows;
        }
    }
}
