package dev.mlops.nas.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class BenchSearchCommandTest {
    @TempDir
    private Path folder;

    private Path space;

    @BeforeEach
    void writeSpace() throws IOException {
        space = Files.writeString(folder.resolve("space.yaml"), """
                searchSpace:
                  cell: {nodes: 3, operations: [none, skip, conv3x3], stack: {stages: 1, cells: 1, width: 4}}
                """);
    }

    @Test
    void severalObjectivesAreJudgedByTheVolumeBelowTheFront() throws IOException {
        Files.writeString(space, Files.readString(space).replace("nodes: 3", "nodes: 4"));
        var rows = new StringBuilder("ops,accuracy");
        for (int i = 0; i < 729; i++) {
            String digits = Integer.toString(729 + i, 3).substring(1);
            rows.append("\n%s,%d"
                    .formatted(digits, 50 + digits.chars().map(c -> c - '0').sum()));
        }
        Path table = Files.writeString(folder.resolve("table.csv"), rows.append('\n'));
        Path json = folder.resolve("out.json");
        Ended ended = bench(
                table,
                "--objective",
                "accuracy",
                "--trade-off",
                "params,activationBytes",
                "--strategy",
                "nsga2,random",
                "--seeds",
                "2",
                "--budget",
                "100",
                "--json",
                json.toString());
        assertThat(ended.err()).isEmpty();
        assertThat(ended.out()).containsPattern("missing at  25 queries +0\\.\\d+ \\+- 0\\.\\d+ of the hypervolume");
        JsonNode document = new ObjectMapper().readTree(json.toFile());
        JsonNode missing = document.path(0).path("missing_hypervolume_mean");
        assertThat(missing.path("100").asDouble())
                .isGreaterThanOrEqualTo(0)
                .isLessThan(missing.path("25").asDouble());
    }

    @Test
    void strategiesRunOnAZippedTableAndLeaveJson() throws IOException {
        Path table = folder.resolve("table.csv.gz");
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(table))) {
            out.write(table().getBytes(StandardCharsets.UTF_8));
        }
        Path json = folder.resolve("out.json");

        Ended ended = bench(
                table,
                "--objective",
                "accuracy",
                "--strategy",
                "predictor,evolution,random",
                "--seeds",
                "3",
                "--budget",
                "30",
                "--json",
                json.toString());

        assertThat(ended.err()).isEmpty();
        assertThat(ended.code()).isZero();
        assertThat(ended.out())
                .contains("queries to the best")
                .contains("found 3/3")
                .contains("seconds per proposal");
        JsonNode results = new ObjectMapper().readTree(json.toFile());
        assertThat(results).hasSize(3);
        for (JsonNode result : results) {
            assertThat(result.get("seeds").intValue()).isEqualTo(3);
            assertThat(result.get("found_optimum").intValue()).isEqualTo(3);
            assertThat(result.get("to_optimum_mean").doubleValue()).isBetween(1.0, 30.0);
            assertThat(result.has("to_optimum_median")).isTrue();
            assertThat(result.has("regret_mean")).isTrue();
            assertThat(result.has("regret_se")).isTrue();
            assertThat(result.has("seconds_per_query")).isTrue();
            assertThat(result.has("kendall_tau")).isTrue();
        }
        assertThat(results.get(0).get("strategy").textValue()).isEqualTo("predictor");
    }

    @Test
    void badInputIsOneSentenceAndExitCodeTwo() throws IOException {
        refuses(
                table(),
                "\"accurracy\", which the file does not have; it has ops, accuracy, test, latency",
                "accurracy");
        refuses(table().replace("222,", "229,"), "hold \"9\" for edge1-2, which has choices 0 to 2", "accuracy");
        refuses(table().replace("222,", "22,"), "have 2 digits, but the search space has 3 decisions", "accuracy");
        refuses(
                table().replaceAll("\n222,.*", ""),
                "the table lacks 1 of the search space's 27 genotypes, such as 222",
                "accuracy");
        refuses(
                table().replaceAll("\n222,.*", "\n222,NaN,1,1"),
                "holds \"NaN\", which is not a finite number",
                "accuracy");
        refuses(table().replaceAll("\n222,.*", "\n222,1"), "has 2 columns, but the header has 4", "accuracy");
        refuses("", "the file is empty", "accuracy");
    }

    @Test
    void aSearchUnderLimitsIsJudgedByAnotherColumnWithTrialsInParallel() throws IOException {
        Path table = Files.writeString(folder.resolve("table.csv"), table());
        Ended ended = bench(
                table,
                "--objective",
                "accuracy",
                "--score",
                "test",
                "--constraint",
                "latency<=2.5",
                "--constraint",
                "macs <= 1e9",
                "--strategy",
                "PREDICTOR",
                "--parallel",
                "4",
                "--seeds",
                "2",
                "--budget",
                "27");
        assertThat(ended.err()).isEmpty();
        assertThat(ended.code()).isZero();
        assertThat(ended.out())
                .contains("objective accuracy, judged by test, 2 seeds, 27 queries each, 4 at a time")
                .contains("found 2/2");
    }

    @Test
    void withFidelitiesEveryStrategyRunsTwiceAndTheCostsAreCompared() throws IOException {
        Path table = Files.writeString(folder.resolve("table.csv"), table());
        Path json = folder.resolve("out.json");
        Ended ended = bench(
                table,
                "--objective",
                "accuracy",
                "--fidelities",
                "test:12/200",
                "--scheduler",
                "successivehalving",
                "--strategy",
                "evolution",
                "--seeds",
                "2",
                "--budget",
                "27",
                "--json",
                json.toString());
        assertThat(ended.err()).isEmpty();
        assertThat(ended.out())
                .contains("at a cost of 27 queries each")
                .contains("evolution, SuccessiveHalving with test:12/200")
                .contains("of what it costs without fidelities");
        JsonNode results = new ObjectMapper().readTree(json.toFile());
        assertThat(results).hasSize(2);
        assertThat(results.get(0).has("cost_ratio")).isFalse();
        JsonNode cheap = results.get(1);
        assertThat(cheap.get("cost_ratio").doubleValue())
                .isEqualTo(cheap.get("cost_to_optimum_mean").doubleValue()
                        / results.get(0).get("to_optimum_mean").doubleValue());
        assertThat(cheap.has("regret_mean_by_cost")).isTrue();
        assertThat(cheap.get("scheduler").textValue()).isEqualTo("SuccessiveHalving");
    }

    @Test
    void optionsThatCannotBeAreRefusedInOneSentence() throws IOException {
        Path table = Files.writeString(folder.resolve("table.csv"), table());
        wrong(table, "--constraint is \"macs<8e7\": it must be NAME<=NUMBER", "--constraint", "macs<8e7");
        wrong(table, "\"many\" is not a number above 0", "--constraint", "macs<=many");
        wrong(table, "\"-1\" is not a number above 0", "--constraint", "macs<=-1");
        wrong(table, "\"energy\" is neither a column of the table", "--constraint", "energy<=1");
        wrong(table, "no architecture of the table keeps all limits", "--constraint", "latency<=0.5");
        wrong(table, "constraints[0].max allows at most 1 params", "--constraint", "params<=1");
        wrong(table, "--score names the column \"tset\"", "--score", "tset");
        wrong(table, "it must be COLUMN:COST", "--fidelities", "test");
        wrong(table, "--fidelities names the column \"tset\"", "--fidelities", "tset:0.1");
        wrong(table, "the cost must be a number from 0.000001 to below 1", "--fidelities", "test:200/12");
        wrong(table, "the cost must be a number", "--fidelities", "test:cheap");
        wrong(table, "accuracy, which is the objective", "--fidelities", "accuracy:0.1");
        wrong(table, "has the same column twice", "--fidelities", "test:0.1,test:0.2");
        wrong(table, "has the same cost twice", "--fidelities", "test:0.1,latency:0.1");
        wrong(table, "--scheduler is None", "--fidelities", "test:0.1", "--scheduler", "none");
        wrong(
                table,
                "--scheduler is Hyperband, which decides between fidelities: give --fidelities too",
                "--scheduler",
                "hyperband");
        wrong(table, "--strategy names Random twice: give it once", "--strategy", "random,predictor,random");
        wrong(table, "--parallel is 0: give 1 or more", "--parallel", "0");
        wrong(table, "--strategy names External", "--strategy", "random,external");
        wrong(table, "--strategy names Differentiable, which trains open choices", "--strategy", "differentiable");
        wrong(
                table,
                "--strategy names Nsga2, which is for several objectives: give --trade-off",
                "--strategy",
                "nsga2");
        wrong(
                table,
                "--strategy names Evolution, which knows one objective: with --trade-off give Nsga2, Predictor, QuasiRandom, Random",
                "--strategy",
                "evolution",
                "--trade-off",
                "params");
        wrong(table, "--trade-off names the column \"size\"", "--strategy", "random", "--trade-off", "size");
    }

    @Test
    void withTwoObjectivesTheUsualStrategiesAreThoseThatKnowSeveral() throws IOException {
        Path table = Files.writeString(folder.resolve("table.csv"), table());
        Ended ended =
                bench(table, "--objective", "accuracy", "--trade-off", "latency", "--seeds", "1", "--budget", "3");
        assertThat(ended.err()).isEmpty();
        assertThat(ended.out()).containsSubsequence("\npredictor\n", "\nnsga2\n", "\nrandom\n");
    }

    private void wrong(Path table, String sentence, String... options) {
        List<String> arguments = new ArrayList<>(List.of("--objective", "accuracy", "--seeds", "1", "--budget", "2"));
        arguments.addAll(List.of(options));
        Ended ended = bench(table, arguments.toArray(String[]::new));
        assertThat(ended.err()).contains(sentence).hasLineCount(1);
        assertThat(ended.code()).isEqualTo(2);
        assertThat(ended.out()).isEmpty();
    }

    @Test
    void aSpaceThatContradictsItselfIsRefused() throws IOException {
        Files.writeString(space, "searchSpace: {cell: {nodes: 3, operations: [none, skp]}}\n");
        Path table = Files.writeString(folder.resolve("table.csv"), table());
        Ended ended = bench(table, "--objective", "accuracy");
        assertThat(ended.code()).isEqualTo(2);
        assertThat(ended.err()).contains("searchSpace.cell.operations").contains("skp");
    }

    private void refuses(String table, String sentence, String objective) throws IOException {
        Path file = Files.writeString(folder.resolve("bad.csv"), table);
        Ended ended = bench(file, "--objective", objective, "--seeds", "1", "--budget", "2");
        assertThat(ended.err()).contains(sentence).hasLineCount(1);
        assertThat(ended.code()).isEqualTo(2);
        assertThat(ended.out()).isEmpty();
    }

    @Test
    void aColumnCanStandForAnEarlierExperiment() throws IOException {
        Path table = Files.writeString(folder.resolve("table.csv"), table());
        Ended told = bench(
                table,
                "--objective",
                "accuracy",
                "--strategy",
                "predictor",
                "--seeds",
                "5",
                "--budget",
                "27",
                "--earlier",
                "test:20");
        assertThat(told.err()).isEmpty();
        // What stands in the other column is one less everywhere: mostly the best is known before the first query.
        assertThat(told.out()).contains("median 1.0, found 5/5");
        assertThat(bench(table, "--objective", "accuracy", "--earlier", "test").err())
                .isEqualTo("nas bench: --earlier is \"test\": it must be COLUMN:RESULTS with 1 to 999999 results,"
                        + " such as accuracy_other:100\n");
        assertThat(bench(table, "--objective", "accuracy", "--earlier", "tset:9")
                        .err())
                .contains("--earlier names the column \"tset\"");
        assertThat(bench(table, "--objective", "accuracy", "--earlier", "test:28")
                        .err())
                .isEqualTo("nas bench: --earlier is \"test:28\", but the table has 27 rows: give 1 to 27 results\n");
    }

    private record Ended(int code, String out, String err) {}

    private Ended bench(Path table, String... more) {
        List<String> arguments =
                new ArrayList<>(List.of("bench", "search", "--space", space.toString(), "--table", table.toString()));
        arguments.addAll(List.of(more));
        var out = new StringWriter();
        var err = new StringWriter();
        CommandLine nas = Nas.commandLine().setOut(new PrintWriter(out)).setErr(new PrintWriter(err, true));
        int code = nas.execute(arguments.toArray(String[]::new));
        return new Ended(code, out.toString(), err.toString());
    }

    /** One row per genotype of three edges with three operations. */
    private static String table() {
        var text = new StringBuilder("ops,accuracy,test,latency");
        for (int i = 0; i < 27; i++) {
            String digits = "" + i / 9 + i / 3 % 3 + i % 3;
            int accuracy = 50 + 3 * (i / 9) + 2 * (i / 3 % 3) + i % 3;
            text.append("\n%s,%d,%d,%d".formatted(digits, accuracy, accuracy - 1, 1 + i / 9));
        }
        return text.append('\n').toString();
    }
}
