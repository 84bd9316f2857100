package dev.mlops.nas.devcluster;

import dev.mlops.nas.devcluster.ControlPlane.Lifetime;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What {@code nas up} starts in one folder: a control plane, the CRDs and the operator's role, the operator with exactly that role,
 * and a pod runner. All of them go on until {@link #down}; starting again starts what is missing.
 */
public final class DevCluster {
    /**
     * What is wanted.
     *
     * @param data the built-in trainer's data folder
     * @param cores how many cores trials may use at a time
     * @param mlflow address of the tracking server; null for no tracking
     */
    public record Settings(Path data, int cores, @Nullable URI mlflow) {}

    /** One line of {@link #status}: whether a part runs, and where its log is. */
    public record PartStatus(String name, @Nullable Long pid, Path log) {}

    private static final String PROGRAM = "operator/target/quarkus-app/quarkus-run.jar";
    private static final String NODE = "nas-local";
    private static final String OPERATOR = "operator";
    private static final String POD_RUNNER = "pod-runner";
    private static final String CONTROL_PLANE = "control-plane";
    private static final Duration OPERATOR_READY = Duration.ofMinutes(2);
    private static final Duration RUNNER_READY = Duration.ofMinutes(1);
    private static final Duration GRACE = Duration.ofSeconds(5);
    private static final Duration FRESH = Duration.ofSeconds(20);
    private static final Duration TOKEN_LIFETIME = Duration.ofDays(360);

    private final Path folder;
    private final Consumer<String> progress;

    /**
     * @param folder of everything: data, keys, logs
     * @param progress gets lines for the user
     */
    public DevCluster(Path folder, Consumer<String> progress) {
        this.folder = folder.toAbsolutePath().normalize();
        this.progress = progress;
    }

    /** The default folder, in the user's cache. */
    public static Path defaultFolder() {
        return Optional.ofNullable(System.getenv("XDG_CACHE_HOME"))
                .filter(text -> !text.isBlank())
                .map(Path::of)
                .orElseGet(() -> Path.of(System.getProperty("user.home"), ".cache"))
                .resolve("nas-operator")
                .resolve("up");
    }

    /** The data that come with this product. */
    public static Path exampleData() {
        return Installation.find().file("examples");
    }

    /** Runs the pods of a cluster until this process is ended; the containers go on. */
    public static void runPods(Path folder, Path data, int cores, Path kubeconfig)
            throws IOException, InterruptedException {
        var options = new PodRunner.Options(
                folder,
                NODE,
                cores,
                PodRunner.Options.TRAINER_IMAGE,
                Installation.find().home(),
                data,
                Lifetime.UNTIL_STOPPED);
        var config = Config.fromKubeconfig(Files.readString(kubeconfig));
        try (var client = new KubernetesClientBuilder().withConfig(config).build();
                var runner = PodRunner.start(client, options)) {
            runner.awaitClose();
        }
    }

    /** Below it the logs of containers lie: {@code <namespace>/<pod>-<uid>/containers/<container>/log}. */
    public Path podLogs() {
        return folder.resolve("pods");
    }

    /** Kubeconfig of a cluster administrator. */
    public Path kubeconfig() {
        return folder.resolve(CONTROL_PLANE).resolve("kubeconfig");
    }

    /** Whether everything runs. */
    public boolean isUp() {
        return status().stream().allMatch(part -> part.pid() != null);
    }

    /** All parts, running or not. */
    public List<PartStatus> status() {
        var parts = new ArrayList<PartStatus>();
        for (var part : ControlPlane.Part.values()) {
            parts.add(status(ControlPlane.daemon(folder.resolve(CONTROL_PLANE), part)));
        }
        parts.add(status(daemon(OPERATOR)));
        parts.add(status(daemon(POD_RUNNER)));
        return parts;
    }

    /** Starts what does not run and returns when all is ready. */
    public void up(Settings settings) {
        try {
            Files.createDirectories(folder);
            Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
            try (var lock =
                    FileChannel.open(folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
                lock.lock();
                startAll(settings);
            }
        } catch (IOException e) {
            throw new DevClusterException("cannot start a cluster in " + folder + ": " + e.getMessage(), e);
        }
    }

    /**
     * Ends everything, trial processes included.
     *
     * @param delete also removes data, keys and logs
     */
    public void down(boolean delete) {
        List.of(OPERATOR, POD_RUNNER).parallelStream()
                .forEach(name -> daemon(name).stop(GRACE));
        PodRunner.stopContainers(folder);
        ControlPlane.stop(folder.resolve(CONTROL_PLANE));
        if (delete) {
            for (var name : List.of(
                    CONTROL_PLANE,
                    "pods",
                    "claims",
                    "operator.log",
                    "operator.started",
                    "operator.port",
                    "operator.kubeconfig",
                    "pod-runner.log",
                    "pod-runner.started",
                    "lock")) {
                remove(folder.resolve(name));
            }
            var left = folder.toFile().list();
            if (left != null && left.length == 0) {
                remove(folder);
            }
        }
    }

    private void startAll(Settings settings) throws IOException {
        var installation = Installation.find();
        var plane = ControlPlane.start(folder.resolve(CONTROL_PLANE), Lifetime.UNTIL_STOPPED, progress);
        try (var client = plane.client()) {
            if (!daemon(OPERATOR).isRunning()) {
                progress.accept("installing the CRDs and the operator's role");
                var manifests = Manifests.base(installation, client);
                manifests.apply(client);
                writeOperatorKubeconfig(plane, manifests);
                progress.accept("starting the operator and the pod runner");
            }
            var program = installation.file(PROGRAM);
            if (!Files.exists(program)) {
                throw new DevClusterException(
                        "the operator is not built: start nas by its launcher ./nas, which builds it");
            }
            var port = operatorPort();
            daemon(OPERATOR).startOrReplace(operatorCommand(program), operatorEnvironment(settings, port), program);
            daemon(POD_RUNNER).startOrReplace(podRunnerCommand(settings), Map.of(), program);
            await("the operator", daemon(OPERATOR), OPERATOR_READY, () -> isHealthy(port));
            await("the pod runner", daemon(POD_RUNNER), RUNNER_READY, () -> beats(client));
        }
    }

    private void writeOperatorKubeconfig(ControlPlane plane, Manifests manifests) throws IOException {
        var account = manifests.serviceAccount().getMetadata();
        var file = folder.resolve("operator.kubeconfig");
        Files.deleteIfExists(file);
        Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.writeString(file, plane.kubeconfigText(account.getNamespace(), account.getName(), TOKEN_LIFETIME));
    }

    private List<String> operatorCommand(Path program) {
        return List.of(
                java(),
                "-Xmx256m",
                "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-Dnas.up=" + folder,
                "-jar",
                program.toString());
    }

    private Map<String, String> operatorEnvironment(Settings settings, int port) {
        var environment = new HashMap<>(Map.of(
                "KUBECONFIG",
                folder.resolve("operator.kubeconfig").toString(),
                "NAS_TRAINER_IMAGE",
                PodRunner.Options.TRAINER_IMAGE,
                "QUARKUS_HTTP_HOST",
                "127.0.0.1",
                "QUARKUS_HTTP_PORT",
                Integer.toString(port)));
        environment.put(
                "MLFLOW_TRACKING_URI",
                settings.mlflow() == null ? "" : settings.mlflow().toString());
        return environment;
    }

    private List<String> podRunnerCommand(Settings settings) {
        return List.of(
                java(),
                "-Xmx128m",
                "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-cp",
                System.getProperty("java.class.path"),
                "dev.mlops.nas.cli.Nas",
                POD_RUNNER,
                "--dir=" + folder,
                "--data=" + settings.data(),
                "--cores=" + settings.cores(),
                "--kubeconfig=" + kubeconfig());
    }

    /** The port of the operator's health and metrics, the same as before where it runs. */
    private int operatorPort() throws IOException {
        var file = folder.resolve("operator.port");
        if (daemon(OPERATOR).isRunning() && Files.exists(file)) {
            return Integer.parseInt(Files.readString(file).strip());
        }
        var port = ControlPlaneFiles.freePort();
        Files.writeString(file, Integer.toString(port));
        return port;
    }

    private void await(String what, Daemon daemon, Duration limit, BooleanSupplier ready) {
        var end = Instant.now().plus(limit);
        while (!ready.getAsBoolean()) {
            if (!daemon.isRunning()) {
                throw new DevClusterException(
                        what + " has ended, its log " + daemon.log() + " ends with:\n" + daemon.lastWords());
            }
            if (Instant.now().isAfter(end)) {
                throw new DevClusterException(
                        what + " is not ready after " + limit.toSeconds() + " s, see " + daemon.log());
            }
            try {
                Thread.sleep(100);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new DevClusterException("interrupted while " + what + " starts", e);
            }
        }
    }

    private static boolean isHealthy(int port) {
        try (var http = HttpClient.newHttpClient()) {
            var request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/q/health/ready"))
                    .timeout(Duration.ofSeconds(5))
                    .build();
            return http.send(request, HttpResponse.BodyHandlers.discarding()).statusCode() == 200;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private static boolean beats(KubernetesClient client) {
        var lease =
                client.leases().inNamespace("kube-node-lease").withName(NODE).get();
        return lease != null
                && lease.getSpec().getRenewTime() != null
                && lease.getSpec()
                        .getRenewTime()
                        .isAfter(ZonedDateTime.now(ZoneOffset.UTC).minus(FRESH));
    }

    private PartStatus status(Daemon daemon) {
        return new PartStatus(
                daemon.name(),
                daemon.process()
                        .filter(OwnedProcess::isAlive)
                        .map(OwnedProcess::pid)
                        .orElse(null),
                daemon.log());
    }

    private Daemon daemon(String name) {
        return new Daemon(name, folder);
    }

    private static String java() {
        return Path.of(System.getProperty("java.home"), "bin", "java").toString();
    }

    private static void remove(Path target) {
        if (!Files.exists(target)) {
            return;
        }
        try (Stream<Path> files = Files.walk(target)) {
            files.sorted(Comparator.reverseOrder()).forEach(file -> {
                try {
                    Files.delete(file);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        } catch (IOException | UncheckedIOException e) {
            throw new DevClusterException("cannot delete " + target + ": " + e.getMessage(), e);
        }
    }
}
