package dev.mlops.nas.trainer;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** A data file from the web or from S3, kept under its checksum, so that it is loaded once for all trials of a machine. */
final class Download {
    private static final String CACHE_VARIABLE = "NAS_CACHE_DIR";
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final URI address;
    private final String checksum;
    private final Path folder;

    private Download(URI address, String checksum, Path cache) {
        this.address = address;
        this.checksum = checksum;
        this.folder = cache.resolve(checksum);
    }

    /** Whether an address is of the web or of S3. */
    static boolean isAddress(String uri) {
        return uri.startsWith("http://") || uri.startsWith("https://") || uri.startsWith(S3Object.SCHEME + "://");
    }

    /** The folder that NAS_CACHE_DIR names, by default one in the user's cache. */
    static Path cache() {
        var named = System.getenv(CACHE_VARIABLE);
        return named != null && !named.isBlank()
                ? Path.of(named)
                : Path.of(System.getProperty("user.home"), ".cache", "nas-operator", "data");
    }

    /**
     * The file with that checksum, from the cache or else from its address.
     *
     * @throws TrialException with exit code 65 when there is no checksum, no such file, or one with another checksum; with 75 when the
     *     server cannot be reached or is out of order
     */
    static DataFile fetch(String uri, @Nullable String checksum, Path cache) throws IOException {
        if (checksum == null || !checksum.strip().toLowerCase(Locale.ROOT).matches("[0-9a-f]{64}")) {
            throw TrialException.data(
                    "dataset.sha256 is %s; a file from http, https or s3 needs its checksum, 64 hexadecimal digits.",
                    String.valueOf(checksum));
        }
        try {
            return new Download(URI.create(uri), checksum.strip().toLowerCase(Locale.ROOT), cache).fetch();
        } catch (IllegalArgumentException e) {
            throw TrialException.data("dataset.uri %s is not a valid address.", uri.replaceFirst("\\?.*", "?…"));
        }
    }

    private DataFile fetch() throws IOException {
        Files.createDirectories(folder);
        var path = String.valueOf(address.getPath());
        var name = path.substring(path.lastIndexOf('/') + 1).replaceAll("[^\\w.-]", "_");
        var file = new DataFile(folder.resolve(name.isEmpty() ? "data" : name));
        // Trials that start together load once.
        try (var channel =
                        FileChannel.open(folder.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                var lock = channel.lock()) {
            if (lock.isValid()
                    && !(Files.isRegularFile(file.path()) && file.sum().equals(checksum))) {
                load(file.path());
            }
        }
        return file;
    }

    private void load(Path target) throws IOException {
        var temporary = Files.createTempFile(folder, "loading", ".tmp");
        try {
            int status = get(temporary);
            if (status == 408 || status == 429 || status >= 500) {
                throw TrialException.terminated("%s answers %d; it may be loaded later.", shown(), status);
            }
            if (status == 401 || status == 403) {
                throw TrialException.data(
                        "dataset.uri %s answers %d: it may not be read with the credentials that the trainer has.",
                        shown(), status);
            }
            if (status != 200) {
                throw TrialException.data("dataset.uri %s answers %d.", shown(), status);
            }
            new DataFile(temporary).verify(checksum, shown());
            Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(temporary);
        }
    }

    private int get(Path temporary) {
        try {
            return S3Object.SCHEME.equals(address.getScheme())
                    ? new S3Object(address, System.getenv()).load(temporary)
                    : getFromWeb(temporary);
        } catch (IOException e) {
            throw TrialException.terminated("%s cannot be loaded: %s; it may be later.", shown(), e);
        }
    }

    private int getFromWeb(Path temporary) throws IOException {
        try (var client = HttpClient.newBuilder()
                .followRedirects(HttpClient.Redirect.NORMAL)
                .connectTimeout(PATIENCE)
                .build()) {
            var request = HttpRequest.newBuilder(address).build();
            return client.send(request, HttpResponse.BodyHandlers.ofFile(temporary))
                    .statusCode();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw TrialException.terminated("Terminated while %s was loaded.", shown());
        }
    }

    /** Without the query, which may hold a signature. */
    private String shown() {
        return "%s://%s%s".formatted(address.getScheme(), address.getAuthority(), address.getPath());
    }
}
