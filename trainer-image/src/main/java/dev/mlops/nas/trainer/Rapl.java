package dev.mlops.nas.trainer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/**
 * The energy that the machine's processors and memory take, by Intel's running average power limit (RAPL; also on AMD's processors) as
 * Linux shows it: a zone {@code intel-rapl:0} for each package, named so, with zones such as {@code intel-rapl:0:0} within, of which
 * that of the memory is not part of the package. Counters are microjoules and begin at 0 again after
 * {@code max_energy_range_uj}: at 100 W after some 40 minutes, so that they must be read more often. It is all that the machine does, not
 * this process alone.
 */
final class Rapl implements Meter {
    /** Where Linux shows it. */
    static final Path SYSTEM = Path.of("/sys/class/powercap");

    private final Path folder;
    private final Map<Path, Long> counters = new LinkedHashMap<>();
    private final Map<Path, Long> ranges = new LinkedHashMap<>();
    private @Nullable String missing;
    private double microjoules;

    private Rapl(Path folder) {
        this.folder = folder;
    }

    /** A measurement that begins now. */
    static Rapl from(Path folder) {
        var rapl = new Rapl(folder);
        try (var zones = Files.newDirectoryStream(folder, "intel-rapl:*")) {
            for (var zone : zones) {
                if (isCounted(text(zone.resolve("name")))) {
                    rapl.ranges.put(zone, number(zone.resolve("max_energy_range_uj")));
                    rapl.counters.put(zone, number(zone.resolve("energy_uj")));
                }
            }
            if (rapl.counters.isEmpty()) {
                rapl.missing = "%s has no zone of a processor".formatted(folder);
            }
        } catch (IOException | NumberFormatException e) {
            rapl.missing = "%s cannot be read".formatted(e instanceof IOException ? e.getMessage() : folder);
        }
        return rapl;
    }

    /** Packages hold their cores; psys, where there is one, holds the packages. */
    private static boolean isCounted(String name) {
        return name.startsWith("package-") || name.equals("dram");
    }

    @Override
    public String what() {
        return "processors and memory by RAPL";
    }

    @Override
    public void read() {
        if (missing != null) {
            return;
        }
        try {
            for (var counter : counters.entrySet()) {
                long now = number(counter.getKey().resolve("energy_uj"));
                long used = now - counter.getValue();
                microjoules += used < 0 ? used + ranges.getOrDefault(counter.getKey(), 0L) : used;
                counter.setValue(now);
            }
        } catch (IOException | NumberFormatException e) {
            missing = "%s can no longer be read".formatted(folder);
        }
    }

    @Override
    public OptionalDouble joules() {
        return missing == null ? OptionalDouble.of(microjoules / 1e6) : OptionalDouble.empty();
    }

    @Override
    public @Nullable String missing() {
        return missing;
    }

    private static long number(Path file) throws IOException {
        return Long.parseLong(text(file));
    }

    private static String text(Path file) throws IOException {
        return Files.readString(file).strip();
    }
}
