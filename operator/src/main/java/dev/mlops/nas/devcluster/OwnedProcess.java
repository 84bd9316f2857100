package dev.mlops.nas.devcluster;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;

/**
 * A process that this product started, maybe from another JVM that is gone. A process id that the system gave to somebody else in
 * the meantime is not taken for it.
 *
 * @param pid process id
 * @param mark text in its command line that no stranger has: the path of its folder
 */
record OwnedProcess(long pid, String mark) {
    /** The process noted in a file by {@link #note}, whether it runs or not; empty where there is no such file. */
    static Optional<OwnedProcess> noted(Path pidFile, String mark) {
        try {
            return Optional.of(
                    new OwnedProcess(Long.parseLong(Files.readString(pidFile).strip()), mark));
        } catch (IOException | NumberFormatException e) {
            return Optional.empty();
        }
    }

    /** Writes the process id to a file. */
    void note(Path pidFile) throws IOException {
        Files.writeString(pidFile, Long.toString(pid) + "\n");
    }

    boolean isAlive() {
        return handle().isPresent();
    }

    /** Done when the process has ended; done at once if it has already. */
    CompletableFuture<Void> ended() {
        return handle().map(h -> h.onExit().<Void>thenApply(ignored -> null))
                .orElseGet(() -> CompletableFuture.completedFuture(null));
    }

    /** Ends it: SIGTERM, and SIGKILL if it still runs after the grace period. */
    void stop(Duration grace) {
        handle().ifPresent(ProcessHandle::destroy);
        if (!awaitEnd(grace)) {
            kill();
        }
    }

    /** Ends it by SIGKILL and returns when it is gone. */
    void kill() {
        handle().ifPresent(ProcessHandle::destroyForcibly);
        if (!awaitEnd(Duration.ofSeconds(10))) {
            throw new DevClusterException("process " + pid + " does not end, not even by SIGKILL");
        }
    }

    /** Waits for its end. @return whether it has ended */
    boolean awaitEnd(Duration limit) {
        try {
            ended().get(limit.toMillis(), TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        } catch (ExecutionException e) {
            throw new DevClusterException("cannot wait for process " + pid, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private Optional<ProcessHandle> handle() {
        return ProcessHandle.of(pid)
                .filter(h -> h.isAlive() && settledCommandLine(h).contains(mark));
    }

    /** While a process replaces itself by another program, the system shows an empty command line for a moment. */
    private static String settledCommandLine(ProcessHandle handle) {
        String line = commandLine(handle);
        for (int i = 0; i < 200 && line.isEmpty() && handle.isAlive(); i++) {
            LockSupport.parkNanos(1_000_000);
            line = commandLine(handle);
        }
        return line;
    }

    private static String commandLine(ProcessHandle handle) {
        var linux = Path.of("/proc", Long.toString(handle.pid()), "cmdline");
        try {
            return Files.exists(linux)
                    ? new String(Files.readAllBytes(linux), StandardCharsets.UTF_8)
                    : handle.info().commandLine().orElse("");
        } catch (IOException e) {
            return "";
        }
    }
}
