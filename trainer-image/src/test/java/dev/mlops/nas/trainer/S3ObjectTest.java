package dev.mlops.nas.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is sent to a store, and what its answers come to. */
class S3ObjectTest {
    private static final byte[] CONTENT = "1,2,0\n3,4,1\n".getBytes(StandardCharsets.UTF_8);

    @TempDir
    private Path folder;

    private HttpServer server;

    @BeforeEach
    void serve() throws IOException {
        System.setProperty("aws.accessKeyId", "tester");
        System.setProperty("aws.secretAccessKey", "secret");
        System.setProperty("aws.region", "eu-west-3");
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            String signed = String.valueOf(exchange.getRequestHeaders().getFirst("Authorization"));
            boolean known = signed.matches("AWS4-HMAC-SHA256 Credential=tester/\\d{8}/eu-west-3/s3/aws4_request, .*");
            if (!known) {
                exchange.sendResponseHeaders(403, -1);
            } else if (exchange.getRequestURI().getRawPath().equals("/data/tables/some%20digits.csv")) {
                exchange.sendResponseHeaders(200, CONTENT.length);
                exchange.getResponseBody().write(CONTENT);
            } else {
                exchange.sendResponseHeaders(404, -1);
            }
            exchange.close();
        });
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
        System.clearProperty("aws.accessKeyId");
        System.clearProperty("aws.secretAccessKey");
        System.clearProperty("aws.region");
    }

    @Test
    void anObjectIsAskedForByItsBucketAndKeySignedForTheRegion() throws IOException {
        Path target = Files.createFile(folder.resolve("part"));
        assertThat(object("s3://data/tables/some%20digits.csv").load(target)).isEqualTo(200);
        assertThat(target).hasBinaryContent(CONTENT);
    }

    @Test
    void whatTheStoreRefusesIsItsStatus() throws IOException {
        Path target = Files.createFile(folder.resolve("part"));
        assertThat(object("s3://data/nothing.csv").load(target)).isEqualTo(404);
        System.setProperty("aws.accessKeyId", "stranger");
        Files.createFile(target);
        assertThat(object("s3://data/tables/some%20digits.csv").load(target)).isEqualTo(403);
    }

    @Test
    void aStoreThatCannotBeReachedIsTriedLater() throws IOException {
        Path target = Files.createFile(folder.resolve("part"));
        S3Object object = object("s3://data/digits.csv");
        server.stop(0);
        assertThatThrownBy(() -> object.load(target)).isInstanceOf(IOException.class);
    }

    private S3Object object(String uri) {
        String endpoint = "http://127.0.0.1:" + server.getAddress().getPort();
        return new S3Object(URI.create(uri), Map.of("AWS_ENDPOINT_URL", endpoint));
    }
}
