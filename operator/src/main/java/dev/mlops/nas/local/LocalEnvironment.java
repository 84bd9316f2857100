package dev.mlops.nas.local;

import dev.mlops.nas.api.NasExperimentSpec.Dataset;
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
        environment.putAll(data(setup.spec().dataset(), setup.data()));
        return environment;
    }

    /**
     * What was learned from: files by their checksums. That of the experiment was compared by the trainer, which alone sees data from
     * the web or from S3.
     *
     * @param folder where paths begin
     */
    static Map<String, String> data(Dataset dataset, Path folder) throws IOException {
        var data = new LinkedHashMap<String, String>();
        if (dataset.uri().startsWith("generator:") || dataset.format() == Format.images) {
            data.put("data", dataset.uri());
        } else {
            data.put(
                    "sha256 of " + dataset.uri().replaceFirst("[?].*", ""),
                    dataset.sha256() == null ? sha256(folder, dataset.uri()) : dataset.sha256());
        }
        if (dataset.labels() != null) {
            data.put("sha256 of " + dataset.labels(), sha256(folder, dataset.labels()));
        }
        return data;
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
