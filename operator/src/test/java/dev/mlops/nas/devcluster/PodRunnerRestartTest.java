package dev.mlops.nas.devcluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.mlops.nas.devcluster.ControlPlane.Lifetime;
import dev.mlops.nas.devcluster.ControlPlane.Part;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 15, unit = TimeUnit.MINUTES)
class PodRunnerRestartTest {
    @TempDir
    Path folder;

    private ControlPlane plane;
    private KubernetesClient client;

    @BeforeEach
    void start() {
        plane = ControlPlane.start(folder.resolve("plane"));
        client = plane.client();
    }

    @AfterEach
    void stop() {
        PodRunner.stopContainers(folder.resolve("pods"));
        client.close();
        plane.close();
    }

    @Test
    void goesOnWithPodsThatRanEndedOrGotLostWhileTheRunnerWasAway() throws IOException {
        Pod runs;
        Pod ends;
        Pod lost;
        try (var runner = runner()) {
            runs = create("runs");
            ends = create("ends");
            lost = create("lost");
            awaitPhase(runs, "Running");
            awaitPhase(ends, "Running");
            awaitPhase(lost, "Running");
            assertThat(runner.log(runs, "main")).exists();
        }
        letEnd("ends");
        ProcessHandle.allProcesses()
                .filter(process -> process.info()
                        .commandLine()
                        .orElse("")
                        .contains(lost.getMetadata().getUid()))
                .forEach(ProcessHandle::destroyForcibly);
        try (var runner = runner()) {
            assertThat(awaitPhase(ends, "Succeeded")).isNotNull();
            var state = awaitPhase(lost, "Failed")
                    .getStatus()
                    .getContainerStatuses()
                    .getFirst()
                    .getState()
                    .getTerminated();
            assertThat(state.getReason()).isEqualTo("ContainerStatusUnknown");
            assertThat(state.getMessage()).contains("lost");
            assertThat(client.resource(runs).get().getStatus().getPhase()).isEqualTo("Running");
            letEnd("runs");
            var end = awaitPhase(runs, "Succeeded");
            assertThat(Files.readAllLines(runner.log(end, "main"))).containsExactly("begin runs", "end runs");
        }
        letEnd("lost");
    }

    @Test
    void reportsWhatEndedWhileTheApiServerWasDead() throws IOException {
        try (var runner = runner()) {
            var pod = create("ends");
            awaitPhase(pod, "Running");
            plane.kill(Part.API_SERVER);
            plane.kill(Part.ETCD);
            letEnd("ends");
            await().atMost(Duration.ofMinutes(1))
                    .until(() -> Files.readString(runner.log(pod, "main")).contains("end ends"));
            plane.restart();
            assertThat(awaitPhase(pod, "Succeeded")).isNotNull();
        }
    }

    private PodRunner runner() {
        var options = PodRunner.Options.forTests(folder.resolve("pods"), 8);
        return PodRunner.start(
                client,
                new PodRunner.Options(
                        options.folder(),
                        options.node(),
                        options.cores(),
                        options.trainerImage(),
                        options.home(),
                        options.data(),
                        Lifetime.UNTIL_STOPPED));
    }

    private Pod create(String name) {
        var script =
                "echo begin %1$s; i=0; while [ ! -e %2$s ] && [ $i -lt 3000 ]; do sleep 0.1; i=$((i + 1)); done; echo end %1$s"
                        .formatted(name, folder.resolve("end-" + name));
        return client.resource(new PodBuilder()
                        .withNewMetadata()
                        .withName(name)
                        .withNamespace("default")
                        .endMetadata()
                        .withNewSpec()
                        .withRestartPolicy("Never")
                        .addNewContainer()
                        .withName("main")
                        .withImage("any")
                        .withCommand("sh", "-c", script)
                        .endContainer()
                        .endSpec()
                        .build())
                .create();
    }

    private void letEnd(String name) throws IOException {
        Files.createFile(folder.resolve("end-" + name));
    }

    private Pod awaitPhase(Pod pod, String phase) {
        return await().atMost(Duration.ofMinutes(2))
                .ignoreExceptions()
                .until(
                        () -> client.resource(pod).get(),
                        now -> phase.equals(now.getStatus().getPhase()));
    }
}
