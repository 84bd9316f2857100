package dev.mlops.nas.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.mlops.nas.experiment.StrategyServer;
import dev.mlops.nas.local.NasProcess.Finished;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code nas run} as a user meets it: real processes, real data, a small trainer of one's own. */
class LocalRunTest {
    private static final String EXPERIMENT = """
            apiVersion: nas.mlops.dev/v1alpha1
            kind: NasExperiment
            metadata:
              name: digits
            spec:
              dataset:
                uri: digits.csv.gz
                shape: [1, 8, 8]
                classes: 10
              searchSpace:
                preset: small-cnn
              strategy:
                name: Random
              evaluation:
                epochs: 5
              budget:
                trials: 4
                parallelTrials: 2
              protocol:
                randomArm: false
                references: {seeds: 1}
                finalists: {count: 1, seeds: 1}
              trainer:
                backoffLimit: 1
                deadlineSeconds: 600
            """;

    /** Search, one finalist, three references. */
    private static final int TRIALS = 8;

    @TempDir
    private Path folder;

    private Path file;

    @BeforeEach
    void putTheExperimentBesideItsData() throws IOException {
        Files.copy(Path.of("../examples/data/digits.csv.gz"), folder.resolve("digits.csv.gz"));
        file = folder.resolve("digits.yaml");
        Files.writeString(file, EXPERIMENT);
    }

    @Test
    void aSearchLearnsFromOneWhoseFolderLiesBesideItsOwn() throws Exception {
        Files.writeString(
                file, EXPERIMENT.replace("name: digits", "name: letters").replace("trials: 4", "trials: 9"));
        assertThat(run().exitCode()).isZero();
        Files.move(folder.resolve("state"), folder.resolve("letters-1"));
        String told = EXPERIMENT.replace("name: Random", "name: Predictor") + "  warmStart: {experiments: [letters]}\n";
        Files.writeString(file, told);
        Finished second = run();
        assertThat(second.exitCode()).as(second.err()).isZero();
        assertThat(second.out()).contains("learning from 9 results of letters");
        assertThat(Files.readString(folder.resolve("state/trials/00001/request.json")))
                .contains("SEARCH");

        Files.writeString(file, told.replace("[letters]", "[numbers]"));
        Finished missing = run();
        assertThat(missing.exitCode()).isEqualTo(2);
        assertThat(missing.err())
                .contains("digits.yaml: spec.warmStart.experiments[0]: there is no search for numbers in ");
    }

    @Test
    void aSearchRunsToItsEndAndItsFolderTellsTheResultAgain() throws Exception {
        Finished first = run("--json");
        assertThat(first.exitCode()).as(first.err()).isZero();
        JsonNode result = Json.MAPPER.readTree(first.out());
        assertThat(result.path("phase").asText()).isEqualTo("SUCCEEDED");
        assertThat(result.path("comparison").path(0).path("test").asDouble()).isBetween(0.5, 1.0);
        assertThat(numbers(result))
                .containsExactlyElementsOf(
                        IntStream.rangeClosed(1, TRIALS).boxed().toList());
        assertThat(Files.readString(folder.resolve("state/report.html")))
                .contains("Comparison on the test split", "<svg");
        assertThat(Files.readString(folder.resolve("state/report.md"))).contains("## All trials");

        Finished again = run("--json");
        assertThat(again.exitCode()).isZero();
        assertThat(Json.MAPPER.readTree(again.out()).path("trials")).isEqualTo(result.path("trials"));
        assertThat(starts()).hasSize(TRIALS);

        Finished table = run();
        assertThat(table.out()).contains("lenet-like", "test accuracy", "8 trainings", "report.html");
    }

