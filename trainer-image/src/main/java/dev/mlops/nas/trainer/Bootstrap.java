package dev.mlops.nas.trainer;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;

/** How far scores would lie apart on other examples of the same kind (Efron 1979): on draws with replacement of those there are. */
final class Bootstrap {
    private static final int MOST = 1_000;
    private static final int FEWEST = 100;

    /** Numbers looked at in all draws together, beyond which there are fewer draws. */
    private static final long WORK = 500_000_000;

    private Bootstrap() {}

    /** Draws for so many examples: {@value #MOST}, or no less than {@value #FEWEST} where there are very many of them. */
    static int draws(int examples, int outputs) {
        return Math.clamp(WORK / ((long) examples * outputs), FEWEST, MOST);
    }

    /**
     * The standard error of each metric: its standard deviation over the draws. Metrics that no two draws allow are left out.
     *
     * @param seed the same one gives the same draws
     */
    static Map<String, Double> standardErrors(Answers answers, long seed) {
        var random = new SplittableRandom(seed);
        var sums = new LinkedHashMap<String, Moments>();
        int count = answers.count();
        var times = new int[count];
        for (int draw = draws(count, answers.outputs()); draw > 0; draw--) {
            Arrays.fill(times, 0);
            for (int i = 0; i < count; i++) {
                times[random.nextInt(count)]++;
            }
            answers.score(times)
                    .metrics()
                    .forEach((metric, value) ->
                            sums.computeIfAbsent(metric, _ -> new Moments()).add(value));
        }
        var errors = new LinkedHashMap<String, Double>();
        sums.forEach((metric, moments) -> {
            if (moments.count > 1) {
                errors.put(metric, moments.deviation());
            }
        });
        return errors;
    }

    /** Mean and squares of what is a number (Welford 1962). */
    private static final class Moments {
        private int count;
        private double mean;
        private double squares;

        void add(double value) {
            if (Double.isFinite(value)) {
                count++;
                double step = value - mean;
                mean += step / count;
                squares += step * (value - mean);
            }
        }

        double deviation() {
            return Math.sqrt(squares / (count - 1));
        }
    }
}
