package dev.mlops.nas.trainer;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.mlops.nas.contract.TrialFile;
import dev.mlops.nas.contract.TrialResult.Epoch;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.zip.CRC32C;
import java.util.zip.CheckedInputStream;
import java.util.zip.CheckedOutputStream;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;

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
 * @param numbers what else the training knows, in full precision; none but for open choices
 */
record Checkpoint(
        long fingerprint,
        int batchesDone,
        double lossSum,
        long steps,
        int statisticsBatches,
        double seconds,
        List<Epoch> history,
        List<float[]> vectors,
        List<double[]> numbers) {
    private static final long MAGIC = 0x4e415343484b5034L;

    /** Numbers of a vector that are written at a time. */
    private static final int CHUNK = 1 << 14;

    /**
     * Distinguishes trainings. Trials of one training that stop after different epochs have the same; where data and checkpoints
     * lie does not matter, nor what is done with the test part. What prepares a search always spans all of its epochs.
     */
    static long fingerprint(TrialFile file) {
        var recipe = file.recipe();
        boolean prepares = file.relaxed() != null || file.sharing() != null;
        try {
            var same = new Object[] {
                file.experiment(),
                file.graph(),
                file.relaxed(),
                file.sharing(),
                file.dataset(),
                file.seed(),
                file.splitSeed(),
                recipe.optimizer(),
                recipe.learningRate(),
                recipe.schedule(),
                recipe.batchSize(),
                recipe.weightDecay(),
                prepares ? file.epochs() : Training.scheduleEpochs(file),
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
        try (var checked = new CheckedInputStream(new BufferedInputStream(Files.newInputStream(path)), new CRC32C());
                var in = new DataInputStream(checked)) {
            long size = Files.size(path);
            if (in.readLong() != MAGIC || in.readLong() != fingerprint) {
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
                        optional(in.readDouble()),
                        in.readDouble(),
                        optional(in.readDouble()),
                        optional(in.readDouble()),
                        optional(in.readDouble()),
                        optional(in.readDouble()),
                        readMore(in)));
            }
            var vectors = new ArrayList<float[]>();
            for (int left = in.readInt(); left > 0; left--) {
                vectors.add(readVector(in, length(in, size / Float.BYTES)));
            }
            var numbers = new ArrayList<double[]>();
            for (int left = in.readInt(); left > 0; left--) {
                numbers.add(readNumbers(in, length(in, size / Double.BYTES)));
            }
            long sum = checked.getChecksum().getValue();
            if (in.readLong() != sum) {
                return null;
            }
            return new Checkpoint(fingerprint, batches, loss, steps, statistics, seconds, history, vectors, numbers);
        } catch (IOException e) {
            return null;
        }
    }

    private static int length(DataInputStream in, long most) throws IOException {
        int length = in.readInt();
        if (length < 0 || length > most) {
            throw new IOException("a vector of " + length + " numbers in a smaller file");
        }
        return length;
    }

    private static @Nullable Map<String, Double> readMore(DataInputStream in) throws IOException {
        int count = in.readInt();
        if (count < 0) {
            return null;
        }
        var more = new LinkedHashMap<String, Double>();
        for (int i = 0; i < count; i++) {
            more.put(in.readUTF(), in.readDouble());
        }
        return more;
    }

    private static void writeMore(DataOutputStream out, @Nullable Map<String, Double> more) throws IOException {
        out.writeInt(more == null ? -1 : more.size());
        if (more != null) {
            for (var entry : more.entrySet()) {
                out.writeUTF(entry.getKey());
                out.writeDouble(entry.getValue());
            }
        }
    }

    private static double[] readNumbers(DataInputStream in, int length) throws IOException {
        var numbers = new double[length];
        for (int i = 0; i < length; i++) {
            numbers[i] = in.readDouble();
        }
        return numbers;
    }

    private static float[] readVector(DataInputStream in, int length) throws IOException {
        var vector = new float[length];
        var chunk = ByteBuffer.allocate(Math.min(length, CHUNK) * Float.BYTES);
        for (int from = 0; from < length; from += CHUNK) {
            int count = Math.min(CHUNK, length - from);
            in.readFully(chunk.array(), 0, count * Float.BYTES);
            chunk.asFloatBuffer().get(vector, from, count);
        }
        return vector;
    }

    private static void writeVector(DataOutputStream out, float[] vector) throws IOException {
        out.writeInt(vector.length);
        var chunk = ByteBuffer.allocate(Math.min(vector.length, CHUNK) * Float.BYTES);
        for (int from = 0; from < vector.length; from += CHUNK) {
            int count = Math.min(CHUNK, vector.length - from);
            chunk.asFloatBuffer().put(vector, from, count);
            out.write(chunk.array(), 0, count * Float.BYTES);
        }
    }

    /** Whether it is of a training with such vectors, and does not go beyond so many epochs. */
    boolean fits(List<INDArray> others, int epochs) {
        return vectors.size() == others.size()
                && IntStream.range(0, others.size())
                        .allMatch(i -> vectors.get(i).length == others.get(i).length())
                && (history.size() < epochs || (history.size() == epochs && batchesDone == 0));
    }

    /** Puts the vectors where the training has its own. */
    void copyTo(List<INDArray> others) {
        for (int i = 0; i < others.size(); i++) {
            Floats.write(vectors.get(i), others.get(i));
        }
    }

    private static @Nullable Double optional(double value) {
        return Double.isNaN(value) ? null : value;
    }

    private static void writeOptional(DataOutputStream out, @Nullable Double value) throws IOException {
        out.writeDouble(value == null ? Double.NaN : value);
    }

    /**
     * Writes to a temporary file, waits for the disk, renames. The one before stays beside it; a write that fails, as on a full disk,
     * leaves both as they were.
     */
    void write(Path path) throws IOException {
        Files.createDirectories(path.toAbsolutePath().getParent());
        var temporary = path.resolveSibling(path.getFileName() + ".tmp");
        try {
            writeThrough(temporary);
            if (Files.exists(path)) {
                Files.move(path, previous(path), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            }
            Files.move(temporary, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            Files.deleteIfExists(temporary);
            throw e;
        }
    }

    /** Writes as it goes, as a large network's checkpoint is too large to be held once more, and waits for the disk. */
    private void writeThrough(Path temporary) throws IOException {
        try (var channel = FileChannel.open(
                        temporary,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.WRITE,
                        StandardOpenOption.TRUNCATE_EXISTING);
                var checked = new CheckedOutputStream(
                        new BufferedOutputStream(Channels.newOutputStream(channel)), new CRC32C());
                var out = new DataOutputStream(checked)) {
            writeContent(out);
            out.writeLong(checked.getChecksum().getValue());
            out.flush();
            channel.force(true);
        }
    }

    private void writeContent(DataOutputStream out) throws IOException {
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
            writeOptional(out, epoch.accuracy());
            out.writeDouble(epoch.loss());
            writeOptional(out, epoch.macroF1());
            writeOptional(out, epoch.auc());
            writeOptional(out, epoch.rmse());
            writeOptional(out, epoch.r2());
            writeMore(out, epoch.more());
        }
        out.writeInt(vectors.size());
        for (var vector : vectors) {
            writeVector(out, vector);
        }
        out.writeInt(numbers.size());
        for (var some : numbers) {
            out.writeInt(some.length);
            for (double number : some) {
                out.writeDouble(number);
            }
        }
    }
}
