package dev.mlops.nas.devcluster;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * A stand-in for scheduler and kubelet: runs the containers of pods as processes of this machine and reports their phases, exit
 * codes and termination messages. For throw-away clusters of one user only: nothing is isolated, a container's command may do what
 * the user may.
 *
 * <p>Honoured are command, args, env and envFrom with all their sources, working folder, volumes of the kinds configMap, secret,
 * emptyDir, downwardAPI, projected, hostPath and persistentVolumeClaim (a folder per claim), CPU requests (pods wait in order for
 * free cores), init containers, restart policy, active deadline, grace period, termination message path and policy, scheduling
 * gates. A pod with another kind of volume or with sidecars fails with an event that says so. Not honoured are probes, limits,
 * ports, security contexts, affinity and taints. Images are not pulled: a container needs a command that exists here, or names the
 * built-in trainer's image.
 *
 * <p>State is in one folder per pod, so that a runner that is started again goes on with the containers that still run, and reports
 * those that have ended in between.
 */
public final class PodRunner implements AutoCloseable {
    private static final Logger LOG = Logger.getLogger(PodRunner.class);

    /**
     * How a runner works.
     *
     * @param folder state, volumes and logs of pods: {@code pods/<namespace>/<pod>-<uid>/containers/<container>/log}
     * @param node name of the Node object that stands for this machine
     * @param cores how many cores pods may ask for at a time; the others stay Pending
     * @param trainerImage the image, or its last name without tag, that is run by the built-in trainer
     * @param home folder of this product, where the built-in trainer is found
     * @param data what the built-in trainer gets as {@code NAS_DATA_DIR}
     * @param lifetime whether containers outlive this JVM
     */
    public record Options(
            Path folder,
            String node,
            int cores,
            String trainerImage,
            Path home,
            Path data,
            ControlPlane.Lifetime lifetime) {

        /** Name of the built-in trainer's image. */
        public static final String TRAINER_IMAGE = "nas-trainer";

        /** Makes paths absolute. */
        public Options {
            folder = folder.toAbsolutePath().normalize();
            home = home.toAbsolutePath().normalize();
            data = data.toAbsolutePath().normalize();
            if (cores < 1) {
                throw new IllegalArgumentException("cores is " + cores + ", at least 1 is allowed");
            }
        }

        /** For tests: as many pods at a time as asked for, everything ends with this JVM, data are the examples. */
        public static Options forTests(Path folder, int cores) {
            var home = Installation.find().home();
            return new Options(
                    folder,
                    "nas-local",
                    cores,
                    TRAINER_IMAGE,
                    home,
                    home.resolve("examples"),
                    ControlPlane.Lifetime.THIS_PROCESS);
        }

        Path podFolder(Pod pod) {
            var meta = pod.getMetadata();
            return folder.resolve("pods").resolve(meta.getNamespace()).resolve(meta.getName() + "-" + meta.getUid());
        }

        Path claimFolder(Pod pod) {
            return folder.resolve("claims").resolve(pod.getMetadata().getNamespace());
        }
    }

    private final KubernetesClient client;
    private final Options options;
    private final Slots slots;
    private final @Nullable Watchdog watchdog;
    private final Map<String, PodLife> lives = new ConcurrentHashMap<>();
    private final CompletableFuture<Void> closing = new CompletableFuture<>();
    private @Nullable SharedIndexInformer<Pod> informer;

    private PodRunner(KubernetesClient client, Options options, @Nullable Watchdog watchdog) {
        this.client = client;
        this.options = options;
        this.slots = new Slots(options.cores());
        this.watchdog = watchdog;
    }

    /**
     * Starts a runner for the pods of all namespaces.
     *
     * @param client stays the caller's, to be closed after the runner
     */
    public static PodRunner start(KubernetesClient client, Options options) {
        try {
            Files.createDirectories(options.folder());
            var watchdog =
                    options.lifetime() == ControlPlane.Lifetime.THIS_PROCESS ? Watchdog.start(options.folder()) : null;
            var runner = new PodRunner(client, options, watchdog);
            runner.begin();
            return runner;
        } catch (IOException e) {
            throw new DevClusterException(
                    "cannot start the pod runner in " + options.folder() + ": " + e.getMessage(), e);
        }
    }

