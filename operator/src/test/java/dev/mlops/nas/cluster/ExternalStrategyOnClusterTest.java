package dev.mlops.nas.cluster;

import static dev.mlops.nas.cluster.Cluster.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.mlops.nas.api.NasExperiment;
import dev.mlops.nas.api.NasTrial;
import dev.mlops.nas.api.TrialPurpose;
import dev.mlops.nas.experiment.MissingTokenException;
import dev.mlops.nas.experiment.StrategyServer;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ExternalStrategyOnClusterTest {
    @TempDir
    static Path folder;

    private static Cluster cluster;

    @BeforeAll
    static void start() throws Exception {
        cluster = new Cluster(folder);
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    /** The Secret comes late, and then the first answer does. */
    @Test
    void anExternalStrategyProposesAllTrialsOfASearchOnceItsTokenIsThereAndItAnswersInTime() throws Exception {
        String namespace = cluster.namespace("asked");
        Queue<Map<String, String>> named = new ConcurrentLinkedQueue<>();
        var awake = new AtomicBoolean();
        var over = new CountDownLatch(1);
        try (var server = new StrategyServer(question -> {
                    if (!awake.get()) {
                        hold(over);
                    }
                    var answer = StrategyServer.draw(question);
                    named.addAll(architectures(answer.getValue()));
                    return answer;
                });
                var _ = cluster.start(namespace);
                var _ = new Kubelet(cluster.client, namespace, (file, attempt) -> Kubelet.success(file))) {
            NasExperiment experiment = cluster.create(namespace, "digits", """
                    strategy:
                      name: External
                      external: {uri: "%s", timeoutSeconds: 1, credentialsSecret: optuna}
                    """.formatted(server.uri()));
            await().until(() -> says(
                    experiment,
                    "spec.strategy.external.credentialsSecret is optuna, but the namespace has no Secret of that name:"
                            + " create it with the entry NAS_STRATEGY_TOKEN; 0 of 6 architectures trained"));
            assertThat(server.questions()).isEmpty();

            secret(namespace, "optuna", "NAS_STRATEGY_TOKEN");
            await().until(() -> says(
                    experiment,
                    "the external strategy at %s did not answer within 1 s; 0 of 6".formatted(server.uri())));
            assertThat(cluster.trials(experiment)).isEmpty();

            awake.set(true);
            await().until(() -> cluster.is(experiment, "Succeeded", "True"));
            List<NasTrial> searched = cluster.trials(experiment).stream()
                    .filter(t -> t.getSpec().purpose() == TrialPurpose.Search)
                    .toList();
            assertThat(searched).hasSize(6);
            assertThat(searched)
                    .allSatisfy(t -> assertThat(named)
                            .anySatisfy(a -> assertThat(a)
                                    .containsAllEntriesOf(t.getSpec().decisions())));
            assertThat(server.credentials()).containsOnly("Bearer s3cret");
        } finally {
            over.countDown();
        }
    }

    @Test
    void aSecretThatMayNotBeReadOrHoldsNoTokenIsToldInOneSentence() {
        String namespace = cluster.namespace("secrets");
        secret(namespace, "other", "password");

        assertThatExceptionOfType(MissingTokenException.class)
                .isThrownBy(() -> new SecretToken(cluster.client, namespace).read("other"))
                .withMessage("spec.strategy.external.credentialsSecret is other, but that Secret has no entry"
                        + " NAS_STRATEGY_TOKEN: add it");
        var rightless = new ConfigBuilder(cluster.plane.adminConfig())
                .withImpersonateUsername("nobody")
                .build();
        try (KubernetesClient nobody =
                new KubernetesClientBuilder().withConfig(rightless).build()) {
            assertThatExceptionOfType(MissingTokenException.class)
                    .isThrownBy(() -> new SecretToken(nobody, namespace).read("other"))
                    .withMessage(
                            "spec.strategy.external.credentialsSecret is other, which the operator may not read: give"
                                    + " it a Role for it, as docs/strategy-protocol.md shows");
        }
    }

    private static boolean says(NasExperiment experiment, String message) {
        return cluster.condition(experiment, "Stalled")
                .filter(c -> c.getStatus().equals("True") && c.getReason().equals("StrategyUnavailable"))
                .filter(c -> c.getMessage().contains(message))
                .isPresent();
    }

    private static void secret(String namespace, String name, String entry) {
        cluster.client
                .resource(new SecretBuilder()
                        .withNewMetadata()
                        .withName(name)
                        .withNamespace(namespace)
                        .endMetadata()
                        .addToStringData(entry, "s3cret\n")
                        .build())
                .create();
    }

    private static List<Map<String, String>> architectures(String answer) {
        try {
            JsonNode named = new ObjectMapper().readTree(answer).get("architectures");
            return new ObjectMapper().readerForListOf(Map.class).readValue(named);
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static void hold(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
