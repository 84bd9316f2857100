package dev.mlops.nas.search;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * An architecture of the search as a strategy sees it: by its result of the highest fidelity.
 *
 * @param candidate what was or is trained
 * @param status whether there is a result
 * @param score the objective as something to maximise; NaN unless measured
 * @param metrics all that was measured
 * @param excess by how much measured constraints are broken, relative to their bounds and summed; 0 when they are kept
 * @param epochs fidelity of the score; of the training to come while there is none
 * @param rungs all results of this architecture, the lowest fidelity first and the one of the score last; empty unless measured
 */
record Observation(
        Candidate candidate,
        Status status,
        double score,
        Map<String, Double> metrics,
        double excess,
        int epochs,
        List<Rung> rungs) {
    /**
     * A result at one fidelity.
     *
     * @param epochs trained, those of lower rungs included
     * @param seconds that this training cost by itself
     * @param score the objective as something to maximise
     * @param promise what the learning curve says of it, in the units of the score, see {@link Curve}; by this, who goes on is chosen
     */
    record Rung(int epochs, double seconds, double score, double promise) {
        /** A result that nothing but itself speaks for. */
        Rung(int epochs, double seconds, double score) {
            this(epochs, seconds, score, score);
        }
    }

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

    /** Without a result, at whatever fidelity. */
    static Observation pending(Candidate candidate, int epochs) {
        return new Observation(candidate, Status.PENDING, Double.NaN, Map.of(), Double.NaN, epochs, List.of());
    }

    /** The same as it was known by its result after so many epochs; empty without one. */
    Optional<Observation> at(int epochs) {
        return epochs == this.epochs
                ? Optional.of(this)
                : rungs.stream()
                        .filter(r -> r.epochs() == epochs)
                        .findFirst()
                        .map(r -> new Observation(candidate, status, r.score(), metrics, excess, epochs, List.of(r)));
    }

    boolean isMeasured() {
        return status == Status.MEASURED;
    }

    /** Measured, and all constraints kept. */
    boolean isFeasible() {
        return status == Status.MEASURED && excess == 0;
    }

    /**
     * Whether this measured one beats the other: what keeps the measured constraints beats what breaks them (Deb 2000), then the
     * score counts, at the highest fidelity that both have.
     */
    boolean isBetterThan(Observation other) {
        if (excess != other.excess) {
            return excess < other.excess;
        }
        for (Rung rung : rungs.reversed()) {
            for (Rung same : other.rungs) {
                if (rung.epochs() == same.epochs()) {
                    return rung.score() > same.score();
                }
            }
        }
        return score > other.score;
    }
}
