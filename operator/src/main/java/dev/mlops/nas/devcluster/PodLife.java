package dev.mlops.nas.devcluster;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * One pod from the moment it is seen to its end, told in order: wait for cores, bind, fill volumes, run the init containers, run the
 * containers, report. What has been done is read from the pod's folder, so that the story goes on after a restart of the runner.
 */
final class PodLife {
    private static final Duration RETRY = Duration.ofSeconds(1);
    private static final Duration FIRST_BACKOFF = Duration.ofSeconds(10);
    private static final Duration LAST_BACKOFF = Duration.ofMinutes(5);
    private static final long DEFAULT_GRACE_SECONDS = 30;

    private final Pod pod;
    private final PodApi api;
    private final PodSources sources;
    private final PodReport report;
    private final PodRunner.Options options;
    private final Slots slots;
    private final LongConsumer watchdog;
    private final Path folder;

    /** Done with the grace period when the pod is being deleted, with zero when it is gone already. */
    private final CompletableFuture<Duration> deletion = new CompletableFuture<>();

    private final CompletableFuture<Void> closing;
    private final CompletableFuture<Void> stopping = new CompletableFuture<>();

    /**
     * @param watchdog is told the process ids that are not to outlive this JVM
     * @param closing done when the runner ends; the containers go on
     */
    PodLife(
            Pod pod,
            PodApi api,
            PodSources sources,
            PodRunner.Options options,
            Slots slots,
            LongConsumer watchdog,
            CompletableFuture<Void> closing) {
        this.pod = pod;
        this.api = api;
        this.sources = sources;
        this.report = new PodReport(pod);
        this.options = options;
        this.slots = slots;
        this.watchdog = watchdog;
        this.closing = closing;
        this.folder = options.podFolder(pod);
        observe(pod);
    }

    /** Takes note of a change of the pod. */
    void observe(Pod now) {
        if (now.getMetadata().getDeletionTimestamp() != null) {
            deletion.complete(
                    Duration.ofSeconds(Optional.ofNullable(now.getMetadata().getDeletionGracePeriodSeconds())
                            .orElse(DEFAULT_GRACE_SECONDS)));
        }
    }

    /** The object has been removed. */
    void gone() {
        deletion.complete(Duration.ZERO);
    }

    /** Lives the pod's life; returns when it is over or the runner ends. */
    void run() throws IOException {
        if (PodReport.isTerminal(pod)) {
            api.forceDelete();
            return;
        }
        var impossible = PodVolumes.unsupported(pod).or(this::sidecar);
        if (impossible.isPresent()) {
            finish("Failed", "Unsupported", impossible.get());
            return;
        }
        try (var claim = bound() ? slots.take(cores()) : slots.claim(cores())) {
            if (!bound()) {
                awaitTurn(claim);
                if (over()) {
                    return;
                }
                api.bind();
            }
            live();
        }
    }

    private void awaitTurn(Slots.Claim claim) {
        if (!claim.granted().isDone()) {
            api.unscheduled("waits for a free core: the pod runner uses %d at a time".formatted(slots.total()));
        }
        CompletableFuture.anyOf(claim.granted(), deletion, closing).join();
    }

    private void live() throws IOException {
        report.start();
        var volumes = new PodVolumes(pod, sources, folder.resolve("volumes"), options.claimFolder(pod), slots.total());
        var deadline = deadline();
        var ready = prepare(volumes, deadline);
        if (ready) {
            var containers = CompletableFuture.supplyAsync(() -> runAll(volumes), PodLife::onVirtualThread);
            CompletableFuture.anyOf(containers, deletion, closing, deadline).join();
            if (containers.isDone() && !deletion.isDone()) {
                finish(containers.join() ? "Succeeded" : "Failed", null, null);
                return;
            }
            if (closing.isDone()) {
                return;
            }
            stopContainers();
            containers.join();
        }
        if (deletion.isDone()) {
            finish("Failed", null, null);
        } else if (!closing.isDone()) {
            finish("Failed", "DeadlineExceeded", "Pod was active on the node longer than the specified deadline");
        }
    }

