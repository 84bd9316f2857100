package dev.mlops.nas.trainer;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import dev.mlops.nas.contract.TrialFile;
import dev.mlops.nas.contract.TrialFile.Categorical;
import dev.mlops.nas.contract.TrialFile.GraphNode;
import dev.mlops.nas.trainer.Network.Shape;
import dev.mlops.nas.trainer.Targets.Labels;
import dev.mlops.nas.trainer.Targets.Numbers;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A trained network as files that need none of this program: {@code model.json} with the graph and how examples are standardised, and
 * {@code weights.npz}, which NumPy reads, with the arrays of every node under {@code node/0}, {@code node/1}, … in the order of the
 * module's README, and the averages of normalisations under {@code node/mean} and {@code node/variance}. {@code model.onnx} is the same
 * for ONNX runtimes.
 */
final class ModelFolder {
    private static final String FORMAT = "nas-model/1";
    private static final String MODEL = "model.json";
    private static final String WEIGHTS = "weights.npz";
    static final String ONNX = "model.onnx";
    private static final ObjectMapper JSON = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

    /**
     * What {@code model.json} says.
     *
     * @param format of both files
     * @param trial that trained it
     * @param shape of an example
     * @param mean of every channel over the training part, taken off first
     * @param classes that the last node has logits for; 0 where it gives numbers
     * @param scale what every channel is multiplied with then
     * @param targetMean what is added, last, to every number that the network gives; absent with classes
     * @param targetScale what it is multiplied with before
     * @param categorical columns of categories, as the trial had them; absent without
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Model(
            String format,
            String experiment,
            String trial,
            List<GraphNode> graph,
            List<Integer> shape,
            int classes,
            List<Double> mean,
            List<Double> scale,
            @Nullable List<Double> targetMean,
            @Nullable List<Double> targetScale,
            @Nullable List<Categorical> categorical) {
        /** Of a training. */
        static Model of(TrialFile file, Examples.Standard standard, Targets targets) {
            return new Model(
                    FORMAT,
                    file.experiment(),
                    file.trial(),
                    file.graph(),
                    file.dataset().shape(),
                    file.dataset().classes(),
                    standard.mean(),
                    standard.scale(),
                    targets instanceof Numbers numbers ? list(numbers.mean()) : null,
                    targets instanceof Numbers numbers ? list(numbers.deviation()) : null,
                    file.dataset().categorical());
        }

        private static List<Double> list(double[] values) {
            return Arrays.stream(values).boxed().toList();
        }

        /** A place for what the network says of so many examples. */
        Targets targets(int examples) {
            if (targetMean == null || targetScale == null) {
                return new Labels(classes, new int[examples]);
            }
            return new Numbers(new float[examples * targetMean.size()], array(targetMean), array(targetScale));
        }

        private static double[] array(List<Double> values) {
            return values.stream().mapToDouble(Double::doubleValue).toArray();
        }

        private int outputs() {
            return targetMean == null ? classes : targetMean.size();
        }
    }

    private final Path folder;

    ModelFolder(Path folder) {
        this.folder = folder;
    }

    /** Writes the network as it evaluates now; each file at once or not at all. Returns the bytes of the weights. */
    long write(TrialFile file, Network network, Examples.Standard standard, Targets targets) throws IOException {
        Files.createDirectories(folder);
        var model = Model.of(file, standard, targets);
        put(MODEL, JSON.writeValueAsBytes(model));
        put(ONNX, OnnxWriter.write(model, network.arrays()));
        var bytes = new ByteArrayOutputStream();
        try (var zip = new ZipOutputStream(bytes)) {
            zip.setMethod(ZipOutputStream.STORED);
            for (var array : network.arrays().entrySet()) {
                var content = Nd4j.toNpyByteArray(array.getValue().dup('c'));
                var entry = new ZipEntry(array.getKey() + ".npy");
                var sum = new CRC32();
                sum.update(content);
                entry.setSize(content.length);
                entry.setCrc(sum.getValue());
                entry.setTime(0);
                zip.putNextEntry(entry);
                zip.write(content);
            }
        }
        put(WEIGHTS, bytes.toByteArray());
        return bytes.size();
    }

    private void put(String name, byte[] content) throws IOException {
        var temporary = folder.resolve(name + ".tmp");
        Files.write(temporary, content);
        Files.move(
                temporary, folder.resolve(name), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    /** The network for ONNX runtimes, as it lies there. */
    byte[] onnx() {
        try {
            return Files.readAllBytes(folder.resolve(ONNX));
        } catch (IOException e) {
            throw TrialException.data("Model %s cannot be read: %s", folder, e);
        }
    }

    /** @throws TrialException with exit code 65 where there is no model that this version reads */
    Model model() {
        try {
            var model = JSON.readValue(folder.resolve(MODEL).toFile(), Model.class);
            if (!FORMAT.equals(model.format())) {
                throw TrialException.data(
                        "Model %s has the format %s; this version reads %s.", folder, model.format(), FORMAT);
            }
            return model;
        } catch (IOException e) {
            throw TrialException.data("Model %s cannot be read: %s", folder, e);
        }
    }

    /** The network with its weights. */
    Network network(Model model, MemoryLimit limit) {
        var network = Network.of(model.graph(), Shape.of(model.shape()), model.outputs(), 0, limit);
        var weights = weights();
        for (var array : network.arrays().entrySet()) {
            var stored = weights.get(array.getKey());
            if (stored == null || !stored.equalShapes(array.getValue())) {
                throw TrialException.data(
                        "Model %s has no array %s of the shape that its graph needs.", folder, array.getKey());
            }
            array.getValue().assign(stored);
        }
        return network;
    }

    private Map<String, INDArray> weights() {
        Map<String, INDArray> weights = new HashMap<>();
        try (var zip = new ZipInputStream(Files.newInputStream(folder.resolve(WEIGHTS)))) {
            for (var entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
                weights.put(
                        entry.getName().replaceFirst("\\.npy$", ""), Nd4j.createNpyFromByteArray(zip.readAllBytes()));
            }
            return weights;
        } catch (IOException e) {
            throw TrialException.data("Model %s cannot be read: %s", folder, e);
        }
    }
}
