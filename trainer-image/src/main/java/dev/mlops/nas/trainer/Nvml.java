package dev.mlops.nas.trainer;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.util.ArrayList;
import java.util.List;

/**
 * What NVIDIA's driver tells of the GPUs that this process may see, by its management library (NVML), which comes with the driver. It
 * knows all GPUs of a machine, whatever {@code CUDA_VISIBLE_DEVICES} says; a container has no others than its own.
 */
@SuppressWarnings("restricted") // native code is what this class is for
final class Nvml {
    private static final String LIBRARY = "libnvidia-ml.so.1";
    private static final int LONGEST_NAME = 96;
    private static final int LONGEST_ERROR = 256;
    private static final int SUCCESS = 0;

    private final SymbolLookup library;

    /**
     * A GPU.
     *
     * @param index from 0, by the places where they are plugged in
     * @param uuid for all time, such as {@code GPU-8c5f…}
     * @param name such as {@code NVIDIA A100-SXM4-40GB}
     * @param major of its compute capability, such as 8 of 8.6
     * @param minor such as 6 of 8.6
     */
    record Gpu(int index, String uuid, String name, int major, int minor) {}

    /** The driver is not there, or does not tell; the message says why. */
    static final class NvmlException extends Exception {
        private static final long serialVersionUID = 1;

        NvmlException(String message) {
            super(message);
        }
    }

    private Nvml(SymbolLookup library) {
        this.library = library;
    }

    /**
     * The driver of this machine.
     *
     * @throws NvmlException where there is none
     */
    static Nvml ofThisMachine() throws NvmlException {
        SymbolLookup library;
        try {
            library = SymbolLookup.libraryLookup(LIBRARY, Arena.global());
        } catch (IllegalArgumentException e) {
            throw new NvmlException("there is no " + LIBRARY);
        }
        return of(library);
    }

    /** The GPUs of this machine; none where there is no driver, or it does not tell. */
    static List<Gpu> gpusOfThisMachine() {
        try {
            return ofThisMachine().gpus();
        } catch (NvmlException e) {
            return List.of();
        }
    }

    /**
     * The driver of a library.
     *
     * @throws NvmlException where it does not work
     */
    static Nvml of(SymbolLookup library) throws NvmlException {
        var nvml = new Nvml(library);
        nvml.call("nvmlInit_v2");
        return nvml;
    }

    /**
     * All GPUs that may be seen.
     *
     * @throws NvmlException where the driver does not tell
     */
    List<Gpu> gpus() throws NvmlException {
        try (var arena = Arena.ofConfined()) {
            var count = arena.allocate(JAVA_INT);
            call("nvmlDeviceGetCount_v2", count);
            var gpus = new ArrayList<Gpu>();
            for (int index = 0; index < count.get(JAVA_INT, 0); index++) {
                gpus.add(gpu(index, arena));
            }
            return List.copyOf(gpus);
        }
    }

    private Gpu gpu(int index, Arena arena) throws NvmlException {
        var handle = handle(index, arena);
        var major = arena.allocate(JAVA_INT);
        var minor = arena.allocate(JAVA_INT);
        call("nvmlDeviceGetCudaComputeCapability", handle, major, minor);
        return new Gpu(
                index,
                text("nvmlDeviceGetUUID", handle, arena),
                text("nvmlDeviceGetName", handle, arena),
                major.get(JAVA_INT, 0),
                minor.get(JAVA_INT, 0));
    }

    /**
     * What a GPU has used since its driver was loaded, in millijoules.
     *
     * @throws NvmlException where the driver does not tell, as for GPUs before Volta and for parts of one (MIG)
     */
    long millijoules(Gpu gpu) throws NvmlException {
        try (var arena = Arena.ofConfined()) {
            var energy = arena.allocate(JAVA_LONG);
            call("nvmlDeviceGetTotalEnergyConsumption", handle(gpu.index(), arena), energy);
            return energy.get(JAVA_LONG, 0);
        }
    }

    private MemorySegment handle(int index, Arena arena) throws NvmlException {
        var handle = arena.allocate(ADDRESS);
        call("nvmlDeviceGetHandleByIndex_v2", index, handle);
        return handle.get(ADDRESS, 0);
    }

    private String text(String function, MemorySegment handle, Arena arena) throws NvmlException {
        var text = arena.allocate(LONGEST_NAME);
        call(function, handle, text, LONGEST_NAME);
        return text.getString(0);
    }

    /** Calls a function that gives a status; arguments are pointers and ints. */
    private void call(String function, Object... arguments) throws NvmlException {
        int status = (int) invoke(function, JAVA_INT, arguments);
        if (status != SUCCESS) {
            var error = (MemorySegment) invoke("nvmlErrorString", ADDRESS, status);
            throw new NvmlException("%s: %s"
                    .formatted(function, error.reinterpret(LONGEST_ERROR).getString(0)));
        }
    }

    private Object invoke(String function, MemoryLayout result, Object... arguments) throws NvmlException {
        var layouts = new MemoryLayout[arguments.length];
        for (int i = 0; i < layouts.length; i++) {
            layouts[i] = arguments[i] instanceof Integer ? JAVA_INT : ADDRESS;
        }
        var address = library.find(function)
                .orElseThrow(() -> new NvmlException("%s has no %s".formatted(LIBRARY, function)));
        try {
            return Linker.nativeLinker()
                    .downcallHandle(address, FunctionDescriptor.of(result, layouts))
                    .invokeWithArguments(arguments);
        } catch (Throwable e) {
            throw new IllegalStateException(function + " cannot be called", e);
        }
    }
}
