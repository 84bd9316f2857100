package dev.mlops.nas.trainer;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.mlops.nas.trainer.Nvml.Gpu;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * A driver library as NVIDIA's header declares it, whose functions are native ones that end up here: what calls it goes through the
 * platform's calling convention, as with a real one.
 */
@SuppressWarnings("restricted")
final class FakeDriver implements SymbolLookup {
    private static final int SUCCESS = 0;
    private static final int NOT_SUPPORTED = 3;
    private static final int NOT_FOUND = 6;
    private static final long FIRST_HANDLE = 0x1000;

    private final Arena arena = Arena.ofAuto();
    private final List<Gpu> gpus;
    private final int initialised;
    private boolean hasEnergy = true;
    private long millijoules;

    FakeDriver(Gpu... gpus) {
        this(SUCCESS, gpus);
    }

    private FakeDriver(int initialised, Gpu... gpus) {
        this.initialised = initialised;
        this.gpus = List.of(gpus);
    }

    /** One that does not start. */
    static FakeDriver broken() {
        return new FakeDriver(NOT_FOUND);
    }

    /** What the counters of all GPUs show from now on. */
    void count(long millijoulesNow) {
        millijoules = millijoulesNow;
    }

    /** From now on as GPUs before Volta. */
    void forgetEnergy() {
        hasEnergy = false;
    }

    @Override
    public Optional<MemorySegment> find(String name) {
        return switch (name) {
            case "nvmlInit_v2" -> Optional.of(function("init", JAVA_INT));
            case "nvmlErrorString" -> Optional.of(function("errorString", ADDRESS, JAVA_INT));
            case "nvmlDeviceGetCount_v2" -> Optional.of(function("count", JAVA_INT, ADDRESS));
            case "nvmlDeviceGetHandleByIndex_v2" -> Optional.of(function("handle", JAVA_INT, JAVA_INT, ADDRESS));
            case "nvmlDeviceGetName" -> Optional.of(function("name", JAVA_INT, ADDRESS, ADDRESS, JAVA_INT));
            case "nvmlDeviceGetUUID" -> Optional.of(function("uuid", JAVA_INT, ADDRESS, ADDRESS, JAVA_INT));
            case "nvmlDeviceGetCudaComputeCapability" ->
                Optional.of(function("capability", JAVA_INT, ADDRESS, ADDRESS, ADDRESS));
            case "nvmlDeviceGetTotalEnergyConsumption" -> Optional.of(function("energy", JAVA_INT, ADDRESS, ADDRESS));
            default -> Optional.empty();
        };
    }

    private MemorySegment function(String method, MemoryLayout result, MemoryLayout... arguments) {
        var types = Arrays.stream(arguments).map(FakeDriver::type).toArray(Class<?>[]::new);
        try {
            var handle = MethodHandles.lookup().bind(this, method, MethodType.methodType(type(result), types));
            return Linker.nativeLinker().upcallStub(handle, FunctionDescriptor.of(result, arguments), arena);
        } catch (ReflectiveOperationException e) {
            throw new AssertionError(e);
        }
    }

    private static Class<?> type(MemoryLayout layout) {
        return layout.equals(JAVA_INT) ? int.class : MemorySegment.class;
    }

    private int init() {
        return initialised;
    }

    private MemorySegment errorString(int status) {
        return arena.allocateFrom(status == NOT_SUPPORTED ? "Not Supported" : "Not Found");
    }

    private int count(MemorySegment count) {
        count.reinterpret(JAVA_INT.byteSize()).set(JAVA_INT, 0, gpus.size());
        return SUCCESS;
    }

    private int handle(int index, MemorySegment handle) {
        if (index >= gpus.size()) {
            return NOT_FOUND;
        }
        handle.reinterpret(ADDRESS.byteSize()).set(ADDRESS, 0, MemorySegment.ofAddress(FIRST_HANDLE + index));
        return SUCCESS;
    }

    private Gpu gpu(MemorySegment handle) {
        return gpus.get((int) (handle.address() - FIRST_HANDLE));
    }

    private int name(MemorySegment handle, MemorySegment text, int length) {
        text.reinterpret(length).setString(0, gpu(handle).name());
        return SUCCESS;
    }

    private int uuid(MemorySegment handle, MemorySegment text, int length) {
        text.reinterpret(length).setString(0, gpu(handle).uuid());
        return SUCCESS;
    }

    private int capability(MemorySegment handle, MemorySegment major, MemorySegment minor) {
        major.reinterpret(JAVA_INT.byteSize()).set(JAVA_INT, 0, gpu(handle).major());
        minor.reinterpret(JAVA_INT.byteSize()).set(JAVA_INT, 0, gpu(handle).minor());
        return SUCCESS;
    }

    private int energy(MemorySegment handle, MemorySegment energy) {
        if (!hasEnergy || !gpus.contains(gpu(handle))) {
            return NOT_SUPPORTED;
        }
        energy.reinterpret(JAVA_LONG.byteSize()).set(JAVA_LONG, 0, millijoules);
        return SUCCESS;
    }
}
