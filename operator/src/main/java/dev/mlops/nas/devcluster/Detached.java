package dev.mlops.nas.devcluster;

import java.util.ArrayList;
import java.util.List;

/** Command lines of processes that do not get the signals of this process's terminal. */
final class Detached {
    /**
     * The same command in a session of its own where the system has {@code setsid}, which it learns from the environment variable
     * {@code NAS_DETACHED}; the process id stays that of the command.
     */
    static List<String> command(List<String> command) {
        var line = new ArrayList<>(List.of(
                "sh",
                "-c",
                "if command -v setsid > /dev/null; then export NAS_DETACHED=yes; exec setsid \"$@\"; else trap '' INT HUP; exec \"$@\"; fi",
                "sh"));
        line.addAll(command);
        return line;
    }

    private Detached() {}
}
