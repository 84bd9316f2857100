package dev.mlops.nas.trainer;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Which kernels OpenBLAS computes with. ND4J brings its release 0.3.19 of 2021, which does not know processors since then and takes
 * kernels for SSE3 there, five times as slow as what these could do.
 */
final class OpenBlas {
    /** By which OpenBLAS is told. */
    private static final String VARIABLE = "OPENBLAS_CORETYPE";

    private static final Set<String> AVX512 = Set.of("avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl");
    private static final Set<String> AVX2 = Set.of("avx2", "fma");

    private OpenBlas() {}

    /** Names the kernels to libraries that are loaded from now on, unless the environment names some. */
    static void chooseKernels() {
        if (Backend.ofThisBuild() == Backend.PROCESSORS && System.getenv(VARIABLE) == null) {
            kernels(flags()).ifPresent(OpenBlas::set);
        }
    }

    /** Whether this processor computes 16 numbers at once. */
    static boolean hasAvx512() {
        return flags().containsAll(AVX512);
    }

    /**
     * The kernels for a processor.
     *
     * @param flags what it can do, in the words of {@code /proc/cpuinfo}
     */
    static Optional<String> kernels(Set<String> flags) {
        if (flags.containsAll(AVX512)) {
            return Optional.of("SkylakeX");
        }
        return flags.containsAll(AVX2) ? Optional.of("Haswell") : Optional.empty();
    }

    /** Of the first processor; none where the system does not say. */
    private static Set<String> flags() {
        return Device.ofFirstProcessor("flags")
                .map(flags -> Set.copyOf(List.of(flags.split(" "))))
                .orElse(Set.of());
    }

    /** Java cannot change its own environment; libraries read it as the C library has it. */
    @SuppressWarnings("restricted")
    private static void set(String kernels) {
        var linker = Linker.nativeLinker();
        var setenv = linker.downcallHandle(
                linker.defaultLookup().findOrThrow("setenv"),
                FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, JAVA_INT));
        try (var arena = Arena.ofConfined()) {
            int status = (int) setenv.invokeExact(arena.allocateFrom(VARIABLE), arena.allocateFrom(kernels), 0);
            if (status != 0) {
                System.err.printf("%s cannot be set: OpenBLAS may be slow%n", VARIABLE);
            }
        } catch (Throwable e) {
            throw new IllegalStateException("setenv cannot be called", e);
        }
    }
}
