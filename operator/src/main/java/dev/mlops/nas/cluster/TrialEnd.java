package dev.mlops.nas.cluster;

import dev.mlops.nas.api.NasApi;
import dev.mlops.nas.contract.ExitCode;
import dev.mlops.nas.contract.TrialResult;
import dev.mlops.nas.experiment.Outcomes;
import dev.mlops.nas.experiment.Outcomes.Wanted;
import dev.mlops.nas.search.TrialState;
import dev.mlops.nas.search.TrialState.Outcome;
import io.fabric8.kubernetes.api.model.ContainerState;
import io.fabric8.kubernetes.api.model.ContainerStateTerminated;
import io.fabric8.kubernetes.api.model.ContainerStateWaiting;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobCondition;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Reads how far a trial is from its Job and pods. A function of the objects alone. */
final class TrialEnd {
    /** Reason of a trial whose data no trial of the experiment can use. */
    static final String DATA_UNUSABLE = "DataUnusable";

    /** Reason of a trial that the kernel ended for its memory; its Job would try again and is removed. */
    static final String OUT_OF_MEMORY = "OutOfMemory";

    /** Reason of a trial whose trainer blamed the machine, not the architecture, until no retry was left. */
    static final String TRAINER_UNAVAILABLE = "TrainerUnavailable";

    private static final Pattern EXIT_CODE = Pattern.compile("exit code (\\d+)");

    /** How far a trial is. */
    sealed interface Progress {}

    /**
     * No training container runs.
     *
     * @param reason one CamelCase word where something is in the way; null when it will start by itself
     * @param message one sentence that goes with it
     */
    record Waiting(@Nullable String reason, @Nullable String message) implements Progress {}

    /** Training. */
    record Running(Instant since) implements Progress {}

    /**
     * Done, for good.
     *
     * @param outcome for the engine
     * @param reason one CamelCase word
     * @param since when the first container began; null when none did
     */
    record Ended(Outcome outcome, String reason, @Nullable Instant since) implements Progress {}

    /** The Job has ended, but the pods that were given do not tell how. */
    record Unread() implements Progress {}

    /**
     * Where the trial stands.
     *
     * @param trial name, for comparison with the result
     * @param wanted what its result must bring
     * @param deadlineSeconds of the trial, for the message
     * @param started when the trial was seen to run, for pods that are gone; null when it never was
     * @param pods of this Job that are known
     */
    static Progress of(
            String trial, Wanted wanted, int deadlineSeconds, @Nullable Instant started, Job job, List<Pod> pods) {
        List<Pod> sorted = pods.stream()
                .sorted(Comparator.comparing((Pod p) -> p.getMetadata().getCreationTimestamp()))
                .toList();
        double seconds = sorted.stream()
                .flatMap(p -> terminated(p).stream())
                .mapToDouble(TrialEnd::seconds)
                .sum();
        Instant since = sorted.stream()
                .flatMap(p -> started(p).stream())
                .min(Comparator.naturalOrder())
                .orElse(started);
        for (Pod pod : sorted) {
            Optional<Ended> end = terminated(pod).flatMap(t -> end(trial, wanted, pod, t, seconds, since));
            if (end.isPresent()) {
                return end.get();
            }
        }
        Optional<JobCondition> failed = condition(job, "Failed");
        if (failed.isPresent()) {
            double known = seconds > 0 ? seconds : seconds(since, failed.get().getLastTransitionTime());
            return failed(failed.get(), sorted, trial, wanted, deadlineSeconds, known, since);
        }
        if (condition(job, "Complete").isPresent()) {
            return new Unread();
        }
        return sorted.isEmpty() ? withoutPod(job) : youngest(sorted.getLast());
    }

    /** What is left to say when a Job is complete and even the API server no longer has its pod. */
    static Ended lost(Job job, @Nullable Instant started) {
        return new Ended(
                new TrialState.Failed(
                        "the trainer ended well, but its pod was deleted before the operator could read the result",
                        seconds(started, job.getStatus().getCompletionTime())),
                "ResultLost",
                started);
    }

