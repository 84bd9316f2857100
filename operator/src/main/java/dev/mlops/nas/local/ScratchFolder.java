package dev.mlops.nas.local;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;

/**
 * A temporary folder of one command that runs trainers: gone at its end, and with the trainers when it is stopped by Ctrl-C or SIGTERM.
 */
public final class ScratchFolder implements AutoCloseable {
    private final Path path;
    private final Thread hook;
    private boolean kept;

    /** Makes one in the system's temporary folder. */
    public ScratchFolder(String name) throws IOException {
        this.path = Files.createTempDirectory(name);
        this.hook = Thread.ofPlatform().unstarted(this::abandon);
        Runtime.getRuntime().addShutdownHook(hook);
    }

    /** Where it lies. */
    public Path path() {
        return path;
    }

    /** Leaves it to the user. */
    public void keep() {
        kept = true;
    }

    @Override
    public void close() throws IOException {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException alreadyShuttingDown) {
            return;
        }
        if (!kept) {
            delete();
        }
    }

    private void abandon() {
        ProcessHandle.current().descendants().forEach(ProcessHandle::destroyForcibly);
        try {
            delete();
        } catch (IOException | UncheckedIOException stillInUse) {
            System.err.printf("%s cannot be removed: %s%n", path, stillInUse.getMessage());
        }
    }

    private void delete() throws IOException {
        try (var files = Files.walk(path)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }
}
