package dev.mlops.nas.experiment;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.mlops.nas.api.NasApi;
import dev.mlops.nas.api.NasExperimentSpec.Trainer;
import dev.mlops.nas.contract.TrialResult;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;

/** GPUs that {@code spec.trainer.template} gives every trainer, and whether they are used: an idle one costs as much as a busy one. */
public final class GpuLimits {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    /** What is given, such as {@code nvidia.com/gpu: 1}; empty for no GPU. */
    public static Optional<String> of(Trainer trainer) {
        JsonNode containers = JSON.valueToTree(trainer.template()).path("spec").path("containers");
        String given = StreamSupport.stream(containers.spliterator(), false)
                .filter(c -> NasApi.TRAINER_CONTAINER.equals(c.path("name").asText()))
                .flatMap(c -> c.path("resources").path("limits").properties().stream())
                .filter(limit -> isGpu(limit.getKey())
                        && !List.of("", "0").contains(limit.getValue().asText()))
                .map(limit -> limit.getKey() + ": " + limit.getValue().asText())
                .collect(Collectors.joining(", "));
        return given.isEmpty() ? Optional.empty() : Optional.of(given);
    }

    /** By the names of device plugins: {@code nvidia.com/gpu}, {@code amd.com/gpu}, parts of a GPU such as {@code nvidia.com/mig-1g.5gb}. */
    private static boolean isGpu(String resource) {
        return resource.endsWith("/gpu")
                || resource.startsWith("nvidia.com/mig-")
                || resource.startsWith("gpu.intel.com/");
    }

    /** What to say before any trial runs, in one sentence: the built-in trainer is there in a build for GPUs, but usually is not that. */
    public static Optional<String> foreseenIdle(Trainer trainer) {
        return trainer.image() == null
                ? of(trainer)
                        .map(
                                ("spec.trainer.template gives the trainer %s, which the built-in one for processors leaves idle: name an"
                                                + " image in spec.trainer.image that computes on GPUs, unless the platform's does")
                                        ::formatted)
                : Optional.empty();
    }

    /** What to say of a result that did not come from the GPU that was given, in one sentence. */
    public static Optional<String> idle(Trainer trainer, TrialResult result) {
        String gpu = result.environment().getOrDefault(TrialResult.GPU, "");
        return gpu.startsWith(TrialResult.NO_GPU)
                ? of(trainer)
                        .map(given -> "spec.trainer.template gives the trainer %s, but it computed on %s; its gpu: %s"
                                .formatted(given, result.environment().get("device"), gpu))
                : Optional.empty();
    }

    private GpuLimits() {}
}