    @Test
    void aSearchWithoutANetworkIsTheTrainersOwnBusiness() throws Exception {
        replace("preset: small-cnn", "parameters: {a: {choice: [1, 2, 3]}, b: {choice: [4, 5], when: a >= 2}}");

        Finished end = run("--json");

        assertThat(end.exitCode()).as(end.err()).isZero();
        JsonNode result = Json.MAPPER.readTree(end.out());
        assertThat(result.path("phase").asText()).isEqualTo("SUCCEEDED");
        assertThat(result.at("/best/decisions").has("a")).isTrue();
        assertThat(result.at("/best").has("params")).isFalse();
        assertThat(Files.readString(folder.resolve("state/report.html")))
                .contains("Comparison on the test split")
                .doesNotContain("Accuracy and size");
        assertThat(run().out()).containsPattern("size +– params, – MACs");
    }

    @Test
    void aSpaceThatTheBuiltInTrainerCannotTrainIsRefusedBeforeAnythingStarts() throws Exception {
        replace("preset: small-cnn", "parameters: {a: {choice: [1, 2, 3]}}");

        Finished end = NasProcess.run(folder, "run", "digits.yaml", "--state", "state", "--tracking", "off");

        assertThat(end.exitCode()).isEqualTo(2);
        assertThat(end.err())
                .contains(
                        "digits.yaml: spec.searchSpace: searchSpace has no network, so that the built-in trainer cannot know"
                                + " what its decisions mean: name a trainer of your own by --trainer");
        assertThat(folder.resolve("state")).doesNotExist();
    }

    @Test
    void aSearchThatIsKilledGoesOnWithNoTrialLostOrDoubled() throws Exception {
        for (int trialsBefore : List.of(1, 3)) {
            NasProcess nas = start("--pause 1500");
            await().atMost(Duration.ofMinutes(2)).until(() -> outcomes() >= trialsBefore);
            nas.kill();
        }
        Finished end = start("--pause 1500").finish();
        assertThat(end.exitCode()).as(end.err()).isZero();
        assertThat(outcomes()).isEqualTo(TRIALS);
        assertThat(starts())
                .containsExactlyInAnyOrderElementsOf(
                        IntStream.rangeClosed(1, TRIALS).boxed().toList());
    }

    @Test
    void aUsersOwnStrategyNamesTheTrialsAndWhenItGoesAwayTheSearchStopsAndLaterGoesOn() throws Exception {
        var away = new AtomicBoolean();
        try (var server =
                new StrategyServer(q -> away.get() && q.path("architectures").size() == 2
                        ? Map.entry(503, "closed for today")
                        : StrategyServer.draw(q))) {
            replace("name: Random", "name: External\n    external: {uri: \"%s\"}".formatted(server.uri()));
            away.set(true);
            Finished stopped = run();
            assertThat(stopped.exitCode()).isEqualTo(1);
            assertThat(stopped.err())
                    .contains("answered with HTTP 503: closed for today; 2 of 4 architectures trained")
                    .contains("to go on: nas run digits.yaml --state state");
            away.set(false);
            Finished end = run("--json");
            assertThat(end.exitCode()).as(end.err()).isZero();
            assertThat(numbers(Json.MAPPER.readTree(end.out())))
                    .containsExactlyElementsOf(
                            IntStream.rangeClosed(1, TRIALS).boxed().toList());
            assertThat(starts()).hasSize(TRIALS);
            assertThat(server.questions().getFirst().path("count").asInt()).isEqualTo(2);
        }
    }

    @Test
    void aRunningSearchKeepsOthersOutAndTerminatingItStopsTheTrainersAndSaysHowToGoOn() throws Exception {
        NasProcess nas = start("--pause 600000");
        await().atMost(Duration.ofMinutes(2)).until(() -> starts().size() == 2);
        var second = inProcess("");
        assertThat(second.exitCode()).isEqualTo(2);
        assertThat(second.err()).contains("is in use by another nas process");
        nas.terminate();
        Finished stopped = nas.finish();
        assertThat(stopped.exitCode()).isEqualTo(130);
        assertThat(stopped.err()).contains("to go on: nas run digits.yaml --state state --trainer ", "--tracking off");
        for (long pid : pids()) {
            assertThat(ProcessHandle.of(pid)).isEmpty();
        }

        Finished end = run("--json");
        assertThat(end.exitCode()).as(end.err()).isZero();
        assertThat(numbers(Json.MAPPER.readTree(end.out())))
                .containsExactlyElementsOf(
                        IntStream.rangeClosed(1, TRIALS).boxed().toList());
    }

