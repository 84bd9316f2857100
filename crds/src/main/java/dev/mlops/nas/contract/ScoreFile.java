package dev.mlops.nas.contract;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a trainer found about the architectures of a {@link TrialFile.Scoring}, as a JSON file of any length.
 *
 * @param contractVersion {@link TrialFile#VERSION}
 * @param architectures in the order in which they were asked for
 */
public record ScoreFile(String contractVersion, List<Scored> architectures) {
    /**
     * The scores of one architecture.
     *
     * @param name as in the trial file
     * @param scores by name, more is better: {@code synflow} (natural logarithm), {@code naswot}, {@code gradNorm}, {@code params},
     *     {@code macs}, {@code sharedAccuracy} (on the validation part, with weights that all share), or a trainer's own; a score that
     *     does not exist for an architecture is left out
     * @param message one sentence on why the architecture has no scores; null where it has
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Scored(
            String name,
            Map<String, Double> scores,
            @Nullable String message) {}
}
