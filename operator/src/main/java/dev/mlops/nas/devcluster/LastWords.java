package dev.mlops.nas.devcluster;

import io.fabric8.kubernetes.api.model.Container;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** The termination message of a container, within the limits of a kubelet. */
final class LastWords {
    private static final int MESSAGE_BYTES = 4096;
    private static final int LOG_BYTES = 2048;
    private static final int LOG_LINES = 80;

    /** What the container left in its termination log, or the end of its log where the policy says so and it failed. */
    static String of(Container container, ContainerProcess process, ContainerProcess.End end, Path terminationLog) {
        if (end.lost()) {
            return "the process and its exit code are lost: the machine or its processes were restarted while it ran";
        }
        try {
            var message = tail(terminationLog, MESSAGE_BYTES);
            var fallback = "FallbackToLogsOnError".equals(container.getTerminationMessagePolicy());
            return message.isEmpty() && fallback && end.exitCode() != 0 ? lastLines(process.log()) : message;
        } catch (IOException e) {
            return "the termination message cannot be read: " + e.getMessage();
        }
    }

    private static String lastLines(Path log) throws IOException {
        var lines = tail(log, LOG_BYTES).lines().toList();
        return String.join("\n", lines.subList(Math.max(0, lines.size() - LOG_LINES), lines.size()));
    }

    private static String tail(Path file, int limit) throws IOException {
        if (!Files.isRegularFile(file)) {
            return "";
        }
        try (var open = new RandomAccessFile(file.toFile(), "r")) {
            var length = (int) Math.min(limit, open.length());
            var bytes = new byte[length];
            open.seek(open.length() - length);
            open.readFully(bytes);
            var start = 0;
            while (length == limit && start < length && (bytes[start] & 0xC0) == 0x80) {
                start++;
            }
            return new String(bytes, start, length - start, StandardCharsets.UTF_8);
        }
    }

    private LastWords() {}
}
