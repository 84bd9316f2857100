package dev.mlops.nas.trainer;

import dev.mlops.nas.contract.TrialResult;
import dev.mlops.nas.trainer.Nvml.Gpu;
import dev.mlops.nas.trainer.Nvml.NvmlException;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/** What this build of the trainer computes on: ND4J's libraries on the class path are for one or the other, never for both. */
enum Backend {
    /** ND4J's native backend. */
    PROCESSORS("oneDNN AVX2"),
    /** ND4J's CUDA backend. */
    GPU("CUDA 11.6");

    private static final String CUDA_BACKEND = "org.nd4j.linalg.jcublas.JCublasBackend";

    /** Looked up once: every jar is searched for a class that is not there. */
    private static final Backend OF_THIS_BUILD = onTheClassPath();

    private final String libraries;

    Backend(String libraries) {
        this.libraries = libraries;
    }

    /** By what lies on the class path; loads no native library. */
    static Backend ofThisBuild() {
        return OF_THIS_BUILD;
    }

    private static Backend onTheClassPath() {
        try {
            Class.forName(CUDA_BACKEND, false, Backend.class.getClassLoader());
            return GPU;
        } catch (ClassNotFoundException e) {
            return PROCESSORS;
        }
    }

    /** What the native libraries are made for. */
    String libraries() {
        return libraries;
    }

    /** The GPU that computes, of those that may be seen, as {@link TrialResult#environment()} has it. */
    String gpu(List<Gpu> gpus) {
        if (gpus.isEmpty()) {
            return TrialResult.NO_GPU;
        }
        return switch (this) {
            case PROCESSORS ->
                "%s: this build computes on processors and leaves %s idle".formatted(TrialResult.NO_GPU, names(gpus));
            case GPU ->
                gpus.stream().noneMatch(Backend::hasKernels)
                        ? "%s: this build has no kernels for %s".formatted(TrialResult.NO_GPU, names(gpus))
                        : gpus.size() == 1 ? names(gpus) : "one of " + names(gpus);
        };
    }

    /**
     * Makes sure that there is what this build computes on.
     *
     * @param seen what may be seen; asked only where it matters
     * @throws TrialException with exit code 75 where it needs a GPU and none will do: the architecture is not to blame, and another
     *     machine may have one
     */
    void require(Supplier<List<Gpu>> seen) {
        if (this == PROCESSORS) {
            return;
        }
        var gpus = seen.get();
        if (gpus.stream().anyMatch(Backend::hasKernels)) {
            return;
        }
        throw gpus.isEmpty()
                ? TrialException.unavailable("This trainer computes on a GPU, and NVIDIA's driver tells of none.")
                : TrialException.unavailable(
                        "This trainer has kernels for GPUs of compute capability 3.7 and 5.0 to 8.9, and finds %s.",
                        names(gpus));
    }

    /** By the kernels in ND4J's library: 3.7, 5.0, 5.2, 6.0, 6.1, 7.0, 7.5, 8.0, 8.6, each of which runs on later ones of its first digit. */
    private static boolean hasKernels(Gpu gpu) {
        return (gpu.major() == 3 && gpu.minor() >= 7) || (gpu.major() >= 5 && gpu.major() <= 8);
    }

    /**
     * The GPU that this process computes on, where there is no doubt.
     *
     * @param gpus that may be seen
     * @param environment of the process
     * @throws NvmlException where it may be one or another
     */
    static Gpu computing(List<Gpu> gpus, Map<String, String> environment) throws NvmlException {
        var wanted = environment.getOrDefault("CUDA_VISIBLE_DEVICES", "");
        var fitting = gpus.size() > 1 && wanted.startsWith("GPU-")
                ? gpus.stream().filter(gpu -> gpu.uuid().startsWith(wanted)).toList()
                : gpus;
        if (fitting.size() != 1) {
            throw new NvmlException(
                    "%d GPUs may be seen, and which of them computes is not known".formatted(gpus.size()));
        }
        return fitting.getFirst();
    }

    private static String names(List<Gpu> gpus) {
        return gpus.stream()
                .map(gpu -> "%s (compute capability %d.%d)".formatted(gpu.name(), gpu.major(), gpu.minor()))
                .distinct()
                .collect(Collectors.joining(", "));
    }
}
