package dev.mlops.nas.trainer;

import dev.mlops.nas.contract.TrialFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Where the checkpoints of a training lie, if anywhere. A disk that is full costs no trial. */
final class Checkpoints {
    private final TrialFile file;
    private final long fingerprint;
    private final @Nullable Path path;

    /**
     * A place.
     *
     * @param folder of the trial file; null for none
     */
    Checkpoints(TrialFile file, @Nullable String folder) {
        this.file = file;
        this.fingerprint = Checkpoint.fingerprint(file);
        this.path = folder == null ? null : Checkpoint.path(Path.of(folder), fingerprint);
    }

    /** The last one, or the one before it, of a training with these vectors; null where there is none that fits this trial. */
    @Nullable
    Checkpoint read(List<INDArray> vectors) {
        var saved = path == null ? null : Checkpoint.read(path, fingerprint);
        return saved != null && saved.fits(vectors, file.epochs()) ? saved : null;
    }

    /** Keeps a checkpoint where there is a place for it. */
    void write(Supplier<Checkpoint> checkpoint) {
        if (path != null) {
            write(path, checkpoint.get());
        }
    }

    private boolean write(Path to, Checkpoint checkpoint) {
        try {
            checkpoint.write(to);
            return true;
        } catch (IOException e) {
            System.err.printf("%s: checkpoint %s cannot be written: %s%n", file.trial(), to, e.getMessage());
            return false;
        }
    }

    /**
     * Keeps a checkpoint of a training that was asked to stop.
     *
     * @param when it stops, as part of a sentence
     * @return with exit code 75, saying whether the checkpoint is there
     */
    TrialException terminated(String when, Supplier<Checkpoint> checkpoint) {
        if (path == null) {
            return TrialException.terminated("Terminated in %s; no checkpoint folder is set.", when);
        }
        return TrialException.terminated(
                "Terminated in %s; the checkpoint %s written.",
                when, write(path, checkpoint.get()) ? "is" : "could not be");
    }

    /** Removes what nobody will go on from. */
    void remove() {
        try {
            if (path != null) {
                Checkpoint.remove(path);
            }
        } catch (IOException e) {
            System.err.printf("%s: checkpoint %s cannot be removed: %s%n", file.trial(), path, e.getMessage());
        }
    }
}
