package dev.mlops.nas.tracking;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** One at a time, among threads and among processes; a process that dies gives its lock back. */
final class FileLocks {
    /** A held lock. */
    record Held(FileChannel channel, FileLock lock) implements AutoCloseable {
        @Override
        public void close() throws IOException {
            channel.close();
        }
    }

    /**
     * Waits for the lock.
     *
     * @param onWait called once when somebody else holds it
     * @throws MlflowServerException when it is not free within the time
     */
    static Held acquire(Path file, Duration atMost, Runnable onWait) throws IOException, MlflowServerException {
        Files.createDirectories(file.toAbsolutePath().getParent());
        FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        boolean acquired = false;
        try {
            long deadline = System.nanoTime() + atMost.toNanos();
            boolean told = false;
            while (System.nanoTime() < deadline) {
                FileLock lock = tryLock(channel);
                if (lock != null) {
                    acquired = true;
                    return new Held(channel, lock);
                }
                if (!told) {
                    onWait.run();
                    told = true;
                }
                Thread.sleep(100);
            }
            throw new MlflowServerException("another process has been holding %s for %d s: end it and try again"
                    .formatted(file, atMost.toSeconds()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new MlflowServerException("interrupted while waiting for " + file, e);
        } finally {
            if (!acquired) {
                channel.close();
            }
        }
    }

    private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException _) {
            return null; // another thread of this process
        }
    }

    private FileLocks() {}
}
