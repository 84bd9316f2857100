package dev.mlops.nas.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.mlops.nas.api.NasExperiment;
import dev.mlops.nas.experiment.ExperimentFactory;
import dev.mlops.nas.tracking.MlflowTracking;
import dev.mlops.nas.tracking.TrackedSearch;
import dev.mlops.nas.validation.ExperimentReader;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

final class TrackedExperimentTest {
    private static final String NOWHERE = "http://127.0.0.1:9";

    @Test
    void aDeliveryUnderWayIsWaitedForAndNoneFollows() throws Exception {
        NasExperiment resource = new ExperimentReader().parse("""
                apiVersion: nas.mlops.dev/v1alpha1
                kind: NasExperiment
                metadata: {name: digits}
                spec:
                  dataset: {uri: data/digits.csv.gz, shape: [1, 8, 8], classes: 10}
                  searchSpace: {preset: small-cnn}
                  budget: {trials: 2}
                """);
        var tracked = new TrackedExperiment(
                NOWHERE,
                new MlflowTracking(NOWHERE, Map.of()),
                new TrackedSearch(
                        "uid",
                        "team/digits",
                        ExperimentFactory.create("digits", resource.getSpec()),
                        resource.getSpec(),
                        Instant.EPOCH,
                        Map.of()),
                InstantSource.system());
        var started = new CountDownLatch(1);
        var end = new CountDownLatch(1);
        var deliveries = new AtomicInteger();
        tracked.deliver(
                () -> {
                    deliveries.incrementAndGet();
                    started.countDown();
                    waitFor(end);
                    throw new IllegalStateException("nothing to deliver");
                },
                () -> {});
        waitFor(started);
        assertThat(tracked.stop()).isFalse();
        end.countDown();
        await().until(tracked::stop);
        tracked.deliver(
                () -> {
                    deliveries.incrementAndGet();
                    throw new IllegalStateException("nothing to deliver");
                },
                () -> {});
        assertThat(tracked.stop()).isTrue();
        assertThat(deliveries).hasValue(1);
    }

    private static void waitFor(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
