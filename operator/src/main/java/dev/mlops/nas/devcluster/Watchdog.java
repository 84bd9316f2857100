package dev.mlops.nas.devcluster;

import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/**
 * Ends processes when this JVM has ended in whatever way, kill -9 included. It is a shell that is told process ids through a
 * pipe; when the pipe closes it ends those that still run. Java has no other means: Linux's death signal cannot be set from it.
 */
final class Watchdog implements AutoCloseable {
    private static final String SCRIPT = """
            trap '' INT TERM HUP
            pids=
            while read -r pid; do pids="$pids $pid"; done
            ours() { [ ! -e /proc/self ] || tr '\\0' ' ' < "/proc/$1/cmdline" 2> /dev/null | grep -qF -- "$mark"; }
            for signal in TERM KILL; do
              rounds=0
              alive=yes
              while [ "$alive" ] && [ "$rounds" -lt 50 ]; do
                alive=
                for pid in $pids; do
                  if ours "$pid" && kill -0 "$pid" 2> /dev/null; then
                    alive=yes
                    [ "$rounds" -gt 0 ] || kill -"$signal" "$pid" 2> /dev/null
                  fi
                done
                rounds=$((rounds + 1))
                [ ! "$alive" ] || sleep 0.1
              done
            done
            """;

    private final Process shell;
    private final Writer pipe;

    private Watchdog(Process shell) {
        this.shell = shell;
        this.pipe = shell.outputWriter(StandardCharsets.UTF_8);
    }

    /** Starts a watchdog for processes whose command lines contain a folder's path. */
    static Watchdog start(Path folder) throws IOException {
        var builder = new ProcessBuilder(Detached.command(List.of("sh", "-c", SCRIPT)));
        builder.environment().put("mark", folder.toString());
        builder.redirectOutput(ProcessBuilder.Redirect.DISCARD).redirectError(ProcessBuilder.Redirect.DISCARD);
        return new Watchdog(builder.start());
    }

    /** Adds a process to those that do not outlive this JVM. */
    synchronized void watch(long pid) throws IOException {
        pipe.write(pid + "\n");
        pipe.flush();
    }

    /** Ends all watched processes, and the watchdog. */
    @Override
    public synchronized void close() {
        try {
            pipe.close();
            shell.waitFor();
        } catch (IOException e) {
            throw new DevClusterException("the watchdog has gone", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
