package dev.mlops.nas.cluster;

import dev.mlops.nas.api.NasApi;
import dev.mlops.nas.api.NasExperiment;
import dev.mlops.nas.api.NasTrial;
import dev.mlops.nas.devcluster.ControlPlane;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.http.Interceptor;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.javaoperatorsdk.operator.Operator;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;

/** A real API server with the CRDs, for one test class. */
final class Cluster implements AutoCloseable {
    final ControlPlane plane;
    final KubernetesClient client;

    Cluster(Path folder) throws IOException {
        this(ControlPlane.start(folder));
    }

    Cluster(ControlPlane plane) throws IOException {
        this.plane = plane;
        client = plane.client();
        try (var files = Files.list(Path.of("..", "manifests", "crds"))) {
            files.filter(f -> f.toString().endsWith("v1.yml")).sorted().forEach(this::install);
        }
        await().until(() -> {
            try {
                client.resources(NasTrial.class).inAnyNamespace().list();
                client.resources(NasExperiment.class).inAnyNamespace().list();
                return true;
            } catch (RuntimeException e) {
                return false;
            }
        });
    }

    private void install(Path file) {
        try (var in = Files.newInputStream(file)) {
            client.load(in).serverSideApply();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    /** A new namespace. */
    String namespace(String name) {
        client.namespaces()
                .resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName(name)
                        .endMetadata()
                        .build())
                .create();
        return name;
    }

    /** Six search trials, two at a time, four of them warm-up, and a short protocol. */
    NasExperiment create(String namespace, String name, String extra) {
        NasExperiment experiment = Serialization.unmarshal("""
                apiVersion: nas.mlops.dev/v1alpha1
                kind: NasExperiment
                metadata: {name: %s, namespace: %s}
                spec:
                  dataset: {uri: data/digits.csv.gz, shape: [1, 8, 8], classes: 10}
                  searchSpace: {preset: small-cnn}
                  strategy: {name: Evolution, evolution: {population: 4, sample: 2}}
                  budget: {trials: 6, parallelTrials: 2}
                  protocol: {randomArm: false, references: {seeds: 1}, finalists: {count: 1, seeds: 1}}
                """.formatted(name, namespace), NasExperiment.class);
        var tree = Serialization.unmarshal(
                Serialization.asJson(experiment), com.fasterxml.jackson.databind.node.ObjectNode.class);
        if (!extra.isEmpty()) {
            var over = Serialization.unmarshal(extra, com.fasterxml.jackson.databind.node.ObjectNode.class);
            ((com.fasterxml.jackson.databind.node.ObjectNode) tree.get("spec")).setAll(over);
        }
        return client.resource(Serialization.unmarshal(tree.toString(), NasExperiment.class))
                .create();
    }

    NasExperiment get(NasExperiment experiment) {
        return client.resource(experiment).get();
    }

    List<NasTrial> trials(NasExperiment experiment) {
        return client
                .resources(NasTrial.class)
                .inNamespace(experiment.getMetadata().getNamespace())
                .withLabel(NasApi.EXPERIMENT_LABEL, experiment.getMetadata().getName())
                .list()
                .getItems()
                .stream()
                .sorted(Comparator.comparing((NasTrial t) -> t.getSpec().number()))
                .toList();
    }

    Optional<Condition> condition(NasExperiment experiment, String type) {
        NasExperiment now = get(experiment);
        return now.getStatus() == null || now.getStatus().conditions() == null
                ? Optional.empty()
                : now.getStatus().conditions().stream()
                        .filter(c -> c.getType().equals(type))
                        .findFirst();
    }

    boolean is(NasExperiment experiment, String type, String status) {
        return condition(experiment, type)
                .map(c -> c.getStatus().equals(status))
                .orElse(false);
    }

    /** The operator's reconcilers in this process, for one namespace. */
    Running start(String namespace) {
        return start(namespace, plane.adminConfig(), null, null);
    }

    /**
     * The same with a fault or tracking.
     *
     * @param fault sees every request before it is sent; may be null
     * @param tracking address of MLflow; may be null
     */
    Running start(String namespace, Config config, Interceptor fault, String tracking) {
        var meters = new SimpleMeterRegistry();
        KubernetesClient own = new KubernetesClientBuilder()
                .withConfig(config)
                .withHttpClientBuilderConsumer(b -> {
                    b.addOrReplaceInterceptor(ApiWrites.METER, new ApiWrites(meters));
                    if (fault != null) {
                        b.addOrReplaceInterceptor("fault", fault);
                    }
                })
                .build();
        var operator = new Operator(
                o -> o.withKubernetesClient(own).withCloseClientOnStop(true).checkingCRDAndValidateLocalModel(false));
        Clock clock = Clock.systemUTC();
        var planner = new Planner(meters);
        var trackers = new Trackers(tracking, Map.of(), clock);
        var milestones = new Milestones(clock);
        operator.register(
                new ExperimentReconciler(planner, new ExperimentTracking(trackers, clock), milestones, clock),
                o -> o.settingNamespaces(namespace));
        operator.register(
                new TrialReconciler(
                        planner,
                        trackers,
                        milestones,
                        new TrainerDefaults("trainer:test", "/data", 3600),
                        meters,
                        clock),
                o -> o.settingNamespaces(namespace));
        operator.start();
        return new Running(operator, meters);
    }

    /** An operator that runs in this process. */
    record Running(Operator operator, SimpleMeterRegistry meters) implements AutoCloseable {
        /** Writes by kind of object. */
        Map<String, Integer> writes() {
            return meters.find(ApiWrites.METER).counters().stream()
                    .collect(Collectors.toMap(
                            c -> c.getId().getTag("verb") + " " + c.getId().getTag("resource"),
                            c -> (int) c.count(),
                            Integer::sum,
                            java.util.TreeMap::new));
        }

        @Override
        public void close() {
            operator.stop();
        }
    }

    static ConditionFactory await() {
        return Awaitility.await().atMost(Duration.ofMinutes(2)).pollInterval(Duration.ofMillis(100));
    }

    @Override
    public void close() {
        client.close();
        plane.close();
    }
}
