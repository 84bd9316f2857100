package dev.mlops.nas.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SimulateCommandTest {
    private static final String EXPERIMENT = """
            apiVersion: nas.mlops.dev/v1alpha1
            kind: NasExperiment
            metadata: {name: cells}
            spec:
              dataset: {uri: data/none.csv, shape: [3, 32, 32], classes: 10}
              searchSpace:
                cell: {nodes: 3, operations: [none, skip, conv3x3], stack: {stages: 1, cells: 1, width: 4}}
              strategy: {name: Evolution}
              evaluation:
                epochs: 20
                fidelity: {scheduler: SuccessiveHalving, rungs: [2, 20]}
              budget: {trials: 20, parallelTrials: 4}
              protocol: {finalists: {count: 2, seeds: 2}, references: {seeds: 1}}
            """;

    @TempDir
    private Path folder;

    private Path table;

    @BeforeEach
    void writeTable() throws IOException {
        table = Files.writeString(folder.resolve("table.csv"), table());
    }

    @Test
    void theWholeExperimentRunsAndTellsItsResultAsARealOneWould() throws IOException {
        Ended ended =
                simulate(EXPERIMENT, "--objective", "a1,a2", "--fidelities", "early:2", "--test-examples", "1000");
        assertThat(ended.err()).isEmpty();
        assertThat(ended.code()).isZero();
        assertThat(ended.out())
                .contains("nothing is trained, times are virtual")
                .contains("random search", "test accuracy", "95 % interval")
                .contains("mean over 2 trainings from scratch")
                .contains("between results after 2 epochs and after all 20")
                .contains("in the mean of 2 columns below the best of the table");
    }

    @Test
    void timeAndCostAreThoseOfTheEpochsAndPromotedTrialsPayTheDifference() throws IOException {
        JsonNode result = json(EXPERIMENT, "--objective", "a1", "--fidelities", "early:2", "--seconds-per-epoch", "3");
        int promoted = 0;
        double seconds = 0;
        for (JsonNode trial : result.path("trials")) {
            boolean goesOn = trial.has("continues");
            promoted += goesOn ? 1 : 0;
            int epochs = trial.path("epochs").asInt() - (goesOn ? 2 : 0);
            assertThat(trial.path("seconds").asDouble()).isEqualTo(3 * epochs);
            seconds += 3 * epochs;
        }
        assertThat(promoted).isPositive();
        assertThat(result.path("cost").path("trainSeconds").asDouble()).isEqualTo(seconds);
        assertThat(result.path("cost").path("wallClockSeconds").asDouble()).isBetween(seconds / 4, seconds / 2);
        assertThat(result.path("simulation").path("costInFullTrainings").asDouble())
                .isEqualTo(seconds / 60);
        assertThat(result.path("simulation").path("regret").asDouble()).isBetween(0.0, 0.1);
    }

    @Test
    void failuresComeAtTheGivenRateAndEndAnExperimentThatAllowsNone() throws IOException {
        String experiment = EXPERIMENT.replace("parallelTrials: 4", "parallelTrials: 4, maxFailedTrials: 1000");
        JsonNode some = json(experiment, "--objective", "a1", "--fidelities", "early:2", "--failures", "0.3");
        assertThat(some.path("phase").asText()).isEqualTo("SUCCEEDED");
        double failed = some.path("cost").path("failed").asDouble();
        assertThat(failed / some.path("cost").path("trainings").asDouble()).isBetween(0.1, 0.5);
        JsonNode none = json(
                EXPERIMENT.replace("parallelTrials: 4", "parallelTrials: 4, maxFailedTrials: 0"),
                "--objective",
                "a1",
                "--fidelities",
                "early:2",
                "--failures",
                "0.3");
        assertThat(none.path("reason").asText()).isEqualTo("TooManyFailures");
    }

    @Test
    void severalSeedsAreOneLineEachAndTheirMean() throws IOException {
        Ended ended = simulate(EXPERIMENT, "--objective", "a1", "--fidelities", "early:2", "--seeds", "3");
        assertThat(ended.out()).containsPattern("(?m)^ +2  succeeded ").contains("mean of 3: regret ");
        JsonNode result = json(EXPERIMENT, "--objective", "a1", "--fidelities", "early:2", "--seeds", "3");
        assertThat(result.path("runs")).hasSize(3);
        assertThat(result.path("runs").path(2).path("simulation").path("seed").asInt())
                .isEqualTo(2);
        assertThat(result.has("regretMean")).isTrue();
    }

    @Test
    void whereLessIsBetterTheRegretIsWhatTheAnswerLiesAboveTheLeast() throws IOException {
        String loss =
                EXPERIMENT.replace("  strategy:", "  objective: {metric: loss, direction: Minimize}\n  strategy:");
        Ended ended = simulate(loss, "--objective", "a1", "--fidelities", "early:2");
        assertThat(ended.out()).containsPattern("in a1 above the best of the table\\s+\\(0\\.5");
        JsonNode result = json(loss, "--objective", "a1", "--fidelities", "early:2");
        assertThat(result.path("simulation").path("regret").asDouble()).isBetween(0.0, 0.05);
    }

    @Test
    void twoObjectivesGiveAFrontWhoseFinalistsAreRetrained() throws IOException {
        String two = EXPERIMENT
                .replace("Evolution", "Nsga2")
                .replace("    fidelity: {scheduler: SuccessiveHalving, rungs: [2, 20]}\n", "")
                .replace("  strategy:", "  objective: {tradeOff: {metrics: [latencyMs]}}\n  strategy:");
        Ended ended = simulate(two, "--objective", "a1");
        assertThat(ended.err()).isEmpty();
        assertThat(ended.out())
                .containsPattern("Pareto front +validation accuracy +latencyMs +test accuracy, retrained")
                .containsPattern("(?m)^  cells-\\d+ +0\\.\\d+ +[123] ms +0\\.\\d+$")
                .containsPattern("up to the worst of the first 10 architectures\\s+measured, or the limit");
        JsonNode front = json(two, "--objective", "a1").path("front");
        assertThat(front.path("hypervolume").asDouble()).isPositive();
        double value = 0;
        double cost = 0;
        for (JsonNode architecture : front.path("architectures")) {
            assertThat(architecture.path("accuracy").asDouble()).isGreaterThan(value);
            assertThat(architecture.path("latencyMs").asDouble()).isGreaterThan(cost);
            value = architecture.path("accuracy").asDouble();
            cost = architecture.path("latencyMs").asDouble();
        }
        assertThat(front.path("architectures").findValues("test")).isNotEmpty();
    }

    @Test
    void aMeasuredLimitNeedsAColumnOfItsName() throws IOException {
        String limited = EXPERIMENT.replace("  strategy:", "  constraints: [{metric: latencyMs, max: 2}]\n  strategy:");
        JsonNode result = json(limited, "--objective", "a1", "--fidelities", "early:2");
        assertThat(result.path("best").path("decisions").path("edge0-1").asText())
                .isNotEqualTo("conv3x3");
        refuses(
                limited.replace("max: 2", "max: 2, percentile: 99"),
                "spec.constraints or spec.objective.tradeOff names the column \"latencyP99Ms\"",
                "--fidelities",
                "early:2");
    }

    @Test
    void badInputIsOneSentenceAndExitCodeTwo() throws IOException {
        refuses(EXPERIMENT, "the experiment trains 2 epochs first: name the column with those results");
        refuses(EXPERIMENT, "it must be COLUMN:EPOCHS", "--fidelities", "early");
        refuses(EXPERIMENT, "no such rung; its rungs below 20 epochs are 2", "--fidelities", "early:3");
        refuses(EXPERIMENT, "names two columns for 2 epochs", "--fidelities", "early:2,a2:2");
        refuses(EXPERIMENT, "\"late\", which the file does not have", "--fidelities", "late:2");
        refuses(EXPERIMENT, "--test names the column \"tset\"", "--fidelities", "early:2", "--test", "tset");
        refuses(EXPERIMENT, "--failures is 1.0", "--fidelities", "early:2", "--failures", "1");
        refuses(EXPERIMENT, "--seconds-per-epoch is 0.0", "--fidelities", "early:2", "--seconds-per-epoch", "0");
        refuses(
                EXPERIMENT,
                "column a1 holds 0.62, times --scale 100.0, but accuracy is at most 1: give --scale, such as 0.01 for a table in per cent",
                "--fidelities",
                "early:2",
                "--scale",
                "100");
        refuses(EXPERIMENT, "--scale is -1.0", "--fidelities", "early:2", "--scale", "-1");
        refuses(EXPERIMENT, "--seeds is 0", "--fidelities", "early:2", "--seeds", "0");
        refuses(EXPERIMENT.replace("Evolution", "Luck"), "spec.strategy.name: \"Luck\"", "--fidelities", "early:2");
        refuses(
                EXPERIMENT.replace("Evolution", "External, external: {uri: 'http://127.0.0.1:1/'}"),
                "spec.strategy.name is External",
                "--fidelities",
                "early:2");
        refuses(
                EXPERIMENT.replace("Evolution", "Differentiable"),
                "spec.strategy.name is Differentiable: a table holds no training with open choices",
                "--fidelities",
                "early:2");
        refuses(
                EXPERIMENT.replace("spec:", "spec:\n  suspend: true"),
                "spec.suspend is true",
                "--fidelities",
                "early:2");
    }

    private void refuses(String experiment, String sentence, String... options) throws IOException {
        List<String> all = new ArrayList<>(List.of("--objective", "a1"));
        all.addAll(List.of(options));
        Ended ended = simulate(experiment, all.toArray(String[]::new));
        assertThat(ended.err()).contains(sentence).hasLineCount(1);
        assertThat(ended.code()).isEqualTo(2);
        assertThat(ended.out()).isEmpty();
    }

    private JsonNode json(String experiment, String... options) throws IOException {
        List<String> all = new ArrayList<>(List.of(options));
        all.add("--json");
        Ended ended = simulate(experiment, all.toArray(String[]::new));
        assertThat(ended.err()).isEmpty();
        return new ObjectMapper().readTree(ended.out());
    }

    private record Ended(int code, String out, String err) {}

    private Ended simulate(String experiment, String... options) throws IOException {
        Path file = Files.writeString(folder.resolve("cells.yaml"), experiment);
        List<String> arguments = new ArrayList<>(List.of("simulate", file.toString(), "--table", table.toString()));
        arguments.addAll(List.of(options));
        var out = new StringWriter();
        var err = new StringWriter();
        int code = Nas.commandLine()
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err, true))
                .execute(arguments.toArray(String[]::new));
        return new Ended(code, out.toString(), err.toString());
    }

    /** One row per genotype of three edges with three operations: two training seeds, an early result, a latency. */
    private static String table() {
        var text = new StringBuilder("ops,a1,a2,early,latencyMs");
        for (int i = 0; i < 27; i++) {
            String digits = "" + i / 9 + i / 3 % 3 + i % 3;
            double accuracy = 0.5 + 0.03 * (i / 9) + 0.02 * (i / 3 % 3) + 0.01 * (i % 3);
            text.append("\n%s,%.3f,%.3f,%.3f,%d"
                    .formatted(
                            digits, accuracy, accuracy + 0.001 * (i % 2), accuracy - 0.2 + 0.004 * (i % 5), 1 + i / 9));
        }
        return text.append('\n').toString();
    }
}
