package dev.mlops.nas.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.mlops.nas.api.NasExperiment;
import dev.mlops.nas.api.NasTrial;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The cluster of {@code nas up} as a user has it: the packaged command line, operator and trainer. */
@Tag("end-to-end")
@Timeout(value = 30, unit = TimeUnit.MINUTES)
class UpIT {
    private static final String EXPERIMENT = """
            apiVersion: nas.mlops.dev/v1alpha1
            kind: NasExperiment
            metadata: {name: tiny, namespace: default}
            spec:
              dataset: {uri: data/digits.csv.gz, shape: [1, 8, 8], classes: 10}
              searchSpace: {preset: small-cnn}
              evaluation: {epochs: 1}
              budget: {trials: 3, parallelTrials: 2}
              protocol: {finalists: {count: 1, seeds: 1}, references: {seeds: 1}}
            """;

    @TempDir
    Path folder;

    @AfterEach
    void down() throws Exception {
        assertThat(nas("down", "--dir", cluster(), "--delete").code()).isZero();
        assertThat(ProcessHandle.allProcesses()
                        .map(process -> process.info().commandLine().orElse(""))
                        .filter(line -> line.contains(cluster())))
                .isEmpty();
        assertThat(Path.of(cluster())).doesNotExist();
    }

    @Test
    void searchesOnAThrowAwayClusterAndIsHarmlessWhenCalledTwice() throws Exception {
        var first = nas("up", "--dir", cluster(), "--tracking", "off", "--cores", "2");
        assertThat(first.output()).contains("The cluster is up after", "KUBECONFIG=", "kubectl apply -f");
        assertThat(first.code()).isZero();
        var pids = nas("up", "status", "--dir", cluster());
        assertThat(pids.code()).isZero();

        var kubeconfig = Files.readString(Path.of(cluster(), "control-plane", "kubeconfig"));
        try (var client = new KubernetesClientBuilder()
                .withConfig(Config.fromKubeconfig(kubeconfig))
                .build()) {
            client.load(new ByteArrayInputStream(EXPERIMENT.getBytes(StandardCharsets.UTF_8)))
                    .create();

            var second = nas("up", "--dir", cluster(), "--tracking", "off", "--cores", "2");
            assertThat(second.output()).contains("The cluster is up already.");
            assertThat(nas("up", "status", "--dir", cluster())).isEqualTo(pids);

            var experiment = await().atMost(Duration.ofMinutes(20))
                    .until(
                            () -> client.resources(NasExperiment.class)
                                    .inNamespace("default")
                                    .withName("tiny")
                                    .get(),
                            now -> now.getStatus() != null
                                    && List.of("Succeeded", "Failed")
                                            .contains(String.valueOf(
                                                    now.getStatus().phase())));
            assertThat(String.valueOf(experiment.getStatus().phase())).isEqualTo("Succeeded");
            assertThat(client.resources(NasTrial.class)
                            .inNamespace("default")
                            .list()
                            .getItems())
                    .hasSizeGreaterThanOrEqualTo(3)
                    .allMatch(trial -> trial.getStatus() != null);
        }
    }

    private String cluster() {
        return folder.resolve("cluster").toString();
    }

    private record Ended(int code, String output) {}

    private Ended nas(String... arguments) throws IOException, InterruptedException {
        var words = new ArrayList<>(program());
        words.addAll(List.of(arguments));
        var output = Files.createTempFile(folder, "output", ".txt");
        var process = new ProcessBuilder(words)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        assertThat(process.waitFor(15, TimeUnit.MINUTES)).isTrue();
        return new Ended(process.exitValue(), Files.readString(output));
    }

    /** As the launcher does, which would build again. */
    private static List<String> program() {
        var app = Path.of(System.getenv("NAS_HOME"), "operator", "target", "quarkus-app");
        assertThat(app.resolve("quarkus-run.jar")).exists();
        return List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                app + "/app/*:" + app + "/lib/main/*:" + app + "/lib/boot/*",
                "dev.mlops.nas.cli.Nas");
    }
}
