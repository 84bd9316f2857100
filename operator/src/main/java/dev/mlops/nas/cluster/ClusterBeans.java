package dev.mlops.nas.cluster;

import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import io.javaoperatorsdk.operator.Operator;
import io.javaoperatorsdk.operator.api.config.LeaderElectionConfiguration;
import io.javaoperatorsdk.operator.api.config.LeaderElectionConfigurationBuilder;
import io.javaoperatorsdk.operator.api.monitoring.Metrics;
import io.javaoperatorsdk.operator.monitoring.micrometer.MicrometerMetricsV2;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkiverse.operatorsdk.runtime.QuarkusConfigurationService;
import io.quarkus.arc.Unremovable;
import jakarta.enterprise.context.Dependent;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.util.Optional;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jspecify.annotations.Nullable;

/** Wires the operator process: what the reconcilers take in their constructors. */
@Dependent
final class ClusterBeans {
    @Produces
    @Singleton
    Clock clock() {
        return Clock.systemUTC();
    }

    @Produces
    @Singleton
    Planner planner(MeterRegistry meters) {
        return new Planner(meters);
    }

    @Produces
    @Singleton
    Trackers trackers(@ConfigProperty(name = "mlflow.tracking.uri") Optional<String> address, Clock clock) {
        return new Trackers(address.orElse(null), System.getenv(), clock);
    }

    @Produces
    @Singleton
    ExperimentTracking experimentTracking(Trackers trackers, Clock clock) {
        return new ExperimentTracking(trackers, clock);
    }

    @Produces
    @Singleton
    Milestones milestones(Clock clock) {
        return new Milestones(clock);
    }

    /** Reconciles by controller and result; looked up by the SDK like the client. */
    @Produces
    @Singleton
    @Unremovable
    Metrics metrics(MeterRegistry meters) {
        return MicrometerMetricsV2.newBuilder(meters).build();
    }

    /** The SDK looks it up by name only, which Arc does not see: without the annotation it would take the default client. */
    @Produces
    @Singleton
    @Unremovable
    KubernetesClient client(Config config, KubernetesSerialization serialization, MeterRegistry meters) {
        return ApiWrites.client(config, meters)
                .withKubernetesSerialization(serialization)
                .build();
    }

    /** Null, and so no election, unless it is asked for; a leader that loses its lease ends the process. */
    @Produces
    @Unremovable
    @Nullable
    LeaderElectionConfiguration leaderElection(
            @ConfigProperty(name = "nas.leader-election") boolean enabled,
            @ConfigProperty(name = "nas.leader-election.namespace") Optional<String> namespace) {
        if (!enabled) {
            return null;
        }
        var election = LeaderElectionConfigurationBuilder.aLeaderElectionConfiguration(Owners.MANAGER);
        namespace.ifPresent(election::withLeaseNamespace);
        return election.build();
    }

    /** Stands in for the producer of Quarkus's extension, for the sake of {@link AllEvents}. */
    @Produces
    @Singleton
    @Unremovable
    Operator operator(
            QuarkusConfigurationService configuration, ExperimentReconciler experiments, TrialReconciler trials) {
        var operator = new Operator(configuration);
        operator.register(experiments, AllEvents.of(configuration, experiments));
        operator.register(trials);
        return operator;
    }

    @Produces
    @Singleton
    TrainerDefaults trainerDefaults(
            @ConfigProperty(name = "nas.trainer.image") Optional<String> image,
            @ConfigProperty(name = "nas.trainer.data-folder", defaultValue = "/data") String dataFolder,
            @ConfigProperty(name = "nas.job.ttl-seconds", defaultValue = "3600") int ttlSeconds) {
        return new TrainerDefaults(image.orElse(null), dataFolder, ttlSeconds);
    }
}
