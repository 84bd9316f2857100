package dev.mlops.nas.local;

import dev.mlops.nas.contract.TrialFile;
import dev.mlops.nas.contract.TrialResult;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One training outside any search, from start to end.
 *
 * @param code as the process ended with; null when it was killed because its time was over
 * @param result null where there is none that can be read
 * @param resultBytes size of the result
 * @param log the last line that it printed, as the end of a sentence; empty when it printed nothing
 * @param peakMemoryBytes of the process alone; 0 where the system does not tell
 */
public record TrainerRun(
        @Nullable Integer code, @Nullable TrialResult result, long resultBytes, String log, long peakMemoryBytes) {
    private static final int SHOWN = 400;
    private static final long LOOK_MILLIS = 100;

    /**
     * Trains, and waits for the end.
     *
     * @param folder for trial file, result and log
     * @param name of these files
     * @param patience after which the trainer is killed
     * @throws BadInputException when there is no such program
     */
    public static TrainerRun of(
            TrainerCommand command, TrialFile file, Path folder, String name, int threads, Duration patience)
            throws IOException, InterruptedException {
        Process process = start(command, file, folder, name, threads);
        long deadline = System.nanoTime() + patience.toNanos();
        long peak = 0;
        boolean ended = false;
        while (!ended && System.nanoTime() < deadline) {
            ended = process.waitFor(LOOK_MILLIS, TimeUnit.MILLISECONDS);
            peak = Math.max(peak, peakMemory(process.pid()));
        }
        if (!ended) {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly().waitFor();
        }
        Path result = folder.resolve(name + ".result.json");
        String last =
                Files.readString(folder.resolve(name + ".log")).strip().lines().reduce("", (a, b) -> b);
        return new TrainerRun(
                ended ? process.exitValue() : null,
                result(result),
                Files.exists(result) ? Files.size(result) : 0,
                last.isEmpty() ? "" : "; it printed: " + last.substring(Math.max(0, last.length() - SHOWN)),
                peak);
    }

    /** Starts it only. */
    static Process start(TrainerCommand command, TrialFile file, Path folder, String name, int threads)
            throws IOException {
        Path trial = folder.resolve(name + ".trial.json");
        Json.write(trial, file);
        Path result = folder.resolve(name + ".result.json");
        Files.deleteIfExists(result);
        ProcessBuilder builder = TrainerProcess.builder(
                        command.words(), trial, Path.of(file.folders().data()), result, threads)
                .redirectOutput(folder.resolve(name + ".log").toFile());
        try {
            return builder.start();
        } catch (IOException e) {
            throw new BadInputException("the trainer \"%s\" cannot be started: %s"
                    .formatted(command.words().getFirst(), cause(e)));
        }
    }

    /** The system's words, out of "Cannot run program "x": Exec failed, error: 2 (No such file or directory)". */
    private static String cause(IOException failure) {
        String message = String.valueOf(failure.getMessage());
        return message.replaceFirst("^.*error[=:] ?\\d+,? *", "").replaceAll("[()\\s]+$|^\\(", "");
    }

    /** How it ended, as words after the trainer's name. */
    public String codeText() {
        return code == null ? "did not end in time and was killed" : "ended with " + code;
    }

    private static @Nullable TrialResult result(Path file) {
        try {
            TrialResult result = Json.read(file, TrialResult.class).orElse(null);
            return result == null || result.metrics() == null ? null : result;
        } catch (UncheckedIOException noJson) {
            return null;
        }
    }

    /** The high-water mark that Linux keeps of a living process. */
    private static long peakMemory(long pid) {
        try {
            return Files.readAllLines(Path.of("/proc", Long.toString(pid), "status")).stream()
                    .filter(l -> l.startsWith("VmHWM:"))
                    .mapToLong(l -> Long.parseLong(l.replaceAll("\\D", "")) << 10)
                    .findFirst()
                    .orElse(0);
        } catch (IOException gone) {
            return 0;
        }
    }
}
