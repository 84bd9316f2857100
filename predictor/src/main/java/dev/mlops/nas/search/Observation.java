package dev.mlops.nas.search;

import java.util.Map;

/**
 * A search trial as a strategy sees it.
 *
 * @param candidate what was or is trained
 * @param status whether there is a result
 * @param score the objective as something to maximise; NaN unless measured
 * @param metrics all that was measured
 * @param excess by how much measured constraints are broken, relative to their bounds and summed; 0 when they are kept
 */
record Observation(Candidate candidate, Status status, double score, Map<String, Double> metrics, double excess) {
    /** What came of it. */
    enum Status {
        /** Planned or running. */
        PENDING,
        /** The objective is known. */
        MEASURED,
        /** Does not fit the device. */
        INFEASIBLE,
        /** No result, for whatever reason. */
        FAILED
    }

    boolean isMeasured() {
        return status == Status.MEASURED;
    }

    /** Measured, and all constraints kept. */
    boolean isFeasible() {
        return status == Status.MEASURED && excess == 0;
    }
}
