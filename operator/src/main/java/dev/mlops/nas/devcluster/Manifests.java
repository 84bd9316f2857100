package dev.mlops.nas.devcluster;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** What a cluster administrator would install with {@code kubectl apply -k manifests/base}, without the Deployment. */
record Manifests(List<HasMetadata> objects) {
    /** The operator runs as a process of this machine, so that nothing that makes or reaches pods is installed. */
    private static final Set<String> LEFT_OUT = Set.of("Deployment", "Service", "NetworkPolicy", "PodDisruptionBudget");

    private static final String MANAGER = "nas-up";

    /** Renders the base with kubectl's kustomize. */
    static Manifests base(Installation installation, KubernetesClient client) {
        var folder = installation.file("manifests/base").toString();
        try {
            var kustomize = new ProcessBuilder(kubectl(), "kustomize", folder)
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            kustomize.getOutputStream().close();
            try (var rendered = kustomize.getInputStream()) {
                var text = new String(rendered.readAllBytes(), StandardCharsets.UTF_8);
                if (kustomize.waitFor() != 0) {
                    throw new DevClusterException("kubectl kustomize " + folder + " failed");
                }
                return new Manifests(
                        client.load(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8))).items().stream()
                                .filter(object -> !LEFT_OUT.contains(object.getKind()))
                                .toList());
            }
        } catch (IOException e) {
            throw new DevClusterException("cannot run kubectl: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new DevClusterException("interrupted while rendering " + folder, e);
        }
    }

    /** Applies everything and waits until the API server serves the new kinds. */
    void apply(KubernetesClient client) {
        for (var object : objects) {
            try {
                client.resource(object).fieldManager(MANAGER).forceConflicts().serverSideApply();
            } catch (KubernetesClientException e) {
                throw new DevClusterException(
                        "cannot install " + object.getKind() + " "
                                + object.getMetadata().getName() + ": " + e.getMessage(),
                        e);
            }
        }
        for (var object : objects) {
            if (object.getKind().equals("CustomResourceDefinition")) {
                client.apiextensions()
                        .v1()
                        .customResourceDefinitions()
                        .withName(object.getMetadata().getName())
                        .waitUntilCondition(
                                definition -> definition != null
                                        && definition.getStatus() != null
                                        && definition.getStatus().getConditions().stream()
                                                .anyMatch(c -> c.getType().equals("Established")
                                                        && c.getStatus().equals("True")),
                                60,
                                TimeUnit.SECONDS);
            }
        }
    }

    /** The operator's own identity. */
    ServiceAccount serviceAccount() {
        return objects.stream()
                .filter(ServiceAccount.class::isInstance)
                .map(ServiceAccount.class::cast)
                .findFirst()
                .orElseThrow(() -> new DevClusterException("manifests/base has no ServiceAccount for the operator"));
    }

    private static String kubectl() {
        var cached = Path.of(System.getProperty("user.home"), ".cache", "nas-kubernetes", "bin");
        var path = Optional.ofNullable(System.getenv("PATH")).orElse("").split(File.pathSeparator);
        return Stream.concat(Stream.of(path).filter(entry -> !entry.isEmpty()).map(Path::of), Stream.of(cached))
                .map(folder -> folder.resolve("kubectl"))
                .filter(Files::isExecutable)
                .findFirst()
                .map(Path::toString)
                .orElseThrow(() -> new DevClusterException("kubectl is needed and is not on the path: install it"));
    }
}
