package dev.mlops.nas.trainer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import org.junit.jupiter.api.Test;

/** OpenBLAS is told kernels that the processor can run, whether it knows the processor or not. */
class OpenBlasTest {
    @Test
    void kernelsGoByWhatTheProcessorCanDo() {
        assertThat(OpenBlas.kernels(Set.of(
                        "sse3", "avx2", "fma", "avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl", "amx_tile")))
                .contains("SkylakeX");
        assertThat(OpenBlas.kernels(Set.of("sse3", "avx2", "fma", "avx512f", "avx512cd")))
                .contains("Haswell");
        assertThat(OpenBlas.kernels(Set.of("sse3", "avx"))).isEmpty();
    }
}
