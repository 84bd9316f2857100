package dev.mlops.nas.local;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/** Files that are there whole or not at all, also after a power failure. */
final class AtomicFiles {
    static void write(Path file, byte[] content) throws IOException {
        Path folder = parent(file);
        Path temporary = folder.resolve("." + file.getFileName() + ".tmp");
        try (var channel = FileChannel.open(
                temporary, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            for (var buffer = ByteBuffer.wrap(content); buffer.hasRemaining(); ) {
                channel.write(buffer);
            }
            channel.force(true);
        }
        Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        synchronise(folder);
    }

    /** A folder, with its entry in the parent on disk. */
    static void createFolder(Path folder) throws IOException {
        Files.createDirectories(folder);
        synchronise(parent(folder));
    }

    private static Path parent(Path path) {
        return requireNonNull(path.toAbsolutePath().getParent(), "the root folder has no parent");
    }

    private static void synchronise(Path folder) throws IOException {
        try (var channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    private AtomicFiles() {}
}
