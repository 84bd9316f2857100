package dev.mlops.nas.contract;

/** How a trainer process ends; the numbers follow {@code sysexits.h}. Any other code is retried within the backoff limit. */
public enum ExitCode {
    /** The trial is done and its result is written. */
    DONE(0),
    /** This architecture cannot be built or its training diverged; a result of the search, never retried. */
    ARCHITECTURE(64),
    /** The trial file or the data cannot be used, so that no trial of this experiment can succeed; the experiment stalls. */
    DATA(65),
    /** Out of memory, or the device lacks what is asked; the trial is infeasible and never retried. */
    INFEASIBLE(69),
    /** Temporary: terminated by SIGTERM, or a service was away; retried without costing the user a trial. */
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
