package dev.mlops.nas.trainer;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Energy from a folder as Linux shows it: two packages, their cores and memory, and a zone of the whole platform. */
class RaplTest {
    @TempDir
    private Path folder;

    @Test
    void packagesAndMemoryCountAndWhatLiesWithinOrAroundThemDoesNot() throws IOException {
        zones();
        var rapl = Rapl.from(folder);
        assertThat(rapl.joules()).hasValue(0);

        count("intel-rapl:0", 3_000_000);
        count("intel-rapl:0:0", 2_500_000);
        count("intel-rapl:0:1", 600_000);
        count("intel-rapl:1", 5_000_000);
        count("intel-rapl:2", 99_000_000);
        rapl.read();

        assertThat(rapl.joules()).hasValue(2 + 0.5 + 4);
        assertThat(rapl.missing()).isNull();
    }

    @Test
    void aCounterThatBeginsAgainLosesNothing() throws IOException {
        zones();
        count("intel-rapl:0", 262_143_000_000L);
        var rapl = Rapl.from(folder);

        count("intel-rapl:0", 500_000);
        rapl.read();
        count("intel-rapl:0", 1_500_000);
        rapl.read();

        assertThat(rapl.joules()).hasValue(0.328850 + 0.5 + 1);
    }

    @Test
    void aMachineThatDoesNotSayIsNotGuessedFor() throws IOException {
        assertThat(Rapl.from(folder.resolve("nowhere")).joules()).isEmpty();
        assertThat(Rapl.from(folder).missing()).endsWith("has no zone of a processor");
        zones();
        Files.delete(folder.resolve("intel-rapl:1/energy_uj"));
        assertThat(Rapl.from(folder).missing()).contains("energy_uj").endsWith("cannot be read");

        zones();
        var rapl = Rapl.from(folder);
        Files.writeString(folder.resolve("intel-rapl:0/energy_uj"), "");
        rapl.read();
        assertThat(rapl.joules()).isEmpty();
    }

    private void zones() throws IOException {
        zone("intel-rapl:0", "package-0");
        zone("intel-rapl:0:0", "core");
        zone("intel-rapl:0:1", "dram");
        zone("intel-rapl:1", "package-1");
        zone("intel-rapl:2", "psys");
        count("intel-rapl:0:1", 100_000);
    }

    private void zone(String zone, String name) throws IOException {
        Files.createDirectories(folder.resolve(zone));
        Files.writeString(folder.resolve(zone).resolve("name"), name + "\n");
        Files.writeString(folder.resolve(zone).resolve("max_energy_range_uj"), "262143328850\n");
        count(zone, 1_000_000);
    }

    private void count(String zone, long microjoules) throws IOException {
        Files.writeString(folder.resolve(zone).resolve("energy_uj"), microjoules + "\n");
    }
}
