package dev.mlops.nas.trainer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/** What the trial ran on. */
final class Device {
    private Device() {}

    /** Device, threads and versions, by name. */
    static Map<String, String> environment() {
        var environment = new TreeMap<String, String>();
        environment.put("device", processor());
        environment.put("threads", String.valueOf(threads()));
        environment.put("framework", "ND4J " + version() + " oneDNN AVX2");
        environment.put("java", Runtime.version().toString());
        return environment;
    }

    private static int threads() {
        var wanted = System.getenv("OMP_NUM_THREADS");
        return wanted != null && wanted.matches("[1-9][0-9]{0,3}")
                ? Integer.parseInt(wanted)
                : Runtime.getRuntime().availableProcessors();
    }

    private static String version() {
        var version = org.nd4j.linalg.factory.Nd4j.class.getPackage().getImplementationVersion();
        return version == null ? "unknown" : version;
    }

    private static String processor() {
        try (var lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            return "cpu: "
                    + lines.filter(line -> line.startsWith("model name"))
                            .map(line -> line.substring(line.indexOf(':') + 1).strip())
                            .findFirst()
                            .orElse(System.getProperty("os.arch"));
        } catch (IOException e) {
            return "cpu: " + System.getProperty("os.arch");
        }
    }
}
