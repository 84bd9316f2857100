package dev.mlops.nas.tracking;

import java.io.File;
import java.io.IOException;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The MLflow server for users who have none: on loopback, with SQLite and artifacts in one folder, one process that stays
 * when its starter ends. Any number of processes may use one data folder: they find the server that runs. Where it runs is
 * recorded in the folder ({@value #RECORD}) with the process's start time, so that a number that was given to another
 * process is not mistaken for it.
 */
public final class MlflowServer {
    /** The port that is tried first. */
    public static final int DEFAULT_PORT = 5000;

    private static final String RECORD = "server.properties";
    private static final int PORTS_TRIED = 50;
    private static final int PORT_TAKEN = 98;

    /** 4 seconds on an idle machine; one that also trains may need twenty times that. */
    private static final Duration START = Duration.ofMinutes(3);

    private static final Duration STOP = Duration.ofSeconds(15);
    private static final long MAX_LOG = 10_000_000;

    /** A server that answers. */
    public record Status(URI uri, long pid, Path data, Path log) {}

    /** A server of its own, which ends with {@link #close}. */
    public record Handle(MlflowServer server, URI uri) implements AutoCloseable {
        @Override
        public void close() {
            try {
                server.stop();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } catch (MlflowServerException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    private record Recorded(long pid, long startedMs, int port, String version) {}

    private final MlflowEnvironment environment;
    private final Path data;
    private final int port;
    private final Consumer<String> progress;

    /**
     * @param cache folder of the Python environment, made when missing
     * @param data folder of database, artifacts, log and record, made when missing
     * @param port tried first, then those after it; a server that ran before comes back at its port where that is free
     * @param progress receives one line before anything slow
     */
    public MlflowServer(Path cache, Path data, int port, Consumer<String> progress) {
        this(new MlflowEnvironment(cache, System.getenv().getOrDefault("PATH", ""), progress), data, port, progress);
    }

    MlflowServer(MlflowEnvironment environment, Path data, int port, Consumer<String> progress) {
        this.environment = environment;
        this.data = data.toAbsolutePath();
        this.port = port;
        this.progress = progress;
    }

    /** The user's server: all below {@link #userCache}. */
    public static MlflowServer ofUser(Consumer<String> progress) {
        return new MlflowServer(userCache(), userCache().resolve("mlflow-data"), DEFAULT_PORT, progress);
    }

    /** A server of its own, for tests: the user's Python environment, the given data folder, any free port. */
    public static Handle start(Path data) throws IOException, MlflowServerException {
        var server = new MlflowServer(userCache(), data, freePort(), System.err::println);
        return new Handle(server, server.ensureRunning());
    }

    /** {@code nas-operator} below {@code XDG_CACHE_HOME}, or below {@code ~/.cache}. */
    public static Path userCache() {
        String xdg = System.getenv("XDG_CACHE_HOME");
        Path base = xdg == null || xdg.isEmpty() ? Path.of(System.getProperty("user.home"), ".cache") : Path.of(xdg);
        return base.resolve("nas-operator");
    }

    /** Starts the server where none answers, and gives its address. */
    public URI ensureRunning() throws IOException, MlflowServerException {
        Optional<Status> running = status();
        if (running.isPresent()) {
            return running.get().uri();
        }
        try (var lock = lock()) {
            Recorded recorded = recorded();
            if (lock.lock().isValid() && recorded != null && process(recorded).isPresent()) {
                if (isHealthy(recorded.port(), Duration.ofSeconds(10))) {
                    return uri(recorded.port());
                }
                end(process(recorded).get());
            }
            return uri(start(environment.python(), recorded));
        }
    }

    /** The server that answers, if one does. */
    public Optional<Status> status() throws IOException {
        Recorded recorded = recorded();
        if (recorded == null || process(recorded).isEmpty() || !isHealthy(recorded.port(), Duration.ofSeconds(2))) {
            return Optional.empty();
        }
        return Optional.of(new Status(uri(recorded.port()), recorded.pid(), data, log()));
    }

    /** Ends the server; false where none ran. */
    public boolean stop() throws IOException, MlflowServerException {
        if (!Files.exists(data.resolve(RECORD))) {
            return false;
        }
        try (var lock = lock()) {
            Recorded recorded = recorded();
            if (!lock.lock().isValid() || recorded == null) {
                return false;
            }
            Optional<ProcessHandle> process = process(recorded);
            if (process.isPresent()) {
                end(process.get());
            }
            // the port stays on record, so that the address of the runs stays the same
            record(new Recorded(0, 0, recorded.port(), recorded.version()));
            return process.isPresent();
        }
    }

    private int start(Path python, @Nullable Recorded before) throws IOException, MlflowServerException {
        Path script = data.resolve("mlflow_server.py");
        Files.writeString(script, MlflowEnvironment.resource("mlflow_server.py"));
        boolean upgrade = before != null && !before.version().equals(MlflowEnvironment.version());
        if (Files.exists(log()) && Files.size(log()) > MAX_LOG) {
            Files.delete(log());
        }
        if (upgrade && Files.exists(data.resolve("mlflow.db"))) {
            upgrade(python);
        }
        for (int candidate : ports(before)) {
            if (!isFree(candidate)) {
                continue;
            }
            progress.accept("starting MLflow at " + uri(candidate));
            Process process = spawn(List.of(
                    python.toString(),
                    script.toString(),
                    String.valueOf(candidate),
                    database(),
                    data.resolve("artifacts").toString()));
            record(new Recorded(process.pid(), startOf(process.toHandle()), candidate, MlflowEnvironment.version()));
            if (awaitHealth(process, candidate)) {
                return candidate;
            }
        }
        throw new MlflowServerException("the embedded MLflow finds no free port from %d to %d: end what listens there"
                .formatted(port, port + PORTS_TRIED - 1));
    }

    /** True when it answers; false when the port was taken in the last moment. */
    private boolean awaitHealth(Process process, int candidate) throws IOException, MlflowServerException {
        long deadline = System.nanoTime() + START.toNanos();
        while (System.nanoTime() < deadline
                && process.isAlive()
                && !Thread.currentThread().isInterrupted()) {
            if (isHealthy(candidate, Duration.ofSeconds(1)) && process.isAlive()) {
                return true;
            }
        }
        if (!process.isAlive() && process.exitValue() == PORT_TAKEN) {
            return false;
        }
        String what = process.isAlive() ? "does not answer within %d s".formatted(START.toSeconds()) : "ended at once";
        end(process.toHandle());
        throw new MlflowServerException(
                "the embedded MLflow %s (%s; all of it in %s): put that right and try again, set MLFLOW_TRACKING_URI to a server of yours, or run with --tracking off"
                        .formatted(what, MlflowEnvironment.lastLine(log()), log()));
    }

    private void upgrade(Path python) throws IOException, MlflowServerException {
        progress.accept("bringing the MLflow database to version " + MlflowEnvironment.version());
        Process process = spawn(List.of(python.toString(), "-m", "mlflow", "db", "upgrade", database()));
        try {
            if (process.waitFor(5, TimeUnit.MINUTES) && process.exitValue() == 0) {
                return;
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
        end(process.toHandle());
        throw new MlflowServerException(
                "the MLflow database %s could not be brought to version %s (%s; all of it in %s)"
                        .formatted(
                                data.resolve("mlflow.db"),
                                MlflowEnvironment.version(),
                                MlflowEnvironment.lastLine(log()),
                                log()));
    }

    private Process spawn(List<String> command) throws IOException {
        var builder = new ProcessBuilder(command)
                .directory(data.toFile())
                .redirectInput(new File("/dev/null"))
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log().toFile()));
        MlflowEnvironment.clean(builder.environment());
        builder.environment().put("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "false");
        return builder.start();
    }

    private Set<Integer> ports(@Nullable Recorded before) {
        var ports = new LinkedHashSet<Integer>();
        if (before != null) {
            ports.add(before.port());
        }
        for (int i = 0; i < PORTS_TRIED && port + i < 65536; i++) {
            ports.add(port + i);
        }
        return ports;
    }

    private static boolean isFree(int port) {
        try (var socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
            return socket.isBound();
        } catch (IOException _) {
            return false;
        }
    }

    private static int freePort() throws IOException {
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private static boolean isHealthy(int port, Duration atMost) {
        long deadline = System.nanoTime() + atMost.toNanos();
        try (HttpClient client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(Duration.ofSeconds(2))
                .build()) {
            var request = HttpRequest.newBuilder(uri(port).resolve("/health"))
                    .timeout(Duration.ofSeconds(2))
                    .build();
            do {
                try {
                    var answer = client.send(request, BodyHandlers.ofString());
                    if (answer.statusCode() == 200 && answer.body().strip().equals("OK")) {
                        return true;
                    }
                } catch (IOException _) {
                    // not yet, or never
                }
                Thread.sleep(100);
            } while (System.nanoTime() < deadline);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
        return false;
    }

    private static void end(ProcessHandle process) throws MlflowServerException {
        process.destroy();
        try {
            process.onExit().get(STOP.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException | ExecutionException _) {
            process.destroyForcibly();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new MlflowServerException("interrupted while MLflow (process %d) ends".formatted(process.pid()), e);
        }
    }

    private FileLocks.Held lock() throws IOException, MlflowServerException {
        return FileLocks.acquire(
                data.resolve("server.lock"),
                Duration.ofMinutes(25),
                () -> progress.accept("another process is starting or stopping MLflow; waiting for it"));
    }

    private @Nullable Recorded recorded() throws IOException {
        Path file = data.resolve(RECORD);
        if (!Files.exists(file)) {
            return null;
        }
        var properties = new Properties();
        try (Reader in = Files.newBufferedReader(file)) {
            properties.load(in);
            return new Recorded(
                    Long.parseLong(properties.getProperty("pid", "0")),
                    Long.parseLong(properties.getProperty("startedMs", "0")),
                    Integer.parseInt(properties.getProperty("port", String.valueOf(port))),
                    properties.getProperty("version", ""));
        } catch (IllegalArgumentException _) {
            return null; // not ours, or spoilt: as if there were none
        }
    }

    private void record(Recorded recorded) throws IOException {
        var properties = new Properties();
        properties.putAll(Map.of(
                "pid", String.valueOf(recorded.pid()),
                "startedMs", String.valueOf(recorded.startedMs()),
                "port", String.valueOf(recorded.port()),
                "version", recorded.version()));
        Path fresh = data.resolve(RECORD + ".new");
        try (Writer out = Files.newBufferedWriter(fresh)) {
            properties.store(out, "The MLflow server of this folder");
        }
        Files.move(fresh, data.resolve(RECORD), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    /** The recorded process, unless its number belongs to another one now. */
    private static Optional<ProcessHandle> process(Recorded recorded) {
        return ProcessHandle.of(recorded.pid())
                .filter(ProcessHandle::isAlive)
                .filter(p -> Math.abs(startOf(p) - recorded.startedMs()) < 2000);
    }

    private static long startOf(ProcessHandle process) {
        return process.info().startInstant().map(Instant::toEpochMilli).orElse(0L);
    }

    private String database() {
        return "sqlite:///" + data.resolve("mlflow.db");
    }

    private Path log() {
        return data.resolve("server.log");
    }

    private static URI uri(int port) {
        return URI.create("http://127.0.0.1:" + port);
    }
}
