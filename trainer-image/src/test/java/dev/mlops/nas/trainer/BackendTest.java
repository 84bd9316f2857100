package dev.mlops.nas.trainer;

import static dev.mlops.nas.trainer.Backend.GPU;
import static dev.mlops.nas.trainer.Backend.PROCESSORS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mlops.nas.contract.ExitCode;
import dev.mlops.nas.trainer.Nvml.Gpu;
import dev.mlops.nas.trainer.Nvml.NvmlException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.ops.executioner.OpExecutioner.ExecutionerType;
import org.nd4j.linalg.factory.Nd4j;

class BackendTest {
    private static final Gpu K40 = new Gpu(0, "GPU-0-k", "Tesla K40m", 3, 5);
    private static final Gpu A100 = new Gpu(0, "GPU-0-a", "NVIDIA A100", 8, 0);
    private static final Gpu L4 = new Gpu(1, "GPU-1-l", "NVIDIA L4", 8, 9);
    private static final Gpu H100 = new Gpu(0, "GPU-0-h", "NVIDIA H100", 9, 0);

    @Test
    void itIsWhatNd4jComputesOn() {
        boolean cuda = Nd4j.getExecutioner().type() == ExecutionerType.CUDA;
        assertThat(Backend.ofThisBuild()).isEqualTo(cuda ? GPU : PROCESSORS);
    }

    @Test
    void aGpuThatIsLeftIdleIsSaid() {
        assertThat(PROCESSORS.gpu(List.of())).isEqualTo("none");
        assertThat(PROCESSORS.gpu(List.of(H100)))
                .isEqualTo(
                        "none: this build computes on processors and leaves NVIDIA H100 (compute capability 9.0) idle");
        assertThat(GPU.gpu(List.of(A100))).isEqualTo("NVIDIA A100 (compute capability 8.0)");
        assertThat(GPU.gpu(List.of(A100, L4))).startsWith("one of NVIDIA A100").contains("NVIDIA L4");
        assertThat(GPU.gpu(List.of(H100))).startsWith("none: this build has no kernels for NVIDIA H100");
    }

    @Test
    void aBuildForGpusNeverTrainsWithoutOneThatItHasKernelsFor() {
        PROCESSORS.require(List::of);
        GPU.require(() -> List.of(A100));
        GPU.require(() -> List.of(L4, H100));
        assertThatThrownBy(() -> GPU.require(List::of))
                .hasMessage("This trainer computes on a GPU, and NVIDIA's driver tells of none.")
                .extracting(e -> ((TrialException) e).code())
                .isEqualTo(ExitCode.TEMPORARY);
        assertThatThrownBy(() -> GPU.require(() -> List.of(H100, K40)))
                .hasMessageEndingWith(
                        "finds NVIDIA H100 (compute capability 9.0), Tesla K40m (compute capability 3.5).");
    }

    @Test
    void theGpuThatComputesIsKnownOrNotGuessed() throws NvmlException {
        assertThat(Backend.computing(List.of(L4), Map.of("CUDA_VISIBLE_DEVICES", "0")))
                .isEqualTo(L4);
        assertThat(Backend.computing(List.of(A100, L4), Map.of("CUDA_VISIBLE_DEVICES", "GPU-1-l")))
                .isEqualTo(L4);
        for (var visible : List.of("", "0", "GPU-", "GPU-0-a,GPU-1-l")) {
            assertThatThrownBy(() -> Backend.computing(List.of(A100, L4), Map.of("CUDA_VISIBLE_DEVICES", visible)))
                    .hasMessage("2 GPUs may be seen, and which of them computes is not known");
        }
    }
}
