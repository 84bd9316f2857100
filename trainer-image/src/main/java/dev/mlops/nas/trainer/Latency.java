package dev.mlops.nas.trainer;

import java.util.Arrays;

/**
 * How long one example takes, measured alone after warm-up.
 *
 * @param medianMs median, milliseconds
 * @param p99Ms 99th percentile, milliseconds
 */
record Latency(double medianMs, double p99Ms) {
    private static final int RUNS = 300;
    private static final long LONGEST_NANOS = 1_000_000_000;

    /** Runs a network compiled for batch size 1. */
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
        Arrays.sort(nanos, 0, count);
        return new Latency(nanos[count / 2] / 1e6, nanos[Math.min(count - 1, (int) Math.ceil(count * 0.99) - 1)] / 1e6);
    }
}
