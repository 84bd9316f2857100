package dev.mlops.nas.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The launcher as a user types it, on what the package phase has built. */
class LauncherIT {
    private static final Path HOME = Path.of(Objects.requireNonNull(System.getenv("NAS_HOME"), "NAS_HOME"));

    private static final String SMALL =
            """
            apiVersion: nas.mlops.dev/v1alpha1
            kind: NasExperiment
            metadata: {name: small}
            spec:
              dataset: {uri: %s, shape: [1, 8, 8], classes: 10}
              searchSpace: {preset: small-cnn}
              constraints:
              - {metric: params, max: 40k}
              - {metric: exportedLatencyMs, max: 200}
              strategy: {predictor: {warmUp: 4}}
              evaluation: {epochs: 6}
              budget: {trials: 7, parallelTrials: 2}
              protocol:
                randomArm: false
                references: {seeds: 0}
                finalists: {count: 1, seeds: 2}
            """.formatted(HOME.resolve("examples/data/digits.csv.gz").toUri());

    private static final String CELLS = """
            apiVersion: nas.mlops.dev/v1alpha1
            kind: NasExperiment
            metadata: {name: cells}
            spec:
              dataset: {uri: few.csv, shape: [1, 8, 8], classes: 10}
              searchSpace: {preset: %s}
              strategy: {name: Random}
              evaluation: {epochs: 1}
              budget: {trials: 1, parallelTrials: 2}
              protocol:
                randomArm: false
                references: {seeds: 1}
                finalists: {count: 1, seeds: 1}
            """;

    @TempDir
    Path folder;

    @Test
    void aSmallSearchOnRealDataEndsWithAWinnerAndItsInterval() throws Exception {
        Path file = Files.writeString(folder.resolve("small.yaml"), SMALL);

        Ended run = nas(
                Map.of(),
                "run",
                file.toString(),
                "--state",
                folder.resolve("state").toString(),
                "--json",
                "--tracking",
                "off");

        assertThat(run.code()).as(run.err()).isZero();
        JsonNode result = new ObjectMapper().readTree(run.out());
        assertThat(result.at("/phase").asText()).isEqualToIgnoringCase("Succeeded");
        JsonNode winner = result.at("/comparison/0");
        assertThat(winner.at("/test").asDouble()).isBetween(0.8, 1.0);
        assertThat(winner.at("/low").asDouble()).isLessThan(winner.at("/test").asDouble());
        assertThat(winner.at("/params").asLong()).isBetween(1L, 40_000L);
        assertThat(result.at("/trials"))
                .hasSize(9)
                .allSatisfy(trial -> assertThat(
                                trial.at("/metrics/exportedLatencyMs").asDouble())
                        .as("as deployed, measured in every trial")
                        .isBetween(0.0001, 200.0));

        Path model = Path.of(result.at("/model").asText());
        assertThat(model.resolve("weights.npz")).isNotEmptyFile();
        assertThat(model.resolve("model.onnx")).isNotEmptyFile();
        Path blank = Files.writeString(folder.resolve("blank.csv"), "0,".repeat(63) + "0\n");
        Ended predicted = nas(Map.of(), "predict", model.toString(), blank.toString());
        assertThat(predicted.out()).matches("class,probability\\R[0-9],[01]\\.[0-9]{4}\\R");
        Ended refused = nas(
                Map.of(),
                "predict",
                model.toString(),
                folder.resolve("none.csv").toString());
        assertThat(refused.err().strip()).startsWith("nas predict: Data file ").endsWith("none.csv does not exist.");
        assertThat(refused.code()).isEqualTo(2);
    }

    @Test
    void whatTheTrainerMakesIsPrintedForTrainersThatReadFiles() throws Exception {
        Ended made = nas(Map.of(), "data", "generator:waveform?examples=100");
        assertThat(made.out().lines()).hasSize(100).allMatch(line -> line.matches("(-?[0-9.E-]+,){21}[012]"));
        Ended refused = nas(Map.of(), "data", "generator:wave");
        assertThat(refused.err()).startsWith("nas data: dataset.uri names the generator wave; allowed: friedman, ");
        assertThat(refused.code()).isEqualTo(2);
    }

