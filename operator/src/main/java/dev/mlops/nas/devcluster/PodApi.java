package dev.mlops.nas.devcluster;

import io.fabric8.kubernetes.api.model.BindingBuilder;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.EventBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodStatus;
import io.fabric8.kubernetes.api.model.PodStatusBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.PodResource;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** What the pod runner writes about one pod. A request that an absent API server does not answer is repeated until it does. */
final class PodApi {
    private static final Logger LOG = Logger.getLogger(PodApi.class);
    private static final Duration PAUSE = Duration.ofSeconds(1);
    private static final int CONFLICT = 409;
    private static final int NOT_FOUND = 404;
    private static final int TOO_MANY_REQUESTS = 429;

    private final KubernetesClient client;
    private final String namespace;
    private final String name;
    private final String uid;
    private final String node;
    private final CompletableFuture<Void> closing;

    /** @param closing done when the runner ends, which ends repetition too */
    PodApi(KubernetesClient client, Pod pod, String node, CompletableFuture<Void> closing) {
        this.client = client;
        this.namespace = pod.getMetadata().getNamespace();
        this.name = pod.getMetadata().getName();
        this.uid = pod.getMetadata().getUid();
        this.node = node;
        this.closing = closing;
    }

    /** The pod as it is now; empty where it is gone, even if another one has its name. */
    Optional<Pod> current() {
        return Optional.ofNullable(repeat(() -> resource().get()))
                .filter(pod -> pod.getMetadata().getUid().equals(uid));
    }

    /** Assigns the pod to the runner's node. */
    void bind() {
        var binding = new BindingBuilder()
                .withNewMetadata()
                .withName(name)
                .withNamespace(namespace)
                .withUid(uid)
                .endMetadata()
                .withNewTarget()
                .withApiVersion("v1")
                .withKind("Node")
                .withName(node)
                .endTarget()
                .build();
        repeat(() -> client.bindings().inNamespace(namespace).resource(binding).create());
        event("Normal", "Scheduled", "assigned to " + node);
    }

    /** Writes the status, unless the pod is gone. */
    void report(PodReport report) {
        current().ifPresent(pod -> patch(report.status(pod)));
    }

    /** Says in a condition why the pod waits for its turn. */
    void unscheduled(String sentence) {
        patch(new PodStatusBuilder()
                .addNewCondition()
                .withType("PodScheduled")
                .withStatus("False")
                .withReason("Unschedulable")
                .withMessage(sentence)
                .endCondition()
                .build());
    }

    /** Removes the object at once. */
    void forceDelete() {
        repeat(() -> {
            if (current().isPresent()) {
                resource().withGracePeriod(0).delete();
            }
            return null;
        });
    }

    /** Tells the user; an event that cannot be written is only logged. */
    void event(String type, String reason, String sentence) {
        var now = Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
        Event event = new EventBuilder()
                .withNewMetadata()
                .withGenerateName(name + ".")
                .withNamespace(namespace)
                .endMetadata()
                .withNewInvolvedObject()
                .withApiVersion("v1")
                .withKind("Pod")
                .withName(name)
                .withNamespace(namespace)
                .withUid(uid)
                .endInvolvedObject()
                .withType(type)
                .withReason(reason)
                .withMessage(sentence)
                .withFirstTimestamp(now)
                .withLastTimestamp(now)
                .withCount(1)
                .withNewSource("nas-pod-runner", node)
                .build();
        try {
            client.v1().events().inNamespace(namespace).resource(event).create();
        } catch (KubernetesClientException e) {
            LOG.infof("pod %s/%s: %s (no event: %s)", namespace, name, sentence, e.getMessage());
        }
    }

    private void patch(PodStatus status) {
        var patch = Serialization.asJson(Map.of("metadata", Map.of("uid", uid), "status", status));
        repeat(() -> resource().subresource("status").patch(PatchContext.of(PatchType.JSON_MERGE), patch));
    }

    private PodResource resource() {
        return client.pods().inNamespace(namespace).withName(name);
    }

    /** The answer; null where the object is gone or was replaced by another, or the runner ends. */
    private <T> @Nullable T repeat(Supplier<@Nullable T> request) {
        while (!closing.isDone()) {
            try {
                return request.get();
            } catch (KubernetesClientException e) {
                if (e.getCode() == NOT_FOUND || e.getCode() == CONFLICT) {
                    return null;
                }
                if (e.getCode() >= 400 && e.getCode() < 500 && e.getCode() != TOO_MANY_REQUESTS) {
                    throw e;
                }
                LOG.debugf("pod %s/%s: trying again after %s", namespace, name, e.getMessage());
                pause();
            }
        }
        return null;
    }

    private void pause() {
        closing.copy()
                .completeOnTimeout(null, PAUSE.toMillis(), TimeUnit.MILLISECONDS)
                .join();
    }
}
