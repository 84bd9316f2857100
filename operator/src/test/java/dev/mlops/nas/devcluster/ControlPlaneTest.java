package dev.mlops.nas.devcluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.mlops.nas.devcluster.ControlPlane.Part;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 15, unit = TimeUnit.MINUTES)
class ControlPlaneTest {
    @TempDir
    Path folder;

    @Test
    void keepsItsDataAndAddressWhenAnyPartIsKilledAndRestartedAndWhenItIsStoppedAndStarted() {
        var plane = ControlPlane.start(folder);
        var kubeconfig = plane.kubeconfigText();
        try (plane;
                var client = plane.client()) {
            client.configMaps().resource(configMap("first")).create();
            for (var part : Part.values()) {
                var before = plane.pid(part);
                plane.kill(part);
                assertThat(ControlPlane.isRunning(folder)).isFalse();
                plane.restart();
                assertThat(plane.pid(part)).isNotEqualTo(before);
                client.configMaps()
                        .resource(configMap("after-" + part.ordinal()))
                        .create();
            }
        }
        assertThat(ControlPlane.isRunning(folder)).isFalse();
        try (var again = ControlPlane.start(folder);
                var client = again.client()) {
            assertThat(again.kubeconfigText()).isEqualTo(kubeconfig);
            assertThat(client.configMaps().inNamespace("default").list().getItems())
                    .extracting(map -> map.getMetadata().getName())
                    .contains("first", "after-0", "after-1", "after-2");
        }
    }

    @Test
    void letsNobodyInWithoutTheToken() {
        try (var plane = ControlPlane.start(folder)) {
            var config = plane.adminConfig();
            config.setOauthToken("guess");
            config.setAutoOAuthToken("guess");
            try (var stranger = new KubernetesClientBuilder().withConfig(config).build()) {
                assertThat(catchCode(() ->
                                stranger.configMaps().inNamespace("default").list()))
                        .isEqualTo(401);
            }
        }
    }

    @Test
    void endsWithTheJvmThatStartedItEvenWhenThatIsKilled() throws Exception {
        var other = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Holder.class.getName(),
                        folder.toString()))
                .redirectOutput(folder.resolve("holder.log").toFile())
                .redirectErrorStream(true)
                .start();
        try {
            await().atMost(Duration.ofMinutes(10))
                    .until(() -> new File(folder.toFile(), "started").exists() || !other.isAlive());
            assertThat(ControlPlane.isRunning(folder)).isTrue();
        } finally {
            other.destroyForcibly();
        }
        await().atMost(Duration.ofSeconds(30))
                .until(() -> ProcessHandle.allProcesses()
                        .noneMatch(process ->
                                process.info().commandLine().orElse("").contains(folder.toString())));
    }

    /** Starts a control plane and waits to be killed. */
    static final class Holder {
        public static void main(String[] args) throws Exception {
            ControlPlane.start(Path.of(args[0]));
            Files.writeString(Path.of(args[0], "started"), "");
            Thread.sleep(Duration.ofMinutes(5));
        }
    }

    private static int catchCode(Runnable request) {
        try {
            request.run();
            return 200;
        } catch (KubernetesClientException e) {
            return e.getCode();
        }
    }

    private static ConfigMap configMap(String name) {
        return new ConfigMapBuilder()
                .withNewMetadata()
                .withName(name)
                .withNamespace("default")
                .endMetadata()
                .withData(Map.of("key", "value"))
                .build();
    }
}
