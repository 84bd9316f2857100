package dev.mlops.nas.cluster;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.mlops.nas.contract.TrialFile;
import dev.mlops.nas.contract.TrialResult;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Reads termination messages, which any program may have written. */
final class TrialResults {
    private static final int TAIL = 200;
    private static final JsonMapper JSON = JsonMapper.builder()
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .build();

    /** The result of this trial; empty for anything else. */
    static Optional<TrialResult> read(String trial, @Nullable String message) {
        if (message == null || message.isBlank()) {
            return Optional.empty();
        }
        try {
            TrialResult result = JSON.readValue(message, TrialResult.class);
            return result != null
                            && TrialFile.VERSION.equals(result.contractVersion())
                            && trial.equals(result.trial())
                            && numbers(result.metrics())
                    ? Optional.of(complete(result))
                    : Optional.empty();
        } catch (JsonProcessingException e) {
            return Optional.empty();
        }
    }

    /** The last words of a message that is no result, for a sentence about it: ": ..." or nothing. */
    static String tail(@Nullable String message) {
        if (message == null || message.isBlank()) {
            return "";
        }
        String line = message.strip().lines().reduce((a, b) -> b).orElse("").strip();
        return ": " + (line.length() > TAIL ? "…" + line.substring(line.length() - TAIL) : line);
    }

    // Jackson fills what the JSON lacks with null, whatever the record promises.
    @SuppressWarnings("NullAway")
    private static TrialResult complete(TrialResult r) {
        return new TrialResult(
                r.contractVersion(),
                r.trial(),
                r.exitCode(),
                r.metrics() == null ? Map.of() : r.metrics(),
                r.epochs(),
                r.history() == null ? List.of() : r.history(),
                r.message(),
                r.environment() == null ? Map.of() : r.environment(),
                r.derived());
    }

    private static boolean numbers(@Nullable Map<String, Double> metrics) {
        return metrics == null || metrics.values().stream().allMatch(v -> v != null && Double.isFinite(v));
    }

    private TrialResults() {}
}
