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
import picocli.CommandLine;

class BenchPredictorCommandTest {
    @TempDir
    private Path folder;

    private Path space;
    private Path table;

    @BeforeEach
    void writeFiles() throws IOException {
        space = Files.writeString(folder.resolve("space.yaml"), """
                searchSpace:
                  cell: {nodes: 4, operations: [skip, conv1x1, conv3x3], stack: {stages: 1, cells: 1, width: 4}}
                """);
        var text = new StringBuilder("ops,accuracy\n");
        for (int i = 0; i < 729; i++) {
            String ops = "%6s".formatted(Integer.toString(i, 3)).replace(' ', '0');
            long wide = ops.chars().filter(c -> c == '2').count();
            long narrow = ops.chars().filter(c -> c == '1').count();
            text.append(ops).append(',').append(wide + 0.3 * narrow).append('\n');
        }
        table = Files.writeString(folder.resolve("table.csv"), text);
    }

    @Test
    void surrogatesAreRankedAndTimesAreTaken() throws IOException {
        Path json = folder.resolve("out.json");
        Ended ended = bench(
                "--table",
                table.toString(),
                "--objective",
                "accuracy",
                "--rows",
                "40",
                "--seeds",
                "2",
                "--trials",
                "20,60",
                "--candidates",
                "100,1000",
                "--json",
                json.toString());

        assertThat(ended.err()).isEmpty();
        assertThat(ended.code()).isZero();
        assertThat(ended.out()).contains("GaussianProcess").contains("Ensemble").contains("1,000 candidates");
        JsonNode document = new ObjectMapper().readTree(json.toFile());
        assertThat(document.get("quality")).hasSize(4);
        for (JsonNode one : document.get("quality")) {
            assertThat(one.get("tau").doubleValue())
                    .as(one.get("model").textValue())
                    .isBetween(0.5, 1.0);
            assertThat(one.get("covered").intValue()).isBetween(0, 2);
            assertThat(one.get("calibration").get("within95").doubleValue())
                    .isGreaterThan(0.5)
                    .isGreaterThan(one.get("calibration").get("within50").doubleValue());
        }
        assertThat(document.get("proposals")).hasSize(2);
        assertThat(document.get("predictions").get(1).get("candidates").intValue())
                .isEqualTo(1000);
    }

    @Test
    void withoutATableOnlyTimesAreTaken() {
        Ended ended = bench("--trials", "10", "--candidates", "10");
        assertThat(ended.code()).isZero();
        assertThat(ended.out()).contains("10 trials").doesNotContain("Ensemble");
    }

    @Test
    void badOptionsEndInOneSentence() {
        assertThat(bench("--table", table.toString()).err())
                .isEqualTo("nas bench: --table and --objective belong together: give both or none\n");
        assertThat(bench("--table", table.toString(), "--objective", "speed").err())
                .contains("--objective names the column \"speed\", which the file does not have");
        assertThat(bench("--table", table.toString(), "--objective", "accuracy", "--rows", "9999")
                        .err())
                .startsWith("nas bench: --rows holds 9999, but the table has");
        assertThat(bench("--trials", "3").err()).isEqualTo("nas bench: --trials holds 3: give 8 or more\n");
        assertThat(bench("--candidates", "0").err()).isEqualTo("nas bench: --candidates is 0: give 1 or more\n");
        assertThat(bench("--seeds", "0").code()).isEqualTo(2);
    }

    private Ended bench(String... options) {
        List<String> arguments = new ArrayList<>(List.of("bench", "predictor", "--space", space.toString()));
        arguments.addAll(List.of(options));
        var out = new StringWriter();
        var err = new StringWriter();
        CommandLine nas = Nas.commandLine().setOut(new PrintWriter(out)).setErr(new PrintWriter(err, true));
        int code = nas.execute(arguments.toArray(String[]::new));
        return new Ended(code, out.toString(), err.toString());
    }

    private record Ended(int code, String out, String err) {}
}
