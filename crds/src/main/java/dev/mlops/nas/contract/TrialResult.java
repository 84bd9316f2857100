package dev.mlops.nas.contract;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The output of a trainer: JSON of at most {@value #MAX_BYTES} bytes as the container's termination message. Written for
 * every exit code, atomically in local mode.
 *
 * @param contractVersion {@link TrialFile#VERSION}
 * @param trial the trial's name, as in the trial file
 * @param exitCode as the process exits with, see {@link ExitCode}
 * @param metrics by name: {@code accuracy}, {@code loss} (cross-entropy), {@code macroF1} (mean of the classes' F1) and {@code auc}
 *     (area under the ROC curve of each class against the others, mean of the classes), all on the validation part; with
 *     {@link TrialFile.DatasetRef#targets()} {@code loss} (mean squared error of standardised targets), {@code rmse} (root of the mean
 *     squared error) and {@code r2} (part of the variance explained), means of the targets'; {@code testAccuracy} (when the test part was opened), {@code testLoss}, {@code testMacroF1}, {@code testAuc}, {@code testRmse}, {@code testR2}, and
 *     the standard error of each over other draws of the test part, such as {@code testLossSe}, by which the final comparison has
 *     intervals (but for accuracy, where {@code testExamples} suffices); {@code params}, {@code macs},
 *     {@code modelBytes} (of the weights, as they are or would be stored), {@code latencyMs} (median of single inferences),
 *     {@code latencyP99Ms}, {@code latencySpread} (from the 10th to the 90th percentile, as part of the median),
 *     {@code batchLatencyMs} (median of a batch as in training), {@code exportedLatencyMs}, {@code exportedLatencyP99Ms},
 *     {@code exportedLatencySpread} and {@code exportedBatchLatencyMs} (the same of the network as it is deployed: the built-in trainer's
 *     {@code model.onnx} in ONNX Runtime; absent where no model is left and {@link TrialFile#reportExported()} is absent, or no runtime is there), {@code trainSeconds}, {@code energyJoules} (while it
 *     trained, of the parts of the machine that computed; absent where the machine does not tell), {@code memoryMiB} (the most that the process held), {@code testExamples},
 *     {@code validationExamples}; {@code sharedAccuracy}, {@code sharedLoss}, {@code sharedMacroF1} and {@code sharedAuc} with inherited
 *     weights, before a training; {@code sharedPaths} (architectures that shared weights were trained on); the scores of {@link ScoreFile} where they are asked for
 * @param epochs epochs trained
 * @param history per epoch; thinned when the message would not fit
 * @param message one sentence about what went wrong; null when all went well
 * @param environment what it ran on: {@code device} (what computed), {@value #GPU} (the GPU that computed; what begins with
 *     {@value #NO_GPU} says that none did, and may say why), {@code threads}, {@code framework}, {@value #ENERGY} (what
 *     {@code energyJoules} is of, or why there is none), {@value #ONNX_RUNTIME} (what measured the exported network, or
 *     why nothing did), …
 * @param derived architectures that a {@link TrialFile.Relaxed} came to, the most promising first; absent for other trials, whose
 *     metrics are as above. Its own metrics: {@code relaxedAccuracy} (of the graph with open choices), {@code derivedAccuracy} (of the
 *     first architecture, with the weights that it has there), {@code relaxedGap} (by how much that is less), {@code skipShare} and
 *     {@code noneShare} (part of the first architecture's choices), {@code curvature} (dominant eigenvalue of the validation loss's
 *     Hessian by the choices), {@code keptEpoch} (whose choices count; an earlier one than the last where it was stopped early),
 *     {@code trainedEpochs}, {@code trainSeconds}; all on the validation part
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
        Map<String, String> environment,
        @Nullable List<Derived> derived) {

    /** A result without derived architectures. */
    public TrialResult(
            String contractVersion,
            String trial,
            int exitCode,
            Map<String, Double> metrics,
            int epochs,
            List<Epoch> history,
            @Nullable String message,
            Map<String, String> environment) {
        this(contractVersion, trial, exitCode, metrics, epochs, history, message, environment, null);
    }

    /**
     * An architecture that open choices came to.
     *
     * @param choices an index for each mixture of the trial file, -1 for none of its choices
     * @param accuracy on the validation part with the weights that it has in the open graph
     */
    public record Derived(List<Integer> choices, double accuracy) {}

    /** Metrics of the network as it is deployed, for which {@link TrialFile#reportExported()} asks. */
    public static final Set<String> EXPORTED_COSTS =
            Set.of("exportedLatencyMs", "exportedLatencyP99Ms", "exportedLatencySpread", "exportedBatchLatencyMs");

    /** Metrics that tell of a network, whatever its training: of a {@link TrialFile#proxy()} they are not the architecture's. */
    public static final Set<String> NETWORK_COSTS = Stream.concat(
                    Stream.of(
                            "params",
                            "macs",
                            "modelBytes",
                            "latencyMs",
                            "latencyP99Ms",
                            "latencySpread",
                            "batchLatencyMs"),
                    EXPORTED_COSTS.stream())
            .collect(Collectors.toUnmodifiableSet());

    /** Name of an environment's entry with what measured {@link #EXPORTED_COSTS}, or why nothing did. */
    public static final String ONNX_RUNTIME = "onnxRuntime";

    /** Name of an environment's entry with what {@code energyJoules} is of, or why there is none. */
    public static final String ENERGY = "energy";

    /** Name of an environment's entry with the GPU that computed. */
    public static final String GPU = "gpu";

    /** How that entry begins where no GPU did. */
    public static final String NO_GPU = "none";

    /** What the kubelet keeps of a termination message. */
    public static final int MAX_BYTES = 4096;

    /**
     * Metrics after one epoch.
     *
     * @param epoch from 1
     * @param timeMs when the epoch ended, milliseconds since 1970; makes delivering twice to MLflow harmless
     * @param trainLoss mean over the epoch's batches
     * @param accuracy on the validation part; absent with targets
     * @param loss on the validation part
     * @param macroF1 on the validation part; absent where the trainer does not measure it
     * @param auc on the validation part, likewise
     * @param rmse on the validation part; with targets only
     * @param r2 on the validation part, likewise
     * @param more other figures of this epoch by name; absent for none. A differentiable search reports {@code skipShare},
     *     {@code noneShare} and {@code curvature}, as in the result
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Epoch(
            int epoch,
            long timeMs,
            double trainLoss,
            @Nullable Double accuracy,
            double loss,
            @Nullable Double macroF1,
            @Nullable Double auc,
            @Nullable Double rmse,
            @Nullable Double r2,
            @Nullable Map<String, Double> more) {

        /** The validation part's metric of this name, as in the result; null where it was not measured. */
        public @Nullable Double metric(String name) {
            return switch (name) {
                case "accuracy" -> accuracy;
                case "loss" -> loss;
                case "macroF1" -> macroF1;
                case "auc" -> auc;
                case "rmse" -> rmse;
                case "r2" -> r2;
                default -> more == null ? null : more.get(name);
            };
        }

        /** An epoch of examples with labels, without other figures. */
        public Epoch(
                int epoch,
                long timeMs,
                double trainLoss,
                double accuracy,
                double loss,
                @Nullable Double macroF1,
                @Nullable Double auc) {
            this(epoch, timeMs, trainLoss, accuracy, loss, macroF1, auc, null, null, null);
        }

        /** An epoch of a trainer that measures accuracy and loss only. */
        public Epoch(int epoch, long timeMs, double trainLoss, double accuracy, double loss) {
            this(epoch, timeMs, trainLoss, accuracy, loss, null, null);
        }
    }
}
