package dev.mlops.nas.local;

import dev.mlops.nas.contract.TrialFile;
import dev.mlops.nas.contract.TrialResult;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * A running trainer, a child of this process or of one that was killed before. It is started through a small shell that first
 * claims the attempt by creating the pid file, which succeeds once only: however often a killed search is started again, an
 * attempt has one trainer. The shell also keeps Ctrl-C away from the trainer, so that we end it in good order.
 */
final class TrainerProcess {
    private static final String CLAIM = """
            trap '' INT HUP
            pid="$1"; shift
            echo $$ > "$pid.$$" || exit 75
            if ln "$pid.$$" "$pid" 2>/dev/null; then rm -f "$pid.$$"
            elif [ -e "$pid" ]; then rm -f "$pid.$$"; exit 75
            else mv "$pid.$$" "$pid"; fi
            exec "$@"
            """;

    private static final Duration CLOCK_TOLERANCE = Duration.ofSeconds(2);

    private static final Duration LONGEST_FORK = Duration.ofSeconds(60);

    private final ProcessHandle handle;
    private final AttemptFolder attempt;
    private final CompletableFuture<Integer> exit;

    private TrainerProcess(ProcessHandle handle, AttemptFolder attempt, CompletableFuture<Integer> exit) {
        this.handle = handle;
        this.attempt = attempt;
        this.exit = exit;
    }

    /** Starts the trainer of an attempt. */
    static TrainerProcess start(TrainerCommand command, Path trialFile, Path data, int threads, AttemptFolder attempt)
            throws IOException {
        var words = new ArrayList<>(
                List.of("/bin/sh", "-c", CLAIM, "nas-trainer", attempt.pidFile().toString()));
        words.addAll(command.words());
        ProcessBuilder builder = builder(words, trialFile, data, attempt.resultFile(), threads);
        builder.redirectOutput(ProcessBuilder.Redirect.appendTo(attempt.log().toFile()));
        Process process = builder.start();
        return new TrainerProcess(process.toHandle(), attempt, process.onExit().thenApply(Process::exitValue));
    }

    /** Takes over the trainer of an attempt that an earlier process started; empty where it does not run any more. */
    static Optional<TrainerProcess> adopt(AttemptFolder attempt) {
        return attempt.pid()
                .flatMap(ProcessHandle::of)
                .filter(ProcessHandle::isAlive)
                .filter(h -> isOurs(h, attempt.startedAt()))
                .map(h -> new TrainerProcess(
                        h,
                        attempt,
                        h.onExit()
                                .thenApply(gone -> attempt.result()
                                        .map(TrialResult::exitCode)
                                        .orElse(-1))));
    }

    /** A process that began after the pid file was written only has the same number by chance. */
    private static boolean isOurs(ProcessHandle handle, Instant claimed) {
        return handle.info()
                .startInstant()
                .map(start ->
                        start.isBefore(claimed.plus(CLOCK_TOLERANCE)) && start.isAfter(claimed.minus(LONGEST_FORK)))
                .orElse(false);
    }

    /** The environment of the contract, for a trainer without an attempt too. */
    static ProcessBuilder builder(List<String> words, Path trialFile, Path data, Path resultFile, int threads) {
        var builder = new ProcessBuilder(words);
        builder.redirectErrorStream(true);
        builder.redirectInput(ProcessBuilder.Redirect.from(new java.io.File("/dev/null")));
        builder.environment().put(TrialFile.PATH_VARIABLE, trialFile.toString());
        builder.environment().put(TrialFile.RESULT_VARIABLE, resultFile.toString());
        builder.environment().put(TrialFile.DATA_VARIABLE, data.toString());
        builder.environment().put("OMP_NUM_THREADS", Integer.toString(threads));
        return builder;
    }

    AttemptFolder attempt() {
        return attempt;
    }

    /** The exit code; -1 where nobody can know it. */
    CompletableFuture<Integer> exit() {
        return exit;
    }

    long pid() {
        return handle.pid();
    }

    /** Asks it to write its checkpoint and leave. */
    void terminate() {
        handle.destroy();
    }

    /** Ends it and what it started, at once. */
    void kill() {
        handle.descendants().forEach(ProcessHandle::destroyForcibly);
        handle.destroyForcibly();
    }
}
