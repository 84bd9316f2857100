package dev.mlops.nas.trainer;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import org.bytedeco.javacpp.Pointer;

/**
 * Counts what a network needs before it is allocated, so that one that cannot fit ends as infeasible instead of being killed.
 */
final class MemoryLimit {
    /** What the virtual machine and the native libraries need beside the network. */
    private static final long RESERVE = 400L << 20;

    private final long available;
    private long claimed;

    MemoryLimit(long available) {
        this.available = available;
    }

    /** The least of the container's limit, the launcher's limit and the machine's memory, less a reserve. */
    static MemoryLimit ofThisProcess() {
        long memory =
                ManagementFactory.getOperatingSystemMXBean() instanceof com.sun.management.OperatingSystemMXBean system
                        ? system.getTotalMemorySize()
                        : Long.MAX_VALUE;
        return new MemoryLimit(
                Math.max(RESERVE, Math.min(memory, Math.min(controlGroupLimit(), wantedLimit())) - RESERVE));
    }

    /** What the launcher allows by JavaCPP's own property. */
    private static long wantedLimit() {
        return System.getProperty("org.bytedeco.javacpp.maxphysicalbytes") == null
                ? Long.MAX_VALUE
                : Pointer.maxPhysicalBytes();
    }

    private static long controlGroupLimit() {
        for (var file : new String[] {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
            try {
                return Long.parseLong(Files.readString(Path.of(file)).strip());
            } catch (IOException | NumberFormatException e) {
                // Not this version of control groups, or "max".
            }
        }
        return Long.MAX_VALUE;
    }

    /**
     * Takes bytes from what is available.
     *
     * @throws TrialException with exit code 69 when there are not so many left
     */
    void claim(long bytes) {
        claimed = Math.addExact(claimed, bytes);
        if (claimed > available) {
            throw TrialException.outOfMemory(
                    "The network needs more than %,d MiB of memory; %,d MiB are available to it.",
                    claimed >> 20, available >> 20);
        }
    }
}
