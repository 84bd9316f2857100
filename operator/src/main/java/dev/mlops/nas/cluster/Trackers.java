package dev.mlops.nas.cluster;

import dev.mlops.nas.api.NasExperiment;
import dev.mlops.nas.api.NasExperimentSpec.Mlflow;
import dev.mlops.nas.tracking.MlflowTracking;
import dev.mlops.nas.tracking.TrackedSearch;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Finds the tracking of an experiment: the address of its spec, else the operator's, else none. */
final class Trackers {
    private final Map<String, TrackedExperiment> byUid = new ConcurrentHashMap<>();
    private final @Nullable String defaultAddress;
    private final Map<String, String> environment;
    private final InstantSource clock;

    /**
     * @param defaultAddress for experiments that name none
     * @param environment where credentials stand
     */
    Trackers(@Nullable String defaultAddress, Map<String, String> environment, InstantSource clock) {
        this.defaultAddress = defaultAddress;
        this.environment = environment;
        this.clock = clock;
    }

    /**
     * The experiment's tracking; empty when there is no address.
     *
     * @throws IllegalArgumentException with one sentence when the address is none
     */
    Optional<TrackedExperiment> of(Observed observed) {
        NasExperiment resource = observed.resource();
        return address(resource)
                .map(address -> byUid.compute(
                        resource.getMetadata().getUid(),
                        (uid, known) -> known != null && known.address().equals(address)
                                ? known
                                : new TrackedExperiment(
                                        address,
                                        new MlflowTracking(address, environment),
                                        new TrackedSearch(
                                                uid,
                                                experimentName(resource),
                                                observed.experiment(),
                                                resource.getSpec(),
                                                observed.history().startedAt(),
                                                Map.of(
                                                        "nas.namespace",
                                                        resource.getMetadata().getNamespace())),
                                        clock)));
    }

    /** Where the experiment is tracked. */
    Optional<String> address(NasExperiment resource) {
        Mlflow mlflow = mlflow(resource);
        return Optional.ofNullable(mlflow == null || mlflow.uri() == null ? defaultAddress : mlflow.uri())
                .filter(a -> !a.isBlank());
    }

    /** Where credentials of servers stand. */
    Map<String, String> environment() {
        return environment;
    }

    /** Ends the deliveries of an experiment that is being deleted; false while one is under way. */
    boolean stop(NasExperiment resource) {
        TrackedExperiment tracked = byUid.get(resource.getMetadata().getUid());
        return tracked == null || tracked.stop();
    }

    /** Drops what is kept for an experiment that is gone. */
    void forget(NasExperiment resource) {
        byUid.remove(resource.getMetadata().getUid());
    }

    private static String experimentName(NasExperiment resource) {
        Mlflow mlflow = mlflow(resource);
        return mlflow == null || mlflow.experiment() == null
                ? resource.getMetadata().getNamespace() + "/"
                        + resource.getMetadata().getName()
                : mlflow.experiment();
    }

    private static @Nullable Mlflow mlflow(NasExperiment resource) {
        return resource.getSpec().tracking() == null
                ? null
                : resource.getSpec().tracking().mlflow();
    }
}
