package dev.mlops.nas.devcluster;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerState;
import io.fabric8.kubernetes.api.model.ContainerStateBuilder;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.ContainerStatusBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.fabric8.kubernetes.api.model.PodConditionBuilder;
import io.fabric8.kubernetes.api.model.PodStatus;
import io.fabric8.kubernetes.api.model.PodStatusBuilder;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The status of one pod as a kubelet would write it, gathered from the states of its containers. */
final class PodReport {
    private static final Set<String> OWN_CONDITIONS = Set.of("PodScheduled", "Initialized", "ContainersReady", "Ready");

    private final Pod pod;
    private final Map<String, ContainerStatus> states = new LinkedHashMap<>();
    private @Nullable Instant startTime;
    private @Nullable String phase;
    private @Nullable String reason;
    private @Nullable String message;

    PodReport(Pod pod) {
        this.pod = pod;
        this.startTime = Optional.ofNullable(pod.getStatus())
                .map(PodStatus::getStartTime)
                .map(Instant::parse)
                .orElse(null);
        var waiting = new ContainerStateBuilder()
                .withNewWaiting()
                .withReason("ContainerCreating")
                .endWaiting()
                .build();
        containers().forEach(container -> put(container, waiting, 0));
    }

    static boolean isTerminal(Pod pod) {
        var phase = pod.getStatus() == null ? null : pod.getStatus().getPhase();
        return "Succeeded".equals(phase) || "Failed".equals(phase);
    }

    /** When the pod was accepted; the active deadline counts from here. */
    synchronized Instant start() {
        if (startTime == null) {
            startTime = Instant.now().truncatedTo(ChronoUnit.SECONDS);
        }
        return startTime;
    }

    /** All containers wait, for instance for a ConfigMap. */
    synchronized void waiting(String why, String sentence) {
        containers().forEach(container -> waiting(container, why, sentence));
    }

    synchronized void waiting(Container container, String why, String sentence) {
        var state = new ContainerStateBuilder()
                .withNewWaiting()
                .withReason(why)
                .withMessage(sentence)
                .endWaiting()
                .build();
        put(container, state, restarts(container));
    }

    synchronized void running(Container container, int restarts, Instant startedAt) {
        var state = new ContainerStateBuilder()
                .withNewRunning()
                .withStartedAt(text(startedAt))
                .endRunning()
                .build();
        put(container, state, restarts);
    }

    synchronized void terminated(
            Container container, int restarts, Instant startedAt, ContainerProcess.End end, String lastWords) {
        var state = new ContainerStateBuilder()
                .withNewTerminated()
                .withExitCode(end.exitCode())
                .withReason(end.lost() ? "ContainerStatusUnknown" : end.exitCode() == 0 ? "Completed" : "Error")
                .withMessage(lastWords.isEmpty() ? null : lastWords)
                .withStartedAt(text(startedAt))
                .withFinishedAt(text(end.finishedAt()))
                .endTerminated()
                .build();
        put(container, state, restarts);
    }

    /** The pod ends as a whole. */
    synchronized void finished(String finalPhase, @Nullable String why, @Nullable String sentence) {
        phase = finalPhase;
        reason = why;
        message = sentence;
    }

    /** The status to write, given the pod as it is now, whose foreign conditions are kept. */
    synchronized PodStatus status(Pod current) {
        var conditions = new ArrayList<PodCondition>();
        if (current.getStatus() != null) {
            current.getStatus().getConditions().stream()
                    .filter(condition -> !OWN_CONDITIONS.contains(condition.getType()))
                    .forEach(conditions::add);
        }
        var running = states.values().stream().anyMatch(s -> s.getState().getRunning() != null);
        var ready = running
                && mainContainers().stream().allMatch(c -> states(c).getState().getRunning() != null);
        conditions.add(condition("PodScheduled", true));
        conditions.add(condition("Initialized", running || phase != null));
        conditions.add(condition("ContainersReady", ready));
        conditions.add(condition("Ready", ready));
        return new PodStatusBuilder()
                .withPhase(phase != null ? phase : anyMainStarted() ? "Running" : "Pending")
                .withReason(reason)
                .withMessage(message)
                .withStartTime(text(start()))
                .withHostIP("127.0.0.1")
                .withPodIP("127.0.0.1")
                .withConditions(conditions)
                .withInitContainerStatuses(
                        initContainers().stream().map(this::states).toList())
                .withContainerStatuses(
                        mainContainers().stream().map(this::states).toList())
                .build();
    }

    private boolean anyMainStarted() {
        return mainContainers().stream()
                .map(this::states)
                .anyMatch(s -> s.getState().getWaiting() == null || s.getRestartCount() > 0);
    }

    private PodCondition condition(String type, boolean value) {
        return new PodConditionBuilder()
                .withType(type)
                .withStatus(value ? "True" : "False")
                .withReason("Succeeded".equals(phase) && !value ? "PodCompleted" : null)
                .withLastTransitionTime(text(Instant.now()))
                .build();
    }

    private List<Container> containers() {
        var all = new ArrayList<>(initContainers());
        all.addAll(mainContainers());
        return all;
    }

    private List<Container> initContainers() {
        return pod.getSpec().getInitContainers();
    }

    private List<Container> mainContainers() {
        return pod.getSpec().getContainers();
    }

    private ContainerStatus states(Container container) {
        return Objects.requireNonNull(states.get(container.getName()));
    }

    private int restarts(Container container) {
        return states(container).getRestartCount();
    }

    private void put(Container container, ContainerState state, int restarts) {
        states.put(
                container.getName(),
                new ContainerStatusBuilder()
                        .withName(container.getName())
                        .withImage(container.getImage())
                        .withImageID("")
                        .withReady(state.getRunning() != null)
                        .withStarted(state.getRunning() != null)
                        .withRestartCount(restarts)
                        .withState(state)
                        .build());
    }

    private static String text(Instant instant) {
        return instant.truncatedTo(ChronoUnit.SECONDS).toString();
    }
}
