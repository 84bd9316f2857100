package dev.mlops.nas.devcluster;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.authentication.TokenRequestBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.UnaryOperator;

/** What pods of one namespace take from the API server. */
final class PodSources {
    private final KubernetesClient client;
    private final String namespace;

    PodSources(KubernetesClient client, String namespace) {
        this.client = client;
        this.namespace = namespace;
    }

    /** Keys and contents of a ConfigMap, texts changed by an edit; empty where there is none. */
    Optional<Map<String, byte[]>> configMap(String name, UnaryOperator<String> edit) {
        return Optional.ofNullable(client.configMaps()
                        .inNamespace(namespace)
                        .withName(name)
                        .get())
                .map(map -> contents(map, edit));
    }

    /** Keys and contents of a Secret; empty where there is none. */
    Optional<Map<String, byte[]>> secret(String name) {
        return Optional.ofNullable(
                        client.secrets().inNamespace(namespace).withName(name).get())
                .map(PodSources::contents);
    }

    boolean hasClaim(String name) {
        return client.persistentVolumeClaims()
                        .inNamespace(namespace)
                        .withName(name)
                        .get()
                != null;
    }

    /** A token of a service account. */
    String token(String serviceAccount, long expirationSeconds) {
        var request = new TokenRequestBuilder()
                .withNewSpec()
                .withExpirationSeconds(expirationSeconds)
                .endSpec()
                .build();
        return client.serviceAccounts()
                .inNamespace(namespace)
                .withName(serviceAccount)
                .tokenRequest(request)
                .getStatus()
                .getToken();
    }

    private static Map<String, byte[]> contents(ConfigMap map, UnaryOperator<String> edit) {
        var contents = new TreeMap<String, byte[]>();
        Optional.ofNullable(map.getData())
                .ifPresent(data -> data.forEach(
                        (key, text) -> contents.put(key, edit.apply(text).getBytes(StandardCharsets.UTF_8))));
        Optional.ofNullable(map.getBinaryData())
                .ifPresent(data -> data.forEach(
                        (key, text) -> contents.put(key, Base64.getDecoder().decode(text))));
        return contents;
    }

    private static Map<String, byte[]> contents(Secret secret) {
        var contents = new TreeMap<String, byte[]>();
        Optional.ofNullable(secret.getData())
                .ifPresent(data -> data.forEach(
                        (key, text) -> contents.put(key, Base64.getDecoder().decode(text))));
        return contents;
    }
}
