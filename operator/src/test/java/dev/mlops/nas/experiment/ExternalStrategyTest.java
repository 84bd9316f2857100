package dev.mlops.nas.experiment;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.mlops.nas.search.Experiment;
import dev.mlops.nas.search.Experiments;
import dev.mlops.nas.search.History;
import dev.mlops.nas.search.Plan;
import dev.mlops.nas.search.Purpose;
import dev.mlops.nas.search.Question;
import dev.mlops.nas.search.TrialRequest;
import dev.mlops.nas.search.TrialState;
import dev.mlops.nas.validation.ExperimentReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class ExternalStrategyTest {
    @TempDir
    private Path folder;

    private Experiment experiment;

    @BeforeEach
    void read() throws Exception {
        var resource = new ExperimentReader().read(Files.writeString(folder.resolve("digits.yaml"), """
                apiVersion: nas.mlops.dev/v1alpha1
                kind: NasExperiment
                metadata: {name: digits}
                spec:
                  seed: 5
                  dataset: {uri: digits.csv, shape: [1, 8, 8], classes: 10}
                  searchSpace: {preset: nb201-cell}
                  constraints: [{metric: params, max: 9M}]
                  budget: {trials: 10, parallelTrials: 3}
                  strategy: {name: External, external: {uri: "http://127.0.0.1:1/ask"}}
                """));
        experiment = ExperimentFactory.create("digits", resource.getSpec());
    }

    @Test
    void theQuestionHoldsTheSpaceAndTheWholeSearch() throws Exception {
        try (var server = new StrategyServer(StrategyServer::draw)) {
            decide(server.uri(), 20, history());
            JsonNode question = server.questions().getFirst();
            assertThat(question.path("version").asText()).isEqualTo("nas.mlops.dev/strategy-v1");
            assertThat(question.path("experiment").asText()).isEqualTo("digits");
            assertThat(question.path("seed").asLong()).isEqualTo(5);
            assertThat(question.path("count").asInt()).isEqualTo(2);
            assertThat(question.at("/objective/metric").asText()).isEqualTo("accuracy");
            assertThat(question.at("/objective/direction").asText()).isEqualTo("Maximize");
            assertThat(question.at("/constraints/0/max").asDouble()).isEqualTo(9_000_000);
            assertThat(question.at("/decisions/0/name").asText()).isEqualTo("edge0-1");
            assertThat(question.at("/decisions/0/choices").size()).isEqualTo(5);
            assertThat(question.at("/architectures/0/value").asDouble()).isEqualTo(0.9);
            assertThat(question.at("/architectures/0/metrics/latencyMs").asDouble())
                    .isEqualTo(2);
            assertThat(question.at("/architectures/1/state").asText()).isEqualTo("pending");
            assertThat(question.at("/architectures/1").has("value")).isFalse();
        }
    }

    @Test
    void aServerThatNamesOneAtATimeIsAskedAgainAtOnceAndToldWhatWasRefused() throws Exception {
        String known = decisions("conv3x3");
        String skip = decisions("skip");
        String pool = decisions("avgpool3x3");
        try (var server = new StrategyServer(question -> {
            boolean refused = question.path("refused").isEmpty();
            boolean first = question.path("architectures").size() == 2;
            return named(first && refused ? known : first ? skip : pool);
        })) {
            Plan plan = decide(server.uri(), 20, history());
            assertThat(plan.start())
                    .extracting(r -> experiment.space().describe(r.genotype()).get("edge0-1"))
                    .containsExactly("skip", "avgpool3x3");
            assertThat(server.questions()).hasSize(3);
            assertThat(server.questions().get(1).at("/refused/0/reason").asText())
                    .contains("which the search has started already");
            assertThat(server.questions().get(2).path("count").asInt()).isEqualTo(1);
            assertThat(server.questions().get(2).at("/architectures/2/state").asText())
                    .isEqualTo("pending");
        }
    }

    @Test
    void aServerThatNamesTheSameForeverIsGivenUpForNow() throws Exception {
        String known = decisions("conv3x3");
        try (var server = new StrategyServer(question -> named(known))) {
            Plan plan = decide(server.uri(), 20, history());
            assertThat(plan.start()).isEmpty();
            assertThat(plan.question()).isNotNull();
            assertThat(plan.summary().message()).contains("which the search has started already");
            assertThat(server.questions()).hasSize(20);
        }
    }

    @Test
    void anAnswerThatMakesNoSenseIsToldInOneSentence() throws Exception {
        says(500, "out of\nideas", "answered with HTTP 500: out of ideas");
        says(204, "", "answered with HTTP 204: nothing");
        says(301, "", "answered with HTTP 301: nothing");
        says(200, "<html>", "answered what is no JSON: <html>");
        says(200, "[1]", "answered without the list \"architectures\": [1]");
        says(200, "{\"architectures\": [7]}", "answered architectures[0] that is no object");
        says(200, "x".repeat(2 << 20), "answered with more than 1048576 bytes");
    }

    @Test
    @Timeout(20)
    void aServerThatIsLateOrSilentOrAwayHoldsNothingUp() throws Exception {
        var over = new CountDownLatch(1);
        try (var late = new StrategyServer(question -> {
            try {
                over.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return Map.entry(200, "{}");
        })) {
            assertThat(why(late.uri(), 1)).contains("did not answer within 1 s; ");
        } finally {
            over.countDown();
        }
        String address;
        try (var silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            address = "http://127.0.0.1:%d/".formatted(silent.getLocalPort());
            assertThat(why(address, 1)).contains("did not answer within 1 s; ");
        }
        assertThat(why(address, 1)).startsWith("the external strategy at %s cannot be reached; ".formatted(address));
    }

    @Test
    void theTokenOfTheSecretIsSentWithEveryQuestionAndNothingIsSentWithoutOne() throws Exception {
        try (var server = new StrategyServer(StrategyServer::draw)) {
            decideBySpec(server.uri(), "", secret -> "unused");
            assertThat(server.credentials()).containsOnly("null");
        }
        try (var server = new StrategyServer(StrategyServer::draw)) {
            decideBySpec(server.uri(), ", credentialsSecret: optuna", secret -> secret + "-token\n");
            assertThat(server.credentials()).isNotEmpty().containsOnly("Bearer optuna-token");
        }
    }

    @Test
    void aTokenThatIsMissingOrNoWordIsToldAndNothingIsAsked() throws Exception {
        try (var server = new StrategyServer(StrategyServer::draw)) {
            String start = "spec.strategy.external.credentialsSecret is optuna, whose NAS_STRATEGY_TOKEN ";
            for (var sentence : Map.of(
                            "", "is empty: give the token",
                            " \n", "is empty: give the token",
                            "two words", "holds what no header can: give one word of ASCII characters",
                            "a\r\nHost: b", "holds what no header can: give one word of ASCII characters")
                    .entrySet()) {
                Plan plan = decideBySpec(server.uri(), ", credentialsSecret: optuna", secret -> sentence.getKey());
                assertThat(plan.start()).isEmpty();
                assertThat(plan.summary().reason()).isEqualTo("StrategyUnavailable");
                assertThat(plan.summary().message()).startsWith(start + sentence.getValue() + "; ");
            }
            Plan plan = decideBySpec(server.uri(), ", credentialsSecret: optuna", StrategyToken.of(Map.of()));
            assertThat(plan.summary().message())
                    .startsWith(start + "nas run takes from the environment: set the variable NAS_STRATEGY_TOKEN; ");
            assertThat(server.questions()).isEmpty();
        }
        assertThat(StrategyToken.of(Map.of("NAS_STRATEGY_TOKEN", "t")).read("optuna"))
                .isEqualTo("t");
    }

    private Plan decideBySpec(String uri, String options, StrategyToken tokens) throws Exception {
        String text = Files.readString(folder.resolve("digits.yaml"));
        String given = "uri: \"" + uri + "\"" + options;
        var resource = new ExperimentReader()
                .read(Files.writeString(
                        folder.resolve("asked.yaml"), text.replace("uri: \"http://127.0.0.1:1/ask\"", given)));
        return ExternalStrategy.decide(resource.getSpec(), experiment, history(), Instant.EPOCH, tokens);
    }

    private void says(int status, String body, String sentence) throws Exception {
        try (var server = new StrategyServer(question -> Map.entry(status, body))) {
            assertThat(why(server.uri(), 20))
                    .startsWith("the external strategy at http://127.0.0.1:")
                    .contains(sentence)
                    .hasLineCount(1);
        }
    }

    private String why(String uri, int seconds) {
        Plan plan = decide(uri, seconds, history());
        assertThat(plan.start()).isEmpty();
        assertThat(plan.summary().reason()).isEqualTo("StrategyUnavailable");
        return plan.summary().message();
    }

    private Plan decide(String uri, int seconds, History history) {
        var strategy = new ExternalStrategy(URI.create(uri), Duration.ofSeconds(seconds), null);
        Question question = Objects.requireNonNull(
                Experiments.decide(experiment, history, Instant.EPOCH).question());
        return strategy.decide(
                experiment, question, answer -> Experiments.decide(experiment, history, answer, Instant.EPOCH));
    }

    /** One architecture is trained, one runs, and two may be started. */
    private History history() {
        return new History(
                Instant.EPOCH,
                List.of(
                        new History.Trial(
                                request(1, "conv3x3"),
                                new TrialState.Completed(Map.of("accuracy", 0.9, "latencyMs", 2.0), 1)),
                        new History.Trial(request(2, "conv1x1"), new TrialState.Running())));
    }

    private TrialRequest request(int number, String operation) {
        var decisions = new TreeMap<String, String>();
        experiment.space().decisions().forEach(d -> decisions.put(d.name(), operation));
        return new TrialRequest(
                number, Purpose.SEARCH, experiment.space().parse(decisions), experiment.epochs(), 1, null, null, null);
    }

    /** The cell with one operation everywhere, in JSON. */
    private String decisions(String operation) {
        return experiment.space().decisions().stream()
                .map(d -> "\"%s\": \"%s\"".formatted(d.name(), operation))
                .collect(Collectors.joining(", ", "{", "}"));
    }

    private static Map.Entry<Integer, String> named(String decisions) {
        return Map.entry(200, "{\"architectures\": [%s]}".formatted(decisions));
    }
}
