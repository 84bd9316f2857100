package dev.mlops.nas.tracking;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.sun.net.httpserver.HttpServer;
import dev.mlops.nas.tracking.Tracking.Point;
import dev.mlops.nas.tracking.Tracking.Run;
import dev.mlops.nas.tracking.Tracking.RunSpec;
import dev.mlops.nas.tracking.Tracking.RunState;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against a real MLflow server, and against what is none. */
class MlflowTrackingTest {
    private static final Instant TIME = Instant.parse("2026-01-05T09:00:00Z");

    @TempDir
    private static Path folder;

    private static MlflowServer.Handle server;
    private static MlflowTracking tracking;

    @BeforeAll
    static void startServer() throws Exception {
        server = MlflowServer.start(folder);
        tracking = new MlflowTracking(server.uri() + "/", Map.of());
    }

    @AfterAll
    static void stopServer() {
        server.close();
    }

    @Test
    void everythingDoneTwiceIsThereOnce() throws Exception {
        for (int i = 0; i < 2; i++) {
            Run parent = tracking.openExperiment("twice", spec("u1", "search", Map.of("a", "1"), Map.of("t", "x")));
            Run trial = tracking.openTrial(parent, spec("u1/1", "trial", Map.of("b", "2"), Map.of()));
            tracking.log(trial, List.of(new Point("m", 0.5, 3, TIME), new Point("m", Double.NaN, 4, TIME)), Map.of());
            tracking.storeArtifacts(trial, Map.of("an architecture.json", "{}", "folder/b.txt", "text"));
            tracking.close(trial, RunState.FINISHED, TIME.plusSeconds(5));
            tracking.close(parent, RunState.FINISHED, TIME.plusSeconds(6));
        }

        assertThat(new Contents(server.uri(), "twice").lines())
                .contains(
                        "search status FINISHED from 1767603600000 to 1767603606000",
                        "trial status FINISHED from 1767603600000 to 1767603605000",
                        "trial metric m [3=0.5@1767603600000, 4=NaN@1767603600000]",
                        "trial artifact an architecture.json 2",
                        "trial param {\"key\":\"b\",\"value\":\"2\"}")
                .filteredOn(l -> l.contains(" status "))
                .hasSize(2);
    }

    @Test
    void batchesAreCutToWhatTheServerTakes() throws Exception {
        Map<String, String> params = IntStream.range(0, 230)
                .boxed()
                .collect(Collectors.toMap(i -> "edge 0->" + i, i -> i == 0 ? "x".repeat(9000) : "y"));
        Run run = tracking.openExperiment("large", spec("u2", "search", params, Map.of()));
        tracking.log(
                run,
                IntStream.range(0, 2500)
                        .mapToObj(i -> new Point("curve", i, i, TIME))
                        .toList(),
                IntStream.range(0, 250).boxed().collect(Collectors.toMap(i -> "t" + i, i -> "z".repeat(9000))));

        var contents = new Contents(server.uri(), "large");
        assertThat(contents.history(run.runId(), "curve")).hasSize(2500);
        assertThat(contents.runs().get("search").path("data").path("params")).hasSize(230);
        assertThat(contents.runs().get("search").path("data").path("tags")).hasSizeGreaterThan(250);
        assertThat(tracking.lastSteps(run)).containsEntry("curve", 2499L);
    }

    @Test
    void aParamThatChangedLaterIsShownAsATagBesideTheOneItWas() throws Exception {
        tracking.openExperiment("changed", spec("u3", "search", Map.of("budget.trials", "24"), Map.of("v", "1")));
        tracking.openExperiment("changed", spec("u3", "search", Map.of("budget.trials", "48"), Map.of("v", "2")));

        assertThat(new Contents(server.uri(), "changed").lines())
                .contains(
                        "search param {\"key\":\"budget.trials\",\"value\":\"24\"}",
                        "search tag {\"key\":\"changed.budget.trials\",\"value\":\"48\"}",
                        "search tag {\"key\":\"v\",\"value\":\"2\"}");
    }

    @Test
    void aSearchThatWasInterruptedRunsAgainWhenItIsOpenedAndItsOpenTrialsWereClosed() throws Exception {
        Run parent = tracking.openExperiment("again", spec("u4", "search", Map.of(), Map.of()));
        tracking.openTrial(parent, spec("u4/1", "trial", Map.of(), Map.of()));
        tracking.closeOpenTrials(parent, TIME);
        tracking.close(parent, RunState.KILLED, TIME);
        var contents = new Contents(server.uri(), "again");
        assertThat(contents.runs().values())
                .allMatch(r -> r.path("info").path("status").asText().equals("KILLED"));

        assertThat(tracking.openExperiment("again", spec("u4", "search", Map.of(), Map.of())))
                .isEqualTo(parent);
        assertThat(contents.runs().get("search").path("info").path("status").asText())
                .isEqualTo("RUNNING");
    }