    /** Fills the volumes, trying again while something that they need does not exist. @return false if the pod is over before */
    private boolean prepare(PodVolumes volumes, CompletableFuture<Void> deadline) throws IOException {
        var complaint = "";
        while (!over() && !deadline.isDone()) {
            try {
                Files.createDirectories(folder.resolve("work"));
                if (Files.notExists(folder.resolve("filled"))) {
                    volumes.fill();
                    Files.createFile(folder.resolve("filled"));
                }
                for (var container : allContainers()) {
                    plan(container, volumes, folder.resolve("none"));
                }
                return true;
            } catch (NotReadyException e) {
                if (!complaint.equals(e.sentence())) {
                    complaint = e.sentence();
                    report.waiting(e.reason(), complaint);
                    api.report(report);
                    api.event("Warning", e.reason(), complaint);
                }
                pause(RETRY);
            }
        }
        return false;
    }

    /** @return whether all containers ended with 0 */
    private boolean runAll(PodVolumes volumes) {
        for (var container : pod.getSpec().getInitContainers()) {
            if (!runContainer(container, volumes, !"Never".equals(restartPolicy()), false)) {
                return false;
            }
        }
        var failed = !"Never".equals(restartPolicy());
        var always = "Always".equals(restartPolicy());
        var runs = pod.getSpec().getContainers().stream()
                .map(container -> CompletableFuture.supplyAsync(
                        () -> runContainer(container, volumes, failed, always), PodLife::onVirtualThread))
                .toList();
        return runs.stream().map(CompletableFuture::join).reduce(true, Boolean::logicalAnd);
    }

    private boolean runContainer(
            Container container, PodVolumes volumes, boolean restartFailed, boolean restartAlways) {
        try {
            for (var attempt = lastAttempt(container); ; attempt++) {
                var exit = runOnce(container, volumes, attempt);
                var again = restartAlways || (restartFailed && exit != 0);
                if (!again || stopping.isDone() || closing.isDone()) {
                    return exit == 0;
                }
                var backoff = FIRST_BACKOFF.multipliedBy(1L << Math.min(attempt, 10));
                backoff = backoff.compareTo(LAST_BACKOFF) > 0 ? LAST_BACKOFF : backoff;
                report.waiting(
                        container,
                        "CrashLoopBackOff",
                        "back-off %d s restarting failed container".formatted(backoff.toSeconds()));
                api.report(report);
                CompletableFuture.anyOf(stopping, closing)
                        .completeOnTimeout(null, backoff.toMillis(), TimeUnit.MILLISECONDS)
                        .join();
                if (stopping.isDone() || closing.isDone()) {
                    return false;
                }
            }
        } catch (IOException | NotReadyException e) {
            var end = new ContainerProcess.End(128, Instant.now(), false);
            report.terminated(container, 0, Instant.now(), end, String.valueOf(e.getMessage()));
            api.event("Warning", "Failed", String.valueOf(e.getMessage()));
            return false;
        }
    }

    private int runOnce(Container container, PodVolumes volumes, int attempt) throws IOException, NotReadyException {
        var process = process(container, attempt);
        var words = process.folder().resolve("termination-log");
        if (!process.isStarted()) {
            var plan = plan(container, volumes, words);
            Files.createDirectories(process.folder());
            process.startOnce(plan.command(), plan.environment(), plan.folder()).ifPresent(watchdog::accept);
            api.event(
                    "Normal",
                    "Started",
                    "started container %s, its log is %s".formatted(container.getName(), process.log()));
        }
        if (stopping.isDone()) {
            process.stop(Duration.ZERO);
        }
        report.running(container, attempt, process.startedAt());
        if (!process.ended().isDone()) {
            api.report(report);
        }
        CompletableFuture.anyOf(process.ended(), closing).join();
        if (closing.isDone()) {
            return 0;
        }
        var end = process.end();
        report.terminated(container, attempt, process.startedAt(), end, LastWords.of(container, process, end, words));
        return end.exitCode();
    }

