package dev.mlops.nas.search;

import java.time.Instant;

/** The experiment's decision function, around which operator, local mode and simulation are thin shells. */
public final class Experiments {
    /**
     * Decides what to do next. A function of its arguments alone: the same history gives the same plan on every machine.
     *
     * @throws SpaceException if no architecture can meet the constraints
     */
    public static Plan decide(Experiment experiment, History history, Instant now) {
        throw new UnsupportedOperationException();
    }

    private Experiments() {}
}
