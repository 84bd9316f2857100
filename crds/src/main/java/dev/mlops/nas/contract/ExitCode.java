package dev.mlops.nas.contract;

/** How a trainer process ends; the numbers follow {@code sysexits.h}. Any other code is retried within the backoff limit. */
public enum ExitCode {
    /** The trial is done and its result is written. */
    DONE(0),
    /** This architecture cannot be built or its training diverged; a result of the search, never retried. */
    ARCHITECTURE(64),
    /** The trial file or the data cannot be used, so that no trial of this experiment can succeed; the experiment stalls. */
    DATA(65),
    /** Out of memory, or the device lacks what this architecture asks for; the trial is infeasible, teaches the search, and is never retried. */
    INFEASIBLE(69),
    /**
     * Temporary, or a fault of the machine: terminated by SIGTERM, a service was away, there is no usable GPU. Retried; when retries are
     * used up, the trial fails without a word on its architecture, which may be tried again.
     */
    TEMPORARY(75);

    private final int code;

    ExitCode(int code) {
        this.code = code;
    }

    /** The process exit status. */
    public int code() {
        return code;
    }
}
