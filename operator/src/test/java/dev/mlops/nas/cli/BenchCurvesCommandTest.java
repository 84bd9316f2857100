package dev.mlops.nas.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.mlops.nas.contract.TrialFile;
import dev.mlops.nas.validation.ExperimentReader;
import dev.mlops.nas.validation.InvalidExperimentException;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class BenchCurvesCommandTest {
    private static final int EPOCHS = 20;

    @TempDir
    private Path folder;

    private Path search;

    @BeforeEach
    void writeSearch() throws IOException, InvalidExperimentException {
        search = Files.createDirectories(folder.resolve("digits"));
        // As nas run keeps it: with its defaults.
        Files.writeString(
                search.resolve("experiment.yaml"),
                Serialization.asYaml(new ExperimentReader().read(Path.of("../examples/digits.yaml"))));
        for (int number = 1; number <= 12; number++) {
            writeTrial(number, EPOCHS);
        }
        writeTrial(13, 5);
    }

    /** Better with every number; every third epoch of a training goes wrong, but never the last. */
    private void writeTrial(int number, int epochs) throws IOException {
        Path trial = search.resolve("trials/%05d".formatted(number));
        String history = IntStream.rangeClosed(1, epochs)
                .mapToObj(e -> {
                    boolean wrong = e < epochs && (e + number) % 3 == 0;
                    return "{\"epoch\": %d, \"timeMs\": 1, \"trainLoss\": 1.0, \"accuracy\": %s, \"loss\": %s}"
                            .formatted(e, 0.5 + 0.01 * number - (wrong ? 0.3 : 0), 1 - 0.01 * number);
                })
                .collect(Collectors.joining(","));
        Files.createDirectories(trial.resolve("attempt-1"));
        Files.writeString(trial.resolve("request.json"), """
                {"number": %d, "purpose": "SEARCH", "genotype": {"choices": [0]}, "epochs": %d, "seed": 1}
                """.formatted(number, epochs));
        Files.writeString(
                trial.resolve("attempt-1/result.json"),
                "{\"contractVersion\": \"%s\", \"trial\": \"digits-%05d\", \"exitCode\": 0, \"metrics\": {}, \"epochs\": %d, \"history\": [%s], \"environment\": {}}"
                        .formatted(TrialFile.VERSION, number, epochs, history));
    }

    @Test
    void beginningsOfWholeTrainingsAreRanked() throws IOException {
        Path json = folder.resolve("out.json");
        Ended ended = bench(search.toString(), search.toString(), "--cuts", "0.25,0.5", "--json", json.toString());

        assertThat(ended.err()).isEmpty();
        assertThat(ended.code()).isZero();
        assertThat(ended.out())
                .contains("Kendall tau with accuracy after all 20 epochs, 12 trainings")
                .contains("after 5")
                .containsPattern("best of last three \\(used\\) +1\\.00 +1\\.00")
                .contains("Mean over 2 searches");
        JsonNode run = new ObjectMapper().readTree(json.toFile()).get(0);
        assertThat(run.get("trainings").intValue()).isEqualTo(12);
        JsonNode half = run.get("cuts").get(1);
        assertThat(half.get("epochs").intValue()).isEqualTo(10);
        assertThat(half.get("tau").get("LAST").doubleValue()).isBetween(0.0, 0.9);
        assertThat(half.get("tau").get("VALIDATION_LOSS").doubleValue()).isGreaterThan(0.999);
    }

    @Test
    void whatCannotBeUsedEndsInOneSentence() throws IOException {
        assertThat(bench(folder.resolve("nothing").toString()).err())
                .isEqualTo("nas bench: %s holds no search: give folders that nas run left\n"
                        .formatted(folder.resolve("nothing")));
        assertThat(bench(folder.toString()).code()).isEqualTo(2);
        assertThat(bench(search.toString(), "--cuts", "1.5").err())
                .isEqualTo("nas bench: --cuts holds 1.5: give parts of a training, above 0 and below 1\n");
        for (int number = 1; number <= 5; number++) {
            writeTrial(number, 5);
        }
        assertThat(bench(search.toString()).err())
                .contains("7 of its trainings went all 20 epochs from the first on and told accuracy after each")
                .endsWith("give searches with 8 or more\n");
    }

    private static Ended bench(String... options) {
        List<String> arguments = new ArrayList<>(List.of("bench", "curves"));
        arguments.addAll(List.of(options));
        var out = new StringWriter();
        var err = new StringWriter();
        CommandLine nas = Nas.commandLine().setOut(new PrintWriter(out)).setErr(new PrintWriter(err, true));
        int code = nas.execute(arguments.toArray(String[]::new));
        return new Ended(code, out.toString(), err.toString());
    }

    private record Ended(int code, String out, String err) {}
}
