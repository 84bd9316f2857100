package dev.mlops.nas.cluster;

import static dev.mlops.nas.cluster.Cluster.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.mlops.nas.api.NasExperiment;
import dev.mlops.nas.devcluster.ControlPlane;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.authentication.TokenRequestBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.http.AsyncBody;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.HttpResponse;
import io.fabric8.kubernetes.client.http.Interceptor;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ManifestsTest {
    private static final Path BASE = Path.of("..", "manifests", "base");

    @TempDir
    Path folder;

    @Test
    void theBaseAppliesWithoutAWarningAndTheOperatorWorksWithExactlyItsRights() throws Exception {
        var warnings = new CopyOnWriteArrayList<String>();
        try (var plane = ControlPlane.start(folder);
                var admin = listening(plane.adminConfig(), warnings)) {
            var objects = objects(BASE);
            for (HasMetadata object : objects) {
                admin.resource(object).forceConflicts().serverSideApply();
            }
            assertThat(warnings).isEmpty();
            podOf(admin, deployment(objects));
            assertThat(warnings).isEmpty();

            try (var cluster = new Cluster(plane)) {
                String namespace = cluster.namespace("team");
                Config rights = serviceAccount(admin, plane.adminConfig());
                var refused = new CopyOnWriteArrayList<String>();
                try (var _ = cluster.start(namespace, rights, refusals(refused), null);
                        var _ = new Kubelet(cluster.client, namespace, (file, attempt) -> Kubelet.success(file))) {
                    NasExperiment experiment = cluster.create(namespace, "digits", "");
                    await().until(() -> cluster.is(experiment, "Succeeded", "True"));
                    assertThat(admin.events()
                                    .v1()
                                    .events()
                                    .inNamespace(namespace)
                                    .list()
                                    .getItems())
                            .anyMatch(e -> "Succeeded".equals(e.getReason()));
                    NasExperiment stopped =
                            cluster.create(namespace, "stopped", "trainer: {deadlineSeconds: 3600, backoffLimit: 0}");
                    await().until(() -> !cluster.trials(stopped).isEmpty());
                    cluster.client.resource(stopped).delete();
                }
                assertThat(refused).isEmpty();
                try (KubernetesClient operator =
                        new KubernetesClientBuilder().withConfig(rights).build()) {
                    assertThatThrownBy(() ->
                                    operator.secrets().inNamespace(namespace).list())
                            .isInstanceOf(KubernetesClientException.class)
                            .hasMessageContaining("forbidden");
                }
            }
        }
    }

    /** The Deployment's pod, created as a dry run: the namespace's pod security would warn here. */
    private static void podOf(KubernetesClient admin, Deployment deployment) {
        var pod = new io.fabric8.kubernetes.api.model.PodBuilder()
                .withNewMetadata()
                .withName("probe")
                .withNamespace("nas-system")
                .endMetadata()
                .withSpec(deployment.getSpec().getTemplate().getSpec())
                .build();
        await().ignoreExceptions().until(() -> {
            admin.resource(pod).dryRun().create();
            return true;
        });
    }

    private static Deployment deployment(List<HasMetadata> objects) {
        return objects.stream()
                .filter(Deployment.class::isInstance)
                .map(Deployment.class::cast)
                .findFirst()
                .orElseThrow();
    }

    /** What kustomize would build: the base consists of plain resources only. */
    private static List<HasMetadata> objects(Path folder) throws IOException {
        var objects = new ArrayList<HasMetadata>();
        JsonNode kustomization =
                Serialization.unmarshal(Files.readString(folder.resolve("kustomization.yaml")), JsonNode.class);
        assertThat(kustomization.properties())
                .extracting(e -> e.getKey())
                .containsOnly("apiVersion", "kind", "resources");
        for (JsonNode resource : kustomization.get("resources")) {
            Path path = folder.resolve(resource.asText());
            if (Files.isDirectory(path)) {
                objects.addAll(objects(path));
            } else {
                for (String document : Files.readString(path).split("(?m)^---$")) {
                    objects.add(Serialization.unmarshal(document, HasMetadata.class));
                }
            }
        }
        return objects;
    }

    private static Config serviceAccount(KubernetesClient admin, Config config) {
        String token = admin.serviceAccounts()
                .inNamespace("nas-system")
                .withName("nas-operator")
                .tokenRequest(new TokenRequestBuilder().withNewSpec().endSpec().build())
                .getStatus()
                .getToken();
        return new ConfigBuilder()
                .withAutoConfigure(false)
                .withMasterUrl(config.getMasterUrl())
                .withCaCertData(config.getCaCertData())
                .withOauthToken(token)
                .build();
    }

    private static KubernetesClient listening(Config config, List<String> warnings) {
        return new KubernetesClientBuilder()
                .withConfig(config)
                .withHttpClientBuilderConsumer(b -> b.addOrReplaceInterceptor("warnings", new Interceptor() {
                    @Override
                    public void after(
                            HttpRequest request,
                            HttpResponse<?> response,
                            AsyncBody.Consumer<List<ByteBuffer>> consumer) {
                        warnings.addAll(response.headers("Warning"));
                    }
                }))
                .build();
    }

    private static Interceptor refusals(List<String> refused) {
        return new Interceptor() {
            @Override
            public void after(
                    HttpRequest request, HttpResponse<?> response, AsyncBody.Consumer<List<ByteBuffer>> consumer) {
                if (response.code() == 403) {
                    refused.add(request.method() + " " + request.uri().getPath());
                }
            }
        };
    }
}
