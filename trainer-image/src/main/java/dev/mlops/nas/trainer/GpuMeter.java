package dev.mlops.nas.trainer;

import dev.mlops.nas.trainer.Nvml.NvmlException;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/**
 * The energy that one GPU takes, by the counter of its driver (Volta and newer). It is all that the GPU does, not this process alone.
 */
final class GpuMeter implements Meter {
    private final Nvml driver;
    private final Nvml.Gpu gpu;
    private long start;
    private long now;
    private @Nullable String missing;

    /** A measurement that begins now. */
    GpuMeter(Nvml driver, Nvml.Gpu gpu) {
        this.driver = driver;
        this.gpu = gpu;
        read();
        this.start = now;
    }

    @Override
    public String what() {
        return gpu.name() + " by NVML";
    }

    @Override
    public void read() {
        if (missing != null) {
            return;
        }
        try {
            now = driver.millijoules(gpu);
        } catch (NvmlException e) {
            missing = e.getMessage();
        }
    }

    @Override
    public OptionalDouble joules() {
        return missing == null ? OptionalDouble.of((now - start) / 1e3) : OptionalDouble.empty();
    }

    @Override
    public @Nullable String missing() {
        return missing;
    }
}
