package dev.mlops.nas.trainer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mlops.nas.trainer.Nvml.Gpu;
import dev.mlops.nas.trainer.Nvml.NvmlException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a training's joules are said to be of. */
class EnergyTest {
    private static final Gpu T4 = new Gpu(0, "GPU-0", "Tesla T4", 7, 5);

    @TempDir
    private Path folder;

    @Test
    void processorsAndTheGpuAddUpAndBothAreNamed() throws IOException, NvmlException {
        var zone = Files.createDirectory(folder.resolve("intel-rapl:0"));
        Files.writeString(zone.resolve("name"), "package-0\n");
        Files.writeString(zone.resolve("max_energy_range_uj"), "1000000000\n");
        Files.writeString(zone.resolve("energy_uj"), "1000000\n");
        var driver = new FakeDriver(T4);
        var energy = new Energy(List.of(Rapl.from(folder), new GpuMeter(Nvml.of(driver), T4)), List.of());

        Files.writeString(zone.resolve("energy_uj"), "4000000\n");
        driver.count(40_000);
        energy.read();

        assertThat(energy.joules()).hasValue(3 + 40);
        assertThat(energy.told()).isEqualTo("processors and memory by RAPL, Tesla T4 by NVML");
    }

    @Test
    void whatIsLeftOutIsSaid() throws NvmlException {
        var driver = new FakeDriver(T4);
        var energy = new Energy(List.of(Rapl.from(folder), new GpuMeter(Nvml.of(driver), T4)), List.of());
        driver.count(1_000);
        energy.read();
        assertThat(energy.joules()).hasValue(1);
        assertThat(energy.told())
                .startsWith("Tesla T4 by NVML; without processors and memory by RAPL (")
                .endsWith("has no zone of a processor)");
    }

    @Test
    void whereNothingTellsThereIsNoFigure() {
        var energy = new Energy(List.of(Rapl.from(folder)), List.of("the GPU (there is no libnvidia-ml.so.1)"));
        energy.read();
        assertThat(energy.joules()).isEmpty();
        assertThat(energy.told())
                .startsWith("not available: processors and memory by RAPL (")
                .endsWith("the GPU (there is no libnvidia-ml.so.1)");
    }
}
