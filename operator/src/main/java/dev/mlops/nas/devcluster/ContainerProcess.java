package dev.mlops.nas.devcluster;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * One run of a container's command as a local process. A small shell stands between: it writes the exit code to a file, so that the
 * outcome is known even to a pod runner that was started later, and ends what the command leaves behind.
 *
 * @param folder of this run: {@code started}, {@code pid}, {@code exit}, {@code termination-log}
 * @param log where standard output and error go
 */
record ContainerProcess(Path folder, Path log) {
    private static final String SHELL = """
            folder=$1 log=$2 work=$3
            shift 3
            leader=$NAS_DETACHED
            unset NAS_DETACHED
            cd "$work" || exit 1
            "$@" < /dev/null >> "$log" 2>&1 &
            child=$!
            trap 'kill -TERM $child; (sleep 4; [ "$leader" ] && kill -KILL 0) &' TERM
            echo $child > "$folder/pid.new"
            mv "$folder/pid.new" "$folder/pid"
            wait $child
            code=$?
            while kill -0 $child 2> /dev/null; do wait $child; code=$?; done
            echo $code > "$folder/exit.new"
            mv "$folder/exit.new" "$folder/exit"
            [ ! "$leader" ] || kill -KILL 0
            """;

    /** How a run ended. */
    record End(int exitCode, Instant finishedAt, boolean lost) {}

    /** Starts the command unless this run was started already, by this JVM or an earlier one. @return the shell's process id */
    Optional<Long> startOnce(List<String> command, Map<String, String> environment, Path workingFolder)
            throws IOException {
        if (isStarted()) {
            return Optional.empty();
        }
        Files.createDirectories(folder);
        var line = new ArrayList<>(
                List.of("sh", "-c", SHELL, "sh", folder.toString(), log.toString(), workingFolder.toString()));
        line.addAll(command);
        var builder = new ProcessBuilder(Detached.command(line))
                .redirectInput(Path.of("/dev/null").toFile())
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .redirectErrorStream(true);
        builder.environment().clear();
        builder.environment().putAll(environment);
        Files.writeString(folder.resolve("started"), Instant.now().toString());
        var process = builder.start();
        new OwnedProcess(process.pid(), folder.toString()).note(folder.resolve("shell"));
        return Optional.of(process.pid());
    }

    boolean isStarted() {
        return Files.exists(folder.resolve("started"));
    }

    Instant startedAt() throws IOException {
        return Instant.parse(Files.readString(folder.resolve("started")).strip());
    }

    /** Done when the command has ended, or at once when it has already or is lost. */
    CompletableFuture<Void> ended() {
        return shell().map(OwnedProcess::ended).orElseGet(() -> CompletableFuture.completedFuture(null));
    }

    /** How it ended; only after {@link #ended}. Without an exit code (the machine was restarted) it is lost, with code 137. */
    End end() throws IOException {
        var exit = folder.resolve("exit");
        if (Files.exists(exit)) {
            return new End(
                    Integer.parseInt(Files.readString(exit).strip()),
                    Files.getLastModifiedTime(exit).toInstant(),
                    false);
        }
        return new End(137, Instant.now(), true);
    }

    /** SIGTERM to the command, and after the grace period SIGKILL to all of it; returns when it has ended. */
    void stop(Duration grace) throws IOException {
        var shell = shell();
        if (shell.isEmpty() || !shell.get().isAlive()) {
            return;
        }
        command().ifPresent(ProcessHandle::destroy);
        if (!shell.get().awaitEnd(grace)) {
            command().ifPresent(ProcessHandle::destroyForcibly);
            if (!shell.get().awaitEnd(Duration.ofSeconds(10))) {
                shell.get().kill();
            }
        }
    }

    private Optional<OwnedProcess> shell() {
        return OwnedProcess.noted(folder.resolve("shell"), folder.toString());
    }

    /** The command's own process, awaited a moment where the shell has only just begun. */
    private Optional<ProcessHandle> command() throws IOException {
        var file = folder.resolve("pid");
        var shell = shell();
        for (var i = 0; i < 100 && !Files.exists(file) && shell.isPresent(); i++) {
            if (shell.get().awaitEnd(Duration.ofMillis(20))) {
                break;
            }
        }
        return Files.exists(file) && !Files.exists(folder.resolve("exit"))
                ? ProcessHandle.of(Long.parseLong(Files.readString(file).strip()))
                : Optional.empty();
    }
}
