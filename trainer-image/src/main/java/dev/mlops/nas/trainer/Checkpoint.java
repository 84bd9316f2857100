package dev.mlops.nas.trainer;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.mlops.nas.contract.TrialFile;
import dev.mlops.nas.contract.TrialResult.Epoch;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Everything that training needs to go on as if it had never stopped.
 *
 * @param fingerprint of the training; a checkpoint of another one is ignored
 * @param batchesDone batches of the current epoch that are done
 * @param lossSum of those batches
 * @param steps of the optimiser
 * @param statisticsBatches batches averaged by the normalisations
 * @param seconds trained so far
 * @param history of the epochs that are done
 * @param vectors parameters, both moments of the optimiser, averages of the normalisations
 */
record Checkpoint(
        long fingerprint,
        int batchesDone,
        double lossSum,
        long steps,
        int statisticsBatches,
        double seconds,
        List<Epoch> history,
        List<float[]> vectors) {
    private static final long MAGIC = 0x4e415343484b5032L;

    /**
     * Distinguishes trainings. Trials of one training that stop after different epochs have the same; where data and checkpoints
     * lie does not matter, nor what is done with the test part.
     */
    static long fingerprint(TrialFile file) {
        var recipe = file.recipe();
        try {
            var same = new Object[] {
                file.experiment(),
                file.graph(),
                file.dataset(),
                file.seed(),
                file.splitSeed(),
                recipe.optimizer(),
                recipe.learningRate(),
                recipe.schedule(),
                recipe.batchSize(),
                recipe.weightDecay(),
                Training.scheduleEpochs(file),
                Training.warmUpEpochs(file),
                recipe.labelSmoothing(),
                recipe.gradientClipping(),
                recipe.augmentation(),
                recipe.classWeights()
            };
            var sum = new CRC32C();
            var bytes = new ObjectMapper().writeValueAsBytes(same);
            sum.update(bytes);
            return (sum.getValue() << 32) | (Arrays.hashCode(bytes) & 0xffffffffL);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Where a training's checkpoint lies. */
    static Path path(Path folder, long fingerprint) {
        return folder.resolve("%016x.checkpoint".formatted(fingerprint));
    }

    /** Where the one before the last lies. */
    private static Path previous(Path path) {
        return path.resolveSibling(path.getFileName() + ".previous");
    }

    /** The checkpoint of this training, or the one before where it is damaged; null when there is none. */
    static @Nullable Checkpoint read(Path path, long fingerprint) {
        var last = readOne(path, fingerprint);
        return last == null ? readOne(previous(path), fingerprint) : last;
    }

    /** Removes what {@link #write} left at a path. */
    static void remove(Path path) throws IOException {
        Files.deleteIfExists(path);
        Files.deleteIfExists(previous(path));
    }

    private static @Nullable Checkpoint readOne(Path path, long fingerprint) {
        try {
            var bytes = Files.readAllBytes(path);
            var in = new DataInputStream(new ByteArrayInputStream(bytes));
            if (bytes.length < 3 * Long.BYTES || in.readLong() != MAGIC || in.readLong() != fingerprint) {
                return null;
            }
            var sum = new CRC32C();
            sum.update(bytes, 0, bytes.length - Long.BYTES);
            if (ByteBuffer.wrap(bytes).getLong(bytes.length - Long.BYTES) != sum.getValue()) {
                return null;
            }
            int batches = in.readInt();
            double loss = in.readDouble();
            long steps = in.readLong();
            int statistics = in.readInt();
            double seconds = in.readDouble();
            var history = new ArrayList<Epoch>();
            for (int left = in.readInt(); left > 0; left--) {
                history.add(new Epoch(
                        in.readInt(),
                        in.readLong(),
                        in.readDouble(),
                        in.readDouble(),
                        in.readDouble(),
                        optional(in.readDouble()),
                        optional(in.readDouble())));
            }
            var vectors = new ArrayList<float[]>();
            for (int left = in.readInt(); left > 0; left--) {
                var vector = new float[in.readInt()];
                for (int i = 0; i < vector.length; i++) {
                    vector[i] = in.readFloat();
                }
                vectors.add(vector);
            }
            return new Checkpoint(fingerprint, batches, loss, steps, statistics, seconds, history, vectors);
        } catch (IOException e) {
            return null;
        }
    }

    private static @Nullable Double optional(double value) {
        return Double.isNaN(value) ? null : value;
    }

    /**
     * Writes to a temporary file, waits for the disk, renames. The one before stays beside it; a write that fails, as on a full disk,
     * leaves both as they were.
     */
    void write(Path path) throws IOException {
        var bytes = new ByteArrayOutputStream();
        var out = new DataOutputStream(bytes);
        out.writeLong(MAGIC);
        out.writeLong(fingerprint);
        out.writeInt(batchesDone);
        out.writeDouble(lossSum);
        out.writeLong(steps);
        out.writeInt(statisticsBatches);
        out.writeDouble(seconds);
        out.writeInt(history.size());
        for (var epoch : history) {
            out.writeInt(epoch.epoch());
            out.writeLong(epoch.timeMs());
            out.writeDouble(epoch.trainLoss());
            out.writeDouble(epoch.accuracy());
            out.writeDouble(epoch.loss());
            out.writeDouble(epoch.macroF1() == null ? Double.NaN : epoch.macroF1());
            out.writeDouble(epoch.auc() == null ? Double.NaN : epoch.auc());
        }
        out.writeInt(vectors.size());
        for (var vector : vectors) {
            out.writeInt(vector.length);
            var packed = ByteBuffer.allocate(Math.multiplyExact(vector.length, Float.BYTES));
            packed.asFloatBuffer().put(vector);
            out.write(packed.array());
        }
        var sum = new CRC32C();
        sum.update(bytes.toByteArray());
        out.writeLong(sum.getValue());
        Files.createDirectories(path.toAbsolutePath().getParent());
        var temporary = path.resolveSibling(path.getFileName() + ".tmp");
        try {
            write(bytes.toByteArray(), temporary);
            if (Files.exists(path)) {
                Files.move(path, previous(path), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            }
            Files.move(temporary, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            Files.deleteIfExists(temporary);
            throw e;
        }
    }

    private static void write(byte[] bytes, Path temporary) throws IOException {
        try (var channel = FileChannel.open(
                temporary, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING)) {
            var buffer = ByteBuffer.wrap(bytes);
            while (buffer.hasRemaining()) {
                channel.write(buffer);
            }
            channel.force(true);
        }
    }
}
