package dev.mlops.nas.trainer;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.mlops.nas.contract.TrialResult;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;

/** Writes a result so that it fits a termination message and is never seen half. */
final class ResultWriter {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int LONGEST_MESSAGE = 1000;

    private ResultWriter() {}

    /** Writes by a temporary file and a rename; in place where the target is a mount or a device, such as a termination log. */
    static void write(TrialResult result, Path target) throws IOException {
        var bytes = encode(result);
        var absolute = target.toAbsolutePath();
        if (!absolute.startsWith("/dev")) {
            var temporary = absolute.resolveSibling(absolute.getFileName() + ".tmp");
            try {
                Files.write(temporary, bytes);
                Files.move(temporary, absolute, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
                return;
            } catch (IOException e) {
                // A file that is mounted itself (subPath) cannot be replaced, only written.
                Files.deleteIfExists(temporary);
            }
        }
        Files.write(absolute, bytes);
    }

    /** JSON of at most {@link TrialResult#MAX_BYTES} bytes: every other epoch of the history is dropped until it fits. */
    static byte[] encode(TrialResult result) {
        try {
            var fitting = result.message() == null || result.message().length() <= LONGEST_MESSAGE
                    ? result
                    : with(result, result.history(), result.message().substring(0, LONGEST_MESSAGE) + "…");
            var bytes = JSON.writeValueAsString(fitting).getBytes(StandardCharsets.UTF_8);
            while (bytes.length > TrialResult.MAX_BYTES && !fitting.history().isEmpty()) {
                fitting = with(fitting, thinned(fitting.history()), fitting.message());
                bytes = JSON.writeValueAsString(fitting).getBytes(StandardCharsets.UTF_8);
            }
            return bytes;
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Keeps the last epoch and every second one before it. */
    private static java.util.List<TrialResult.Epoch> thinned(java.util.List<TrialResult.Epoch> history) {
        var kept = new ArrayList<TrialResult.Epoch>();
        if (history.size() > 1) {
            for (int i = (history.size() - 1) % 2; i < history.size(); i += 2) {
                kept.add(history.get(i));
            }
        }
        return kept;
    }

    private static TrialResult with(
            TrialResult result,
            java.util.List<TrialResult.Epoch> history,
            @org.jspecify.annotations.Nullable String message) {
        return new TrialResult(
                result.contractVersion(),
                result.trial(),
                result.exitCode(),
                result.metrics(),
                result.epochs(),
                history,
                message,
                result.environment());
    }
}
