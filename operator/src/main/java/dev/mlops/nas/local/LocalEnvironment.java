package dev.mlops.nas.local;

import dev.mlops.nas.api.NasExperimentSpec.Format;
import dev.mlops.nas.contract.TrialResult;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collection;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;

/** What a local search ran on and with, for the report. */
final class LocalEnvironment {
    static Map<String, String> of(Setup setup, Collection<LocalTrial> trials) throws IOException {
        var environment = new LinkedHashMap<String, String>();
        environment.put("machine", machine());
        environment.put(
                "parallelism",
                "%d trainings at a time, %d thread%s each"
                        .formatted(
                                setup.experiment().budget().parallelTrials(),
                                setup.threads(),
                                setup.threads() == 1 ? "" : "s"));
        environment.put("trainer", String.join(" ", setup.trainer().words()));
        trials.stream()
                .flatMap(t -> Stream.ofNullable(t.result()))
                .map(TrialResult::environment)
                .filter(e -> e != null && !e.isEmpty())
                .findFirst()
                .ifPresent(e -> new java.util.TreeMap<>(e).forEach((k, v) -> environment.put("trainer: " + k, v)));
        environment.put("search engine", "Java " + System.getProperty("java.runtime.version"));
        var dataset = setup.spec().dataset();
        if (dataset.uri().startsWith("generator:") || dataset.format() == Format.images) {
            environment.put("data", dataset.uri());
        } else if (dataset.uri().startsWith("http") && dataset.sha256() != null) {
            environment.put("sha256 of " + dataset.uri().replaceFirst("[?].*", ""), dataset.sha256());
        } else {
            environment.put("sha256 of " + dataset.uri(), sha256(setup.data(), dataset.uri()));
        }
        if (dataset.labels() != null) {
            environment.put("sha256 of " + dataset.labels(), sha256(setup.data(), dataset.labels()));
        }
        return environment;
    }

    private static String machine() throws IOException {
        Path processors = Path.of("/proc/cpuinfo");
        String model = Files.isReadable(processors)
                ? Files.readAllLines(processors).stream()
                        .filter(l -> l.startsWith("model name"))
                        .map(l -> l.substring(l.indexOf(':') + 1).strip() + ", ")
                        .findFirst()
                        .orElse("")
                : "";
        return "%s%d processors, %s %s"
                .formatted(
                        model,
                        Runtime.getRuntime().availableProcessors(),
                        System.getProperty("os.name"),
                        System.getProperty("os.arch"));
    }

    private static String sha256(Path data, String uri) throws IOException {
        Path file = uri.startsWith("file://") ? Path.of(uri.substring("file://".length())) : data.resolve(uri);
        try (InputStream in = new DigestInputStream(Files.newInputStream(file), MessageDigest.getInstance("SHA-256"))) {
            in.transferTo(java.io.OutputStream.nullOutputStream());
            return HexFormat.of()
                    .formatHex(((DigestInputStream) in).getMessageDigest().digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    private LocalEnvironment() {}
}