    @Test
    void failuresThatPassAreRetriedUnderTheSameNumberAndOthersAreResults() throws Exception {
        Finished end = start("--temporary 1 --crash 2 --refuse 3", "--json").finish();
        JsonNode result = Json.MAPPER.readTree(end.out());
        assertThat(result.path("phase").asText()).as(end.err()).isEqualTo("SUCCEEDED");
        assertThat(numbers(result))
                .containsExactlyElementsOf(
                        IntStream.rangeClosed(1, TRIALS).boxed().toList());
        assertThat(result.path("trials").path(0).path("state").asText()).isEqualTo("Completed");
        assertThat(result.path("trials").path(1).path("message").asText()).startsWith("failed 2 times, at last: ");
        assertThat(result.path("trials").path(2).path("message").asText())
                .isEqualTo("this trainer does not like trial 3");
        assertThat(starts().stream().filter(n -> n == 1)).hasSize(2);
        assertThat(starts().stream().filter(n -> n == 3)).hasSize(1);
    }

    @Test
    void aPromotedTrialFindsWhatTheEarlierOneLeftAndNothingIsLeftInTheEnd() throws Exception {
        replace("epochs: 5", "epochs: 5\n    fidelity: {scheduler: SuccessiveHalving, rungs: [2, 5]}");
        Finished end = run("--json");
        JsonNode result = Json.MAPPER.readTree(end.out());
        assertThat(result.path("phase").asText()).as(end.err()).isEqualTo("SUCCEEDED");
        JsonNode promoted = result.path("trials")
                .valueStream()
                .filter(t -> t.has("continues"))
                .findFirst()
                .orElseThrow();
        assertThat(promoted.path("state").asText()).isEqualTo("Completed");
        JsonNode file = Json.MAPPER.readTree(folder.resolve("state/trials/%05d/trial.json"
                        .formatted(promoted.path("number").asInt()))
                .toFile());
        assertThat(file.path("folders").path("resume").asText())
                .endsWith("trials/%05d/checkpoint"
                        .formatted(promoted.path("continues").asInt()));
        assertThat(file.path("recipe").path("scheduleEpochs").asInt()).isEqualTo(5);
        try (var files = Files.walk(folder.resolve("state/trials"))) {
            assertThat(files).noneMatch(f -> f.getFileName().toString().equals("checkpoint"));
        }
        assertThat(Files.readString(folder.resolve("state/report.md")))
                .contains("Search trials ran 2, 5 epochs, as successive halving decided");
    }

    @Test
    void aTrialThatRunsTooLongIsEndedAndCountsAsFailed() throws Exception {
        replace("deadlineSeconds: 600", "deadlineSeconds: 15");
        replace("trials: 4", "trials: 1");
        replace("backoffLimit: 1", "backoffLimit: 0");
        Finished end = start("--pause 600000", "--json").finish();
        assertThat(end.exitCode()).isEqualTo(1);
        assertThat(Json.MAPPER
                        .readTree(end.out())
                        .path("trials")
                        .path(0)
                        .path("message")
                        .asText())
                .isEqualTo("it ran longer than trainer.deadlineSeconds: 15");
    }

