package dev.mlops.nas.cluster;

import static dev.mlops.nas.cluster.Cluster.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mlops.nas.api.NasExperiment;
import dev.mlops.nas.api.NasExperimentStatus.Phase;
import dev.mlops.nas.api.NasTrial;
import dev.mlops.nas.api.NasTrialStatus.TrialPhase;
import dev.mlops.nas.api.TrialPurpose;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SearchOnClusterTest {
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
    void aSearchRunsFromTheFirstTrialToTheFinalComparison() {
        String namespace = cluster.namespace("whole");
        try (var operator = cluster.start(namespace);
                var kubelet = new Kubelet(cluster.client, namespace, (file, attempt) -> Kubelet.success(file))) {
            NasExperiment experiment = cluster.create(namespace, "digits", "");
            await().until(() -> cluster.is(experiment, "Succeeded", "True"));

            NasExperiment done = cluster.get(experiment);
            List<NasTrial> trials = cluster.trials(experiment);
            assertThat(done.getStatus().phase()).isEqualTo(Phase.Succeeded);
            assertThat(done.getStatus().observedGeneration()).isEqualTo(1);
            assertThat(done.getStatus().progress()).isEqualTo("6/6");
            assertThat(done.getStatus().best()).isNotNull();
            assertThat(done.getStatus().comparison()).isNotEmpty();
            assertThat(done.getStatus().completionTime()).isNotNull();
            assertThat(cluster.is(experiment, "Ready", "True")).isTrue();
            assertThat(cluster.is(experiment, "Reconciling", "False")).isTrue();
            assertThat(cluster.is(experiment, "Stalled", "False")).isTrue();
            assertThat(trials).allSatisfy(t -> assertThat(t.getStatus().phase()).isEqualTo(TrialPhase.Completed));
            assertThat(trials)
                    .extracting(t -> t.getSpec().number())
                    .isEqualTo(IntStream.rangeClosed(1, trials.size()).boxed().toList());
            assertThat(trials.stream()
                            .filter(t -> t.getSpec().purpose() == TrialPurpose.WarmUp
                                    || t.getSpec().purpose() == TrialPurpose.Search)
                            .map(t -> t.getSpec().architecture()))
                    .hasSize(6)
                    .doesNotHaveDuplicates();

            report(operator, kubelet, trials);
        }
    }

    @Test
    void aSearchWaitsForTheExperimentThatItIsToLearnFromAndThenStartsWithItsBest() {
        String namespace = cluster.namespace("warm");
        try (var _ = cluster.start(namespace);
                var _ = new Kubelet(cluster.client, namespace, (file, attempt) -> Kubelet.success(file))) {
            String strategy = "strategy: {name: Predictor}\nbudget: {trials: 12, parallelTrials: 2}\n";
            NasExperiment early =
                    cluster.create(namespace, "too-early", strategy + "warmStart: {experiments: [digits]}");
            await().until(() -> cluster.is(early, "Stalled", "False"));
            assertThat(cluster.get(early).getStatus().phase()).isEqualTo(Phase.Pending);
            assertThat(cluster.get(early).getStatus().message())
                    .isEqualTo("spec.warmStart.experiments[0] is digits, but the namespace has no NasExperiment of that"
                            + " name: create it, or leave it out");
            assertThat(cluster.trials(early)).isEmpty();

            NasExperiment first = cluster.create(namespace, "digits", strategy);
            await().until(() -> cluster.is(first, "Succeeded", "True"));
            NasExperiment second =
                    cluster.create(namespace, "letters", strategy + "warmStart: {experiments: [digits]}");
            await().until(() -> cluster.is(second, "Succeeded", "True"));

            assertThat(cluster.trials(second).getFirst().getSpec().purpose()).isEqualTo(TrialPurpose.Search);
            assertThat(cluster.trials(second).get(1).getSpec().purpose()).isEqualTo(TrialPurpose.WarmUp);
            assertThat(cluster.client
                            .events()
                            .v1()
                            .events()
                            .inNamespace(namespace)
                            .list()
                            .getItems())
                    .anySatisfy(e -> {
                        assertThat(e.getRegarding().getName()).isEqualTo("letters");
                        assertThat(e.getNote()).isEqualTo("learning from 12 results of digits");
                    });
            await().until(() -> !cluster.trials(early).isEmpty());
        }
    }

    @Test
    void aGpuThatProcessorsLeaveIdleIsSaidAtTheStartAndWithTheFirstResult() {
        String namespace = cluster.namespace("idle");
        try (var _ = cluster.start(namespace);
                var _ = new Kubelet(cluster.client, namespace, (file, attempt) -> Kubelet.success(file))) {
            cluster.create(namespace, "digits", """
                    trainer:
                      backoffLimit: 3
                      deadlineSeconds: 600
                      template: {spec: {containers: [{name: trainer, resources: {limits: {nvidia.com/gpu: 1}}}]}}
                    """);
            await().untilAsserted(
                            () -> assertThat(cluster.client
                                            .events()
                                            .v1()
                                            .events()
                                            .inNamespace(namespace)
                                            .list()
                                            .getItems())
                                    .filteredOn(e -> "GpuIdle".equals(e.getReason()))
                                    .allMatch(e -> "Warning".equals(e.getType()))
                                    .extracting(e -> e.getNote())
                                    .containsExactlyInAnyOrder(
                                            "spec.trainer.template gives the trainer nvidia.com/gpu: 1, which the built-in one for processors leaves"
                                                    + " idle: name an image in spec.trainer.image that computes on GPUs, unless the platform's does",
                                            "spec.trainer.template gives the trainer nvidia.com/gpu: 1, but it computed on cpu: Xeon; its gpu: none"));
        }
    }

    /** The figures that the README quotes; printed, not asserted. */
    private static void report(Cluster.Running operator, Kubelet kubelet, List<NasTrial> trials) {
        int writes = operator.writes().values().stream().mapToInt(i -> i).sum();
        System.out.printf(
                "API-server writes per trial: %.1f (%d writes, %d trials) %s%n",
                writes / (double) trials.size(), writes, trials.size(), operator.writes());
        List<Instant> starts = kubelet.podSeen.values().stream().sorted().toList();
        var latencies = new ArrayList<Long>();
        for (Instant end : kubelet.podEnded.values()) {
            starts.stream()
                    .filter(s -> s.isAfter(end))
                    .findFirst()
                    .ifPresent(s -> latencies.add(Duration.between(end, s).toMillis()));
        }
        latencies.sort(null);
        System.out.printf(
                "finished trial to next pod: median %d ms, worst %d ms%n",
                latencies.get(latencies.size() / 2), latencies.getLast());
    }
}
