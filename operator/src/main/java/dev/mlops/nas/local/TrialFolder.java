package dev.mlops.nas.local;

import dev.mlops.nas.contract.TrialResult;
import dev.mlops.nas.search.TrialRequest;
import dev.mlops.nas.search.TrialState;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What the state folder holds of one trial: {@code request.json} (the plan's word), {@code trial.json} (what the trainer
 * reads), {@code checkpoint}, one folder {@code attempt-1}, {@code attempt-2}, … per started process, and in the end
 * {@code outcome.json}. Files are added and never changed, so that a crash between two of them loses nothing.
 *
 * @param path of the folder
 */
record TrialFolder(Path path) {
    /** State of a trial that failed for want of a machine. */
    private static final String UNAVAILABLE = "Unavailable";

    /** {@code outcome.json}. */
    record OutcomeFile(
            String state,
            @Nullable Map<String, Double> metrics,
            @Nullable String reason,
            double seconds,
            Instant endedAt,
            @Nullable List<TrialState.Derived> derived,
            @Nullable List<Double> curve) {
        private OutcomeFile(
                String state,
                @Nullable Map<String, Double> metrics,
                @Nullable String reason,
                double seconds,
                Instant endedAt) {
            this(state, metrics, reason, seconds, endedAt, null, null);
        }

        static OutcomeFile of(TrialState.Outcome outcome, Instant at) {
            return switch (outcome) {
                case TrialState.Completed c ->
                    new OutcomeFile("Completed", c.metrics(), null, c.seconds(), at, c.derived(), c.curve());
                case TrialState.Infeasible i -> new OutcomeFile("Infeasible", null, i.reason(), i.seconds(), at);
                case TrialState.Failed f ->
                    new OutcomeFile(f.machine() ? UNAVAILABLE : "Failed", null, f.reason(), f.seconds(), at);
                case TrialState.Rejected r -> new OutcomeFile("Rejected", null, r.reason(), r.seconds(), at);
                case TrialState.Stopped s -> new OutcomeFile("Stopped", null, s.reason(), s.seconds(), at);
            };
        }

        TrialState.Outcome outcome() {
            String why = reason == null ? "" : reason;
            return switch (state) {
                case "Completed" ->
                    new TrialState.Completed(
                            metrics == null ? Map.of() : metrics,
                            seconds,
                            derived == null ? List.of() : derived,
                            curve == null ? List.of() : curve);
                case "Infeasible" -> new TrialState.Infeasible(why, seconds);
                case "Failed" -> new TrialState.Failed(why, seconds);
                case UNAVAILABLE -> new TrialState.Failed(why, seconds, true);
                case "Rejected" -> new TrialState.Rejected(why, seconds);
                case "Stopped" -> new TrialState.Stopped(why, seconds);
                default -> throw new IllegalStateException("outcome.json holds the unknown state " + state);
            };
        }
    }

    static Path path(Path trials, int number) {
        return trials.resolve("%05d".formatted(number));
    }

    static TrialFolder create(Path trials, TrialRequest request) {
        var folder = new TrialFolder(path(trials, request.number()));
        try {
            AtomicFiles.createFolder(folder.path);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot create " + folder.path, e);
        }
        Json.write(folder.path.resolve("request.json"), request);
        return folder;
    }

    /** Empty where a crash left the folder without its request; the plan will ask for that number again. */
    Optional<TrialRequest> request() {
        return Json.read(path.resolve("request.json"), TrialRequest.class);
    }

    Optional<OutcomeFile> outcome() {
        return Json.read(path.resolve("outcome.json"), OutcomeFile.class);
    }

    void end(OutcomeFile outcome) {
        Json.write(path.resolve("outcome.json"), outcome);
    }

    /** When the trial was asked for; never changes. */
    Instant plannedAt() {
        try {
            return Files.getLastModifiedTime(path.resolve("request.json")).toInstant();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + path, e);
        }
    }

    Path trialFile() {
        return path.resolve("trial.json");
    }

    /** Where a finalist leaves its network. */
    Path model() {
        return path.resolve("model");
    }

    Path checkpoints() {
        return path.resolve("checkpoint");
    }

    /** The trial will not go on, so nobody needs them. */
    void removeCheckpoints() {
        if (!Files.exists(checkpoints())) {
            return;
        }
        try (var files = Files.walk(checkpoints())) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot remove " + checkpoints(), e);
        }
    }

    /** In the order of their numbers. */
    List<AttemptFolder> attempts() {
        try (var entries = Files.list(path)) {
            return entries.filter(p -> p.getFileName().toString().startsWith("attempt-"))
                    .map(AttemptFolder::new)
                    .sorted(Comparator.comparingInt(AttemptFolder::number))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + path, e);
        }
    }

    AttemptFolder nextAttempt() {
        List<AttemptFolder> attempts = attempts();
        int number = attempts.isEmpty() ? 1 : attempts.getLast().number() + 1;
        Path folder = path.resolve("attempt-" + number);
        try {
            AtomicFiles.createFolder(folder);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot create " + folder, e);
        }
        return new AttemptFolder(folder);
    }

    /** The result of the last attempt that left one. */
    Optional<TrialResult> lastResult() {
        var attempts = new ArrayList<>(attempts());
        return attempts.reversed().stream()
                .map(AttemptFolder::result)
                .flatMap(Optional::stream)
                .findFirst();
    }
}
