package dev.mlops.nas.local;

import com.fasterxml.jackson.core.JacksonException;
import dev.mlops.nas.contract.TrialResult;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One trainer process of a trial: {@code pid} (there before the trainer runs; its time is the start), {@code log.txt},
 * {@code result.json} by the trainer, {@code ended.json} by us.
 *
 * @param path of the folder
 */
record AttemptFolder(Path path) {
    /**
     * {@code ended.json}.
     *
     * @param exitCode -1 where nobody saw it
     * @param seconds wall time
     * @param interrupted ended by us or with us; does not count towards the retries
     * @param message why, for people
     */
    record Ended(
            int exitCode,
            double seconds,
            boolean interrupted,
            @Nullable String message) {}

    int number() {
        return Integer.parseInt(path.getFileName().toString().substring("attempt-".length()));
    }

    Path pidFile() {
        return path.resolve("pid");
    }

    Path log() {
        return path.resolve("log.txt");
    }

    Path resultFile() {
        return path.resolve("result.json");
    }

    Optional<Long> pid() {
        try {
            return Optional.of(Long.parseLong(Files.readString(pidFile()).strip()));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + pidFile(), e);
        }
    }

    /** When the trainer began. */
    Instant startedAt() {
        try {
            return Files.getLastModifiedTime(Files.exists(pidFile()) ? pidFile() : path)
                    .toInstant();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + path, e);
        }
    }

    /** Empty where the trainer wrote none, or nothing that can be read. */
    Optional<TrialResult> result() {
        try {
            return Optional.of(Json.MAPPER.readValue(Files.readAllBytes(resultFile()), TrialResult.class));
        } catch (NoSuchFileException | JacksonException e) {
            return Optional.empty();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + resultFile(), e);
        }
    }

    /** When the result was written; empty where there is none. */
    Optional<Instant> resultTime() {
        try {
            return Optional.of(Files.getLastModifiedTime(resultFile()).toInstant());
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    Optional<Ended> ended() {
        return Json.read(path.resolve("ended.json"), Ended.class);
    }

    void end(Ended ended) {
        Json.write(path.resolve("ended.json"), ended);
    }
}