    /** Ends what containers of a folder run, whoever started them. The API server is not told. */
    public static void stopContainers(Path folder) {
        if (!Files.isDirectory(folder.resolve("pods"))) {
            return;
        }
        var root = folder.toAbsolutePath().normalize().resolve("pods");
        try (Stream<Path> files = Files.walk(root)) {
            var processes = files.filter(file -> file.getFileName().toString().equals("shell"))
                    .map(file -> OwnedProcess.noted(file, root.toString()))
                    .flatMap(Optional::stream)
                    .filter(OwnedProcess::isAlive)
                    .toList();
            // The shell passes SIGTERM on, and ends the rest by SIGKILL after 4 s.
            processes.parallelStream().forEach(process -> process.stop(Duration.ofSeconds(6)));
        } catch (IOException e) {
            throw new DevClusterException("cannot read " + folder, e);
        }
    }

    /** The log of a pod's container. */
    public Path log(Pod pod, String container) {
        return options.podFolder(pod).resolve("containers").resolve(container).resolve("log");
    }

    /** Returns when the runner is closed. */
    void awaitClose() {
        closing.join();
    }

    /** Stops running pods' lives here; their processes go on and a later runner adopts them, unless they end with this JVM. */
    @Override
    public void close() {
        closing.complete(null);
        if (informer != null) {
            informer.close();
        }
        if (watchdog != null) {
            watchdog.close();
        }
    }

    private void begin() {
        var heartbeat = new NodeHeartbeat(client, options.node(), options.cores());
        heartbeat.register();
        Thread.ofVirtual().name("heartbeat").start(() -> heartbeat.run(closing));
        informer = client.pods().inAnyNamespace().inform(new Handler());
    }

    private void seen(Pod pod) {
        var meta = pod.getMetadata();
        var life = lives.get(meta.getUid());
        if (life != null) {
            life.observe(pod);
        } else if (isOurs(pod) && !closing.isDone()) {
            var api = new PodApi(client, pod, options.node(), closing);
            var sources = new PodSources(client, meta.getNamespace());
            var begun = new PodLife(pod, api, sources, options, slots, this::watch, closing);
            lives.put(meta.getUid(), begun);
            Thread.ofVirtual().name(meta.getName()).start(() -> live(pod, begun));
        }
    }

    private boolean isOurs(Pod pod) {
        var over = PodReport.isTerminal(pod) && pod.getMetadata().getDeletionTimestamp() == null;
        var node = pod.getSpec().getNodeName();
        var unbound = node == null
                && pod.getMetadata().getDeletionTimestamp() == null
                && pod.getSpec().getSchedulingGates().isEmpty();
        return !over && (unbound || options.node().equals(node));
    }

    private void live(Pod pod, PodLife life) {
        var meta = pod.getMetadata();
        try {
            life.run();
            lives.remove(meta.getUid());
            // A deletion that came after the last look belongs to nobody otherwise.
            new PodApi(client, pod, options.node(), closing).current().ifPresent(this::seen);
        } catch (IOException | KubernetesClientException | DevClusterException e) {
            lives.remove(meta.getUid());
            LOG.errorf(e, "pod %s/%s is given up", meta.getNamespace(), meta.getName());
        }
    }

    private void watch(long pid) {
        if (watchdog != null) {
            try {
                watchdog.watch(pid);
            } catch (IOException e) {
                throw new DevClusterException("the watchdog of the pod runner has gone", e);
            }
        }
    }

    private final class Handler implements ResourceEventHandler<Pod> {
        @Override
        public void onAdd(Pod pod) {
            seen(pod);
        }

        @Override
        public void onUpdate(Pod before, Pod pod) {
            seen(pod);
        }

        @Override
        public void onDelete(Pod pod, boolean unknown) {
            var life = lives.get(pod.getMetadata().getUid());
            if (life != null) {
                life.gone();
            }
        }
    }
}
