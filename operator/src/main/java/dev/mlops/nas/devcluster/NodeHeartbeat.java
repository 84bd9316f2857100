package dev.mlops.nas.devcluster;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;

/** Keeps a Node object that stands for this machine: without one Kubernetes removes pods that are bound to it. */
final class NodeHeartbeat {
    private static final Logger LOG = Logger.getLogger(NodeHeartbeat.class);
    private static final Duration PERIOD = Duration.ofSeconds(10);
    private static final String MANAGER = "nas-pod-runner";
    private static final String LEASES = "kube-node-lease";

    private final KubernetesClient client;
    private final String name;
    private final int cores;

    NodeHeartbeat(KubernetesClient client, String name, int cores) {
        this.client = client;
        this.name = name;
        this.cores = cores;
    }

    /** Writes the node once. */
    void register() {
        var node = node();
        client.nodes().resource(node).fieldManager(MANAGER).forceConflicts().serverSideApply();
        client.nodes()
                .withName(name)
                .subresource("status")
                .patch(PatchContext.of(PatchType.JSON_MERGE), Serialization.asJson(Map.of("status", node.getStatus())));
        beat();
    }

    /** Beats until the runner ends. */
    void run(CompletableFuture<Void> closing) {
        while (!closing.isDone()) {
            closing.copy()
                    .completeOnTimeout(null, PERIOD.toMillis(), TimeUnit.MILLISECONDS)
                    .join();
            try {
                if (!closing.isDone()) {
                    beat();
                }
            } catch (KubernetesClientException e) {
                LOG.debugf("node %s: no heartbeat, the API server does not answer: %s", name, e.getMessage());
            }
        }
    }

    private void beat() {
        var lease = new LeaseBuilder()
                .withNewMetadata()
                .withName(name)
                .withNamespace(LEASES)
                .endMetadata()
                .withNewSpec()
                .withHolderIdentity(name)
                .withLeaseDurationSeconds(40)
                .withRenewTime(ZonedDateTime.now(ZoneOffset.UTC))
                .endSpec()
                .build();
        client.leases()
                .inNamespace(LEASES)
                .resource(lease)
                .fieldManager(MANAGER)
                .forceConflicts()
                .serverSideApply();
    }

    private Node node() {
        var now = Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
        var capacity = Map.of("cpu", new Quantity(Integer.toString(cores)), "pods", new Quantity("110"));
        return new NodeBuilder()
                .withNewMetadata()
                .withName(name)
                .addToLabels("kubernetes.io/hostname", name)
                .addToLabels("kubernetes.io/os", "linux")
                .endMetadata()
                .withNewStatus()
                .withCapacity(capacity)
                .withAllocatable(capacity)
                .addNewAddress("127.0.0.1", "InternalIP")
                .addNewCondition()
                .withType("Ready")
                .withStatus("True")
                .withReason("PodRunnerReady")
                .withMessage("pods run as processes of this machine")
                .withLastHeartbeatTime(now)
                .withLastTransitionTime(now)
                .endCondition()
                .endStatus()
                .build();
    }
}
