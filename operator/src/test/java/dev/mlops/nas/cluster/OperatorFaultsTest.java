package dev.mlops.nas.cluster;

import static dev.mlops.nas.cluster.Cluster.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mlops.nas.api.NasApi;
import dev.mlops.nas.api.NasExperiment;
import dev.mlops.nas.api.NasExperimentStatus.Phase;
import dev.mlops.nas.api.NasTrial;
import dev.mlops.nas.api.NasTrialStatus.TrialPhase;
import dev.mlops.nas.api.TrialPurpose;
import dev.mlops.nas.devcluster.ControlPlane.Part;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.http.BasicBuilder;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.Interceptor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class OperatorFaultsTest {
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

    @Test
    void anOperatorThatDiesBeforeOrAfterAnyOfItsWritesLosesAndDoublesNoTrial() {
        String namespace = cluster.namespace("crashes");
        var points = new ArrayList<Fuse.Point>();
        for (boolean after : List.of(false, true)) {
            points.add(new Fuse.Point("patch", "nasexperiments/status", 1, after));
            points.add(new Fuse.Point("post", "nastrials", 1, after));
            points.add(new Fuse.Point("post", "configmaps", 1, after));
            points.add(new Fuse.Point("post", "jobs", 1, after));
            points.add(new Fuse.Point("put", "nastrials/status", 1, after));
            points.add(new Fuse.Point("put", "nastrials/status", 2, after));
        }
        try (var _ = new Kubelet(cluster.client, namespace, (file, attempt) -> Kubelet.success(file))) {
            NasExperiment experiment = cluster.create(namespace, "digits", "budget: {trials: 24, parallelTrials: 2}");
            for (Fuse.Point point : points) {
                var fuse = new Fuse(point);
                try (var _ = cluster.start(namespace, cluster.plane.adminConfig(), fuse, null)) {
                    await().alias("crash " + point).until(fuse::isBlown);
                }
            }
            try (var _ = cluster.start(namespace)) {
                await().until(() -> cluster.is(experiment, "Succeeded", "True"));
            }
            assertEveryTrialOnce(experiment, 24);
        }
    }

    @Test
    void aPlanFromAnOldViewAsksOnlyForWhatExistsAndTheSearchGoesOn() {
        String namespace = cluster.namespace("stale");
        var raced = new AtomicBoolean();
        // Just before the operator creates its first trial, another view has created it.
        Interceptor race = new Interceptor() {
            @Override
            public void before(BasicBuilder builder, HttpRequest request, RequestTags tags) {
                if (request.method().equals("POST")
                        && ApiWrites.resource(request.uri().getPath()).equals("nastrials")
                        && raced.compareAndSet(false, true)) {
                    NasTrial first = io.fabric8.kubernetes.client.utils.Serialization.unmarshal(
                            request.bodyString(), NasTrial.class);
                    cluster.client.resource(first).create();
                }
            }
        };
        try (var _ = cluster.start(namespace, cluster.plane.adminConfig(), race, null);
                var _ = new Kubelet(cluster.client, namespace, (file, attempt) -> Kubelet.success(file))) {
            NasExperiment experiment = cluster.create(namespace, "digits", "");
            await().until(() -> cluster.is(experiment, "Succeeded", "True"));
            assertThat(raced).isTrue();
            assertEveryTrialOnce(experiment, 6);
        }
    }

    @Test
    void aKilledApiServerIsWaitedForAndTheSearchGoesOn() {
        String namespace = cluster.namespace("apiserver");
        try (var _ = cluster.start(namespace);
                var _ = new Kubelet(cluster.client, namespace, (file, attempt) -> Kubelet.success(file))) {
            NasExperiment experiment = cluster.create(namespace, "digits", "");
            await().until(() -> cluster.trials(experiment).stream().anyMatch(Trials::isFinal));
            cluster.plane.kill(Part.API_SERVER);
            cluster.plane.restart();
            await().ignoreExceptions().until(() -> cluster.is(experiment, "Succeeded", "True"));
            assertEveryTrialOnce(experiment, 6);
        }
    }

    @Test
    void suspendedNothingNewStartsAndResumedTheSearchGoesOn() {
        String namespace = cluster.namespace("suspend");
        var hold = new AtomicBoolean(true);
        try (var _ = cluster.start(namespace);
                var _ = new Kubelet(cluster.client, namespace, (file, attempt) -> {
                    while (hold.get()) {
                        Thread.sleep(50);
                    }
                    return Kubelet.success(file);
                })) {
            NasExperiment experiment = cluster.create(namespace, "digits", "");
            await().until(() -> running(experiment) == 2);
            patch(experiment, "{\"spec\": {\"suspend\": true}}");
            await().until(() -> cluster.get(experiment).getStatus().phase() == Phase.Suspended);
            hold.set(false);
            await().until(() -> cluster.get(experiment).getStatus().trials().completed() == 2);
            assertThat(cluster.trials(experiment)).hasSize(2);
            assertThat(cluster.is(experiment, "Reconciling", "False")).isTrue();
            assertThat(cluster.is(experiment, "Stalled", "False")).isTrue();

            patch(experiment, "{\"spec\": {\"suspend\": false}}");
            await().until(() -> cluster.is(experiment, "Succeeded", "True"));
        }
    }

    @Test
    void aDeletedExperimentTakesItsTrialsJobsAndPodsWithIt() {
        String namespace = cluster.namespace("deletion");
        try (var _ = cluster.start(namespace);
                var _ = new Kubelet(cluster.client, namespace, (file, attempt) -> null)) {
            NasExperiment experiment = cluster.create(namespace, "digits", "");
            await().until(() -> running(experiment) == 2);
            cluster.client.resource(experiment).delete();
            await().until(() -> cluster.trials(experiment).isEmpty()
                    && jobs(namespace).isEmpty()
                    && cluster.client
                            .pods()
                            .inNamespace(namespace)
                            .list()
                            .getItems()
                            .isEmpty()
                    && cluster.client
                                    .configMaps()
                                    .inNamespace(namespace)
                                    .withName("digits-00001")
                                    .get()
                            == null);
        }
    }

    @Test
    void constraintsThatNoArchitectureMeetsStallTheExperimentWithASentence() {
        String namespace = cluster.namespace("infeasible");
        try (var _ = cluster.start(namespace)) {
            NasExperiment experiment = cluster.create(namespace, "digits", "constraints: [{metric: params, max: 3}]");
            await().until(() -> cluster.is(experiment, "Stalled", "True"));
            var stalled = cluster.condition(experiment, "Stalled").orElseThrow();
            assertThat(stalled.getReason()).isEqualTo("NoFeasibleArchitecture");
            assertThat(stalled.getMessage()).contains("params").doesNotContain("Exception", "\n");
            assertThat(cluster.trials(experiment)).isEmpty();

            patch(experiment, "{\"spec\": {\"constraints\": null}}");
            await().until(() -> cluster.is(experiment, "Stalled", "False"));
        }
    }

    @Test
    void dataThatNoTrialCanUseStallsTheExperimentAndStopsWhatRuns() {
        String namespace = cluster.namespace("data");
        try (var _ = cluster.start(namespace);
                var _ = new Kubelet(
                        cluster.client,
                        namespace,
                        (file, attempt) -> file.trial().endsWith("1")
                                ? Kubelet.End.exit(
                                        65,
                                        Samples.result(
                                                file.trial(),
                                                65,
                                                "{}",
                                                "Data file /data/data/digits.csv.gz does not exist."))
                                : null)) {
            NasExperiment experiment = cluster.create(namespace, "digits", "");
            await().until(() -> cluster.is(experiment, "Stalled", "True"));
            var stalled = cluster.condition(experiment, "Stalled").orElseThrow();
            assertThat(stalled.getReason()).isEqualTo("DataUnusable");
            assertThat(stalled.getMessage())
                    .contains("Data file /data/data/digits.csv.gz does not exist.")
                    .contains("data/digits.csv.gz is a path in the trainer's image, from /data on");
            await().until(() -> cluster.trials(experiment).stream()
                    .map(t -> t.getStatus().phase())
                    .toList()
                    .equals(List.of(TrialPhase.Failed, TrialPhase.Stopped)));
            await().until(() -> jobs(namespace).stream().allMatch(TrialEnd::isOver));
            assertThat(cluster.client
                            .events()
                            .v1()
                            .events()
                            .inNamespace(namespace)
                            .list()
                            .getItems())
                    .anyMatch(e -> "Warning".equals(e.getType()) && "Failed".equals(e.getReason()));
        }
    }

    @Test
    void everyWayATrainerCanEndIsAResultARetryOrAReason() {
        String namespace = cluster.namespace("ends");
        var attempts = new ConcurrentHashMap<String, Integer>();
        try (var _ = cluster.start(namespace);
                var _ = new Kubelet(cluster.client, namespace, (file, attempt) -> {
                    attempts.put(file.trial(), attempt);
                    return switch (file.trial()) {
                        case "digits-00001" ->
                            Kubelet.End.exit(64, Samples.result(file.trial(), 64, "{}", "the loss became NaN"));
                        case "digits-00002" ->
                            Kubelet.End.exit(69, Samples.result(file.trial(), 69, "{}", "too little memory"));
                        case "digits-00003" -> attempt == 1 ? Kubelet.End.exit(75, null) : Kubelet.success(file);
                        case "digits-00004" -> Kubelet.End.done("%!garbage");
                        case "digits-00005" -> new Kubelet.End(137, "OOMKilled", null);
                        case "digits-00006" -> Kubelet.End.exit(1, "Segmentation fault");
                        default -> Kubelet.success(file);
                    };
                })) {
            NasExperiment experiment = cluster.create(namespace, "digits", """
                    budget: {trials: 10, parallelTrials: 10}
                    trainer: {backoffLimit: 1}
                    """);
            await().until(() -> cluster.is(experiment, "Succeeded", "True"));
            List<NasTrial> trials = cluster.trials(experiment);
            assertThat(end(trials, 1)).isEqualTo("Failed ArchitectureFailed: the loss became NaN");
            assertThat(end(trials, 2)).isEqualTo("Infeasible DeviceLimits: too little memory");
            assertThat(end(trials, 3)).isEqualTo("Completed Completed: null");
            assertThat(end(trials, 4))
                    .isEqualTo(
                            "Failed ResultUnreadable: the trainer ended with exit code 0 but left no readable result: %!garbage");
            assertThat(end(trials, 5)).startsWith("Infeasible OutOfMemory: ");
            assertThat(end(trials, 6))
                    .isEqualTo("Failed BackoffLimitExceeded: the trainer failed more often than"
                            + " spec.trainer.backoffLimit allows; the last time with exit code 1: Segmentation fault");
            assertThat(attempts)
                    .containsEntry("digits-00001", 1)
                    .containsEntry("digits-00003", 2)
                    .containsEntry("digits-00006", 2);
        }
    }

    @Test
    void aTrialOverItsDeadlineFailsAndItsPodIsEnded() {
        String namespace = cluster.namespace("deadline");
        try (var _ = cluster.start(namespace);
                var _ = new Kubelet(
                        cluster.client,
                        namespace,
                        (file, attempt) -> file.trial().equals("digits-00001") ? null : Kubelet.success(file))) {
            NasExperiment experiment = cluster.create(namespace, "digits", "trainer: {deadlineSeconds: 15}");
            await().until(() -> cluster.is(experiment, "Succeeded", "True"));
            assertThat(end(cluster.trials(experiment), 1))
                    .isEqualTo(
                            "Failed DeadlineExceeded: the trial was not done after spec.trainer.deadlineSeconds = 15 and was ended");
        }
    }

    @Test
    void aResultWhosePodWasDeletedUnreadFailsTheTrialInsteadOfWaiting() {
        String namespace = cluster.namespace("lost");
        var experiment = new NasExperiment[1];
        try (var _ = cluster.start(namespace)) {
            experiment[0] = cluster.create(namespace, "digits", "budget: {trials: 6, parallelTrials: 1}");
            await().until(() -> !cluster.client
                    .pods()
                    .inNamespace(namespace)
                    .list()
                    .getItems()
                    .isEmpty());
        }
        Pod pod = cluster.client.pods().inNamespace(namespace).list().getItems().getFirst();
        Kubelet.ended(cluster.client, pod, "2026-01-01T10:00:00Z", Kubelet.End.done("unread"));
        await().until(() -> jobs(namespace).stream().allMatch(TrialEnd::isOver));
        cluster.client.resource(pod).delete();
        await().until(() -> cluster.client.resource(pod).get() == null);
        try (var _ = cluster.start(namespace);
                var _ = new Kubelet(cluster.client, namespace, (file, attempt) -> Kubelet.success(file))) {
            await().until(() -> cluster.is(experiment[0], "Succeeded", "True"));
            assertThat(end(cluster.trials(experiment[0]), 1)).startsWith("Failed ResultLost: ");
        }
    }

    @Test
    void aTemplateThatTheApiServerRefusesStallsTheExperimentUntilItIsMended() {
        String namespace = cluster.namespace("template");
        try (var _ = cluster.start(namespace);
                var _ = new Kubelet(cluster.client, namespace, (file, attempt) -> Kubelet.success(file))) {
            NasExperiment experiment = cluster.create(
                    namespace,
                    "digits",
                    "trainer: {template: {spec: {containers: [{name: trainer, volumeMounts: [{name: nowhere, mountPath: /x}]}]}}}");
            await().until(() -> cluster.is(experiment, "Stalled", "True"));
            var stalled = cluster.condition(experiment, "Stalled").orElseThrow();
            assertThat(stalled.getReason()).isEqualTo("JobRejected");
            assertThat(stalled.getMessage()).contains("nowhere");

            patch(experiment, "{\"spec\": {\"trainer\": {\"template\": null}}}");
            await().until(() -> cluster.is(experiment, "Succeeded", "True"));
            assertEveryTrialOnce(experiment, 6);
        }
    }

    @Test
    void aPodThatCannotStartIsReportedInTrialAndExperiment() {
        String namespace = cluster.namespace("image");
        try (var _ = cluster.start(namespace)) {
            NasExperiment experiment = cluster.create(namespace, "digits", "budget: {trials: 6, parallelTrials: 1}");
            await().until(() -> !cluster.client
                    .pods()
                    .inNamespace(namespace)
                    .list()
                    .getItems()
                    .isEmpty());
            Pod pod = cluster.client
                    .pods()
                    .inNamespace(namespace)
                    .list()
                    .getItems()
                    .getFirst();
            Kubelet.status(
                    cluster.client,
                    pod,
                    "Pending",
                    new io.fabric8.kubernetes.api.model.ContainerStateBuilder()
                            .withNewWaiting("not found", "ErrImagePull")
                            .build());
            await().until(() -> cluster.get(experiment).getStatus().message().contains("cannot be pulled"));
            assertThat(end(cluster.trials(experiment), 1))
                    .startsWith("Pending ImageUnavailable: the image trainer:test cannot be pulled");
        }
    }

    @Test
    void aQuotaThatLeavesNoRoomForAJobIsWaitedFor() {
        String namespace = cluster.namespace("quota");
        var quota = new io.fabric8.kubernetes.api.model.ResourceQuotaBuilder()
                .withNewMetadata()
                .withName("none")
                .withNamespace(namespace)
                .endMetadata()
                .withNewSpec()
                .addToHard("count/jobs.batch", new io.fabric8.kubernetes.api.model.Quantity("0"))
                .endSpec()
                .build();
        cluster.client.resource(quota).create();
        await().until(() -> cluster.client.resource(quota).get().getStatus().getHard() != null
                && !cluster.client.resource(quota).get().getStatus().getHard().isEmpty());
        try (var _ = cluster.start(namespace);
                var _ = new Kubelet(cluster.client, namespace, (file, attempt) -> Kubelet.success(file))) {
            NasExperiment experiment = cluster.create(namespace, "digits", "");
            await().until(() -> cluster.trials(experiment).size() == 2
                    && cluster.trials(experiment).getFirst().getStatus() != null);
            assertThat(end(cluster.trials(experiment), 1))
                    .startsWith("Pending Forbidden: the Job is not allowed yet: ")
                    .contains("exceeded quota");
            cluster.client.resource(quota).delete();
            await().until(() -> cluster.is(experiment, "Succeeded", "True"));
        }
    }

    private static void assertEveryTrialOnce(NasExperiment experiment, int searchTrials) {
        List<NasTrial> trials = cluster.trials(experiment);
        assertThat(trials)
                .extracting(t -> t.getSpec().number())
                .isEqualTo(IntStream.rangeClosed(1, trials.size()).boxed().toList());
        assertThat(trials.stream()
                        .filter(t -> t.getSpec().purpose() == TrialPurpose.WarmUp
                                || t.getSpec().purpose() == TrialPurpose.Search)
                        .map(t -> t.getSpec().architecture()))
                .hasSize(searchTrials)
                .doesNotHaveDuplicates();
        assertThat(trials).allSatisfy(t -> assertThat(t.getStatus().phase()).isEqualTo(TrialPhase.Completed));
        assertThat(jobs(experiment.getMetadata().getNamespace())).hasSize(trials.size());
    }

    private static String end(List<NasTrial> trials, int number) {
        var status = trials.get(number - 1).getStatus();
        return "%s %s: %s".formatted(status.phase(), status.reason(), status.message());
    }

    private static long running(NasExperiment experiment) {
        return cluster.trials(experiment).stream()
                .filter(t -> t.getStatus() != null && t.getStatus().phase() == TrialPhase.Running)
                .count();
    }

    private static List<Job> jobs(String namespace) {
        return cluster.client
                .batch()
                .v1()
                .jobs()
                .inNamespace(namespace)
                .withLabel(NasApi.TRIAL_LABEL)
                .list()
                .getItems();
    }

    private static void patch(NasExperiment experiment, String json) {
        cluster.client.resource(experiment).patch(PatchContext.of(PatchType.JSON_MERGE), json);
    }
}
