package dev.mlops.nas.trainer;

import dev.mlops.nas.trainer.Targets.Numbers;
import java.util.LinkedHashMap;

/**
 * Examples with numbers and what a network says in their place, in the data's own units. {@code loss} is the mean squared error of
 * standardised numbers; the others are means over the columns: {@code rmse} the root of the mean squared error, {@code mae} the mean
 * absolute error, {@code r2} the part of the variance that is explained (1 - squared errors / squared distances from the mean of these
 * examples), NaN where a column does not vary.
 */
final class Regressed implements Answers {
    private final float[] said;
    private final Numbers numbers;
    private final int[] rows;

    /**
     * Answers.
     *
     * @param said column by column for each row
     * @param rows of the numbers, at least one
     */
    Regressed(float[] said, Numbers numbers, int[] rows) {
        this.said = said;
        this.numbers = numbers;
        this.rows = rows;
    }

    @Override
    public int count() {
        return rows.length;
    }

    @Override
    public int outputs() {
        return numbers.outputs();
    }

    @Override
    public Score score(int[] times) {
        double loss = 0;
        double rmse = 0;
        double mae = 0;
        double r2 = 0;
        for (int column = 0; column < outputs(); column++) {
            var sums = sums(times, column);
            loss += sums.squares / sums.count / Math.pow(numbers.deviation()[column], 2);
            rmse += Math.sqrt(sums.squares / sums.count);
            mae += sums.distances / sums.count;
            r2 += sums.variation == 0 ? Double.NaN : 1 - sums.squares / sums.variation;
        }
        var metrics = new LinkedHashMap<String, Double>();
        metrics.put("loss", loss / outputs());
        metrics.put("rmse", rmse / outputs());
        metrics.put("mae", mae / outputs());
        metrics.put("r2", r2 / outputs());
        return new Score(metrics);
    }

    /** Over the examples: how many, squared and absolute errors, and squared distances from the mean. */
    private record Sums(long count, double squares, double distances, double variation) {}

    private Sums sums(int[] times, int column) {
        long count = 0;
        double total = 0;
        for (int i = 0; i < rows.length; i++) {
            count += times[i];
            total += times[i] * numbers.value(rows[i], column);
        }
        double mean = total / count;
        double squares = 0;
        double distances = 0;
        double variation = 0;
        for (int i = 0; i < rows.length; i++) {
            double truth = numbers.value(rows[i], column);
            double error = said[i * outputs() + column] - truth;
            squares += times[i] * error * error;
            distances += times[i] * Math.abs(error);
            variation += times[i] * (truth - mean) * (truth - mean);
        }
        return new Sums(count, squares, distances, variation);
    }
}
