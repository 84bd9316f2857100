package dev.mlops.nas.trainer;

import dev.mlops.nas.contract.TrialResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.TreeMap;

/** What the trial ran on. */
final class Device {
    private Device() {}

    /** Device, threads and versions, by name. */
    static Map<String, String> environment() {
        var environment = new TreeMap<String, String>();
        var backend = Backend.ofThisBuild();
        var gpu = backend.gpu(Nvml.gpusOfThisMachine());
        environment.put("device", gpu.startsWith(TrialResult.NO_GPU) ? processor() : gpu);
        environment.put(TrialResult.GPU, gpu);
        environment.put("threads", String.valueOf(threads()));
        environment.put("framework", framework());
        environment.put("java", Runtime.version().toString());
        return environment;
    }

    /** ND4J's version, and what its native libraries are made for. */
    static String framework() {
        return "ND4J %s %s".formatted(version(), Backend.ofThisBuild().libraries());
    }

    /** Seconds since the operating system started this process. */
    static double secondsSinceStart() {
        return ProcessHandle.current()
                .info()
                .startInstant()
                .map(start -> Duration.between(start, Instant.now()).toMillis() / 1000.0)
                .orElse(0.0);
    }

    /** The most memory that this process ever held, MiB; 0 where the system does not say. */
    static long peakMemoryMiB() {
        try (var lines = Files.lines(Path.of("/proc/self/status"))) {
            return lines.filter(line -> line.startsWith("VmHWM:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) >> 10)
                    .findFirst()
                    .orElse(0);
        } catch (IOException e) {
            return 0;
        }
    }

    /** That a network may use, as OpenMP reads it. */
    static int threads() {
        var wanted = System.getenv("OMP_NUM_THREADS");
        return wanted != null && wanted.matches("[1-9][0-9]{0,3}")
                ? Integer.parseInt(wanted)
                : Runtime.getRuntime().availableProcessors();
    }

    private static String version() {
        var properties = new Properties();
        try (var in = Device.class.getResourceAsStream("/META-INF/maven/org.nd4j/nd4j-api/pom.properties")) {
            if (in != null) {
                properties.load(in);
            }
        } catch (IOException e) {
            return "unknown";
        }
        return properties.getProperty("version", "unknown");
    }

    private static String processor() {
        return "cpu: " + ofFirstProcessor("model name").orElse(System.getProperty("os.arch"));
    }

    /**
     * What Linux says of the first processor; empty where the system says nothing.
     *
     * @param entry of {@code /proc/cpuinfo}, such as {@code flags}
     */
    static Optional<String> ofFirstProcessor(String entry) {
        try (var lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            return lines.filter(line -> line.startsWith(entry))
                    .findFirst()
                    .map(line -> line.substring(line.indexOf(':') + 1).strip());
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
