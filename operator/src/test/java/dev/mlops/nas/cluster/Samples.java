package dev.mlops.nas.cluster;

import dev.mlops.nas.api.NasApi;
import dev.mlops.nas.api.NasExperiment;
import dev.mlops.nas.api.NasTrial;
import dev.mlops.nas.contract.TrialFile;
import io.fabric8.kubernetes.api.model.ContainerStatusBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import io.fabric8.kubernetes.client.utils.Serialization;

/** Objects as the API server would give them back. */
final class Samples {
    static NasExperiment experiment(String extraSpec) {
        NasExperiment experiment = Serialization.unmarshal("""
                apiVersion: nas.mlops.dev/v1alpha1
                kind: NasExperiment
                metadata:
                  {name: digits, namespace: team, uid: e-1, generation: 1,
                   labels: {kueue.x-k8s.io/queue-name: vision, app.kubernetes.io/instance: argo, argocd.argoproj.io/instance: a}}
                spec:
                  suspend: false
                  seed: 1
                  dataset: {uri: data/digits.csv.gz, format: csv, labelColumn: -1, shape: [1, 8, 8], classes: 10,
                            split: {train: 0.6, validation: 0.2, test: 0.2}}
                  objective: {metric: accuracy, direction: Maximize}
                  searchSpace: {preset: small-cnn}
                  evaluation: {epochs: 20, fidelity: {scheduler: None, resource: epochs}}
                  trainer: {backoffLimit: 3, deadlineSeconds: 600}
                """, NasExperiment.class);
        if (extraSpec.isEmpty()) {
            return experiment;
        }
        var tree = Serialization.unmarshal(
                Serialization.asJson(experiment), com.fasterxml.jackson.databind.JsonNode.class);
        var over = Serialization.unmarshal(extraSpec, com.fasterxml.jackson.databind.JsonNode.class);
        over.properties()
                .forEach(e -> ((com.fasterxml.jackson.databind.node.ObjectNode) tree.get("spec"))
                        .set(e.getKey(), e.getValue()));
        return Serialization.unmarshal(tree.toString(), NasExperiment.class);
    }

    static NasTrial trial() {
        return Serialization.unmarshal("""
                apiVersion: nas.mlops.dev/v1alpha1
                kind: NasTrial
                metadata: {name: digits-00017, namespace: team, uid: t-17, generation: 1}
                spec: {experiment: digits, number: 17, purpose: Search, genotype: [0], decisions: {}, architecture: a, epochs: 2, seed: 5}
                """, NasTrial.class);
    }

    static Job job(String conditionType, String reason, String message) {
        var builder = new JobBuilder()
                .withNewMetadata()
                .withName("digits-00017")
                .withUid("j-1")
                .endMetadata()
                .withNewStatus()
                .endStatus();
        return conditionType == null
                ? builder.build()
                : builder.editStatus()
                        .addNewCondition()
                        .withType(conditionType)
                        .withStatus("True")
                        .withReason(reason)
                        .withMessage(message)
                        .endCondition()
                        .endStatus()
                        .build();
    }

    static Job job() {
        return job(null, null, null);
    }

    /** A pod whose trainer has ended after 90 seconds. */
    static Pod ended(int exitCode, String reason, String message) {
        return pod().editStatus()
                .withContainerStatuses(new ContainerStatusBuilder()
                        .withName(NasApi.TRAINER_CONTAINER)
                        .withNewState()
                        .withNewTerminated()
                        .withExitCode(exitCode)
                        .withReason(reason)
                        .withMessage(message)
                        .withStartedAt("2026-01-01T10:00:00Z")
                        .withFinishedAt("2026-01-01T10:01:30Z")
                        .endTerminated()
                        .endState()
                        .build())
                .endStatus()
                .build();
    }

    /** A pod whose trainer waits. */
    static Pod waiting(String reason, String message) {
        return pod().editStatus()
                .withContainerStatuses(new ContainerStatusBuilder()
                        .withName(NasApi.TRAINER_CONTAINER)
                        .withNewState()
                        .withNewWaiting(message, reason)
                        .endState()
                        .build())
                .endStatus()
                .build();
    }

    static PodBuilder pod() {
        return new PodBuilder()
                .withNewMetadata()
                .withName("digits-00017-abcde")
                .withCreationTimestamp("2026-01-01T09:59:00Z")
                .endMetadata()
                .withNewSpec()
                .addNewContainer()
                .withName(NasApi.TRAINER_CONTAINER)
                .withImage("trainer:1")
                .withNewResources()
                .addToLimits("memory", new io.fabric8.kubernetes.api.model.Quantity("2Gi"))
                .endResources()
                .endContainer()
                .endSpec()
                .withNewStatus()
                .endStatus();
    }

    /** What a trainer writes. */
    static String result(String trial, int exitCode, String metrics, String message) {
        return """
                {"contractVersion": "%s", "trial": "%s", "exitCode": %d, "metrics": %s, "epochs": 2,
                 "history": [{"epoch": 1, "timeMs": 1000, "trainLoss": 0.5, "accuracy": 0.8, "loss": 0.6}],
                 "message": %s, "environment": {"device": "cpu: Xeon", "gpu": "none"}}""".formatted(
                        TrialFile.VERSION, trial, exitCode, metrics, message == null ? "null" : "\"" + message + "\"");
    }

    private Samples() {}
}