    /** The result that a pod of the trial left, if it can be read. */
    static Optional<TrialResult> result(String trial, List<Pod> pods) {
        return pods.stream()
                .flatMap(p -> terminated(p).stream())
                .flatMap(t -> TrialResults.read(trial, t.getMessage()).stream())
                .reduce((earlier, later) -> later);
    }

    private static Optional<Ended> end(
            String trial,
            Wanted wanted,
            Pod pod,
            ContainerStateTerminated terminated,
            double seconds,
            @Nullable Instant since) {
        if ("OOMKilled".equals(terminated.getReason())) {
            String message = "the trainer was ended for using more memory than its limit of %s".formatted(limit(pod));
            return Optional.of(new Ended(new TrialState.Infeasible(message, seconds), OUT_OF_MEMORY, since));
        }
        int code = terminated.getExitCode();
        TrialResult result = TrialResults.read(trial, terminated.getMessage()).orElse(null);
        if (code == ExitCode.DONE.code() && result == null) {
            String message = "the trainer ended with exit code 0 but left no readable result%s"
                    .formatted(TrialResults.tail(terminated.getMessage()));
            return Optional.of(new Ended(new TrialState.Failed(message, seconds), "ResultUnreadable", since));
        }
        return Outcomes.of(code, result, wanted, seconds).map(o -> new Ended(o, reason(o, code), since));
    }

    private static Ended failed(
            JobCondition condition,
            List<Pod> pods,
            String trial,
            Wanted wanted,
            int deadlineSeconds,
            double seconds,
            @Nullable Instant since) {
        if ("PodFailurePolicy".equals(condition.getReason())) {
            // The pod is gone, but the condition still tells its exit code.
            var matcher = EXIT_CODE.matcher(String.valueOf(condition.getMessage()));
            int code = matcher.find() ? Integer.parseInt(matcher.group(1)) : ExitCode.TEMPORARY.code();
            Optional<Outcome> outcome = Outcomes.of(code, null, wanted, seconds);
            if (outcome.isPresent()) {
                return new Ended(outcome.get(), reason(outcome.get(), code), since);
            }
        }
        String message = switch (String.valueOf(condition.getReason())) {
            case "DeadlineExceeded" ->
                "the trial was not done after spec.trainer.deadlineSeconds = %d and was ended%s"
                        .formatted(deadlineSeconds, since == null ? "; its trainer never started" : "");
            case "BackoffLimitExceeded" ->
                "the trainer failed more often than spec.trainer.backoffLimit allows%s"
                        .formatted(lastFailure(pods, trial));
            default -> "the Job failed: %s".formatted(condition.getMessage());
        };
        if ("BackoffLimitExceeded".equals(condition.getReason()) && blamesMachine(pods)) {
            return new Ended(new TrialState.Failed(message, seconds, true), TRAINER_UNAVAILABLE, since);
        }
        return new Ended(
                new TrialState.Failed(message, seconds),
                condition.getReason() == null ? "JobFailed" : condition.getReason(),
                since);
    }

    private static boolean blamesMachine(List<Pod> pods) {
        return last(pods)
                .filter(t -> t.getExitCode() == ExitCode.TEMPORARY.code())
                .isPresent();
    }

    private static Optional<ContainerStateTerminated> last(List<Pod> pods) {
        return pods.reversed().stream().flatMap(p -> terminated(p).stream()).findFirst();
    }

    private static String lastFailure(List<Pod> pods, String trial) {
        return last(pods)
                .map(t -> "; the last time with exit code %d%s"
                        .formatted(
                                t.getExitCode(),
                                TrialResults.read(trial, t.getMessage())
                                        .map(r -> r.message() == null ? "" : ": " + r.message())
                                        .orElseGet(() -> TrialResults.tail(t.getMessage()))))
                .orElse("");
    }

    private static Progress withoutPod(Job job) {
        if (condition(job, "Suspended").isPresent()) {
            return new Waiting("Suspended", "the Job is suspended: it waits for admission by its queue");
        }
        return new Waiting(null, null);
    }

