package dev.mlops.nas.trainer;

/** One step of a compiled {@link Tape}. */
@FunctionalInterface
interface Step {
    void run();
}