    /** One draw, and all human designs that the space brings: every kind of node of these spaces is built and trained. */
    @ParameterizedTest
    @ValueSource(strings = {"nb101-cell", "darts-cell", "hierarchical-cnn"})
    void theTrainerBuildsWhatThePresetsOfCellsAndMotifsGive(String preset) throws Exception {
        Path digits = HOME.resolve("examples/data/digits.csv.gz");
        try (var rows = new BufferedReader(
                new InputStreamReader(new GZIPInputStream(Files.newInputStream(digits)), StandardCharsets.US_ASCII))) {
            Files.write(folder.resolve("few.csv"), rows.lines().limit(200).toList());
        }
        Path file = Files.writeString(folder.resolve("cells.yaml"), CELLS.formatted(preset));

        Ended run = nas(
                Map.of(),
                "run",
                file.toString(),
                "--state",
                folder.resolve("state").toString(),
                "--json",
                "--tracking",
                "off");

        assertThat(run.code()).as(run.err()).isZero();
        JsonNode result = new ObjectMapper().readTree(run.out());
        assertThat(result.at("/phase").asText()).isEqualToIgnoringCase("Succeeded");
        assertThat(result.at("/comparison")).hasSize(3);
        assertThat(result.at("/comparison"))
                .allSatisfy(arm -> assertThat(arm.at("/params").asLong()).isPositive());
    }

    @Test
    void trainersAreComparedOnTheDesignsOfAPreset() throws Exception {
        Path json = folder.resolve("bench.json");
        Ended run = nas(
                Map.of(), "bench", "trainer", "--preset", "mlp-tabular", "--threads", "1", "--json", json.toString());
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out()).contains("1 thread(s), batches of 32").containsPattern("mlp-tabular mlp-like +\\d+ +\\d");
        for (JsonNode network : new ObjectMapper().readTree(json.toFile())) {
            JsonNode builtIn = network.at("/trainers/0");
            assertThat(builtIn.path("examples_per_second").asDouble()).isPositive();
            assertThat(builtIn.path("start_seconds").asDouble()).isBetween(0.1, 120.0);
            assertThat(builtIn.path("peak_memory_mib").asDouble()).isBetween(50.0, 2000.0);
        }
    }

    @Test
    void aMistakeInTheFileIsOneSentenceAndExitCode2() throws Exception {
        Path file =
                Files.writeString(folder.resolve("bad.yaml"), SMALL.replace("parallelTrials: 2", "parallelTrials: 0"));

        Ended run = nas(Map.of(), "run", file.toString(), "--tracking", "off");

        assertThat(run.code()).isEqualTo(2);
        assertThat(run.out()).isEmpty();
        assertThat(run.err().lines().filter(l -> !l.isBlank()))
                .singleElement()
                .asString()
                .contains("spec.budget.parallelTrials", "0", "1");
        assertThat(folder.resolve("nas-runs")).doesNotExist();
    }

    @Test
    void withoutMavenTheLauncherSaysWhatToInstall() throws Exception {
        Path tools = Files.createDirectories(folder.resolve("tools"));
        for (String tool : List.of(
                "bash", "readlink", "sed", "find", "sort", "cksum", "cat", "mkdir", "flock", "grep", "tail", "sleep")) {
            Files.createSymbolicLink(tools.resolve(tool), which(tool));
        }
        Path checkout = Files.createDirectories(folder.resolve("checkout"));
        Files.copy(HOME.resolve("nas"), checkout.resolve("nas"), java.nio.file.StandardCopyOption.COPY_ATTRIBUTES);

        Ended run = run(
                checkout,
                Map.of("PATH", tools.toString(), "NAS_BUILD", "on", "JAVA_HOME", System.getProperty("java.home")),
                List.of("./nas", "--help"));

        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err()).contains("needs Maven 3.8.6 or later", "install it");
    }

    private static Path which(String tool) {
        return List.of("/usr/bin", "/bin", "/usr/local/bin").stream()
                .map(d -> Path.of(d, tool))
                .filter(Files::isExecutable)
                .findFirst()
                .orElseThrow(() -> new AssertionError(tool));
    }

    private Ended nas(Map<String, String> environment, String... arguments) throws IOException, InterruptedException {
        var words = new java.util.ArrayList<>(List.of(HOME.resolve("nas").toString()));
        words.addAll(List.of(arguments));
        return run(folder, environment, words);
    }

    private Ended run(Path where, Map<String, String> environment, List<String> words)
            throws IOException, InterruptedException {
        Path out = Files.createTempFile(folder, "out", ".txt");
        Path err = Files.createTempFile(folder, "err", ".txt");
        var builder = new ProcessBuilder(words).directory(where.toFile());
        builder.environment().put("NAS_BUILD", "off");
        builder.environment().putAll(environment);
        Process process =
                builder.redirectOutput(out.toFile()).redirectError(err.toFile()).start();
        if (!process.waitFor(10, TimeUnit.MINUTES)) {
            process.destroy();
            throw new AssertionError(words + " did not end");
        }
        return new Ended(process.exitValue(), Files.readString(out), Files.readString(err));
    }

    private record Ended(int code, String out, String err) {}
}
