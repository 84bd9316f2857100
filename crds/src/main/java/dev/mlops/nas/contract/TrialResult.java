package dev.mlops.nas.contract;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The output of a trainer: JSON of at most {@value #MAX_BYTES} bytes as the container's termination message. Written for
 * every exit code, atomically in local mode.
 *
 * @param contractVersion {@link TrialFile#VERSION}
 * @param trial the trial's name, as in the trial file
 * @param exitCode as the process exits with, see {@link ExitCode}
 * @param metrics by name: {@code accuracy}, {@code loss} (cross-entropy), {@code macroF1} (mean of the classes' F1) and {@code auc}
 *     (area under the ROC curve of each class against the others, mean of the classes), all on the validation part;
 *     {@code testAccuracy} (when the test part was opened), {@code testLoss}, {@code testMacroF1}, {@code testAuc}, and
 *     the standard error of each over other draws of the test part, such as {@code testLossSe}, by which the final comparison has
 *     intervals (but for accuracy, where {@code testExamples} suffices); {@code params}, {@code macs},
 *     {@code modelBytes} (of the weights, as they are or would be stored), {@code latencyMs} (median of single inferences),
 *     {@code latencyP99Ms}, {@code latencySpread} (from the 10th to the 90th percentile, as part of the median),
 *     {@code batchLatencyMs} (median of a batch as in training), {@code exportedLatencyMs} (of the network as it was stored), {@code trainSeconds}, {@code testExamples},
 *     {@code validationExamples}; the scores of {@link ScoreFile} where they are asked for
 * @param epochs epochs trained
 * @param history per epoch; thinned when the message would not fit
 * @param message one sentence about what went wrong; null when all went well
 * @param environment what it ran on: {@code device}, {@code threads}, {@code framework}, …
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record TrialResult(
        String contractVersion,
        String trial,
        int exitCode,
        Map<String, Double> metrics,
        int epochs,
        List<Epoch> history,
        @Nullable String message,
        Map<String, String> environment) {

    /** What the kubelet keeps of a termination message. */
    public static final int MAX_BYTES = 4096;

    /**
     * Metrics after one epoch.
     *
     * @param epoch from 1
     * @param timeMs when the epoch ended, milliseconds since 1970; makes delivering twice to MLflow harmless
     * @param trainLoss mean over the epoch's batches
     * @param accuracy on the validation part
     * @param loss on the validation part
     * @param macroF1 on the validation part; absent where the trainer does not measure it
     * @param auc on the validation part, likewise
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Epoch(
            int epoch,
            long timeMs,
            double trainLoss,
            double accuracy,
            double loss,
            @Nullable Double macroF1,
            @Nullable Double auc) {

        /** An epoch of a trainer that measures accuracy and loss only. */
        public Epoch(int epoch, long timeMs, double trainLoss, double accuracy, double loss) {
            this(epoch, timeMs, trainLoss, accuracy, loss, null, null);
        }
    }
}
