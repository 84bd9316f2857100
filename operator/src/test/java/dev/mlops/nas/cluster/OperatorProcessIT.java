package dev.mlops.nas.cluster;

import static dev.mlops.nas.cluster.Cluster.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mlops.nas.api.NasExperiment;
import dev.mlops.nas.api.NasTrialStatus.TrialPhase;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The operator as it is shipped, as a process. */
final class OperatorProcessIT {
    private static final String NOTHING_DONE =
            "reconciliations_execution_duration_seconds_count{controller_name=\"experiment\"} 0.0";

    @TempDir
    Path folder;

    @Test
    void killedAgainAndAgainItFinishesTheSearchWithEveryTrialOnce() throws Exception {
        try (var cluster = new Cluster(folder.resolve("cluster"))) {
            String namespace = cluster.namespace("process");
            try (var _ = new Kubelet(cluster.client, namespace, (file, attempt) -> {
                Thread.sleep(300);
                return Kubelet.success(file);
            })) {
                NasExperiment experiment =
                        cluster.create(namespace, "digits", "budget: {trials: 12, parallelTrials: 2}");
                for (int done : List.of(1, 4, 8)) {
                    Process operator = start(cluster, freePort());
                    await().until(() -> finished(cluster, experiment) >= done);
                    operator.destroyForcibly();
                    assertThat(operator.waitFor(30, TimeUnit.SECONDS)).isTrue();
                }
                int port = freePort();
                Process operator = start(cluster, port);
                try {
                    await().until(() -> cluster.is(experiment, "Succeeded", "True"));
                    assertThat(get(port, "/q/health")).contains("\"status\": \"UP\"");
                    assertThat(get(port, "/q/metrics"))
                            .contains(
                                    "nas_api_writes_total",
                                    "nas_decide_seconds",
                                    "reconciliations_success_total",
                                    "nas_trials{phase=\"Completed\"}");
                    System.out.printf("operator process: %s of memory%n", resident(operator.pid()));
                } finally {
                    operator.destroyForcibly().waitFor(30, TimeUnit.SECONDS);
                }
                var trials = cluster.trials(experiment);
                assertThat(trials)
                        .extracting(t -> t.getSpec().number())
                        .isEqualTo(
                                IntStream.rangeClosed(1, trials.size()).boxed().toList());
                assertThat(trials)
                        .allSatisfy(t -> assertThat(t.getStatus().phase()).isEqualTo(TrialPhase.Completed));
                // What was done just before a kill may be missing from the log, but not the end.
                assertThat(Files.readString(folder.resolve("operator.log")))
                        .contains("experiment process/digits trial digits-%05d: Completed".formatted(trials.size()))
                        .doesNotContain("\tat ");
            }
        }
    }

    @Test
    void whatIsDeletedGoesAlthoughItCarriesTheFinalizerOfItsRuns() throws Exception {
        try (var cluster = new Cluster(folder.resolve("cluster"))) {
            String namespace = cluster.namespace("deletion");
            Process operator = start(cluster, freePort());
            try {
                NasExperiment experiment =
                        cluster.create(namespace, "digits", "budget: {trials: 2, parallelTrials: 1}");
                await().until(() -> !cluster.trials(experiment).isEmpty());
                cluster.client
                        .resources(NasExperiment.class)
                        .inNamespace(namespace)
                        .withName("digits")
                        .patch(
                                PatchContext.of(PatchType.JSON_MERGE),
                                "{\"metadata\": {\"finalizers\": [\"%s\"]}}".formatted(ExperimentTracking.FINALIZER));
                cluster.client.resource(experiment).delete();
                await().until(() -> cluster.get(experiment) == null);
            } finally {
                operator.destroyForcibly().waitFor(30, TimeUnit.SECONDS);
            }
        }
    }

    @Test
    void ofTwoOperatorsOneWorksAndTheOtherTakesOverWhenItIsGone() throws Exception {
        try (var cluster = new Cluster(folder.resolve("cluster"))) {
            String namespace = cluster.namespace("pair");
            try (var _ = new Kubelet(cluster.client, namespace, (file, attempt) -> {
                Thread.sleep(300);
                return Kubelet.success(file);
            })) {
                int port = freePort();
                Process first = start(cluster, port, namespace);
                Process second = null;
                try {
                    await().until(() -> isReady(port));
                    int other = freePort();
                    second = start(cluster, other, namespace);
                    // One that waits for the lease is ready too, or else a Deployment could never be rolled out.
                    await().until(() -> isReady(other));
                    NasExperiment experiment =
                            cluster.create(namespace, "digits", "budget: {trials: 10, parallelTrials: 2}");
                    await().until(() -> finished(cluster, experiment) >= 2);
                    assertThat(get(other, "/q/metrics")).contains(NOTHING_DONE);

                    first.destroyForcibly().waitFor(30, TimeUnit.SECONDS);
                    await().until(() -> cluster.is(experiment, "Succeeded", "True"));

                    var trials = cluster.trials(experiment);
                    assertThat(trials)
                            .extracting(t -> t.getSpec().number())
                            .isEqualTo(IntStream.rangeClosed(1, trials.size())
                                    .boxed()
                                    .toList());
                    assertThat(get(other, "/q/metrics")).doesNotContain(NOTHING_DONE);
                } finally {
                    first.destroyForcibly();
                    if (second != null) {
                        second.destroyForcibly().waitFor(30, TimeUnit.SECONDS);
                    }
                }
            }
        }
    }

    private static boolean isReady(int port) {
        try {
            return get(port, "/q/health/ready").contains("\"status\": \"UP\"");
        } catch (Exception notYet) {
            return false;
        }
    }

    private static long finished(Cluster cluster, NasExperiment experiment) {
        return cluster.trials(experiment).stream().filter(Trials::isFinal).count();
    }

    private Process start(Cluster cluster, int port) throws IOException {
        return start(cluster, port, null);
    }

    /** With an election whose lease lies in that namespace; without one where it is null. */
    private Process start(Cluster cluster, int port, @Nullable String leases) throws IOException {
        var builder = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED",
                "-Dquarkus.http.port=" + port,
                "-jar",
                Path.of("target", "quarkus-app", "quarkus-run.jar").toString());
        builder.environment().put("KUBECONFIG", cluster.plane.kubeconfig().toString());
        builder.environment().put("NAS_TRAINER_IMAGE", "trainer:test");
        builder.environment().put("NAS_LEADER_ELECTION", Boolean.toString(leases != null));
        if (leases != null) {
            builder.environment().put("NAS_LEADER_ELECTION_NAMESPACE", leases);
        }
        builder.environment().remove("MLFLOW_TRACKING_URI");
        return builder.redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(
                        folder.resolve("operator.log").toFile()))
                .start();
    }

    private static String get(int port, String path) throws Exception {
        try (var http = HttpClient.newHttpClient()) {
            return http.send(
                            HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                                    .timeout(Duration.ofSeconds(20))
                                    .build(),
                            HttpResponse.BodyHandlers.ofString())
                    .body();
        }
    }

    private static String resident(long pid) throws IOException {
        try (var lines = Files.lines(Path.of("/proc", Long.toString(pid), "status"))) {
            return lines.filter(l -> l.startsWith("VmRSS"))
                    .map(l -> l.substring(6).strip())
                    .findFirst()
                    .orElse("unknown");
        }
    }

    private static int freePort() throws IOException {
        try (var socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }
}