    @Test
    void aDeletedExperimentIsNamedInOneSentence() throws Exception {
        Run run = tracking.openExperiment("deleted", spec("u5", "search", Map.of(), Map.of()));
        new MlflowHttp(server.uri().toString(), Map.of())
                .post(
                        "experiments/delete",
                        com.fasterxml.jackson.databind.node.JsonNodeFactory.instance
                                .objectNode()
                                .put("experiment_id", run.experimentId()));

        assertThatThrownBy(() -> tracking.openExperiment("deleted", spec("u5", "search", Map.of(), Map.of())))
                .isInstanceOf(TrackingException.class)
                .hasMessage(
                        "the experiment 'deleted' was deleted in MLflow at %s: restore it there, or name another one in tracking.mlflow.experiment",
                        server.uri());
    }

    @Test
    void aNameThatDoesNotExistIsOneSentence() {
        assertThat(failure("http://mlflow.invalid:5000", Map.of()))
                .hasMessage("MLflow at http://mlflow.invalid:5000 cannot be reached: unknown host mlflow.invalid");
    }

    @Test
    void aServerThatTakesTheConnectionAndSaysNothingIsGivenUp() throws Exception {
        try (var silent = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            String address = "http://127.0.0.1:" + silent.getLocalPort();
            var impatient = new MlflowTracking(address, Map.of(), Duration.ofSeconds(1));
            assertThatThrownBy(() -> impatient.openExperiment("e", spec("u", "n", Map.of(), Map.of())))
                    .isInstanceOf(TrackingException.class)
                    .hasMessage("MLflow at %s did not answer within 1 s", address);
        }
    }

    @Test
    void credentialsAreSentAndNeverShown() throws Exception {
        var seen = new AtomicReference<String>();
        var refusing = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        refusing.createContext("/", exchange -> {
            seen.set(exchange.getRequestHeaders().getFirst("Authorization"));
            exchange.sendResponseHeaders(401, -1);
            exchange.close();
        });
        refusing.start();
        try {
            String host = "127.0.0.1:" + refusing.getAddress().getPort();
            String sentence = "MLflow at http://" + host
                    + " refuses the credentials (HTTP 401): set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN";
            assertThat(failure("http://" + host, Map.of("MLFLOW_TRACKING_TOKEN", "t0p")))
                    .hasMessage(sentence);
            assertThat(seen).hasValue("Bearer t0p");
            assertThat(failure(
                            "http://" + host,
                            Map.of("MLFLOW_TRACKING_USERNAME", "ada", "MLFLOW_TRACKING_PASSWORD", "pw")))
                    .hasMessage(sentence);
            assertThat(seen).hasValue("Basic " + base64("ada:pw"));
            assertThat(failure("http://bob:secret@" + host, Map.of())).hasMessage(sentence);
            assertThat(seen).hasValue("Basic " + base64("bob:secret"));
        } finally {
            refusing.stop(0);
        }
    }

    @Test
    void anAddressThatIsNoTrackingServerIsOneSentence() throws Exception {
        assertThatThrownBy(() -> new MlflowTracking("sqlite:///mlflow.db", Map.of()))
                .hasMessage(
                        "the MLflow address must be http://HOST:PORT or https://HOST:PORT of a tracking server, not 'sqlite:///mlflow.db'");
        var other = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        other.start();
        try {
            String address = "http://127.0.0.1:" + other.getAddress().getPort();
            assertThat(failure(address, Map.of()))
                    .hasMessage(
                            "MLflow at %s answers, but not as an MLflow server (HTTP 404 to experiments/get-by-name)",
                            address);
        } finally {
            other.stop(0);
        }
    }

    private static TrackingException failure(String address, Map<String, String> environment) {
        var there = new MlflowTracking(address, environment);
        return catchThrowableOfType(
                TrackingException.class, () -> there.openExperiment("e", spec("u", "n", Map.of(), Map.of())));
    }

    private static String base64(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }

    private static RunSpec spec(String uid, String name, Map<String, String> params, Map<String, String> tags) {
        return new RunSpec(uid, name, TIME, params, tags);
    }
}