    @Test
    void aSearchThatIsDoneGoesOnWithALargerBudgetButNotWithOtherData() throws Exception {
        assertThat(run("--quiet").exitCode()).isZero();
        replace("trials: 4", "trials: 5");
        Finished more = run("--json");
        assertThat(more.exitCode()).as(more.err()).isZero();
        assertThat(numbers(Json.MAPPER.readTree(more.out()))).hasSizeGreaterThan(TRIALS);

        replace("classes: 10", "classes: 11");
        Finished other = inProcess("");
        assertThat(other.exitCode()).isEqualTo(2);
        assertThat(other.err()).contains("spec.dataset: cannot be changed once the experiment exists");
        replace("name: digits", "name: letters");
        assertThat(inProcess("").err()).contains("holds the experiment digits");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "classes: 10 | klasses: 10 | klasses",
                "trials: 4 | trials: 0 | spec.budget.trials",
                "trials: 4 | trials: many | spec.budget.trials",
                "uri: digits.csv.gz | uri: nowhere.csv.gz | nowhere.csv.gz does not exist",
                "uri: digits.csv.gz | uri: pvc://claim/digits.csv.gz | needs a cluster",
                "shape: [1, 8, 8] | shape: [1, 8, 9] | expected 73",
                "kind: NasExperiment | kind: Deployment | Deployment",
                "apiVersion: nas.mlops.dev/v1alpha1 | ': no' | not YAML",
                "searchSpace: | constraints: [{metric: params, max: 10}]%  searchSpace: | params",
                "spec: | ---%spec: | document",
            })
    void badInputIsRefusedWithOneSentenceAndNothingIsStarted(String old, String replacement, String sentence)
            throws Exception {
        replace(old, replacement.replace('%', '\n'));
        Finished end = inProcess("");
        assertThat(end.exitCode()).isEqualTo(2);
        assertThat(end.err().lines()).hasSize(1);
        assertThat(end.err()).contains(sentence);
        assertThat(Json.MAPPER.readTree(end.out()).path("error").asText()).contains(sentence);
        assertThat(folder.resolve("state")).doesNotExist();
        assertThat(starts()).isEmpty();
    }

    @Test
    void candidatesInheritWeightsThatTheFirstTrialTrained() throws Exception {
        replace("epochs: 5", "epochs: 5\n    weightSharing: {epochs: 9, architectures: 6}");

        Finished end = start("--shares yes").finish();

        assertThat(end.exitCode()).as(end.err()).isZero();
        assertThat(end.out().replaceAll("\\s+", " "))
                .contains("digits-00001 preparation 6 architectures share weights of 9 epochs (")
                .contains(" with inherited weights (")
                .contains("ranking noise Kendall tau ")
                .contains("results with inherited weights and after all 5 epochs, on the 4 architectures");
        JsonNode result = Json.MAPPER.readTree(run("--json").out());
        assertThat(result.path("trials")).hasSize(1 + TRIALS);
        assertThat(result.path("trials").path(0).path("purpose").asText()).isEqualTo("PREPARATION");
        assertThat(result.path("rankingNoise").path(0).path("epochs").asInt(-1)).isZero();
        assertThat(folder.resolve("state/trials/00001/checkpoint"))
                .as("nobody needs the weights any more")
                .doesNotExist();
    }

    @Test
    void aTrainerThatKnowsNothingOfSharedWeightsEndsTheSearchAtOnce() throws Exception {
        replace("epochs: 5", "epochs: 5\n    weightSharing: {epochs: 9, architectures: 6}");

        Finished end = run();

        assertThat(end.exitCode()).isEqualTo(1);
        assertThat(end.out().replaceAll("\\s+", " "))
                .contains("Trial 1, which prepares the search, came to nothing: the trainer's result has no metric"
                        + " sharedPaths");
        assertThat(starts()).containsExactly(1);
    }

    @Test
    void aTrainerThatBlamesTheMachineEndsTheSearchAfterThreeTrialsAndIsQuoted() throws Exception {
        replace("backoffLimit: 1", "backoffLimit: 0");
        replace("parallelTrials: 2", "parallelTrials: 1");

        Finished end = inProcess("--temporary 9");

        assertThat(end.exitCode()).isEqualTo(1);
        assertThat(end.out().replaceAll("\\s+", " "))
                .contains(
                        "The trainer could not do its work in 3 trials, whatever the architecture; the last one, trial 3: failed 1 time, at last: ");
        assertThat(starts())
                .as("of other architectures, none of which is to blame")
                .containsExactly(1, 2, 3);
        Finished again = inProcess("");
        assertThat(again.out().replaceAll("\\s+", " ")).contains("The trainer could not do its work in 3 trials");
        assertThat(starts())
                .as("the state folder keeps what failed for what it is")
                .hasSize(3);
    }

    @Test
    void aLimitOnWhatTheTrainerDoesNotMeasureEndsTheSearchAfterThreeTrialsAndIsNamed() throws Exception {
        replace("parallelTrials: 2", "parallelTrials: 1");
        replace("  strategy:", "  constraints: [{metric: exportedLatencyMs, max: 1}]\n  strategy:");

        Finished end = inProcess("");

        assertThat(end.exitCode()).isEqualTo(1);
        assertThat(end.out().replaceAll("\\s+", " "))
                .contains(
                        "The trainer could not do its work in 3 trials, whatever the architecture; the last one, trial 3:"
                                + " the trainer's result has no metric exportedLatencyMs, and a limit or trade-off goes by it");
        assertThat(starts()).containsExactly(1, 2, 3);
    }

    @Test
    void aTrainerThatDoesNotExistIsRefused() throws Exception {
        Finished end =
                NasProcess.run(folder, "run", "digits.yaml", "--tracking", "off", "--trainer", "no-such-program");
        assertThat(end.exitCode()).isEqualTo(2);
        assertThat(end.err())
                .contains("the trainer \"no-such-program\" cannot be started: No such file or directory\n");
    }

    /** The same in this process, for what ends before anything starts. */
    private Finished inProcess(String trainerArguments) throws Exception {
        var out = new ByteArrayOutputStream();
        var err = new ByteArrayOutputStream();
        int exitCode = new LocalRun(
                        new LocalRun.Options(
                                file, folder.resolve("state"), true, trainer(trainerArguments), false, true),
                        null,
                        Clock.systemUTC(),
                        new Screen(new PrintStream(out, true, StandardCharsets.UTF_8), false, false),
                        new Screen(new PrintStream(err, true, StandardCharsets.UTF_8), false, false))
                .run();
        return new Finished(exitCode, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    private String trainer(String arguments) {
        return NasProcess.softmaxTrainer("--journal '%s' %s".formatted(journal(), arguments));
    }

    private Finished run(String... arguments) throws Exception {
        return start("", arguments).finish();
    }

    private NasProcess start(String trainerArguments, String... arguments) throws IOException {
        var words = new java.util.ArrayList<>(List.of(
                "run", "digits.yaml", "--state", "state", "--tracking", "off", "--trainer", trainer(trainerArguments)));
        words.addAll(List.of(arguments));
        return NasProcess.start(folder, Map.of(), words.toArray(String[]::new));
    }

    private void replace(String old, String replacement) throws IOException {
        String text = Files.readString(file);
        assertThat(text).contains(old);
        Files.writeString(file, text.replace(old, replacement));
    }

    private Path journal() {
        return folder.resolve("journal.txt");
    }

    /** The trial of every training that has begun. */
    private List<Integer> starts() throws IOException {
        return journalLines().stream()
                .map(l -> Integer.parseInt(l.split(" ", 2)[0]))
                .toList();
    }

    private List<Long> pids() throws IOException {
        return journalLines().stream()
                .map(l -> Long.parseLong(l.split(" ", 2)[1]))
                .toList();
    }

    private List<String> journalLines() throws IOException {
        return Files.exists(journal()) ? Files.readAllLines(journal()) : List.of();
    }

    private long outcomes() throws IOException {
        Path trials = folder.resolve("state/trials");
        if (!Files.exists(trials)) {
            return 0;
        }
        try (var entries = Files.list(trials)) {
            return entries.filter(t -> Files.exists(t.resolve("outcome.json"))).count();
        }
    }

    private static List<Integer> numbers(JsonNode result) {
        return result.path("trials")
                .valueStream()
                .map(t -> t.path("number").asInt())
                .toList();
    }
}
