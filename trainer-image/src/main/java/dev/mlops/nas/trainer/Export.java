package dev.mlops.nas.trainer;

import ai.onnxruntime.OrtException;
import dev.mlops.nas.contract.TrialFile;
import dev.mlops.nas.contract.TrialResult;
import dev.mlops.nas.trainer.Targets.Labels;
import dev.mlops.nas.trainer.Targets.Numbers;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/**
 * A trained network as it is deployed. Where it is left as files, they are proved to be the same network: read back by this program they
 * say the same bit by bit, in ONNX Runtime the same but for rounding. Latency is measured there, with as many threads as the training has.
 *
 * @param metrics {@code modelBytes} of files that are left, and of ONNX Runtime, where there is one for this machine, {@code exportedLatencyMs},
 *     {@code exportedLatencyP99Ms}, {@code exportedLatencySpread} of single inferences, {@code exportedBatchLatencyMs} of a batch
 * @param runtime what measured, or why nothing was, as in {@link TrialResult#environment()}
 */
record Export(Map<String, Double> metrics, String runtime) {
    /** How far outputs may be apart, as a part of a probability of 1 or of a number's deviation. Other kernels round otherwise. */
    private static final double ROUNDING = 0.01;

    /**
     * Leaves the files.
     *
     * @param examples of the training, standardised
     * @param rows examples to compare by, as many as a batch has
     * @throws IllegalStateException where a file is another network than the trained one
     * @throws UncheckedIOException where nothing can be written
     */
    static Export left(
            TrialFile file, Network network, Examples.Standard standard, Path folder, Examples examples, int[] rows) {
        var models = new ModelFolder(folder);
        var metrics = new LinkedHashMap<String, Double>();
        try {
            metrics.put("modelBytes", (double) models.write(file, network, standard, examples.targets()));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write the model to " + folder, e);
        }
        var limit = MemoryLimit.ofThisProcess();
        var trained = outputs(network, examples, rows, limit);
        if (!Arrays.equals(trained, outputs(models.network(models.model(), limit), examples, rows, limit))) {
            throw different(folder.resolve("weights.npz"));
        }
        String runtime = inOnnxRuntime(models.onnx(), examples, standard, rows, metrics, said -> {
            if (!areSame(answers(trained, examples.targets()), said, examples.targets())) {
                throw different(folder.resolve(ModelFolder.ONNX));
            }
        });
        return new Export(metrics, runtime);
    }

    /**
     * Leaves nothing, measures the same. What the network says is not compared: it may be one of many that nobody will deploy, with
     * outputs so large, from inherited weights or few epochs, that rounding alone tells them apart.
     *
     * @param examples of the training, standardised
     * @param rows examples to measure with, as many as a batch has
     */
    static Export measured(TrialFile file, Network network, Examples.Standard standard, Examples examples, int[] rows) {
        var model = ModelFolder.Model.of(file, standard, examples.targets());
        var metrics = new LinkedHashMap<String, Double>();
        byte[] onnx = OnnxWriter.write(model, network.arrays());
        return new Export(metrics, inOnnxRuntime(onnx, examples, standard, rows, metrics, said -> {}));
    }

    private static float[] outputs(Network network, Examples examples, int[] rows, MemoryLimit limit) {
        try (var arena = new Arena(limit)) {
            return new BoundNetwork(network.compile(rows.length, false, arena), examples).outputs(rows);
        }
    }

    /** Shows what the network says of the rows, and measures; returns what did, or why nothing could. */
    private static String inOnnxRuntime(
            byte[] onnx,
            Examples examples,
            Examples.Standard standard,
            int[] rows,
            Map<String, Double> metrics,
            Consumer<float[]> judge) {
        if (Backend.ofThisBuild() == Backend.GPU) {
            return "not available: it is here for processors, and this build computes on a GPU";
        }
        try (var model = OnnxModel.open(onnx, Device.threads());
                var one = batch(examples, standard, Arrays.copyOf(rows, 1));
                var several = batch(examples, standard, rows)) {
            judge.accept(model.outputs(several));
            model.latency(one).putInto(metrics, "exportedLatency");
            if (rows.length > 1) {
                metrics.put(
                        "exportedBatchLatencyMs",
                        Training.rounded(model.latency(several).medianMs()));
            }
            return "%s on processors".formatted(OnnxModel.version());
        } catch (OrtException | LinkageError e) {
            e.printStackTrace();
            return "not available: %s; the trainer's log says more".formatted(e.getMessage());
        }
    }

    private static ai.onnxruntime.OnnxTensor batch(Examples examples, Examples.Standard standard, int[] rows)
            throws OrtException {
        var shape = examples.shape();
        var sides = switch (shape.form()) {
            case VECTOR -> IntStream.of(shape.channels());
            case SEQUENCE -> IntStream.of(shape.channels(), shape.width());
            case IMAGE -> IntStream.of(shape.channels(), shape.height(), shape.width());
        };
        return OnnxModel.batch(
                examples.original(rows, standard),
                LongStream.concat(LongStream.of(rows.length), sides.asLongStream())
                        .toArray());
    }

    /** Of the last node's outputs, in the units of the ONNX file. */
    private static float[] answers(float[] outputs, Targets targets) {
        return switch (targets) {
            case Labels labels -> {
                var probabilities = Classified.logarithms(outputs, labels.classes());
                for (int i = 0; i < probabilities.length; i++) {
                    probabilities[i] = (float) Math.exp(probabilities[i]);
                }
                yield probabilities;
            }
            case Numbers numbers -> numbers.original(outputs);
        };
    }

    private static boolean areSame(float[] own, float[] onnx, Targets targets) {
        return own.length == onnx.length
                && IntStream.range(0, own.length).allMatch(i -> {
                    double unit = switch (targets) {
                        case Labels labels -> 1;
                        case Numbers numbers -> numbers.deviation()[i % numbers.outputs()];
                    };
                    return Math.abs(own[i] - onnx[i]) <= ROUNDING * unit + Math.ulp(own[i]);
                });
    }

    private static IllegalStateException different(Path file) {
        return new IllegalStateException(
                "the exported network in " + file + " predicts otherwise than the trained one");
    }
}
