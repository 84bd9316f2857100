package dev.mlops.nas.trainer;

import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/** Counts the energy of a part of the machine, from when it was made on. */
sealed interface Meter permits Rapl, GpuMeter {
    /** The part, and by what it is known. */
    String what();

    /** Takes in what was used since the last reading. */
    void read();

    /** Joules from the beginning to the last reading; empty where the machine does not say. */
    OptionalDouble joules();

    /** Why there is no energy; null where there is. */
    @Nullable
    String missing();
}
