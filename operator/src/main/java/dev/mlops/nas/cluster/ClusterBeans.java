package dev.mlops.nas.cluster;

import io.micrometer.core.instrument.MeterRegistry;
import jakarta.enterprise.context.Dependent;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.util.Optional;
import org.eclipse.microprofile.config.inject.ConfigProperty;

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
    TrainerDefaults trainerDefaults(
            @ConfigProperty(name = "nas.trainer.image") Optional<String> image,
            @ConfigProperty(name = "nas.trainer.data-folder", defaultValue = "/data") String dataFolder,
            @ConfigProperty(name = "nas.job.ttl-seconds", defaultValue = "3600") int ttlSeconds) {
        return new TrainerDefaults(image.orElse(null), dataFolder, ttlSeconds);
    }
}
