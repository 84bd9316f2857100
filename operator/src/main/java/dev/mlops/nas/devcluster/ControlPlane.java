package dev.mlops.nas.devcluster;

import io.fabric8.kubernetes.api.model.authentication.TokenRequestBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A real Kubernetes control plane on loopback: etcd, kube-apiserver and kube-controller-manager, with ports, keys, data and logs in
 * one folder. Real are admission, CEL, RBAC, watches, server-side apply, service-account tokens, the Job, garbage-collection and
 * namespace controllers. There is no scheduler and no node: {@link PodRunner} stands in for them, or a test plays them.
 *
 * <p>For a test class: {@code static final ControlPlane plane = ControlPlane.start(folder)}, and {@link #close()} at the end.
 */
public final class ControlPlane implements AutoCloseable {
    /** Which programs a control plane consists of. */
    public enum Part {
        /** The store. */
        ETCD("etcd"),
        /** The API server. */
        API_SERVER("kube-apiserver"),
        /** The controllers of Jobs, garbage collection, namespaces and so on. */
        CONTROLLER_MANAGER("kube-controller-manager");

        private final String program;

        Part(String program) {
            this.program = program;
        }
    }

    /** How long the programs live. */
    public enum Lifetime {
        /** They end with this JVM, even when it is killed. */
        THIS_PROCESS,
        /** They go on until {@link ControlPlane#close()}, maybe called by another JVM. */
        UNTIL_STOPPED
    }

    private static final Duration READY_LIMIT = Duration.ofSeconds(60);
    private static final Duration STOP_GRACE = Duration.ofSeconds(3);
    private static final int PORT_ATTEMPTS = 3;

    private final Path folder;
    private final Binaries binaries;
    private final @Nullable Watchdog watchdog;
    private final Set<Part> launched = EnumSet.noneOf(Part.class);

    private ControlPlane(Path folder, Binaries binaries, @Nullable Watchdog watchdog) {
        this.folder = folder;
        this.binaries = binaries;
        this.watchdog = watchdog;
    }

    /** Starts a control plane that ends with this JVM; progress goes to standard error. */
    public static ControlPlane start(Path folder) {
        return start(folder, Lifetime.THIS_PROCESS, System.err::println);
    }

    /**
     * Starts a control plane, or what of it does not run: the same folder gives the same ports, keys and data. Returns when the API
     * server is ready and the default namespace has its service account.
     *
     * @param folder is made if absent
     * @param progress gets a line for the user where a program has to be downloaded or compiled first
     * @throws DevClusterException if a program is missing or a part is not ready within 60 s
     */
    public static ControlPlane start(Path folder, Lifetime lifetime, Consumer<String> progress) {
        var binaries = Binaries.find(Installation.find(), System.getenv(), progress);
        try {
            Files.createDirectories(folder);
            var real = folder.toRealPath();
            var watchdog = lifetime == Lifetime.THIS_PROCESS ? Watchdog.start(real) : null;
            var plane = new ControlPlane(real, binaries, watchdog);
            plane.startMissing();
            return plane;
        } catch (IOException e) {
            throw new DevClusterException("cannot start a control plane in " + folder + ": " + e.getMessage(), e);
        }
    }

    /** Stops what runs of the control plane in a folder, started by whichever JVM. The folder stays. */
    public static void stop(Path folder) {
        if (Files.isDirectory(folder)) {
            for (var part : List.of(Part.CONTROLLER_MANAGER, Part.API_SERVER, Part.ETCD)) {
                daemon(folder.toAbsolutePath().normalize(), part).stop(STOP_GRACE);
            }
        }
    }

    /** Whether all programs of the control plane in a folder run. */
    public static boolean isRunning(Path folder) {
        return List.of(Part.values()).stream()
                .allMatch(part ->
                        daemon(folder.toAbsolutePath().normalize(), part).isRunning());
    }

    /** The folder with data, keys and logs ({@code <program>.log}). */
    public Path folder() {
        return folder;
    }

    /** The kubeconfig file of a cluster administrator. */
    public Path kubeconfig() {
        return folder.resolve("kubeconfig");
    }

    /** The kubeconfig of a cluster administrator, as text. */
    public String kubeconfigText() {
        try {
            return Files.readString(kubeconfig());
        } catch (IOException e) {
            throw new DevClusterException("cannot read " + kubeconfig(), e);
        }
    }

    /**
     * The kubeconfig of a service account that exists, as text: what it may do is what RBAC lets it.
     *
     * @param lifetime of the token, at least 10 minutes
     */
    public String kubeconfigText(String namespace, String serviceAccount, Duration lifetime) {
        var request = new TokenRequestBuilder()
                .withNewSpec()
                .withExpirationSeconds(lifetime.toSeconds())
                .endSpec()
                .build();
        try (var client = client()) {
            var token = client.serviceAccounts()
                    .inNamespace(namespace)
                    .withName(serviceAccount)
                    .tokenRequest(request)
                    .getStatus()
                    .getToken();
            return ControlPlaneFiles.openOrCreate(folder).kubeconfig(serviceAccount, token);
        } catch (IOException e) {
            throw new DevClusterException("cannot read the keys in " + folder, e);
        }
    }

    /** Client configuration of a cluster administrator; a new object at each call. */
    public Config adminConfig() {
        return Config.fromKubeconfig(kubeconfigText());
    }

    /** A new client with the rights of a cluster administrator; the caller closes it. */
    public KubernetesClient client() {
        return new KubernetesClientBuilder().withConfig(adminConfig()).build();
    }

    /** The process id of a part that runs. */
    public long pid(Part part) {
        return daemon(folder, part)
                .process()
                .filter(OwnedProcess::isAlive)
                .map(OwnedProcess::pid)
                .orElseThrow(() -> new DevClusterException(part.program + " does not run"));
    }

    /** Kills a part with SIGKILL, as a fault for tests; {@link #restart()} brings it back. */
    public void kill(Part part) {
        daemon(folder, part).process().ifPresent(OwnedProcess::kill);
    }

    /** Starts what does not run, with the same ports, keys and data, and returns when the API server is ready. */
    public void restart() {
        try {
            startMissing();
        } catch (IOException e) {
            throw new DevClusterException("cannot restart the control plane in " + folder, e);
        }
    }

    /** Stops everything; the folder stays and {@link #start} goes on with its data. */
    @Override
    public void close() {
        stop(folder);
        if (watchdog != null) {
            watchdog.close();
        }
    }

    static Daemon daemon(Path folder, Part part) {
        return new Daemon(part.program, folder);
    }

    private void startMissing() throws IOException {
        for (var attempt = 1; ; attempt++) {
            var fresh = !Files.exists(kubeconfig());
            var files = ControlPlaneFiles.openOrCreate(folder);
            try {
                startWith(files);
                return;
            } catch (PortTakenException e) {
                stop(folder);
                if (!fresh || attempt == PORT_ATTEMPTS) {
                    close();
                    throw new DevClusterException(e.sentence());
                }
                files.forgetPorts();
            } catch (DevClusterException e) {
                close();
                throw e;
            }
        }
    }

    private void startWith(ControlPlaneFiles files) throws IOException, PortTakenException {
        launched.clear();
        launch(Part.ETCD, files.etcdCommand(binaries.etcd()));
        launch(Part.API_SERVER, files.apiServerCommand(binaries.apiServer()));
        await("the API server's certificate", files::hasCertificate);
        files.writeKubeconfig(kubeconfig());
        try (var client = impatientClient()) {
            await("the API server", () -> "ok".equals(answer(() -> client.raw("/readyz"))));
            launch(Part.CONTROLLER_MANAGER, files.controllerManagerCommand(binaries.controllerManager(), kubeconfig()));
            await(
                    "the default service account",
                    () -> answer(() -> client.serviceAccounts()
                                    .inNamespace("default")
                                    .withName("default")
                                    .get())
                            != null);
        }
    }

    private void launch(Part part, List<String> command) throws IOException {
        var started = daemon(folder, part).start(command, Map.of());
        launched.add(part);
        if (watchdog != null) {
            watchdog.watch(started.orElseGet(() -> pid(part)));
        }
    }

    private KubernetesClient impatientClient() {
        var config = adminConfig();
        config.setRequestRetryBackoffLimit(0);
        config.setConnectionTimeout(1000);
        return new KubernetesClientBuilder().withConfig(config).build();
    }

    private static <T> @Nullable T answer(Supplier<@Nullable T> request) {
        try {
            return request.get();
        } catch (KubernetesClientException e) {
            return null;
        }
    }

    private void await(String what, BooleanSupplier condition) throws PortTakenException {
        var end = Instant.now().plus(READY_LIMIT);
        while (!condition.getAsBoolean()) {
            var dead = launched.stream()
                    .map(part -> daemon(folder, part))
                    .filter(daemon -> !daemon.isRunning())
                    .findFirst();
            if (dead.map(Daemon::lastWords).orElse("").contains("address already in use")) {
                throw new PortTakenException(dead.get());
            }
            if (dead.isPresent() || Instant.now().isAfter(end)) {
                throw new DevClusterException(
                        what + " did not come up: " + complaint(dead.orElseGet(() -> daemon(folder, Part.API_SERVER))));
            }
            pause();
        }
    }

    private static String complaint(Daemon daemon) {
        return daemon.name() + (daemon.isRunning() ? " runs but is not ready" : " has ended") + ", its log "
                + daemon.log() + " ends with:\n" + daemon.lastWords();
    }

    private static void pause() {
        try {
            Thread.sleep(100);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new DevClusterException("interrupted while the control plane starts", e);
        }
    }

    private static final class PortTakenException extends Exception {
        private final transient Daemon daemon;

        private PortTakenException(Daemon daemon) {
            this.daemon = daemon;
        }

        private String sentence() {
            return "a port of " + daemon.name() + " is taken by another program, see " + daemon.log();
        }
    }
}
