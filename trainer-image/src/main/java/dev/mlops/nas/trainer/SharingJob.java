package dev.mlops.nas.trainer;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.mlops.nas.contract.TrialFile;
import dev.mlops.nas.contract.TrialFile.Architecture;
import dev.mlops.nas.contract.TrialFile.GraphNode;
import dev.mlops.nas.contract.TrialFile.Sharing;
import dev.mlops.nas.contract.TrialResult.Epoch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.zip.GZIPInputStream;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Trains the weights that the architectures of an experiment share, and leaves them in the folder of checkpoints after every epoch. */
final class SharingJob {
    private static final ObjectMapper JSON =
            new ObjectMapper().configure(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES, false);

    private final TrialFile file;
    private final Sharing sharing;
    private final Path folder;
    private final long fingerprint;
    private final List<Epoch> history = new ArrayList<>();
    private double seconds;

    /**
     * A job that has not begun.
     *
     * @throws TrialException with exit code 65 when there is no folder for the weights
     */
    SharingJob(TrialFile file, Sharing sharing) {
        if (file.folders().checkpoints() == null) {
            throw TrialException.data("The trial file lacks the field folders.checkpoints, where shared weights stay.");
        }
        this.file = file;
        this.sharing = sharing;
        this.folder = Path.of(file.folders().checkpoints());
        this.fingerprint = Checkpoint.fingerprint(file);
    }

    /** Epochs that are done. */
    List<Epoch> history() {
        return List.copyOf(history);
    }

    /**
     * Trains all epochs that are not done yet.
     *
     * @return metrics of the result
     * @throws TrialException with exit code 64 when the training diverges, 75 when asked to stop or when the weights cannot be written
     */
    Map<String, Double> run(Supernet supernet, BooleanSupplier stopRequested) {
        restore(supernet);
        for (int epoch = history.size() + 1; epoch <= file.epochs(); epoch++) {
            long start = System.nanoTime();
            double loss = supernet.learn(epoch, sampler(supernet, epoch), stopRequested);
            var first = supernet.score(0);
            seconds += (System.nanoTime() - start) / 1e9;
            history.add(new Epoch(
                    epoch,
                    System.currentTimeMillis(),
                    Training.rounded(loss),
                    Training.rounded(first.of("accuracy")),
                    Training.rounded(first.loss()),
                    Training.rounded(first.of("macroF1")),
                    Double.isNaN(first.of("auc")) ? null : Training.rounded(first.of("auc"))));
            save(supernet);
            System.out.printf(
                    "%s epoch %d/%d of the shared weights: train loss %s, accuracy of the first architecture %s%n",
                    file.trial(),
                    epoch,
                    file.epochs(),
                    history.getLast().trainLoss(),
                    history.getLast().accuracy());
        }
        var metrics = new LinkedHashMap<String, Double>();
        metrics.put("sharedPaths", (double) supernet.paths());
        metrics.put("params", (double) supernet.params());
        metrics.put("trainSeconds", Training.rounded(seconds));
        metrics.put("memoryMiB", (double) Device.peakMemoryMiB());
        return metrics;
    }

    /**
     * The graphs of the gzipped file of architectures.
     *
     * @throws TrialException with exit code 65 when it cannot be used
     */
    static List<List<GraphNode>> read(Path list) {
        try (var in = new GZIPInputStream(Files.newInputStream(list))) {
            List<Architecture> architectures = JSON.readValue(in, new TypeReference<>() {});
            if (architectures.isEmpty()) {
                throw TrialException.data("The list of architectures %s is empty.", list);
            }
            return architectures.stream().map(Architecture::graph).toList();
        } catch (IOException e) {
            throw TrialException.data("The list of architectures %s cannot be read: %s.", list, e);
        }
    }

    private PathSampler sampler(Supernet supernet, int epoch) {
        var random = supernet.sampling(epoch);
        return switch (sharing.sampling()) {
            case "uniform" -> PathSampler.uniform(supernet.paths(), random);
            case "fair" -> PathSampler.fair(supernet.paths(), sharing.pathsPerStep(), random);
            default -> PathSampler.sandwich(supernet.paths(), sharing.pathsPerStep(), random);
        };
    }

    private void save(Supernet supernet) {
        try {
            supernet.weights().describe(folder, fingerprint, file.epochs());
            new Checkpoint(
                            fingerprint,
                            0,
                            0,
                            supernet.steps(),
                            0,
                            seconds,
                            history,
                            supernet.vectors().stream()
                                    .map(INDArray::toFloatVector)
                                    .toList(),
                            List.of())
                    .write(Checkpoint.path(folder, fingerprint));
        } catch (IOException e) {
            throw TrialException.terminated("The shared weights cannot be written to %s: %s.", folder, e);
        }
    }

    private void restore(Supernet supernet) {
        var saved = Checkpoint.read(Checkpoint.path(folder, fingerprint), fingerprint);
        var vectors = supernet.vectors();
        if (saved == null || !saved.fits(vectors, file.epochs())) {
            return;
        }
        saved.copyTo(vectors);
        history.addAll(saved.history());
        seconds = saved.seconds();
        supernet.restore(saved.steps());
        System.out.printf("%s goes on from its checkpoint: %d epochs are done%n", file.trial(), history.size());
    }
}
