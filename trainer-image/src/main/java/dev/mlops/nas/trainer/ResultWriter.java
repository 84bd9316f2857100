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
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Writes a result so that it fits a termination message and is never seen half. */
final class ResultWriter {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int LONGEST_MESSAGE = 400;

    private ResultWriter() {}

    /** Writes by a temporary file and a rename; in place where the target is a mount or a device, such as a termination log. */
    static void write(TrialResult result, Path target) throws IOException {
        write(encode(result), target);
    }

    /** Writes what has no limit in the same way. */
    static void write(byte[] bytes, Path target) throws IOException {
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

    /**
     * JSON of at most {@link TrialResult#MAX_BYTES} bytes: long messages are cut and histories thinned until it fits; derived
     * architectures are left out from the end where that is not enough.
     */
    static byte[] encode(TrialResult result) {
        try {
            var fitting = result;
            var bytes = bytes(fitting);
            while (bytes.length > TrialResult.MAX_BYTES && !isShort(fitting)) {
                fitting = shorter(fitting);
                bytes = bytes(fitting);
            }
            return bytes;
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    private static byte[] bytes(TrialResult result) throws JsonProcessingException {
        return JSON.writeValueAsString(result).getBytes(StandardCharsets.UTF_8);
    }

    private static boolean isShort(TrialResult result) {
        return result.history().isEmpty()
                && result.message() == null
                && (result.derived() == null || result.derived().isEmpty());
    }

    /** A long message is cut first, then the history is thinned, derived architectures go, and the message shrinks further. */
    private static TrialResult shorter(TrialResult result) {
        var message = result.message();
        List<TrialResult.Derived> derived = result.derived() == null ? List.of() : result.derived();
        boolean canLoseDerived = result.history().isEmpty() && !derived.isEmpty();
        if (message != null
                && (message.length() > LONGEST_MESSAGE || (result.history().isEmpty() && !canLoseDerived))) {
            int length = Math.max(0, Math.min(LONGEST_MESSAGE, message.length() / 2) - 1);
            return with(result, result.history(), message.substring(0, length) + "…", result.derived());
        }
        if (canLoseDerived) {
            return with(result, List.of(), message, derived.subList(0, derived.size() - 1));
        }
        return with(result, thinned(result.history()), message, result.derived());
    }

    /** Keeps the last epoch and every second one before it. */
    private static List<TrialResult.Epoch> thinned(List<TrialResult.Epoch> history) {
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
            List<TrialResult.Epoch> history,
            @Nullable String message,
            @Nullable List<TrialResult.Derived> derived) {
        return new TrialResult(
                result.contractVersion(),
                result.trial(),
                result.exitCode(),
                result.metrics(),
                result.epochs(),
                history,
                message,
                result.environment(),
                derived);
    }
}
