package dev.mlops.nas.trainer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.mlops.nas.contract.TrialFile;
import dev.mlops.nas.contract.TrialFile.DatasetRef;
import dev.mlops.nas.contract.TrialFile.Split;
import dev.mlops.nas.contract.TrialResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The trainer as a child process, as shells start it. */
class ProcessTest {
    @TempDir
    private Path folder;

    @Test
    void aTerminatedTrialLeavesWith75AndGoesOnLater() throws Exception {
        var file = Trials.digits().epochs(4000).checkpoints(folder).write(folder);
        var process = start(file);
        var output = process.inputReader();
        var line = output.readLine();

        assertThat(line).startsWith("digits-00001 epoch 1/4000: train loss");
        process.destroy();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();

        assertThat(process.exitValue()).isEqualTo(75);
        assertThat(result().exitCode()).isEqualTo(75);
        assertThat(result().message()).contains("the checkpoint is written");
        assertThat(result().epochs()).isPositive();
        var again = start(file);
        assertThat(again.inputReader().readLine()).startsWith("digits-00001 goes on from its checkpoint:");
        again.destroy();
        again.waitFor();
    }

    @Test
    void aTerminatedDifferentiableSearchLeavesWith75AndGoesOnLater() throws Exception {
        var file = Files.write(
                folder.resolve("trial.json"),
                new ObjectMapper()
                        .writeValueAsBytes(DifferentiableSearchTest.search(
                                Trials.digits().epochs(4000).checkpoints(folder))));
        var process = start(file);

        assertThat(process.inputReader().readLine()).startsWith("digits-00001 open choices, epoch 1/4000: train loss");
        process.destroy();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();

        assertThat(process.exitValue()).isEqualTo(75);
        assertThat(result().message()).endsWith("of the differentiable search; the checkpoint is written.");
        var again = start(file);
        assertThat(again.inputReader().readLine()).startsWith("digits-00001 goes on from its checkpoint:");
        again.destroy();
        again.waitFor();
    }

    @Test
    void whereOnnxRuntimeIsMissingTheTrialSaysSoAndLeavesItsModel() throws Exception {
        var model = folder.resolve("model");
        var file = Trials.digits().leaving(model).write(folder);

        var process = start(file, List.of("-Donnxruntime.native.path=" + folder.resolve("nowhere")));

        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isZero();
        assertThat(model.resolve("model.onnx")).isNotEmptyFile();
        assertThat(result().metrics())
                .containsKeys("latencyMs", "modelBytes")
                .allSatisfy((metric, value) -> assertThat(metric).doesNotStartWith("exported"));
        assertThat(result().environment().get("onnxRuntime")).startsWith("not available: ");
    }

    @Test
    void aNetworkThatIsMeasuredAsDeployedLeavesNothingInTheFolderForTemporaryFiles() throws Exception {
        var temporary = Files.createDirectory(folder.resolve("temporary"));
        var file = Trials.digits().epochs(1).write(folder);
        write(Files.readString(file).replaceFirst("\\{", "{\"reportExported\":true,"));

        var process = start(file, List.of("-Djava.io.tmpdir=" + temporary));

        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isZero();
        assertThat(result().metrics().get("exportedLatencyMs")).isPositive();
        assertThat(temporary).isEmptyDirectory();
    }

    @ParameterizedTest
    @ValueSource(strings = {"csv", "parquet"})
    void checkingGoodDataSaysNothing(String format) throws Exception {
        var uri = Path.of("src/test/resources/parquet/halved.parquet").toUri().toString();
        var halved = new DatasetRef(uri, "parquet", null, -1, null, List.of(1, 1, 1), 2, new Split(0.5, 0.25, 0.25));
        var digits = Trials.digits();
        var process = start((format.equals("csv") ? digits : digits.dataset(halved)).write(folder), "--check-data");

        assertThat(process.waitFor()).isZero();
        assertThat(new String(process.getInputStream().readAllBytes())).isEmpty();
        assertThat(new String(process.getErrorStream().readAllBytes())).isEmpty();
        assertThat(folder.resolve("result.json")).doesNotExist();
    }

    @Test
    void checkingBadDataWritesOneSentenceAndExitsWith65() throws Exception {
        var file = Trials.digits()
                .dataset(Trials.dataset("absent.csv", List.of(1, 8, 8), 10))
                .write(folder);

        var process = start(file, "--check-data");

        assertThat(process.waitFor()).isEqualTo(65);
        assertThat(result().exitCode()).isEqualTo(65);
        assertThat(result().message()).startsWith("Data file ").endsWith("absent.csv does not exist.");
    }

    @Test
    void aTrialFileThatCannotBeReadIsAnErrorOfTheData() throws IOException {
        var whole = Files.readString(Trials.digits().write(folder));

        assertThat(refused(folder.resolve("absent.json"))).endsWith("absent.json does not exist.");
        assertThat(refused(write(whole.substring(0, 300)))).contains("is truncated or not valid JSON");
        assertThat(refused(write(""))).contains("is empty or not a JSON object");
        assertThat(refused(write(whole.replace(TrialFile.VERSION, "nas.mlops.dev/trial/v9"))))
                .contains(
                        "has contractVersion nas.mlops.dev/trial/v9; this trainer knows nas.mlops.dev/trial/v1 and nas.mlops.dev/trial/v2 only");
        assertThat(refused(write(whole.replace("\"classes\":10,", "")))).contains("lacks the field dataset.classes");
        assertThat(refused(write(whole.replace("adamw", "lion"))))
                .contains("has recipe.optimizer lion; allowed: adam, adamw, sgd");
        assertThat(refused(write(whole.replace("\"epochs\":2", "\"epochs\":0"))))
                .contains("has epochs 0; allowed: at least 1");
    }

    private Path write(String content) throws IOException {
        return Files.writeString(folder.resolve("trial.json"), content);
    }

    private static String refused(Path file) {
        var result = new Trial(file, null, () -> false).run(true);
        assertThat(result.exitCode()).isEqualTo(65);
        return String.valueOf(result.message());
    }

    private TrialResult result() throws IOException {
        return new ObjectMapper().readValue(folder.resolve("result.json").toFile(), TrialResult.class);
    }

    private Process start(Path file, String... arguments) throws IOException {
        return start(file, List.of(), arguments);
    }

    private Process start(Path file, List<String> options, String... arguments) throws IOException {
        var command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow"));
        command.addAll(options);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), Trainer.class.getName()));
        command.addAll(List.of(arguments));
        var builder = new ProcessBuilder(command);
        builder.environment().put(TrialFile.PATH_VARIABLE, file.toString());
        builder.environment()
                .put(TrialFile.RESULT_VARIABLE, folder.resolve("result.json").toString());
        builder.environment().remove(TrialFile.DATA_VARIABLE);
        return builder.start();
    }
}
