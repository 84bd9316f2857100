package dev.mlops.nas.tracking;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.mlops.nas.tracking.TrackingException.Scope;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.UnknownHostException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * MLflow's REST calls, bounded in time: 2 s to connect, 10 s for the whole call, no hidden retry. Every failure is a
 * {@link TrackingException} of one sentence without secrets.
 */
final class MlflowHttp {
    private static final Duration CONNECT = Duration.ofSeconds(2);
    private static final Duration CALL = Duration.ofSeconds(10);
    private static final ObjectMapper JSON = new ObjectMapper();

    private final URI base;
    private final @Nullable String authorization;
    private final HttpClient client;
    private final Duration callTimeout;

    /**
     * @param address http or https, with a path where the server has a prefix; user and password in it are used and not shown
     * @param environment of the process, for {@code MLFLOW_TRACKING_USERNAME}, {@code _PASSWORD} and {@code _TOKEN}
     * @throws IllegalArgumentException with one sentence when the address is not http(s)
     */
    MlflowHttp(String address, Map<String, String> environment) {
        this(address, environment, CALL);
    }

    MlflowHttp(String address, Map<String, String> environment, Duration callTimeout) {
        URI uri = parse(address);
        this.base = withoutUser(uri);
        this.authorization = authorization(uri, environment);
        this.callTimeout = callTimeout;
        // uvicorn does not speak cleartext HTTP/2 and would log every attempt to upgrade
        this.client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(CONNECT)
                .followRedirects(HttpClient.Redirect.NORMAL)
                .build();
    }

    /** The server's address, without credentials and without a slash at the end. */
    URI base() {
        return base;
    }

    JsonNode get(String call, Map<String, String> query) throws TrackingException {
        String text = query.entrySet().stream()
                .map(e -> e.getKey() + "=" + URLEncoder.encode(e.getValue(), StandardCharsets.UTF_8))
                .collect(Collectors.joining("&"));
        return json(
                call, send(call, request("/api/2.0/mlflow/" + call + "?" + text).GET()));
    }

    JsonNode post(String call, JsonNode body) throws TrackingException {
        return json(
                call,
                send(
                        call,
                        request("/api/2.0/mlflow/" + call)
                                .header("Content-Type", "application/json")
                                .POST(BodyPublishers.ofString(body.toString()))));
    }

    /** Stores a file below the server's artifact root; the path is URL-encoded already. */
    void putArtifact(String path, String text) throws TrackingException {
        send("artifacts", request("/api/2.0/mlflow-artifacts/artifacts/" + path).PUT(BodyPublishers.ofString(text)));
    }

    private HttpRequest.Builder request(String path) {
        HttpRequest.Builder builder =
                HttpRequest.newBuilder(URI.create(base + path)).timeout(callTimeout);
        return authorization == null ? builder : builder.header("Authorization", authorization);
    }

    private String send(String call, HttpRequest.Builder request) throws TrackingException {
        var answer = client.sendAsync(request.build(), BodyHandlers.ofString());
        try {
            HttpResponse<String> response = answer.get(callTimeout.toMillis(), TimeUnit.MILLISECONDS);
            if (response.statusCode() / 100 == 2) {
                return response.body();
            }
            throw refused(call, response.statusCode(), response.body());
        } catch (ExecutionException e) {
            throw away(reason(e.getCause() == null ? e : e.getCause()), e.getCause());
        } catch (TimeoutException e) {
            answer.cancel(true);
            throw away(noAnswer(), e);
        } catch (InterruptedException e) {
            answer.cancel(true);
            Thread.currentThread().interrupt();
            throw away("was not waited for: interrupted", e);
        }
    }

    private String reason(Throwable cause) {
        return switch (cause) {
            case HttpTimeoutException _ -> noAnswer();
            case ConnectException e when hasUnknownHost(e) -> "cannot be reached: unknown host " + base.getHost();
            case ConnectException _ -> "does not answer: connection refused";
            case IOException e -> "does not answer: " + firstLine(String.valueOf(e.getMessage()));
            default -> "cannot be called: " + firstLine(String.valueOf(cause.getMessage()));
        };
    }

    /** The JDK's client wraps an unresolved name in a ConnectException of no message. */
    private static boolean hasUnknownHost(Throwable cause) {
        for (Throwable t = cause; t != null; t = t.getCause()) {
            if (t instanceof UnknownHostException || t instanceof java.nio.channels.UnresolvedAddressException) {
                return true;
            }
        }
        return false;
    }

    private String noAnswer() {
        return "did not answer within %d s".formatted(Math.max(1, callTimeout.toSeconds()));
    }

    private TrackingException away(String what, @Nullable Throwable cause) {
        return new TrackingException(Scope.SERVER, "MLflow at %s %s".formatted(base, what), cause);
    }

    private TrackingException refused(String call, int status, String body) {
        if (status == 401 || status == 403) {
            return away(
                    "refuses the credentials (HTTP %d): set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN"
                            .formatted(status),
                    null);
        }
        String message = errorMessage(body);
        if (message == null && status == 404) {
            return away("answers, but not as an MLflow server (HTTP 404 to %s)".formatted(call), null);
        }
        return new TrackingException(
                status == 429 || status >= 500 ? Scope.SERVER : Scope.CALL,
                "MLflow at %s refused %s (HTTP %d)%s"
                        .formatted(base, call, status, message == null ? "" : ": " + firstLine(message)),
                null);
    }

    private static @Nullable String errorMessage(String body) {
        try {
            JsonNode message = JSON.readTree(body).path("message");
            return message.isTextual() ? message.asText() : null;
        } catch (JsonProcessingException _) {
            return null;
        }
    }

    private JsonNode json(String call, String body) throws TrackingException {
        try {
            return JSON.readTree(body);
        } catch (JsonProcessingException e) {
            throw away("answers, but not as an MLflow server (no JSON from %s)".formatted(call), e);
        }
    }

    private static String firstLine(String text) {
        String line = text.strip().lines().findFirst().orElse("no reason given");
        return line.length() <= 200 ? line : line.substring(0, 200) + "…";
    }

    private static URI parse(String address) {
        try {
            URI uri = URI.create(address.strip());
            boolean http = "http".equalsIgnoreCase(uri.getScheme()) || "https".equalsIgnoreCase(uri.getScheme());
            if (http && uri.getHost() != null) {
                return uri;
            }
        } catch (IllegalArgumentException _) {
            // the sentence below says it
        }
        throw new IllegalArgumentException(
                "the MLflow address must be http://HOST:PORT or https://HOST:PORT of a tracking server, not '%s'"
                        .formatted(address));
    }

    private static URI withoutUser(URI uri) {
        String path = uri.getPath() == null ? "" : uri.getPath().replaceAll("/+$", "");
        return URI.create("%s://%s%s%s"
                .formatted(uri.getScheme(), uri.getHost(), uri.getPort() < 0 ? "" : ":" + uri.getPort(), path));
    }

    private static @Nullable String authorization(URI uri, Map<String, String> environment) {
        String user = environment.get("MLFLOW_TRACKING_USERNAME");
        String password = environment.get("MLFLOW_TRACKING_PASSWORD");
        String token = environment.get("MLFLOW_TRACKING_TOKEN");
        String pair = user != null && password != null ? user + ":" + password : uri.getUserInfo();
        if (token != null && !token.isEmpty() && uri.getUserInfo() == null && user == null) {
            return "Bearer " + token;
        }
        return pair == null
                ? null
                : "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8));
    }
}
