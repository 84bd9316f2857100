package dev.mlops.nas.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnxruntime.OrtException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Networks that final trainings leave, used again. */
class ModelFolderTest {
    @TempDir
    private Path folder;

    @Test
    void aTrainedNetworkIsLeftAndPredictsUnlabelledDigits() throws IOException, OrtException {
        Path model = folder.resolve("model");
        var result = Trials.digits().epochs(6).openingTest().leaving(model).run(folder);
        assertThat(result.message()).isNull();
        assertThat(result.metrics().get("modelBytes"))
                .isEqualTo((double) Files.size(model.resolve("weights.npz")))
                .isGreaterThan(4 * 24_058.0);
        assertThat(result.metrics().get("exportedLatencyMs")).isPositive();
        assertThat(result.metrics().get("exportedLatencyP99Ms"))
                .isGreaterThanOrEqualTo(result.metrics().get("exportedLatencyMs"));
        assertThat(result.metrics()).containsKeys("exportedLatencySpread", "exportedBatchLatencyMs");
        assertThat(result.environment()).containsEntry("onnxRuntime", "1.23.2 on processors");
        try (var weights = new ZipFile(model.resolve("weights.npz").toFile())) {
            assertThat(weights.stream().map(e -> e.getName()))
                    .contains("logits/0.npy", "logits/1.npy")
                    .anyMatch(n -> n.endsWith("/mean.npy"))
                    .anyMatch(n -> n.endsWith("/variance.npy"));
        }

        List<String> digits = Trials.digitRows().limit(300).toList();
        Path unlabelled = Files.write(
                folder.resolve("unlabelled.csv"),
                digits.stream().map(r -> r.substring(0, r.lastIndexOf(','))).toList());
        List<String> lines = predict(model, unlabelled);
        assertThat(lines).hasSize(301).startsWith("class,probability");
        long right = 0;
        for (int i = 0; i < digits.size(); i++) {
            String label = digits.get(i).substring(digits.get(i).lastIndexOf(',') + 1);
            String[] predicted = lines.get(i + 1).split(",", -1);
            right += Double.parseDouble(label) == Double.parseDouble(predicted[0]) ? 1 : 0;
            assertThat(Double.parseDouble(predicted[1])).isBetween(0.1, 1.0);
        }
        assertThat(right).isGreaterThan(280);
        assertThat(predictedByOnnx(model, digits)).isEqualTo(classes(lines));
    }

    @Test
    void costsAsDeployedAreMeasuredWhereTheyAreAskedForAndNothingIsLeft() throws IOException {
        Path file = Trials.digits().epochs(1).write(folder);
        var plain = new Trial(file, null, () -> false).run(false);
        assertThat(plain.metrics()).doesNotContainKeys("exportedLatencyMs", "exportedBatchLatencyMs");
        assertThat(plain.environment()).doesNotContainKey("onnxRuntime");

        Files.writeString(file, Files.readString(file).replaceFirst("\\{", "{\"reportExported\":true,"));
        var asked = new Trial(file, null, () -> false).run(false);

        assertThat(asked.exitCode()).as(asked.message()).isZero();
        assertThat(asked.metrics().get("exportedLatencyMs")).isPositive();
        assertThat(asked.metrics())
                .containsKeys("exportedLatencyP99Ms", "exportedLatencySpread", "exportedBatchLatencyMs")
                .containsEntry("modelBytes", plain.metrics().get("modelBytes"))
                .containsEntry("loss", plain.metrics().get("loss"));
        assertThat(asked.environment()).containsEntry("onnxRuntime", "1.23.2 on processors");
        try (Stream<Path> left = Files.walk(folder)) {
            assertThat(left).noneMatch(path -> path.toString().endsWith(".onnx"));
        }

        Files.writeString(file, Files.readString(file).replaceFirst("\\{", "{\"proxy\":true,"));
        assertThat(new Trial(file, null, () -> false).run(false).metrics())
                .as("a smaller network in the architecture's place")
                .doesNotContainKeys("latencyMs", "exportedLatencyMs");
    }

    private static List<Integer> classes(List<String> lines) {
        return lines.stream()
                .skip(1)
                .map(line -> Integer.valueOf(line.split(",", -1)[0]))
                .toList();
    }

    private static List<Integer> predictedByOnnx(Path model, List<String> digits) throws IOException, OrtException {
        var features = new float[digits.size() * 64];
        for (int i = 0; i < digits.size(); i++) {
            String[] columns = digits.get(i).split(",", -1);
            for (int pixel = 0; pixel < 64; pixel++) {
                features[i * 64 + pixel] = Float.parseFloat(columns[pixel]);
            }
        }
        var said = OnnxTest.run(Files.readAllBytes(model.resolve("model.onnx")), features, List.of(1, 8, 8));
        return IntStream.range(0, digits.size())
                .mapToObj(i -> IntStream.range(0, 10)
                        .boxed()
                        .max(Comparator.comparingDouble(c -> said[i * 10 + c]))
                        .orElseThrow())
                .toList();
    }

    @Test
    void whatIsNoModelOrFitsNoneIsRefused() throws IOException {
        Path model = folder.resolve("model");
        Trials.digits().epochs(1).leaving(model).run(folder);
        Path short1 =
                Files.write(folder.resolve("short.csv"), Stream.of("1,2,3").toList());
        assertThatThrownBy(() -> predict(model, short1))
                .isInstanceOf(TrialException.class)
                .hasMessageContaining("line 1 has 3 columns, but shape [1, 8, 8] needs 64 values, 64 columns");
        assertThatThrownBy(() -> predict(folder.resolve("nowhere"), short1)).hasMessageContaining("cannot be read");
        Path json = model.resolve("model.json");
        Files.writeString(json, Files.readString(json).replace("nas-model/1", "nas-model/9"));
        assertThatThrownBy(() -> predict(model, short1))
                .hasMessageContaining("has the format nas-model/9; this version reads nas-model/1");
    }

    private static List<String> predict(Path model, Path data) throws IOException {
        var bytes = new ByteArrayOutputStream();
        Prediction.predict(model, data.toString(), new PrintStream(bytes, true, StandardCharsets.UTF_8));
        return bytes.toString(StandardCharsets.UTF_8).lines().toList();
    }
}
