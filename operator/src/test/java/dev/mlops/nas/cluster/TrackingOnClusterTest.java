package dev.mlops.nas.cluster;

import static dev.mlops.nas.cluster.Cluster.await;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.mlops.nas.api.NasExperiment;
import dev.mlops.nas.api.NasTrial;
import dev.mlops.nas.tracking.MlflowServer;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TrackingOnClusterTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    static Path folder;

    private static Cluster cluster;
    private static MlflowServer.Handle mlflow;

    @BeforeAll
    static void start() throws Exception {
        cluster = new Cluster(folder.resolve("cluster"));
        mlflow = MlflowServer.start(folder.resolve("mlflow"));
    }

    @AfterAll
    static void stop() {
        mlflow.close();
        cluster.close();
    }

    @Test
    void everyTrialIsAClosedRunUnderTheExperimentsRunAndTheTrainerKnewItsId() {
        String namespace = cluster.namespace("tracked");
        try (var operator = cluster.start(
                        namespace,
                        cluster.plane.adminConfig(),
                        null,
                        mlflow.uri().toString());
                var _ = new Kubelet(cluster.client, namespace, (file, attempt) -> Kubelet.success(file))) {
            NasExperiment experiment = cluster.create(namespace, "digits", "");
            await().until(() ->
                    cluster.is(experiment, "Succeeded", "True") && cluster.is(experiment, "TrackingSynced", "True"));

            List<NasTrial> trials = cluster.trials(experiment);
            List<JsonNode> runs = runs("tracked/digits");
            assertThat(runs)
                    .hasSize(trials.size() + 1)
                    .allSatisfy(r -> assertThat(r.at("/info/status").asText()).isEqualTo("FINISHED"));
            assertThat(trials).allSatisfy(t -> {
                assertThat(t.getStatus().tracked()).isTrue();
                assertThat(t.getStatus().runId()).isEqualTo(Trials.runId(t));
            });
            assertThat(cluster.get(experiment).getStatus().tracking().url())
                    .contains(mlflow.uri().toString());
            assertThat(cluster.client
                            .batch()
                            .v1()
                            .jobs()
                            .inNamespace(namespace)
                            .withName("digits-00001")
                            .get()
                            .getSpec()
                            .getTemplate()
                            .getSpec()
                            .getContainers()
                            .getFirst()
                            .getEnv())
                    .anyMatch(e -> e.getName().equals("MLFLOW_RUN_ID")
                            && e.getValue().equals(Trials.runId(trials.getFirst())));
            int writes = operator.writes().values().stream().mapToInt(i -> i).sum();
            System.out.printf(
                    "API-server writes per trial, tracked: %.1f %s%n",
                    writes / (double) trials.size(), operator.writes());

            cluster.client.resource(experiment).delete();
            await().until(() -> cluster.get(experiment) == null);
        }
    }

    @Test
    void aServerThatIsAwayStopsNothingAndGetsEverythingWhenItIsBack() throws Exception {
        String namespace = cluster.namespace("away");
        try (var _ = cluster.start(
                        namespace,
                        cluster.plane.adminConfig(),
                        null,
                        mlflow.uri().toString());
                var _ = new Kubelet(cluster.client, namespace, (file, attempt) -> Kubelet.success(file))) {
            mlflow.server().stop();
            NasExperiment experiment = cluster.create(namespace, "digits", "");
            await().until(() -> cluster.is(experiment, "Succeeded", "True"));
            var synced = cluster.condition(experiment, "TrackingSynced").orElseThrow();
            assertThat(synced.getStatus()).isEqualTo("False");
            assertThat(synced.getMessage()).contains(mlflow.uri().toString());

            mlflow.server().ensureRunning();
            await().atMost(java.time.Duration.ofMinutes(5))
                    .until(() -> cluster.is(experiment, "TrackingSynced", "True"));
            assertThat(runs("away/digits")).hasSize(cluster.trials(experiment).size() + 1);
        }
    }

    @Test
    void deletingARunningExperimentClosesItsRunsAsKilled() {
        String namespace = cluster.namespace("killed");
        try (var _ = cluster.start(
                        namespace,
                        cluster.plane.adminConfig(),
                        null,
                        mlflow.uri().toString());
                var _ = new Kubelet(cluster.client, namespace, (file, attempt) -> null)) {
            NasExperiment experiment = cluster.create(namespace, "digits", "");
            await().until(() -> cluster.get(experiment).hasFinalizer(ExperimentTracking.FINALIZER)
                    && cluster.trials(experiment).size() == 2);
            cluster.client.resource(experiment).delete();
            await().until(() -> cluster.get(experiment) == null);
            assertThat(runs("killed/digits"))
                    .isNotEmpty()
                    .allSatisfy(r -> assertThat(r.at("/info/status").asText()).isEqualTo("KILLED"));
        }
    }

    @Test
    void deletionDoesNotHangWhileTheServerIsAway() throws Exception {
        String namespace = cluster.namespace("gone");
        try (var _ = cluster.start(
                        namespace,
                        cluster.plane.adminConfig(),
                        null,
                        mlflow.uri().toString());
                var _ = new Kubelet(cluster.client, namespace, (file, attempt) -> null)) {
            NasExperiment experiment = cluster.create(namespace, "digits", "");
            await().until(() -> cluster.get(experiment).hasFinalizer(ExperimentTracking.FINALIZER));
            mlflow.server().stop();
            cluster.client.resource(experiment).delete();
            await().until(() -> cluster.get(experiment) == null);
        } finally {
            mlflow.server().ensureRunning();
        }
    }

    private static List<JsonNode> runs(String experiment) {
        try (var http = HttpClient.newHttpClient()) {
            String name = URLEncoder.encode(experiment, StandardCharsets.UTF_8);
            JsonNode found = JSON.readTree(http.send(
                            HttpRequest.newBuilder(URI.create(mlflow.uri()
                                            + "/api/2.0/mlflow/experiments/get-by-name?experiment_name=" + name))
                                    .build(),
                            HttpResponse.BodyHandlers.ofString())
                    .body());
            JsonNode runs = JSON.readTree(http.send(
                            HttpRequest.newBuilder(URI.create(mlflow.uri() + "/api/2.0/mlflow/runs/search"))
                                    .header("Content-Type", "application/json")
                                    .POST(HttpRequest.BodyPublishers.ofString(
                                            "{\"experiment_ids\": [\"%s\"], \"max_results\": 1000}"
                                                    .formatted(found.at("/experiment/experiment_id")
                                                            .asText())))
                                    .build(),
                            HttpResponse.BodyHandlers.ofString())
                    .body());
            var list = new ArrayList<JsonNode>();
            runs.path("runs").forEach(list::add);
            return list;
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }
}