    private static Progress youngest(Pod pod) {
        ContainerState state = trainer(pod).map(ContainerStatus::getState).orElse(null);
        if (state != null && state.getRunning() != null) {
            return new Running(Instant.parse(state.getRunning().getStartedAt()));
        }
        ContainerStateWaiting waiting = state == null ? null : state.getWaiting();
        if (waiting != null && waiting.getReason() != null) {
            switch (waiting.getReason()) {
                case "ErrImagePull", "ImagePullBackOff", "InvalidImageName" -> {
                    return new Waiting(
                            "ImageUnavailable",
                            "the image %s cannot be pulled; see pod %s"
                                    .formatted(image(pod), pod.getMetadata().getName()));
                }
                case "CreateContainerConfigError", "CreateContainerError", "RunContainerError" -> {
                    return new Waiting(waiting.getReason(), "the container cannot start: " + waiting.getMessage());
                }
                default -> {}
            }
        }
        return Optional.ofNullable(pod.getStatus()).stream()
                .flatMap(s -> s.getConditions().stream())
                .filter(c -> c.getType().equals("PodScheduled") && c.getStatus().equals("False"))
                .findFirst()
                .map(c -> new Waiting("Unschedulable", "the pod cannot be scheduled: " + c.getMessage()))
                .orElse(new Waiting(null, null));
    }

    private static String reason(Outcome outcome, int code) {
        return switch (outcome) {
            case TrialState.Completed ignored -> "Completed";
            case TrialState.Infeasible ignored -> "DeviceLimits";
            case TrialState.Failed failed when failed.machine() -> TRAINER_UNAVAILABLE;
            case TrialState.Failed ignored -> code == ExitCode.DONE.code() ? "ResultUnreadable" : "ArchitectureFailed";
            case TrialState.Rejected ignored -> DATA_UNUSABLE;
            case TrialState.Stopped ignored -> "Stopped";
        };
    }

    static boolean isOver(Job job) {
        return condition(job, "Failed").isPresent()
                || condition(job, "Complete").isPresent();
    }

    private static Optional<JobCondition> condition(Job job, String type) {
        return job.getStatus() == null
                ? Optional.empty()
                : job.getStatus().getConditions().stream()
                        .filter(c -> c.getType().equals(type) && c.getStatus().equals("True"))
                        .findFirst();
    }

    private static Optional<ContainerStatus> trainer(Pod pod) {
        return pod.getStatus() == null
                ? Optional.empty()
                : pod.getStatus().getContainerStatuses().stream()
                        .filter(c -> c.getName().equals(NasApi.TRAINER_CONTAINER))
                        .findFirst();
    }

    private static Optional<ContainerStateTerminated> terminated(Pod pod) {
        return trainer(pod).map(ContainerStatus::getState).map(ContainerState::getTerminated);
    }

    private static Optional<Instant> started(Pod pod) {
        return trainer(pod)
                .map(ContainerStatus::getState)
                .flatMap(s -> Stream.of(
                                Optional.ofNullable(s.getRunning()).map(r -> r.getStartedAt()),
                                Optional.ofNullable(s.getTerminated()).map(t -> t.getStartedAt()))
                        .flatMap(Optional::stream)
                        .map(Instant::parse)
                        .findFirst());
    }

    private static double seconds(ContainerStateTerminated terminated) {
        return terminated.getStartedAt() == null || terminated.getFinishedAt() == null
                ? 0
                : Duration.between(Instant.parse(terminated.getStartedAt()), Instant.parse(terminated.getFinishedAt()))
                                .toMillis()
                        / 1000.0;
    }

    private static double seconds(@Nullable Instant from, @Nullable String to) {
        return from == null || to == null
                ? 0
                : Math.max(0, Duration.between(from, Instant.parse(to)).toMillis() / 1000.0);
    }

    private static String image(Pod pod) {
        return pod.getSpec().getContainers().stream()
                .filter(c -> c.getName().equals(NasApi.TRAINER_CONTAINER))
                .map(c -> c.getImage())
                .findFirst()
                .orElse("of the trainer");
    }

    private static String limit(Pod pod) {
        return pod.getSpec().getContainers().stream()
                .filter(c -> c.getName().equals(NasApi.TRAINER_CONTAINER))
                .filter(c -> c.getResources() != null && c.getResources().getLimits() != null)
                .map(c -> c.getResources().getLimits().get("memory"))
                .filter(java.util.Objects::nonNull)
                .map(Object::toString)
                .findFirst()
                .orElse("the node's memory");
    }

    private TrialEnd() {}
}
