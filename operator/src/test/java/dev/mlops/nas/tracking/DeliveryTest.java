package dev.mlops.nas.tracking;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mlops.nas.tracking.Delivery.Outcome;
import dev.mlops.nas.tracking.Delivery.Snapshot;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against a real MLflow server. */
class DeliveryTest {
    private static final String SMALL = """
            strategy: {name: Random}
            evaluation: {epochs: 2}
            protocol: {randomArm: false, references: {seeds: 0}, finalists: {count: 1, seeds: 1}}
            """;

    @TempDir
    private static Path folder;

    private static MlflowServer.Handle server;
    private Instant now = Instant.parse("2026-01-05T12:00:00Z");

    @BeforeAll
    static void startServer() throws Exception {
        server = MlflowServer.start(folder.resolve("mlflow"));
    }

    @AfterAll
    static void stopServer() {
        server.close();
    }

    @Test
    void everyTrialIsARunUnderTheSearchWithItsResultsPredictionHistoryAndDrawing() throws Exception {
        var example = new ExampleSearch(UUID.randomUUID().toString(), "whole", 12, """
                        strategy: {predictor: {warmUp: 6}}
                        protocol: {randomArm: false, references: {seeds: 0}, finalists: {count: 1, seeds: 1}}
                        """);
        var delivery = new Delivery(new Tracker(tracking(server.uri()), example.search()), () -> now);
        var outcomes = new ArrayList<Outcome>();
        List<Snapshot> snapshots = example.snapshots();
        snapshots.forEach(s -> outcomes.add(delivery.deliver(s)));

        assertThat(outcomes.getLast().synced()).isTrue();
        assertThat(outcomes.getLast().endDelivered()).isTrue();
        assertThat(outcomes).allSatisfy(o -> assertThat(o.problem()).isNull());
        var contents = new Contents(server.uri(), "whole");
        var runs = contents.runs();
        assertThat(runs).hasSize(1 + snapshots.getLast().trials().size());
        assertThat(status(runs, "digits-00004")).isEqualTo("FAILED");
        assertThat(status(runs, "digits-00001")).isEqualTo("FINISHED");
        String parentId = runs.get("digits").path("info").path("run_id").asText();
        List<String> lines = contents.lines();
        assertThat(lines)
                .anyMatch(l -> l.startsWith("digits-00004 tag") && l.contains("the loss is not a number after epoch 2"))
                .anyMatch(l -> l.startsWith("digits-00001 param") && l.contains("\"purpose\",\"value\":\"warm up\""))
                .anyMatch(l -> l.startsWith("digits-00001 artifact architecture.svg"))
                .anyMatch(l -> l.startsWith("digits artifact best-architecture.svg"))
                .anyMatch(l -> l.startsWith("digits artifact report.md"))
                .anyMatch(l -> l.startsWith("digits param") && l.contains("\"budget.trials\",\"value\":\"12\""))
                .anyMatch(l -> l.startsWith("digits tag") && l.contains("mlflow.note.content"))
                .anyMatch(l -> l.startsWith("digits metric kendall_tau "));
        assertThat(contents.history(
                        runs.get("digits-00001").path("info").path("run_id").asText(), "epoch/val_loss"))
                .hasSize(20);
        List<Double> best = contents.history(parentId, "best_accuracy").stream()
                .map(p -> Double.valueOf(p.replaceAll(".*=|@.*", "")))
                .toList();
        assertThat(best).hasSize(12).isSorted();
    }

    @Test
    void aCrashAfterAnyCallLosesNothingAndDoublesNothing() throws Exception {
        deliverAll(
                new ExampleSearch(UUID.randomUUID().toString(), "clean", 1, SMALL),
                server.uri().toString());
        var example = new ExampleSearch(UUID.randomUUID().toString(), "crashed", 1, SMALL);
        List<Snapshot> snapshots = example.snapshots();

        try (var proxy = new LossyProxy(server.uri())) {
            int crashes = 0;
            boolean done = false;
            while (!done) {
                // a new process each time, which knows nothing of the one before
                var delivery =
                        new Delivery(new Tracker(tracking(URI.create(proxy.address())), example.search()), () -> now);
                done = true;
                for (Snapshot snapshot : snapshots) {
                    if (delivery.deliver(snapshot).problem() != null) {
                        crashes++;
                        done = false;
                        break;
                    }
                }
            }
            assertThat(crashes).isGreaterThan(15).isEqualTo(proxy.lostAnswers());
        }

        assertThat(new Contents(server.uri(), "crashed").lines())
                .isEqualTo(new Contents(server.uri(), "clean").lines());
    }

