package dev.mlops.nas.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mlops.nas.trainer.Nvml.Gpu;
import dev.mlops.nas.trainer.Nvml.NvmlException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** NVIDIA's library, by one that is not NVIDIA's: this was never run on a real GPU. */
class NvmlTest {
    private static final Gpu A100 = new Gpu(0, "GPU-8c5f-a", "NVIDIA A100-SXM4-40GB", 8, 0);
    private static final Gpu T4 = new Gpu(1, "GPU-1d22-b", "Tesla T4", 7, 5);

    @Test
    void allGpusAreToldWithNameAndCapability() throws NvmlException {
        assertThat(Nvml.of(new FakeDriver(A100, T4)).gpus()).containsExactly(A100, T4);
        assertThat(Nvml.of(new FakeDriver()).gpus()).isEmpty();
    }

    @Test
    void theEnergyOfAGpuIsWhatItsCounterGrewBy() throws NvmlException {
        var driver = new FakeDriver(A100, T4);
        driver.count(7_000_000_000_000L);
        var meter = new GpuMeter(Nvml.of(driver), T4);
        assertThat(meter.joules()).hasValue(0);

        driver.count(7_000_000_000_000L + 2_500);
        meter.read();

        assertThat(meter.joules()).hasValue(2.5);
        assertThat(meter.what()).isEqualTo("Tesla T4 by NVML");
    }

    @Test
    void aGpuWithoutACounterIsNotGuessedFor() throws NvmlException {
        var driver = new FakeDriver(T4);
        driver.forgetEnergy();

        var meter = new GpuMeter(Nvml.of(driver), A100);

        assertThat(meter.joules()).isEmpty();
        assertThat(meter.missing()).isEqualTo("nvmlDeviceGetTotalEnergyConsumption: Not Supported");
    }

    @Test
    void aDriverThatDoesNotWorkSaysWhy() {
        assertThatThrownBy(() -> Nvml.of(FakeDriver.broken()))
                .isInstanceOf(NvmlException.class)
                .hasMessage("nvmlInit_v2: Not Found");
        assertThatThrownBy(() -> Nvml.of(name -> Optional.empty()))
                .isInstanceOf(NvmlException.class)
                .hasMessage("libnvidia-ml.so.1 has no nvmlInit_v2");
    }

    @Test
    void aMachineWithoutADriverHasNoGpus() {
        boolean hasDriver = Files.exists(Path.of("/dev/nvidiactl"));
        assertThat(Nvml.gpusOfThisMachine().isEmpty()).isEqualTo(!hasDriver);
    }
}
