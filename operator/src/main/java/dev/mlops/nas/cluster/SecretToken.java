package dev.mlops.nas.cluster;

import dev.mlops.nas.experiment.MissingTokenException;
import dev.mlops.nas.experiment.StrategyToken;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.HttpURLConnection;
import java.nio.charset.StandardCharsets;
import java.util.Base64;

/** Tokens from the Secrets of a namespace, read anew each time; what is not for strategies has no such entry, and is never sent. */
record SecretToken(KubernetesClient client, String namespace) implements StrategyToken {
    @Override
    public String read(String name) throws MissingTokenException {
        Secret secret;
        try {
            secret = client.secrets().inNamespace(namespace).withName(name).get();
        } catch (KubernetesClientException e) {
            if (e.getCode() != HttpURLConnection.HTTP_FORBIDDEN) {
                throw e;
            }
            throw new MissingTokenException(
                    name, "which the operator may not read: give it a Role for it, as docs/strategy-protocol.md shows");
        }
        if (secret == null) {
            throw new MissingTokenException(
                    name, "but the namespace has no Secret of that name: create it with the entry " + NAME);
        }
        String encoded = secret.getData() == null ? null : secret.getData().get(NAME);
        if (encoded == null) {
            throw new MissingTokenException(name, "but that Secret has no entry " + NAME + ": add it");
        }
        return new String(Base64.getDecoder().decode(encoded), StandardCharsets.UTF_8);
    }
}
