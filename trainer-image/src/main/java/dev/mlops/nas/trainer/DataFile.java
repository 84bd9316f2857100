package dev.mlops.nas.trainer;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/** A data file, or folder of them, that exists: where it lies, its sum, its bytes (unpacked when the name ends in {@code .gz}). */
record DataFile(Path path) {
    /**
     * Resolves {@code file:///absolute}, an absolute path, or a path relative to the data folder.
     *
     * @throws TrialException with exit code 65 when there is no such file
     */
    static DataFile of(String uri, Path folder) {
        var path = resolve(uri, folder);
        if (!Files.isRegularFile(path)) {
            throw TrialException.data("Data file %s does not exist.", path);
        }
        return new DataFile(path);
    }

    /**
     * The same for a folder.
     *
     * @throws TrialException with exit code 65 when there is no such folder
     */
    static DataFile folder(String uri, Path folder) {
        var path = resolve(uri, folder);
        if (!Files.isDirectory(path)) {
            throw TrialException.data("Data folder %s does not exist.", path);
        }
        return new DataFile(path);
    }

    private static Path resolve(String uri, Path folder) {
        Path path;
        try {
            path = uri.startsWith("file:") ? Path.of(URI.create(uri)) : folder.resolve(uri);
        } catch (IllegalArgumentException e) {
            throw TrialException.data(
                    "dataset.uri %s is not a valid file address; allowed: file:///absolute/path or a path.", uri);
        }
        if (uri.contains("://") && !uri.startsWith("file:")) {
            throw TrialException.data(
                    "dataset.uri %s is not a file; the trainer reads http, https and s3, file:///absolute/path or a path.",
                    uri);
        }
        return path.toAbsolutePath().normalize();
    }

    /** The file's name, for messages. */
    String name() {
        return String.valueOf(path.getFileName());
    }

    /** Compares the SHA-256 of the file as it lies there with what the user wrote; nothing when null. */
    void verify(@Nullable String expected) {
        if (expected == null || expected.isBlank()) {
            return;
        }
        verify(expected, name());
    }

    /** The same, with another name in the message. */
    void verify(String expected, String shown) {
        var actual = sum();
        if (!actual.equals(expected.strip().toLowerCase(Locale.ROOT))) {
            throw TrialException.data("Data file %s has sha256 %s, but dataset.sha256 is %s.", shown, actual, expected);
        }
    }

    /** SHA-256 of the file as it lies there, hexadecimal. */
    String sum() {
        try (var in = Files.newInputStream(path)) {
            var digest = MessageDigest.getInstance("SHA-256");
            var chunk = new byte[1 << 16];
            for (int read = in.read(chunk); read > 0; read = in.read(chunk)) {
                digest.update(chunk, 0, read);
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The bytes, unpacked when the name ends in {@code .gz}. */
    InputStream open() throws IOException {
        var raw = new BufferedInputStream(Files.newInputStream(path), 1 << 16);
        if (!name().toLowerCase(Locale.ROOT).endsWith(".gz")) {
            return raw;
        }
        raw.mark(2);
        boolean gzip = raw.read() == 0x1f && raw.read() == 0x8b;
        raw.reset();
        if (!gzip) {
            raw.close();
            throw TrialException.data("Data file %s ends in .gz but is not a gzip file.", name());
        }
        return new BufferedInputStream(new GZIPInputStream(raw, 1 << 16), 1 << 16);
    }
}