    private LaunchPlan plan(Container container, PodVolumes volumes, Path terminationLog) throws NotReadyException {
        var variables = new ContainerEnvironment(pod, sources, slots.total()).of(container);
        return LaunchPlan.of(
                container, variables, volumes.mounts(container), terminationLog, folder.resolve("work"), options);
    }

    private void stopContainers() throws IOException {
        stopping.complete(null);
        var grace = deletion.isDone()
                ? deletion.join()
                : Duration.ofSeconds(Optional.ofNullable(pod.getSpec().getTerminationGracePeriodSeconds())
                        .orElse(DEFAULT_GRACE_SECONDS));
        for (var container : allContainers()) {
            process(container, lastAttempt(container)).stop(grace);
        }
    }

    private void finish(String phase, @Nullable String reason, @Nullable String message) {
        report.finished(phase, reason, message);
        api.report(report);
        if (reason != null && message != null) {
            api.event("Warning", reason, message);
        }
        if (deletion.isDone()) {
            api.forceDelete();
        }
    }

    private Optional<String> sidecar() {
        return pod.getSpec().getInitContainers().stream()
                .filter(container -> container.getRestartPolicy() != null)
                .findFirst()
                .map(container -> "init container " + container.getName()
                        + " has a restartPolicy: sidecars are not supported by the pod runner of nas up");
    }

    private CompletableFuture<Void> deadline() {
        var seconds = pod.getSpec().getActiveDeadlineSeconds();
        var never = new CompletableFuture<Void>();
        if (seconds == null) {
            return never;
        }
        var left = Duration.between(Instant.now(), report.start().plusSeconds(seconds));
        return left.isPositive()
                ? never.completeOnTimeout(null, left.toMillis(), TimeUnit.MILLISECONDS)
                : CompletableFuture.completedFuture(null);
    }

    private int lastAttempt(Container container) {
        var attempt = 0;
        while (process(container, attempt + 1).isStarted()) {
            attempt++;
        }
        return attempt;
    }

    private ContainerProcess process(Container container, int attempt) {
        var own = folder.resolve("containers").resolve(container.getName());
        return new ContainerProcess(own.resolve(Integer.toString(attempt)), own.resolve("log"));
    }

    private List<Container> allContainers() {
        var all = new ArrayList<>(pod.getSpec().getInitContainers());
        all.addAll(pod.getSpec().getContainers());
        return all;
    }

    private boolean bound() {
        return pod.getSpec().getNodeName() != null;
    }

    private boolean over() {
        return deletion.isDone() || closing.isDone();
    }

    private String restartPolicy() {
        return Optional.ofNullable(pod.getSpec().getRestartPolicy()).orElse("Always");
    }

    /** Cores that the pod asks for, at least one. */
    private int cores() {
        var sum = pod.getSpec().getContainers().stream()
                .map(container -> Optional.ofNullable(container.getResources())
                        .map(resources -> resources.getRequests())
                        .map((Map<String, Quantity> requests) -> requests.get("cpu"))
                        .map(Quantity::getNumericalAmount)
                        .map(amount -> amount.doubleValue())
                        .orElse(0.0))
                .reduce(0.0, Double::sum);
        return Math.max(1, (int) Math.ceil(sum));
    }

    private void pause(Duration duration) {
        CompletableFuture.anyOf(deletion, closing)
                .completeOnTimeout(null, duration.toMillis(), TimeUnit.MILLISECONDS)
                .join();
    }

    private static void onVirtualThread(Runnable task) {
        Thread.ofVirtual().name("pod").start(task);
    }
}