    @Test
    void whatWasMissedWhileTheServerWasKilledIsDeliveredWhenItIsBack() throws Exception {
        deliverAll(
                new ExampleSearch(UUID.randomUUID().toString(), "undisturbed", 6, SMALL),
                server.uri().toString());
        var own = new MlflowServer(MlflowServer.userCache(), folder.resolve("killed"), 15_000, _ -> {});
        URI uri = own.ensureRunning();
        try {
            var example = new ExampleSearch(UUID.randomUUID().toString(), "undisturbed", 6, SMALL);
            var delivery = new Delivery(new Tracker(tracking(uri), example.search()), () -> now);
            List<Snapshot> snapshots = example.snapshots();
            snapshots.subList(0, 5).forEach(delivery::deliver);

            var process = ProcessHandle.of(own.status().orElseThrow().pid()).orElseThrow();
            process.destroyForcibly();
            process.onExit().join();
            var away = snapshots.subList(5, snapshots.size()).stream()
                    .map(delivery::deliver)
                    .toList();
            assertThat(away.getLast().synced()).isFalse();
            assertThat(away.getLast().reason()).isEqualTo("DeliveredLater");
            assertThat(away.getLast().message())
                    .isEqualTo(
                            "the search goes on and is delivered later: 4 results wait; MLflow at %s does not answer: connection refused",
                            uri);

            assertThat(own.ensureRunning()).isEqualTo(uri);
            now = now.plus(Duration.ofMinutes(5));
            assertThat(delivery.deliver(snapshots.getLast()).synced()).isTrue();
            assertThat(withoutDecisionTimes(new Contents(uri, "undisturbed").lines()))
                    .isEqualTo(withoutDecisionTimes(new Contents(server.uri(), "undisturbed").lines()));
        } finally {
            own.stop();
        }
    }

    @Test
    void aServerThatIsAwayIsLeftAloneUntilThePauseIsOver() throws Exception {
        var example = new ExampleSearch(UUID.randomUUID().toString(), "away", 1, SMALL);
        Snapshot snapshot = example.snapshots().getLast();
        try (var proxy = new LossyProxy(URI.create("http://127.0.0.1:1"))) {
            var delivery =
                    new Delivery(new Tracker(tracking(URI.create(proxy.address())), example.search()), () -> now);
            String problem = delivery.deliver(snapshot).problem();
            int calls = proxy.calls();
            now = now.plusSeconds(4);
            assertThat(delivery.deliver(snapshot).problem()).isEqualTo(problem).isNotNull();
            assertThat(proxy.calls()).isEqualTo(calls);

            now = now.plusSeconds(2);
            delivery.deliver(snapshot);
            assertThat(proxy.calls()).isGreaterThan(calls);
            int more = proxy.calls();
            now = now.plusSeconds(6); // the second pause is longer
            delivery.deliver(snapshot);
            assertThat(proxy.calls()).isEqualTo(more);
            delivery.retryNow();
            delivery.deliver(snapshot);
            assertThat(proxy.calls()).isGreaterThan(more);
        }
    }

    @Test
    void aTrialThatTheServerRefusesDoesNotKeepBackTheOthers() throws Exception {
        var example = new ExampleSearch(UUID.randomUUID().toString(), "refused", 3, SMALL);
        Snapshot snapshot = example.snapshots().getLast();
        var refusing = new RefusingOne(tracking(server.uri()), "digits-00002");
        var delivery = new Delivery(new Tracker(refusing, example.search()), () -> now);

        Outcome outcome = delivery.deliver(snapshot);

        assertThat(outcome.delivered()).doesNotContain(2).contains(1, 3);
        assertThat(outcome.missing()).isEqualTo(1);
        assertThat(outcome.problem()).contains("refused runs/search (HTTP 400)");
        assertThat(outcome.endDelivered()).isTrue();
    }

    private static List<String> withoutDecisionTimes(List<String> lines) {
        return lines.stream().filter(l -> !l.contains(" metric trials_done")).toList();
    }

    private void deliverAll(ExampleSearch example, String address) throws Exception {
        var delivery = new Delivery(new Tracker(tracking(URI.create(address)), example.search()), () -> now);
        for (Snapshot snapshot : example.snapshots()) {
            assertThat(delivery.deliver(snapshot).problem()).isNull();
        }
    }

    private static String status(Map<String, com.fasterxml.jackson.databind.JsonNode> runs, String name) {
        return runs.get(name).path("info").path("status").asText();
    }

    private static MlflowTracking tracking(URI uri) {
        return new MlflowTracking(uri.toString(), Map.of());
    }
}
