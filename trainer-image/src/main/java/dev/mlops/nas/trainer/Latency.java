package dev.mlops.nas.trainer;

import java.util.Arrays;
import java.util.Map;

/**
 * How long a forward pass takes, measured alone after warm-up.
 *
 * @param medianMs median, milliseconds
 * @param p99Ms 99th percentile, milliseconds
 * @param spread from the 10th to the 90th percentile, as part of the median: above some tenths, something else had the processor
 */
record Latency(double medianMs, double p99Ms, double spread) {
    private static final int RUNS = 300;
    private static final long LONGEST_NANOS = 1_000_000_000;

    /**
     * What is timed: one pass.
     *
     * @param <E> what may be thrown
     */
    interface Inference<E extends Exception> {
        void run() throws E;
    }

    /** Runs a network again and again. */
    static <E extends Exception> Latency measure(Inference<E> inference) throws E {
        long warmUpEnds = System.nanoTime() + LONGEST_NANOS / 10;
        for (int i = 0; i < 50 && (i < 3 || System.nanoTime() < warmUpEnds); i++) {
            inference.run();
        }
        var nanos = new long[RUNS];
        int count = 0;
        for (long spent = 0; count < RUNS && (count < 10 || spent < LONGEST_NANOS); count++) {
            long start = System.nanoTime();
            inference.run();
            nanos[count] = System.nanoTime() - start;
            spent += nanos[count];
        }
        return of(Arrays.copyOf(nanos, count));
    }

    /**
     * Puts median, percentile and spread among the metrics of a result.
     *
     * @param name such as {@code exportedLatency}, which {@code Ms}, {@code P99Ms} and {@code Spread} are put behind
     */
    void putInto(Map<String, Double> metrics, String name) {
        metrics.put(name + "Ms", Training.rounded(medianMs));
        metrics.put(name + "P99Ms", Training.rounded(p99Ms));
        metrics.put(name + "Spread", Training.rounded(spread));
    }

    /** The figures of single times, in nanoseconds. */
    static Latency of(long[] nanos) {
        var sorted = nanos.clone();
        Arrays.sort(sorted);
        double median = sorted[sorted.length / 2];
        return new Latency(
                median / 1e6,
                percentile(sorted, 0.99) / 1e6,
                (percentile(sorted, 0.9) - percentile(sorted, 0.1)) / Math.max(median, 1));
    }

    private static double percentile(long[] sorted, double part) {
        return sorted[Math.clamp((long) Math.ceil(sorted.length * part) - 1, 0, sorted.length - 1)];
    }
}
