package dev.mlops.nas.experiment;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mlops.nas.api.NasExperimentSpec.Trainer;
import dev.mlops.nas.contract.TrialFile;
import dev.mlops.nas.contract.TrialResult;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class GpuLimitsTest {
    private static final Map<String, Object> ONE = Map.of("nvidia.com/gpu", 1, "cpu", "2", "memory", "4Gi");

    @Test
    void gpusOfEveryMakeAndPartsOfThemAreFoundInTheTrainersContainerAlone() {
        assertThat(GpuLimits.of(trainer(null, "trainer", ONE))).hasValue("nvidia.com/gpu: 1");
        assertThat(GpuLimits.of(trainer(null, "trainer", Map.of("nvidia.com/mig-1g.5gb", "2"))))
                .hasValue("nvidia.com/mig-1g.5gb: 2");
        assertThat(GpuLimits.of(trainer(null, "trainer", Map.of("amd.com/gpu", "1"))))
                .hasValue("amd.com/gpu: 1");
        assertThat(GpuLimits.of(trainer(null, "sidecar", ONE))).isEmpty();
        assertThat(GpuLimits.of(trainer(null, "trainer", Map.of("nvidia.com/gpu", 0, "cpu", 1))))
                .isEmpty();
        assertThat(GpuLimits.of(new Trainer(null, 3, 60, null, null))).isEmpty();
    }

    @Test
    void theBuiltInTrainerIsForeseenToLeaveItIdleAndAnotherImageIsNot() {
        assertThat(GpuLimits.foreseenIdle(trainer(null, "trainer", ONE)))
                .hasValue(
                        "spec.trainer.template gives the trainer nvidia.com/gpu: 1, which the built-in one for processors leaves idle:"
                                + " name an image in spec.trainer.image that computes on GPUs, unless the platform's does");
        assertThat(GpuLimits.foreseenIdle(trainer("my/trainer", "trainer", ONE)))
                .isEmpty();
        assertThat(GpuLimits.foreseenIdle(trainer(null, "trainer", Map.of("cpu", "2"))))
                .isEmpty();
    }

    @Test
    void aResultFromProcessorsIsSaidWhereAGpuWasGiven() {
        var trainer = trainer("my/trainer", "trainer", ONE);
        assertThat(GpuLimits.idle(trainer, result(Map.of("device", "cpu: Xeon", "gpu", "none"))))
                .hasValue(
                        "spec.trainer.template gives the trainer nvidia.com/gpu: 1, but it computed on cpu: Xeon; its gpu: none");
        assertThat(GpuLimits.idle(trainer, result(Map.of("device", "NVIDIA L4", "gpu", "NVIDIA L4"))))
                .isEmpty();
        assertThat(GpuLimits.idle(trainer, result(Map.of("device", "a trainer that does not tell"))))
                .isEmpty();
        assertThat(GpuLimits.idle(
                        trainer("my/trainer", "trainer", Map.of("cpu", 1)),
                        result(Map.of("device", "cpu", "gpu", "none"))))
                .isEmpty();
    }

    private static Trainer trainer(@Nullable String image, String container, Map<String, Object> limits) {
        Map<String, Object> resources = Map.of("name", container, "resources", Map.of("limits", limits));
        return new Trainer(image, 3, 60, null, Map.of("spec", Map.of("containers", List.of(resources))));
    }

    private static TrialResult result(Map<String, String> environment) {
        return new TrialResult(TrialFile.VERSION, "digits-00001", 0, Map.of(), 1, List.of(), null, environment);
    }
}
