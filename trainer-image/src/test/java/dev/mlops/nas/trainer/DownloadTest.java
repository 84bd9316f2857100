package dev.mlops.nas.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import dev.mlops.nas.contract.ExitCode;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Data files from a web server in this process. */
class DownloadTest {
    private static final byte[] CONTENT = "1,2,0\n3,4,1\n".getBytes(StandardCharsets.UTF_8);

    @TempDir
    private Path cache;

    private final List<String> requests = new ArrayList<>();
    private HttpServer server;
    private String sum;

    @BeforeEach
    void serve() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            synchronized (requests) {
                requests.add(exchange.getRequestURI().toString());
            }
            switch (exchange.getRequestURI().getPath()) {
                case "/d.csv" -> {
                    exchange.sendResponseHeaders(200, CONTENT.length);
                    exchange.getResponseBody().write(CONTENT);
                }
                case "/moved.csv" -> {
                    exchange.getResponseHeaders().add("Location", "/d.csv");
                    exchange.sendResponseHeaders(302, -1);
                }
                case "/broken" -> exchange.sendResponseHeaders(503, -1);
                default -> exchange.sendResponseHeaders(404, -1);
            }
            exchange.close();
        });
        server.start();
        var file = Files.write(cache.resolve("original"), CONTENT);
        sum = new DataFile(file).sum();
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    @Test
    void aFileIsLoadedOnceAndThenComesFromTheCache() throws IOException {
        var first = fetch("/d.csv?signature=secret", sum);
        var second = fetch("/moved.csv", sum.toUpperCase(Locale.ROOT));

        assertThat(first.name()).isEqualTo("d.csv");
        assertThat(first.path()).hasBinaryContent(CONTENT);
        assertThat(second.path()).hasBinaryContent(CONTENT);
        assertThat(fetch("/d.csv?signature=secret", sum)).isEqualTo(first);
        assertThat(requests).containsExactly("/d.csv?signature=secret", "/moved.csv", "/d.csv");
    }

    @Test
    void aDamagedFileInTheCacheIsLoadedAnew() throws IOException {
        var file = fetch("/d.csv", sum);
        Files.writeString(file.path(), "damaged");

        assertThat(fetch("/d.csv", sum).path()).hasBinaryContent(CONTENT);
        assertThat(requests).hasSize(2);
    }

    @Test
    void whatCannotBeIsRefusedAndWhatMayPassIsTriedLater() {
        refused("/d.csv", null, ExitCode.DATA, "a file from http, https or s3 needs its checksum");
        refused("/d.csv?signature=secret", "0".repeat(64), ExitCode.DATA, "/d.csv has sha256 " + sum);
        refused("/nowhere", sum, ExitCode.DATA, "/nowhere answers 404");
        refused("/broken", sum, ExitCode.TEMPORARY, "/broken answers 503; it may be loaded later");
        int port = server.getAddress().getPort();
        server.stop(0);
        refused("/d.csv", sum, ExitCode.TEMPORARY, "127.0.0.1:%d/d.csv cannot be loaded".formatted(port));
        assertThat(cache.resolve(sum)).isDirectoryNotContaining("glob:**.tmp");
    }

    private void refused(String path, @Nullable String checksum, ExitCode code, String sentence) {
        assertThatThrownBy(() -> fetch(path, checksum))
                .isInstanceOfSatisfying(
                        TrialException.class, e -> assertThat(e.code()).isEqualTo(code))
                .hasMessageContaining(sentence)
                .hasMessageNotContaining("secret");
    }

    private DataFile fetch(String path, @Nullable String checksum) throws IOException {
        return Download.fetch(
                "http://127.0.0.1:%d%s".formatted(server.getAddress().getPort(), path), checksum, cache);
    }
}
