package dev.mlops.nas.trainer;

import java.util.Arrays;

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

    /** Runs a compiled network. */
    static Latency measure(Tape tape) {
        long warmUpEnds = System.nanoTime() + LONGEST_NANOS / 10;
        for (int i = 0; i < 50 && (i < 3 || System.nanoTime() < warmUpEnds); i++) {
            tape.runForward();
        }
        var nanos = new long[RUNS];
        int count = 0;
        for (long spent = 0; count < RUNS && (count < 10 || spent < LONGEST_NANOS); count++) {
            long start = System.nanoTime();
            tape.runForward();
            nanos[count] = System.nanoTime() - start;
            spent += nanos[count];
        }
        return of(Arrays.copyOf(nanos, count));
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
