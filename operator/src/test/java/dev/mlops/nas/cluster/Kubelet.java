package dev.mlops.nas.cluster;

import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.mlops.nas.api.NasApi;
import dev.mlops.nas.contract.TrialFile;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ContainerState;
import io.fabric8.kubernetes.api.model.ContainerStateBuilder;
import io.fabric8.kubernetes.api.model.ContainerStatusBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.time.Instant;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Plays the kubelet: every pod of a trial runs at once, and ends as the test says. */
final class Kubelet implements AutoCloseable {
    /** How a trainer ends. */
    record End(int exitCode, String reason, String message) {
        static End done(String message) {
            return new End(0, "Completed", message);
        }

        static End exit(int code, String message) {
            return new End(code, "Error", message);
        }
    }

    /** What a trainer does with its file; null leaves it running. Attempts count from 1. */
    interface Trainer {
        End train(TrialFile file, int attempt) throws Exception;
    }

    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final KubernetesClient client;
    private final Trainer trainer;
    private final SharedIndexInformer<Pod> informer;
    private final Set<String> seen = ConcurrentHashMap.newKeySet();
    private final Map<String, Integer> attempts = new ConcurrentHashMap<>();

    /** When each pod was first seen, by trial: for latencies. */
    final Map<String, Instant> podSeen = new ConcurrentHashMap<>();
    /** When each trial's last pod was ended. */
    final Map<String, Instant> podEnded = new ConcurrentHashMap<>();

    Kubelet(KubernetesClient client, String namespace, Trainer trainer) {
        this.client = client;
        this.trainer = trainer;
        informer = client.pods()
                .inNamespace(namespace)
                .withLabel(NasApi.TRIAL_LABEL)
                .inform(new ResourceEventHandler<>() {
                    @Override
                    public void onAdd(Pod pod) {
                        if (seen.add(pod.getMetadata().getUid())) {
                            podSeen.putIfAbsent(trial(pod), Instant.now());
                            Thread.ofVirtual().start(() -> run(pod));
                        }
                    }

                    @Override
                    public void onUpdate(Pod before, Pod after) {}

                    @Override
                    public void onDelete(Pod pod, boolean unknown) {}
                });
    }

    private void run(Pod pod) {
        int attempt = attempts.merge(trial(pod), 1, Integer::sum);
        try {
            while (!isTold(pod, attempt)) {
                Thread.sleep(100);
            }
        } catch (Exception e) {
            System.err.println("kubelet: " + e);
        }
    }

    /** Whether the API server has heard what became of the pod; while it is away, a kubelet tries again. */
    private boolean isTold(Pod pod, int attempt) throws Exception {
        if (isOver(pod)) {
            return true;
        }
        try {
            String started = Instant.now().minusSeconds(2).toString();
            running(client, pod, started);
            End end = trainer.train(file(pod), attempt);
            if (end != null) {
                podEnded.put(trial(pod), Instant.now());
                ended(client, pod, started, end);
            }
            return true;
        } catch (KubernetesClientException e) {
            if (e.getCode() != 404 && e.getCode() != 409) {
                System.err.println("kubelet: " + e.getMessage());
            }
            return e.getCode() != 0;
        }
    }

    private TrialFile file(Pod pod) throws Exception {
        ConfigMap map = client.configMaps()
                .inNamespace(pod.getMetadata().getNamespace())
                .withName(pod.getSpec().getVolumes().stream()
                        .filter(v -> v.getName().equals("nas-trial"))
                        .findFirst()
                        .orElseThrow()
                        .getConfigMap()
                        .getName())
                .get();
        return JSON.readValue(map.getData().get("trial.json"), TrialFile.class);
    }

    static void running(KubernetesClient client, Pod pod, String started) {
        status(
                client,
                pod,
                "Running",
                new ContainerStateBuilder()
                        .withNewRunning()
                        .withStartedAt(started)
                        .endRunning()
                        .build());
    }

    static void ended(KubernetesClient client, Pod pod, String started, End end) {
        status(
                client,
                pod,
                end.exitCode() == 0 ? "Succeeded" : "Failed",
                new ContainerStateBuilder()
                        .withNewTerminated()
                        .withExitCode(end.exitCode())
                        .withReason(end.reason())
                        .withMessage(end.message())
                        .withStartedAt(started)
                        .withFinishedAt(Instant.now().toString())
                        .endTerminated()
                        .build());
    }

    static void status(KubernetesClient client, Pod pod, String phase, ContainerState state) {
        client.pods()
                .inNamespace(pod.getMetadata().getNamespace())
                .withName(pod.getMetadata().getName())
                .subresource("status")
                .patch(
                        PatchContext.of(PatchType.JSON_MERGE),
                        new PodBuilder()
                                .withNewMetadata()
                                .withName(pod.getMetadata().getName())
                                .withNamespace(pod.getMetadata().getNamespace())
                                .endMetadata()
                                .withNewStatus()
                                .withPhase(phase)
                                .withContainerStatuses(new ContainerStatusBuilder()
                                        .withName(NasApi.TRAINER_CONTAINER)
                                        .withImage("trainer")
                                        .withImageID("trainer")
                                        .withReady(state.getRunning() != null)
                                        .withRestartCount(0)
                                        .withState(state)
                                        .build())
                                .endStatus()
                                .build());
    }

    private static boolean isOver(Pod pod) {
        return pod.getStatus() != null
                && ("Succeeded".equals(pod.getStatus().getPhase())
                        || "Failed".equals(pod.getStatus().getPhase()));
    }

    private static String trial(Pod pod) {
        return pod.getMetadata().getLabels().get(NasApi.TRIAL_LABEL);
    }

    /** What a trainer that did its work leaves: an accuracy that follows from the architecture. */
    static End success(TrialFile file) {
        double accuracy = 0.5 + Math.floorMod(file.graph().hashCode(), 400) / 1000.0;
        String metrics = """
                {"accuracy": %s, "loss": %s, "testAccuracy": %s, "params": 1000, "macs": 10000, "latencyMs": 0.5,
                 "latencyP99Ms": 0.7, "trainSeconds": 1.5, "testExamples": 300, "validationExamples": 300}""".formatted(accuracy, 1 - accuracy, accuracy);
        return End.done(Samples.result(file.trial(), 0, metrics, null));
    }

    @Override
    public void close() {
        informer.close();
    }
}
