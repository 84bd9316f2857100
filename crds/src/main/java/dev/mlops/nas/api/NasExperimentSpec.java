package dev.mlops.nas.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.crd.generator.annotation.PreserveUnknownFields;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import io.fabric8.kubernetes.api.model.IntOrString;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What the user asks for. Everything but the dataset and the search space has a default, and the defaults stand here, in the
 * CRD's schema, and nowhere else: API server and local mode fill them in before any code sees the object.
 *
 * @param suspend true pauses: running trials finish, no new one starts
 * @param seed number from which every random choice of the search follows
 * @param dataset what to train on
 * @param objective what to optimise
 * @param searchSpace which architectures exist
 * @param constraints hard limits
 * @param strategy how the space is explored
 * @param evaluation how a trial is trained
 * @param budget when to stop
 * @param protocol what makes the result credible
 * @param warmStart earlier experiments to learn from, for the predictor strategy
 * @param tracking where trials are logged
 * @param trainer the trainer's pod
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
@ValidationRule(
        value = "self.strategy.name != 'Predictor' || !has(self.strategy.predictor.warmUp)"
                + " || self.strategy.predictor.warmUp <= self.budget.trials",
        message = "must not exceed budget.trials; lower it, or raise the budget",
        fieldPath = ".strategy.predictor.warmUp")
@ValidationRule(
        value = "self.strategy.name != 'Nsga2' || has(self.objective.tradeOff)",
        message = "is Nsga2, which is for several objectives: give objective.tradeOff, or choose another strategy",
        fieldPath = ".strategy.name")
@ValidationRule(
        value =
                "!has(self.objective.tradeOff)"
                        + " || !(self.strategy.name in ['Evolution', 'LocalSearch', 'Reinforce', 'Differentiable', 'External'])",
        message = "knows one objective only: with objective.tradeOff, choose Predictor, Nsga2, QuasiRandom or Random",
        fieldPath = ".strategy.name")
@ValidationRule(
        value = "self.strategy.name != 'Differentiable' || has(self.searchSpace.hierarchical)"
                + " || (has(self.searchSpace.cell) && !has(self.searchSpace.cell.maxEdges))"
                + " || (has(self.searchSpace.preset)"
                + " && self.searchSpace.preset in ['nb201-cell', 'darts-cell', 'hierarchical-cnn'])",
        message = "needs a space whose choices can all be open at once: give searchSpace.cell without maxEdges,"
                + " searchSpace.hierarchical, or preset nb201-cell, darts-cell or hierarchical-cnn",
        fieldPath = ".strategy.name")
@ValidationRule(
        value = "self.strategy.name == 'Predictor' || !has(self.warmStart)",
        message = "is for strategy Predictor only: no other strategy learns from earlier experiments",
        fieldPath = ".warmStart")
@ValidationRule(
        value = "!has(self.evaluation.recipe.augmentation) || self.dataset.shape[2] > 1"
                + " || self.evaluation.recipe.augmentation.all(a, a == 'mixup')",
        message = "holds flip, crop or cutout, which change pictures, but examples are one value wide by dataset.shape;"
                + " leave all but mixup out",
        fieldPath = ".evaluation.recipe.augmentation")
@ValidationRule(
        value = "has(self.dataset.targets) ? self.objective.metric in ['rmse', 'r2', 'loss']"
                + " : self.objective.metric in ['accuracy', 'loss', 'macroF1', 'auc']",
        message = "does not fit the data: choose rmse, r2 or loss with dataset.targets,"
                + " accuracy, macroF1, auc or loss with dataset.classes",
        fieldPath = ".objective.metric")
@ValidationRule(
        value = "!has(self.dataset.categorical)"
                + " || (has(self.searchSpace.preset) && self.searchSpace.preset == 'mlp-tabular')"
                + " || (has(self.searchSpace.parameters)"
                + " && (!has(self.searchSpace.network) || self.searchSpace.network == 'Mlp'))",
        message = "needs networks with vectors for categories: choose searchSpace.preset mlp-tabular, network Mlp,"
                + " or parameters without a network for a trainer of your own",
        fieldPath = ".dataset.categorical")
@ValidationRule(
        value = "!has(self.dataset.categorical) || !has(self.evaluation.recipe.augmentation)",
        message = "changes examples, but codes of categories cannot be mixed; leave it out with dataset.categorical",
        fieldPath = ".evaluation.recipe.augmentation")
@ValidationRule(
        value = "!has(self.dataset.targets) || self.strategy.name != 'Differentiable'",
        message = "is Differentiable, which judges by accuracy; choose another strategy with dataset.targets",
        fieldPath = ".strategy.name")
@ValidationRule(
        value =
                "(self.evaluation.fidelity.scheduler == 'None' && !has(self.evaluation.weightSharing))"
                        + " || ((!has(self.constraints)"
                        + " || self.constraints.all(c, !(c.metric in ['trainSeconds', 'energyJoules', 'memoryMiB'])))"
                        + " && (!has(self.objective.tradeOff)"
                        + " || !self.objective.tradeOff.metrics.exists(m, m in ['trainSeconds', 'energyJoules', 'memoryMiB'])))",
        message =
                "measures no trainSeconds, energyJoules and memoryMiB of full trainings, which a limit or trade-off needs:"
                        + " use no scheduler and no weightSharing, or limit another metric",
        fieldPath = ".evaluation")
@ValidationRule(
        value = "!has(self.constraints) || !self.constraints.exists(c, c.metric in " + Rules.EXPORTED + ")"
                + " || (has(oldSelf.constraints)"
                + " && oldSelf.constraints.exists(c, c.metric in " + Rules.EXPORTED + "))"
                + " || (has(self.objective.tradeOff)"
                + " && self.objective.tradeOff.metrics.exists(m, m in " + Rules.EXPORTED + "))",
        message =
                "cannot get its first limit on exportedLatencyMs or exportedBatchLatencyMs once the experiment exists, whose"
                        + " trials have not measured it; create a new one",
        fieldPath = ".constraints")
@ValidationRule(
        value = "!has(self.dataset.targets) || !has(self.evaluation.weightSharing)",
        message = "is judged by accuracy, for dataset.classes; leave it out with dataset.targets",
        fieldPath = ".evaluation.weightSharing")
@ValidationRule(
        value = "!has(self.dataset.targets) || self.evaluation.recipe.labelSmoothing == 0.0",
        message = "must be 0 with dataset.targets: numbers are no labels that could be smoothed",
        fieldPath = ".evaluation.recipe.labelSmoothing")
@ValidationRule(
        value = "!has(self.dataset.targets) || self.evaluation.recipe.classWeights == 'uniform'",
        message = "must be uniform with dataset.targets: there are no classes to weigh",
        fieldPath = ".evaluation.recipe.classWeights")
@ValidationRule(
        value = "self.evaluation.fidelity.resource != 'resolution' || self.dataset.shape[2] > 1",
        message = "needs pictures, but examples are one value wide by dataset.shape; choose another resource",
        fieldPath = ".evaluation.fidelity.resource")
@ValidationRule(
        value = "!(self.evaluation.fidelity.resource in ['width', 'depth'])"
                + " || !has(self.searchSpace.parameters) || has(self.searchSpace.network)",
        message = "needs networks, but searchSpace.parameters has none that could be smaller: give searchSpace.network,"
                + " or choose another resource",
        fieldPath = ".evaluation.fidelity.resource")
@ValidationRule(
        value = "!(self.evaluation.fidelity.resource in ['resolution', 'width', 'depth'])"
                + " || ((!has(self.constraints)"
                + " || self.constraints.all(c, c.metric in ['params', 'macs', 'activationBytes']))"
                + " && (!has(self.objective.tradeOff)"
                + " || self.objective.tradeOff.metrics.all(m, m in ['params', 'macs', 'activationBytes'])))",
        message = "trains smaller networks, which have not the costs of the architecture: with measured costs as limit"
                + " or trade-off, choose epochs or data",
        fieldPath = ".evaluation.fidelity.resource")
@ValidationRule(
        value = "!has(self.evaluation.weightSharing) || self.strategy.name != 'Differentiable'",
        message =
                "is for strategies that choose: Differentiable trains its own weights; leave it out, or choose another strategy",
        fieldPath = ".evaluation.weightSharing")
@ValidationRule(
        value = "!has(self.evaluation.weightSharing) || !has(self.searchSpace.parameters)"
                + " || has(self.searchSpace.network)",
        message = "needs networks, but searchSpace.parameters has none: give searchSpace.network, or leave it out",
        fieldPath = ".evaluation.weightSharing")
public record NasExperimentSpec(
        @Default("false") Boolean suspend,

        @Default("0")
        @Min(0)
        @Max(9007199254740991.0)
        @ValidationRule(value = Rules.FIXED, message = Rules.FIXED_MESSAGE)
        Long seed,

        @Required @ValidationRule(value = Rules.FIXED, message = Rules.FIXED_MESSAGE)
        Dataset dataset,

        @Default("{}") @ValidationRule(value = Rules.FIXED, message = Rules.FIXED_MESSAGE)
        Objective objective,

        @Required @ValidationRule(value = Rules.FIXED, message = Rules.FIXED_MESSAGE)
        Space searchSpace,

        @Nullable
        @Size(max = 8)
        @ValidationRule(
                value = "self.all(a, self.exists_one(b, a.metric == b.metric && a.percentile == b.percentile))",
                message = "limits the same metric twice; keep the smaller limit")
        List<Limit> constraints,

        @Default("{}") Strategy strategy,

        @Default("{}") @ValidationRule(value = Rules.FIXED, message = Rules.FIXED_MESSAGE)
        Evaluation evaluation,

        @Default("{}") Budget budget,
        @Default("{}") Protocol protocol,
        @Nullable WarmStart warmStart,
        @Nullable Tracking tracking,
        @Default("{}") Trainer trainer) {

    /**
     * Experiments that tell the predictor which architectures are good before it has results of its own, though their data were
     * others: only the order of their results counts, and how much it is worth here is learned. Half of the warm-up is then chosen
     * by them.
     *
     * @param experiments names; on a cluster of NasExperiments in the same namespace, in local mode of searches whose folders lie
     *     beside that of this search, the latest of each name
     */
    public record WarmStart(
            @Required
            @Size(min = 1, max = 10)
            @ValidationRule(
                    value = "self.all(a, self.exists_one(b, a == b))",
                    message = "names the same experiment twice")
            List<@Size(min = 1, max = 63) String> experiments) {}

    /**
     * Data with labels.
     *
     * @param uri where the data file is: {@code file:///absolute/path}, {@code pvc://claim/path}, or a path relative to the experiment's file (local
     *     mode) or to the trainer image's data folder (cluster). Or an address of http, https or s3 ({@code s3://bucket/key}), with
     *     sha256: the trainer loads the file once into the folder that its environment variable NAS_CACHE_DIR names, by default one
     *     in the home folder; for s3 with the credentials, the region and the address of the store that AWS's usual variables hold
     *     (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION, AWS_ENDPOINT_URL), or the pod's role. Or a procedure of the built-in trainer that makes data:
     *     {@code generator:mnist-1d} (signals, shape [1, 1, 40], 10 classes), {@code generator:recall} (sequences, shape [16, 1, 9],
     *     8 classes), {@code generator:strokes} (images, shape [1, 16, 16], 8 classes), {@code generator:waveform} (a table, shape [21, 1, 1], 3 classes), {@code generator:friedman} (a table, shape
     *     [10, 1, 1], 1 target) or {@code generator:sales} (a table, shape [6, 1, 1], 1 target, with 40, 12 and 7 categories in the columns
     *     0, 1 and 2); {@code ?examples=5000&seed=0} are the defaults
     * @param format how the data is written: csv; idx, as MNIST is; npy (an array of NumPy with the shape of the examples), all of these
     *     gzipped where the name ends so; npz (arrays x and y); parquet (columns of numbers, and of texts that dataset.categorical lists, in the order of csv); or images (a folder of PNG and JPEG files for each class, label 0 is
     *     the first folder by name, all of the size of dataset.shape)
     * @param labels the label file, for idx and npy; with targets it holds floats, as many for each example as there are targets
     * @param labelColumn the label's column from 0, for csv and parquet; -1 is the last. With several targets the first of their columns, and -1
     *     are the last ones
     * @param sha256 checksum that the data file must have, hexadecimal
     * @param shape sizes of one example: channels, height, width
     * @param classes number of classes; labels are 0 to classes - 1. Either classes or targets is given
     * @param targets how many numbers of each example are to be foretold (regression), in place of a label. Networks learn them with
     *     mean 0 and deviation 1 and the mean squared error; metrics are in the data's own units. Choose an objective such as rmse
     * @param categorical columns of a table that hold categories, such as a trade or a postcode, in place of numbers. They are not
     *     standardised, and networks (preset mlp-tabular or network Mlp) learn a vector of numbers for every category (entity
     *     embeddings; Guo and Berkhahn 2016), half as long as there are categories, 50 at most, times the parameter embedding. An
     *     example then has the shape [COLUMNS, 1, 1]
     * @param split parts of the whole
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @ValidationRule(
            value = "!(self.format in ['idx', 'npy']) || has(self.labels)",
            message = "is required for formats idx and npy: the path of the label file",
            fieldPath = ".labels")
    @ValidationRule(
            value = "self.format in ['idx', 'npy'] || !has(self.labels)",
            message =
                    "is for formats idx and npy only; csv and parquet hold labels in labelColumn, npz as array y, images as folders",
            fieldPath = ".labels")
    @ValidationRule(
            value =
                    "self.format == 'images' || !(self.uri.startsWith('http') || self.uri.startsWith('s3:')) || has(self.sha256)",
            message = "is required for http, https and s3: by it the trainer knows that its copy is the right one",
            fieldPath = ".sha256")
    @ValidationRule(
            value = "self.format != 'images' || !(self.uri.startsWith('http') || self.uri.startsWith('s3:'))",
            message = "is a single address, but format images reads a folder; choose another format",
            fieldPath = ".uri")
    @ValidationRule(
            value = "self.format != 'images' || !has(self.sha256)",
            message = "is the checksum of one file, but format images reads a folder; leave it out",
            fieldPath = ".sha256")
    @ValidationRule(
            value = "has(self.classes) != has(self.targets)",
            message = "must hold exactly one of classes (for labels) and targets (for numbers to be foretold)")
    @ValidationRule(
            value = "self.format != 'images' || !has(self.targets)",
            message =
                    "is a folder for each class, but dataset.targets asks for numbers: choose csv, parquet, idx, npy or npz",
            fieldPath = ".format")
    @ValidationRule(
            value = "self.format != 'images' || self.shape[0] in [1, 3]",
            message = "must begin with 1 or 3 channels for format images",
            fieldPath = ".shape")
    @ValidationRule(
            value = "!self.uri.startsWith('generator:')"
                    + " || (self.format == 'csv' && self.labelColumn == -1 && !has(self.labels) && !has(self.sha256))",
            message = "makes its own examples and labels: leave out format, labels, labelColumn and sha256",
            fieldPath = ".uri")
    @ValidationRule(
            value =
                    "!self.uri.startsWith('generator:mnist-1d') || (self.shape == [1, 1, 40] && has(self.classes) && self.classes == 10)",
            message = "makes examples of shape [1, 1, 40] with 10 classes: write these in shape and classes",
            fieldPath = ".uri")
    @ValidationRule(
            value =
                    "!self.uri.startsWith('generator:recall') || (self.shape == [16, 1, 9] && has(self.classes) && self.classes == 8)",
            message = "makes examples of shape [16, 1, 9] with 8 classes: write these in shape and classes",
            fieldPath = ".uri")
    @ValidationRule(
            value =
                    "!self.uri.startsWith('generator:waveform') || (self.shape == [21, 1, 1] && has(self.classes) && self.classes == 3)",
            message = "makes examples of shape [21, 1, 1] with 3 classes: write these in shape and classes",
            fieldPath = ".uri")
    @ValidationRule(
            value = "!self.uri.startsWith('generator:strokes')"
                    + " || (self.shape == [1, 16, 16] && has(self.classes) && self.classes == 8)",
            message = "makes examples of shape [1, 16, 16] with 8 classes: write these in shape and classes",
            fieldPath = ".uri")
    @ValidationRule(
            value = "!self.uri.startsWith('generator:friedman')"
                    + " || (self.shape == [10, 1, 1] && has(self.targets) && self.targets == 1)",
            message = "makes examples of shape [10, 1, 1] with 1 target: write these in shape and targets",
            fieldPath = ".uri")
    @ValidationRule(
            value =
                    "!self.uri.startsWith('generator:sales') || (self.shape == [6, 1, 1] && has(self.targets) && self.targets == 1)",
            message = "makes examples of shape [6, 1, 1] with 1 target: write these in shape and targets",
            fieldPath = ".uri")
    @ValidationRule(
            value = "!has(self.categorical) || !self.uri.startsWith('generator:')"
                    + " || (self.uri.startsWith('generator:sales') && self.categorical.size() == 3"
                    + " && self.categorical.all(c, c.column < 3 && has(c.categories)"
                    + " && c.categories == [40, 12, 7][c.column]))",
            message = "are not those of the generator: sales has 40, 12 and 7 categories in the columns 0, 1 and 2,"
                    + " other generators have none",
            fieldPath = ".categorical")
    @ValidationRule(
            value = "!has(self.categorical) || (self.format != 'images' && self.shape[1] == 1 && self.shape[2] == 1)",
            message = "is for tables, whose examples are one value high and wide: give shape as [COLUMNS, 1, 1],"
                    + " or leave categorical out",
            fieldPath = ".categorical")
    @ValidationRule(
            value = "!has(self.categorical) || self.categorical.all(c, c.column < self.shape[0])",
            message = "names a column that shape does not have: columns count from 0, without those of the label or the"
                    + " targets",
            fieldPath = ".categorical")
    @ValidationRule(
            value =
                    "!has(self.categorical) || self.categorical.all(a, self.categorical.exists_one(b, a.column == b.column))",
            message = "names a column twice; list every column once",
            fieldPath = ".categorical")
    @ValidationRule(
            value =
                    "!has(self.categorical) || self.format in ['csv', 'parquet'] || self.categorical.all(c, !has(c.values))",
            message = "has values, which only csv and parquet hold as texts: give categories, and codes in the file",
            fieldPath = ".categorical")
    public record Dataset(
            @Required
            @Size(min = 1, max = 1024)
            @ValidationRule(value = Rules.DATA_ADDRESS, message = Rules.DATA_ADDRESS_MESSAGE)
            @ValidationRule(value = Rules.GENERATOR, message = Rules.GENERATOR_MESSAGE)
            String uri,

            @Default("csv") Format format,

            @Nullable
            @Size(min = 1, max = 1024)
            @ValidationRule(value = Rules.DATA_URI, message = Rules.DATA_URI_MESSAGE)
            String labels,

            @Default("-1") @Min(-1) @Max(1000000) Integer labelColumn,

            @Nullable
            @Size(max = 64)
            @ValidationRule(
                    value = "self.matches('^[0-9a-f]{64}$')",
                    message = "must be 64 hexadecimal digits in lower case")
            String sha256,

            @Required @Size(min = 3, max = 3) List<@Min(1) @Max(4096) Integer> shape,
            @Nullable @Min(2) @Max(100000) Integer classes,
            @Nullable @Min(1) @Max(1000) Integer targets,
            @Nullable @Size(min = 1, max = 100) List<Categorical> categorical,
            @Default("{}") Split split) {

        /** Numbers that a network gives for each example: logits of the classes, or the targets. */
        public int outputs() {
            return classes == null ? Objects.requireNonNull(targets, "either classes or targets") : classes;
        }
    }

    /**
     * A column of categories; exactly one of categories and values.
     *
     * @param column from 0, those of the label or the targets not counted
     * @param categories how many there are, where the file holds whole numbers from 0 to categories - 1
     * @param values what the file holds where it has texts, each once; white space around them does not count, and "" is an empty
     *     cell. A row with any other text is refused by its line: write what is rare or unknown as one of these
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @ValidationRule(
            value = "has(self.categories) != has(self.values)",
            message = "must hold exactly one of categories (for whole numbers in the file) and values (for texts)")
    public record Categorical(
            @Required @Min(0) @Max(4095) Integer column,
            @Nullable @Min(2) @Max(100000) Integer categories,

            @Nullable @Size(min = 2, max = 1000) List<@Size(max = 100) String> values) {

        /** Number of categories. */
        public int count() {
            return values == null ? Objects.requireNonNull(categories, "either categories or values") : values.size();
        }
    }

    /** How the data file is written. */
    public enum Format {
        csv,
        parquet,
        idx,
        npy,
        npz,
        images
    }

    /**
     * Parts of the whole; the same cut for all trials, fixed by the experiment's seed, stratified by label where there are labels.
     *
     * @param train part that weights are fitted on
     * @param validation part that architectures are compared on
     * @param test part that is opened once, for finalists and references
     */
    @ValidationRule(
            value =
                    "self.train + self.validation + self.test > 0.999 && self.train + self.validation + self.test < 1.001",
            message = "train, validation and test must add up to 1")
    public record Split(
            @Default("0.6") @ValidationRule(value = Rules.PART, message = Rules.PART_MESSAGE)
            Double train,

            @Default("0.2") @ValidationRule(value = Rules.PART, message = Rules.PART_MESSAGE)
            Double validation,

            @Default("0.2") @ValidationRule(value = Rules.PART, message = Rules.PART_MESSAGE)
            Double test) {}

    /**
     * What to optimise, measured on the validation split.
     *
     * @param metric what a trial reports: accuracy, loss (cross-entropy), macroF1 (the mean of the classes' F1, which counts rare
     *     classes as much as frequent ones) or auc (area under the ROC curve of each class against the others, mean of the classes);
     *     with dataset.targets rmse (root of the mean squared error), r2 (part of the variance that is explained) or loss (mean squared
     *     error of standardised targets), each the mean of the targets';
     *     finalists and baselines are compared by the same metric on the test split
     * @param direction which way is better; default: Minimize for loss and rmse, Maximize for the others, and nothing else is allowed
     * @param tradeOff costs to be kept low at the same time: the search shows which architectures no other beats in all of them,
     *     finalists are those that cover this front best, and the winner is the finalist with the best metric
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @ValidationRule(
            value = "!has(self.direction) || (self.metric in ['loss', 'rmse']) == (self.direction == 'Minimize')",
            message = "does not fit the metric; loss and rmse ask for Minimize, all others for Maximize",
            fieldPath = ".direction")
    public record Objective(
            @Default("accuracy") ObjectiveMetric metric,
            @Nullable Direction direction,
            @Nullable TradeOff tradeOff) {

        /** Whether larger values of the metric are better. */
        public boolean maximizes() {
            return metric != ObjectiveMetric.loss && metric != ObjectiveMetric.rmse;
        }
    }

    /**
     * Further objectives, to be minimised.
     *
     * @param metrics one to three of params, macs and activationBytes, known before training, and those that are measured in every
     *     trial, as for a limit; of latencyMs and exportedLatencyMs it is the median
     */
    public record TradeOff(
            @Required @Size(min = 1, max = 3) @ValidationRule(value = Rules.UNIQUE, message = Rules.UNIQUE_MESSAGE)
            List<LimitMetric> metrics) {}

    /** Metrics that a trainer reports for every trial. */
    public enum ObjectiveMetric {
        accuracy,
        loss,
        macroF1,
        auc,
        rmse,
        r2
    }

    /** Which way is better. */
    public enum Direction {
        Maximize,
        Minimize
    }

    /**
     * A hard limit.
     *
     * @param metric what is limited: params, macs and activationBytes (memory for results while one example runs through the
     *     network) are known before training. The others are measured in every trial and learned: latencyMs of one example as
     *     the trainer runs it, batchLatencyMs of a batch as in training; exportedLatencyMs and exportedBatchLatencyMs the same of the
     *     network as it is deployed, model.onnx in ONNX Runtime, which then every trial measures and not finalists only (the built-in
     *     trainer on processors; the experiment ends where a trainer does not); modelBytes of the weights as stored, memoryMiB (the most that
     *     the training's process held), trainSeconds and energyJoules of the training (where the machine tells; what else it does is in it)
     * @param max largest allowed value: a whole number, or a text such as "2.5" or "100k" (k, M, G)
     * @param percentile percentile of the latency: 50 (median) or 99
     */
    @ValidationRule(
            value = "type(self.max) == int ? self.max > 0 && self.max <= 2147483647"
                    + " : self.max.matches('^[0-9]+(\\\\.[0-9]+)?[kMG]?$') && self.max.matches('[1-9]')",
            message =
                    "must be a positive whole number up to 2147483647, or a text such as \"2.5\" or \"100k\" (k, M, G)",
            fieldPath = ".max")
    @ValidationRule(
            value = "self.percentile == 50 || self.percentile == 99",
            message = "must be 50 or 99",
            fieldPath = ".percentile")
    @ValidationRule(
            value = "self.percentile == 50 || self.metric in ['latencyMs', 'exportedLatencyMs']",
            message = "is for latencyMs and exportedLatencyMs only",
            fieldPath = ".percentile")
    public record Limit(
            @Required LimitMetric metric,
            @Required @Size(min = 1, max = 20) IntOrString max,
            @Default("50") @Min(1) @Max(99) Integer percentile) {}

    /** Costs that can be limited. */
    public enum LimitMetric {
        params,
        macs,
        activationBytes,
        latencyMs,
        batchLatencyMs,
        exportedLatencyMs,
        exportedBatchLatencyMs,
        modelBytes,
        memoryMiB,
        trainSeconds,
        energyJoules
    }

    /**
     * Exactly one of preset, chain, cell, hierarchical and parameters.
     *
     * @param preset a named space
     * @param chain stages of repeated operators
     * @param cell a small graph that is stacked
     * @param hierarchical a small graph of small graphs that is stacked
     * @param parameters free parameters by name; names are letters, digits, _ and ., beginning with a letter
     * @param network how the parameters become a network: Mlp (the example as a vector), Transformer (as a sequence of positions
     *     or patches) or Signal (convolutions along time, then recurrent layers); each takes the parameters of its table in the
     *     engine's README. Left out, a trainer of your own makes something of the decisions, which it finds in its trial file;
     *     the graph there is empty, and params, macs and activationBytes cannot be limited
     * @param references human designs beyond those that the space brings
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @ValidationRule(
            value = "(has(self.preset) ? 1 : 0) + (has(self.chain) ? 1 : 0) + (has(self.cell) ? 1 : 0)"
                    + " + (has(self.hierarchical) ? 1 : 0) + (has(self.parameters) ? 1 : 0) == 1",
            message = "must hold exactly one of preset, chain, cell, hierarchical and parameters")
    @ValidationRule(
            value = "!has(self.network) || has(self.parameters)",
            message = "is for parameters only",
            fieldPath = ".network")
    public record Space(
            @Nullable Preset preset,
            @Nullable Chain chain,
            @Nullable Cell cell,
            @Nullable Hierarchical hierarchical,

            @Nullable @Size(min = 1, max = 64) Map<String, FreeParameter> parameters,

            @Nullable Network network,

            @Nullable
            @Size(max = 16)
            @ValidationRule(
                    value = "self.all(a, self.exists_one(b, a.name == b.name))",
                    message = "two references have the same name")
            List<ReferenceDesign> references) {}

    /** Spaces by name. */
    public enum Preset {
        @JsonProperty("small-cnn")
        SMALL_CNN,
        @JsonProperty("nb101-cell")
        NB101_CELL,
        @JsonProperty("nb201-cell")
        NB201_CELL,
        @JsonProperty("darts-cell")
        DARTS_CELL,
        @JsonProperty("hierarchical-cnn")
        HIERARCHICAL_CNN,
        @JsonProperty("mlp-tabular")
        MLP_TABULAR,
        @JsonProperty("transformer-tiny")
        TRANSFORMER_TINY,
        @JsonProperty("signal-1d")
        SIGNAL_1D
    }

    /** How free parameters become a network. */
    public enum Network {
        Mlp,
        Transformer,
        Signal
    }

    /**
     * One free parameter: exactly one of choice, int and float. With a network, a single choice fixes a setting.
     *
     * @param choice values in the order that neighbours have: numbers, texts, true and false
     * @param whole a range of whole numbers
     * @param real a range of numbers
     * @param when condition on other parameters under which this one is chosen at all: comparisons by {@code ==}, {@code !=},
     *     {@code >=}, {@code <=} or {@code in}, joined by {@code &&}, such as {@code moe == true && depth >= 4} or
     *     {@code attention in [local, full]}; what compares a parameter that is not chosen itself does not hold
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record FreeParameter(
            @Nullable @Size(min = 1, max = 256) List<JsonNode> choice,
            @Nullable @JsonProperty("int") WholeRange whole,
            @Nullable @JsonProperty("float") RealRange real,
            @Nullable @Size(min = 1, max = 512) String when) {}

    /**
     * Whole numbers from min to max.
     *
     * @param min first value
     * @param max last value, which the steps must reach
     * @param step distance of the values; default: 1
     * @param log each value is twice the one before, in place of even steps
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @ValidationRule(value = "self.max > self.min", message = "must be larger than min", fieldPath = ".max")
    @ValidationRule(
            value = "!self.log || !has(self.step)",
            message = "is for even steps; with log each value is twice the one before",
            fieldPath = ".step")
    @ValidationRule(value = "!self.log || self.min >= 1", message = "must be 1 or more with log", fieldPath = ".min")
    public record WholeRange(
            @Required @Min(-1000000000) @Max(1000000000) Integer min,
            @Required @Min(-1000000000) @Max(1000000000) Integer max,
            @Nullable @Min(1) @Max(1000000000) Integer step,
            @Default("false") Boolean log) {}

    /**
     * So many numbers from min to max, rounded to 6 digits.
     *
     * @param min first value
     * @param max last value
     * @param steps number of values
     * @param log at even ratios, in place of even distances
     */
    @ValidationRule(value = "self.max > self.min", message = "must be larger than min", fieldPath = ".max")
    @ValidationRule(
            value = "!self.log || self.min > 0.0",
            message = "must be larger than 0 with log",
            fieldPath = ".min")
    public record RealRange(
            @Required Double min,
            @Required Double max,
            @Required @Min(2) @Max(256) Integer steps,
            @Default("false") Boolean log) {}

    /**
     * A human-designed architecture.
     *
     * @param name its name in the report
     * @param decisions the value of each decision by its name, as in {@code status.best.decisions}
     */
    public record ReferenceDesign(
            @Required @Size(min = 1, max = 63) String name,
            @Required @Size(min = 1, max = 256) Map<String, String> decisions) {}

    /**
     * Stages one after the other; choices stand in lists, one entry fixes the value.
     *
     * @param stem first convolution, 3x3
     * @param stages the stages from input to output
     * @param head pooling over the whole image, dropout, dense
     */
    public record Chain(
            @Default("{}") Stem stem,

            @Required
            @Size(min = 1, max = 12)
            @ValidationRule(
                    value = "self.all(a, self.exists_one(b, a.name == b.name))",
                    message = "two stages have the same name")
            List<Stage> stages,

            @Default("{}") Head head) {}

    /**
     * First convolution, 3x3.
     *
     * @param width output channels
     */
    public record Stem(@Default("16") @Min(1) @Max(4096) Integer width) {}

    /**
     * One stage.
     *
     * @param name unique name; the prefix of its decisions
     * @param stride stride of the first block
     * @param depth choices of the number of blocks; 0 leaves the stage out where stride is 1
     * @param operator choices of the block
     * @param kernel choices of the kernel side, odd
     * @param expansion choices of mbconv's expansion
     * @param width choices of the output channels
     * @param skip choices of a residual connection around each block whose shapes allow it
     */
    @ValidationRule(
            value = "self.stride == 1 || self.depth.all(d, d > 0)",
            message = "must not hold 0, which leaves the stage out, unless stride is 1",
            fieldPath = ".depth")
    public record Stage(
            @Required
            @Size(min = 1, max = 16)
            @ValidationRule(
                    value = "self.matches('^[a-z][a-z0-9]*$')",
                    message = "must be lower-case letters and digits, beginning with a letter")
            String name,

            @Default("1") @Min(1) @Max(4) Integer stride,

            @Default("[1]")
            @Size(min = 1, max = 16)
            @ValidationRule(value = Rules.UNIQUE, message = Rules.UNIQUE_MESSAGE)
            List<@Min(0) @Max(32) Integer> depth,

            @Default("[\"conv\"]")
            @Size(min = 1, max = 8)
            @ValidationRule(value = Rules.UNIQUE, message = Rules.UNIQUE_MESSAGE)
            List<BlockOperator> operator,

            @Default("[3]")
            @Size(min = 1, max = 8)
            @ValidationRule(value = Rules.UNIQUE, message = Rules.UNIQUE_MESSAGE)
            @ValidationRule(value = "self.all(k, k % 2 == 1)", message = "kernel sides must be odd numbers")
            List<@Min(1) @Max(15) Integer> kernel,

            @Default("[1]")
            @Size(min = 1, max = 8)
            @ValidationRule(value = Rules.UNIQUE, message = Rules.UNIQUE_MESSAGE)
            List<@Min(1) @Max(16) Integer> expansion,

            @Required @Size(min = 1, max = 16) @ValidationRule(value = Rules.UNIQUE, message = Rules.UNIQUE_MESSAGE)
            List<@Min(1) @Max(4096) Integer> width,

            @Default("[false]")
            @Size(min = 1, max = 2)
            @ValidationRule(value = Rules.UNIQUE, message = Rules.UNIQUE_MESSAGE)
            List<Boolean> skip) {}

    /** Blocks of a chain. */
    public enum BlockOperator {
        conv,
        separable,
        mbconv,
        maxpool,
        avgpool
    }

    /**
     * Pooling over the whole image, dropout, dense.
     *
     * @param dropout choices of the dropout rate
     */
    public record Head(
            @Default("[0.0]")
            @Size(min = 1, max = 8)
            @ValidationRule(value = Rules.UNIQUE, message = Rules.UNIQUE_MESSAGE)
            @ValidationRule(value = "self.all(d, d >= 0.0 && d <= 0.9)", message = "must be rates from 0 to 0.9")
            List<Double> dropout) {}

    /**
     * A small graph of operations. With operationsOn edges, one operation on every edge (i, j), i &lt; j, as in NAS-Bench-201. With
     * operationsOn nodes, either maxEdges (any edges, up to so many, as in NAS-Bench-101) or inputs (every node chooses its
     * inputs, in normal and reduction cells, as in DARTS).
     *
     * @param operationsOn where the operations are
     * @param nodes number of nodes, the cell's inputs (two with inputs, otherwise one) and its output included
     * @param operations choices on every edge; at every node; or for every input of a node
     * @param maxEdges most edges, with operations on nodes
     * @param inputs how many inputs a node may take, 1, 2 or both, each with its own operation
     * @param output how a cell with operations on nodes joins them: concat (channels one behind the other, the default) or sum
     * @param stack how cells become a network
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @ValidationRule(
            value = "self.operationsOn == 'edges' || has(self.maxEdges) != has(self.inputs)",
            message = "must hold either maxEdges or inputs, and not both, with operationsOn nodes")
    @ValidationRule(
            value = "self.operationsOn == 'nodes' || !has(self.maxEdges)",
            message = "is for operationsOn nodes only; leave it out",
            fieldPath = ".maxEdges")
    @ValidationRule(
            value = "self.operationsOn == 'nodes' || !has(self.inputs)",
            message = "is for operationsOn nodes only; leave it out",
            fieldPath = ".inputs")
    @ValidationRule(
            value = "self.operationsOn == 'nodes' || !has(self.output)",
            message = "is for operationsOn nodes only; leave it out, the output is a sum",
            fieldPath = ".output")
    @ValidationRule(
            value = "self.operationsOn == 'edges' || !('none' in self.operations)",
            message = "must not hold none with operationsOn nodes; list the operations without it",
            fieldPath = ".operations")
    public record Cell(
            @Default("edges") OperationsOn operationsOn,
            @Default("4") @Min(2) @Max(8) Integer nodes,

            @Default("[\"none\",\"skip\",\"conv1x1\",\"conv3x3\",\"avgpool3x3\"]")
            @Size(min = 2, max = 10)
            @ValidationRule(value = Rules.UNIQUE, message = Rules.UNIQUE_MESSAGE)
            List<CellOperation> operations,

            @Nullable @Min(2) @Max(28) Integer maxEdges,

            @Nullable @Size(min = 1, max = 2) @ValidationRule(value = Rules.UNIQUE, message = Rules.UNIQUE_MESSAGE)
            List<@Min(1) @Max(2) Integer> inputs,

            @Nullable CellOutput output,
            @Default("{}") Stack stack) {}

    /** Where the operations of a cell are. */
    public enum OperationsOn {
        edges,
        nodes
    }

    /** How a cell joins what reaches its output. */
    public enum CellOutput {
        concat,
        sum
    }

    /**
     * Operations in a cell. Those with weights bring ReLU and batch norm; sepconv is a depthwise and a 1x1 convolution, twice;
     * dilconv is a depthwise convolution that reads every second pixel, and a 1x1 convolution.
     */
    public enum CellOperation {
        none,
        skip,
        conv1x1,
        conv3x3,
        sepconv3x3,
        sepconv5x5,
        dilconv3x3,
        dilconv5x5,
        avgpool3x3,
        maxpool3x3
    }

    /**
     * Motifs of motifs (Liu et al. 2018): primitives on the edges of the lowest motifs, those on the edges of the next, up to the
     * cell. A node is the sum of its edges.
     *
     * @param primitives choices on every edge of the lowest motifs
     * @param levels levels of motifs from the lowest up; on an edge of a higher one is a motif of the level below, or none
     * @param stack how cells become a network
     */
    public record Hierarchical(
            @Default("[\"none\",\"skip\",\"conv1x1\",\"conv3x3\",\"sepconv3x3\",\"avgpool3x3\",\"maxpool3x3\"]")
            @Size(min = 2, max = 10)
            @ValidationRule(value = Rules.UNIQUE, message = Rules.UNIQUE_MESSAGE)
            List<CellOperation> primitives,

            @Required
            @Size(min = 2, max = 4)
            @ValidationRule(
                    value = "self[size(self) - 1].motifs == 1",
                    message = "must end with a level of one motif, which is the cell")
            List<Level> levels,

            @Default("{}") Stack stack) {}

    /**
     * One level of motifs.
     *
     * @param motifs number of motifs; the last level has 1
     * @param nodes nodes of each motif, input and output included
     */
    public record Level(
            @Default("1") @Min(1) @Max(8) Integer motifs,
            @Default("4") @Min(2) @Max(6) Integer nodes) {}

    /**
     * Stages of equal cells; width doubles and the side halves between stages: by a residual block, with maxEdges by pooling, with
     * inputs by a reduction cell.
     *
     * @param stages number of stages
     * @param cells number of cells in each stage, reduction cells not counted
     * @param width channels of the first stage
     */
    public record Stack(
            @Default("3") @Min(1) @Max(6) Integer stages,
            @Default("5") @Min(1) @Max(20) Integer cells,
            @Default("16") @Min(1) @Max(1024) Integer width) {}

    /**
     * How the space is explored.
     *
     * @param name Predictor (surrogates choose), Evolution (mutations of the best), LocalSearch (neighbours of the best),
     *     Reinforce (a controller learns which choices are rewarded), Nsga2 (evolution for several
     *     objectives), Differentiable (one training with all choices open, then what it comes to), QuasiRandom (an even spread over the
     *     space), Random or External (a server of the user's)
     * @param predictor options of Predictor
     * @param evolution options of Evolution, also used while the predictor is not trusted
     * @param localSearch options of LocalSearch
     * @param reinforce options of Reinforce
     * @param nsga2 options of Nsga2
     * @param differentiable options of Differentiable
     * @param external where External is asked
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @ValidationRule(
            value = "self.name != 'External' || has(self.external)",
            message = "is required for External: give external.uri, where the strategy is asked",
            fieldPath = ".external")
    public record Strategy(
            @Default("Predictor") StrategyName name,
            @Default("{}") PredictorOptions predictor,
            @Default("{}") EvolutionOptions evolution,
            @Default("{}") LocalSearchOptions localSearch,
            @Default("{}") ReinforceOptions reinforce,
            @Default("{}") Nsga2Options nsga2,
            @Default("{}") DifferentiableOptions differentiable,
            @Nullable ExternalOptions external) {

        /** Another strategy with the same options. */
        public Strategy named(StrategyName other) {
            return new Strategy(other, predictor, evolution, localSearch, reinforce, nsga2, differentiable, external);
        }
    }

    /** Strategies by name. */
    public enum StrategyName {
        Predictor,
        Evolution,
        LocalSearch,
        Reinforce,
        Nsga2,
        Differentiable,
        QuasiRandom,
        Random,
        External
    }

    /**
     * Options of the predictor strategy.
     *
     * @param warmUp uniform random trials before the first fit; default: 10, but at most half of budget.trials
     * @param surrogates models to choose from by cross-validation
     */
    public record PredictorOptions(
            @Nullable @Min(4) @Max(1000) Integer warmUp,

            @Default("[\"RandomForest\",\"GradientBoosting\",\"GaussianProcess\"]")
            @Size(min = 1, max = 3)
            @ValidationRule(value = Rules.UNIQUE, message = Rules.UNIQUE_MESSAGE)
            List<SurrogateName> surrogates) {

        /** Warm-up trials in a search of so many trials; the only default that depends on another field. */
        public int warmUpOf(int trials) {
            return warmUp == null ? Math.min(10, Math.max(1, trials / 2)) : warmUp;
        }
    }

    /** Surrogate models. */
    public enum SurrogateName {
        RandomForest,
        GradientBoosting,
        GaussianProcess
    }

    /**
     * Regularized evolution (Real et al. 2019).
     *
     * @param population architectures that are kept; the oldest leaves
     * @param sample draws from the population for each tournament, the same one possibly more than once; the larger, the greedier;
     *     default: as many as the population
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @ValidationRule(
            value = "!has(self.sample) || self.sample <= self.population",
            message = "must not exceed population",
            fieldPath = ".sample")
    public record EvolutionOptions(
            @Default("20") @Min(2) @Max(10000) Integer population,
            @Nullable @Min(1) @Max(10000) Integer sample) {

        /** Draws for each tournament. */
        public int tournament() {
            return sample == null ? population : sample;
        }
    }

    /**
     * Local search (White et al. 2021): from the best of some random draws to its neighbours, one decision away, and on from the first
     * that is better; anew where none is.
     *
     * @param draws uniform random trials before each climb
     */
    public record LocalSearchOptions(
            @Default("10") @Min(1) @Max(1000) Integer draws) {}

    /**
     * REINFORCE with an autoregressive controller (Zoph and Le 2017). Rewards are normal scores of ranks, so that the options mean the
     * same for every metric.
     *
     * @param learningRate step of the controller's logits for a reward of one standard deviation above the baseline
     * @param entropyBonus weight of the entropy of each decision beside the reward; the larger, the longer it explores
     * @param baselineDecay part of the baseline, a moving average of the rewards, that remains at each trial
     */
    public record ReinforceOptions(
            @Default("0.5")
            @ValidationRule(value = "self > 0.0 && self <= 10.0", message = "must be larger than 0 and at most 10")
            Double learningRate,

            @Default("0.05") @Min(0) @Max(10) Double entropyBonus,

            @Default("0.9")
            @ValidationRule(value = "self >= 0.0 && self < 1.0", message = "must be at least 0 and less than 1")
            Double baselineDecay) {}

    /**
     * NSGA-II (Deb et al. 2002), one child at a time.
     *
     * @param population architectures among which parents are chosen: the best of all, by front and then by crowding
     */
    public record Nsga2Options(
            @Default("20") @Min(2) @Max(10000) Integer population) {}

    /**
     * Differentiable search (DARTS, Liu et al. 2019, with the early stopping of Zela et al. 2020): the first trial trains a network with all choices of the space open, weights and choices by turns, and counts in the cost of the search. What it derives is
     * trained next; what is left of budget.trials goes to neighbours of the best.
     *
     * @param epochs passes of the first trial over the training part; each costs about as many trainings as an edge has operations
     * @param candidates architectures that it derives: the one with the strongest choices, then others of nearly such choices, and of
     *     choices at earlier epochs
     * @param order First (choices are judged with the weights as they are) or Second (with the weights that one more step of theirs
     *     would lead to, by equations 7 and 8 of the paper: an epoch costs two and a half times as much)
     */
    public record DifferentiableOptions(
            @Default("50") @Min(1) @Max(10000) Integer epochs,
            @Default("8") @Min(1) @Max(16) Integer candidates,
            @Default("First") OrderName order) {}

    /** By which order of derivatives a differentiable search moves its choices. */
    public enum OrderName {
        First,
        Second
    }

    /**
     * A strategy of the user's, asked over HTTP for the next architectures; docs/strategy-protocol.md tells how. While it does not
     * answer, or answers what may not be trained, nothing new starts, and it is asked again.
     *
     * @param uri http(s) address to which questions are posted; in a cluster the operator calls it
     * @param timeoutSeconds time for a whole answer
     * @param credentialsSecret a Secret of the experiment's namespace whose entry NAS_STRATEGY_TOKEN is sent with every question, as
     *     Authorization: Bearer; nas run takes it from the environment variable of that name. The operator may read no Secrets unless a
     *     Role lets it, see docs/strategy-protocol.md
     */
    public record ExternalOptions(
            @Required
            @Size(max = 1024)
            @ValidationRule(
                    value =
                            "self.matches('^https?://[A-Za-z0-9][-A-Za-z0-9.]*(:[0-9]{1,5})?(/[-A-Za-z0-9._~/?=&]*)?$')",
                    message = "must be an address such as http://HOST:PORT/PATH or https://HOST/PATH")
            String uri,

            @Default("30") @Min(1) @Max(300) Integer timeoutSeconds,

            @Nullable
            @Size(min = 1, max = 253)
            @ValidationRule(
                    value = "self.matches('^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$')",
                    message = "must be the name of a Secret, such as strategy-credentials")
            String credentialsSecret) {}

    /**
     * How a trial is trained.
     *
     * @param epochs passes over the training part in a full training
     * @param fidelity cheaper trainings with fewer epochs, after which only the best go on
     * @param recipe optimiser, learning rate, regularisation and augmentation
     * @param weightSharing weights that all architectures share, trained before the search; its trials then inherit theirs and train
     *     nothing, which takes seconds; training the weights is one trial, within trainer.deadlineSeconds like any. Finalists and
     *     baselines are trained from scratch, and the report tells how well inherited weights rank what was
     * @param scores whether each trial also reports scores of its network before training (synflow, naswot, gradNorm), which takes the
     *     built-in trainer a fraction of a second; the report then tells how well each of them ranks what was trained. A trial that
     *     trains a smaller network in the architecture's place has none
     */
    @ValidationRule(
            value = "!has(self.fidelity.rungs) || self.fidelity.rungs.all(r, r <= self.epochs)",
            message = "must not exceed evaluation.epochs",
            fieldPath = ".fidelity.rungs")
    @ValidationRule(
            value = "!has(self.fidelity.minEpochs) || self.fidelity.minEpochs < self.epochs",
            message = "must be less than evaluation.epochs",
            fieldPath = ".fidelity.minEpochs")
    @ValidationRule(
            value = "self.recipe.warmUpEpochs < self.epochs && (!has(self.fidelity.rungs)"
                    + " || self.fidelity.rungs.exists(r, r > self.recipe.warmUpEpochs))",
            message = "must be less than evaluation.epochs and the highest of evaluation.fidelity.rungs",
            fieldPath = ".recipe.warmUpEpochs")
    @ValidationRule(
            value = "!has(self.weightSharing) || self.fidelity.scheduler == 'None'",
            message = "stands in place of cheaper trainings: with it, leave evaluation.fidelity.scheduler at None",
            fieldPath = ".weightSharing")
    @ValidationRule(
            value = "!has(self.weightSharing) || self.recipe.warmUpEpochs < self.weightSharing.epochs",
            message = "must be less than evaluation.weightSharing.epochs",
            fieldPath = ".recipe.warmUpEpochs")
    public record Evaluation(
            @Default("20") @Min(1) @Max(10000) Integer epochs,
            @Default("{}") Fidelity fidelity,
            @Default("{}") Recipe recipe,
            @Default("false") Boolean scores,
            @Nullable WeightSharing weightSharing) {}

    /**
     * Weights of one supernet, whose nodes are those of all architectures: a node's weights for more channels or a larger kernel
     * hold those for fewer (Cai et al. 2020). A trial that inherits its weights calibrates batch normalisation and is evaluated. On a
     * cluster they stay on the claim of trainer.checkpoints. The random arm may cost as much as their training, in full trainings.
     *
     * @param epochs passes over the training part; as every step trains one path only, several times as many as a training has
     * @param sampling which paths a step trains: uniform (one; Guo et al. 2020), fair (so many that each choice is among them, their
     *     gradients added up; Chu et al. 2021) or sandwich (the smallest of the space, the largest and two others; Yu and Huang 2019), which cost
     *     so many times as much
     * @param architectures paths that are drawn to train the weights on; an architecture of the search with a node that none of them
     *     has is infeasible
     */
    public record WeightSharing(
            @Default("100") @Min(1) @Max(100000) Integer epochs,
            @Default("uniform") SamplingName sampling,
            @Default("256") @Min(1) @Max(4096) Integer architectures) {}

    /** Which paths through shared weights a step of their training takes. */
    public enum SamplingName {
        uniform,
        fair,
        sandwich
    }

    /**
     * Cheaper trainings with fewer epochs, less data, smaller images, or narrower or shallower networks. An architecture starts at the lowest rung, and what its scheduler promotes is trained on
     * to the next; the part that goes on is the inverse of the effort, so that every rung costs the same. budget.trials counts
     * architectures, whatever their epochs. Finalists and baselines are always trained in full.
     *
     * @param scheduler who goes on: None (every trial is a full training), SuccessiveHalving (when all architectures have finished a
     *     rung, its best; Jamieson and Talwalkar 2016), Hyperband (the same in brackets that begin at different rungs; Li et al. 2018)
     *     or Asha (whatever belongs to the best of its rung so far, without waiting; Li et al. 2020). The best are those of which a
     *     trusted predictor expects most at the next rung, otherwise those with the best result; where epochs are cut, the best of
     *     a learning curve's last three epochs is the result that counts for this
     * @param resource what is cut: epochs; data (a rung of 4 of 20 epochs trains all 20 on a fifth of the training part, stratified, the
     *     smaller in the larger); resolution (it trains all 20 on images with a fifth of the pixels, each the mean of those that it
     *     covers); width (it trains all 20 of a network whose channels and units are multiplied by the square root of a fifth, 0.45,
     *     for about a fifth of the multiply-accumulates) or depth (of a network with a fifth of the blocks of each stage, of the
     *     cells, or of the layers, at least one). Numbers are rounded to whole ones; rungs that this leaves with the same networks
     *     are refused. The decisions stay what they are, and params, macs and latency of a smaller network are never reported as
     *     the architecture's. Only a training that is cut in epochs goes on from its checkpoint when it is promoted; the others
     *     begin anew and cost all of the next rung
     * @param rungs efforts at which architectures are compared, in epochs on all of the data; where the last is below
     *     evaluation.epochs, the search trains nothing in full
     * @param minEpochs in place of rungs: the lowest rung; default: evaluation.epochs / 9
     * @param reduction in place of rungs: each rung has so many times the epochs of the one below, the last evaluation.epochs;
     *     default: 3
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @ValidationRule(
            value = "self.scheduler != 'None' || (!has(self.rungs) && !has(self.minEpochs) && !has(self.reduction))",
            message = "None trains everything in full; rungs, minEpochs and reduction need another scheduler",
            fieldPath = ".scheduler")
    @ValidationRule(
            value = "self.scheduler != 'None' || self.resource == 'epochs'",
            message = "is not cut by scheduler None, which trains everything in full; choose another scheduler",
            fieldPath = ".resource")
    @ValidationRule(
            value = "!has(self.rungs) || (!has(self.minEpochs) && !has(self.reduction))",
            message = "stands in place of minEpochs and reduction; give one or the other",
            fieldPath = ".rungs")
    public record Fidelity(
            @Default("None") SchedulerName scheduler,
            @Default("epochs") Resource resource,

            @Nullable @Size(min = 1, max = 10) @ValidationRule(value = Rules.UNIQUE, message = Rules.UNIQUE_MESSAGE)
            List<@Min(1) @Max(10000) Integer> rungs,

            @Nullable @Min(1) @Max(10000) Integer minEpochs,
            @Nullable @Min(2) @Max(100) Integer reduction) {

        /** The rungs in ascending order, for full trainings of so many epochs. */
        public List<Integer> rungsOf(int epochs) {
            if (scheduler == SchedulerName.None) {
                return List.of(epochs);
            }
            if (rungs != null) {
                return rungs.stream().sorted().toList();
            }
            int factor = reduction == null ? 3 : reduction;
            long least = minEpochs == null ? Math.max(1, epochs / 9) : minEpochs;
            var ascending = new ArrayList<Integer>();
            for (long rung = least; rung < epochs; rung *= factor) {
                ascending.add((int) rung);
            }
            ascending.add(epochs);
            return ascending;
        }
    }

    /** Schedulers of fidelities. */
    public enum SchedulerName {
        None,
        SuccessiveHalving,
        Hyperband,
        Asha
    }

    /** What a lower fidelity has less of. */
    public enum Resource {
        epochs,
        data,
        resolution,
        width,
        depth
    }

    /**
     * Optimiser, its settings, and what keeps a training from learning its examples by heart. The same for all trainings.
     *
     * @param optimizer rule of the steps: adam, adamw or sgd (Nesterov momentum 0.9)
     * @param learningRate learning rate at the start
     * @param schedule course of the learning rate after the warm-up: cosine (to 0 over all epochs) or constant
     * @param batchSize examples per step
     * @param weightDecay pull of the weights towards 0, decoupled for adamw, L2 otherwise
     * @param warmUpEpochs first epochs, in which the learning rate rises evenly from 0
     * @param labelSmoothing part of each label that is spread over all classes while training (Szegedy et al. 2016), 0 for none
     * @param gradientClipping longest gradient, as the norm over all parameters together; a longer one is scaled down to it (Pascanu et
     *     al. 2013); default: no bound
     * @param augmentation changes of the training images, drawn anew in every epoch: flip (left to right), crop (shifted by up to an
     *     eighth of the side), cutout (a square of half the side is left blank; DeVries and Taylor 2017) and mixup (two images and
     *     their labels are mixed; Zhang et al. 2018); default: none
     * @param classWeights what an example counts in the training loss: uniform, or balanced (the rarer its class, the more)
     */
    public record Recipe(
            @Default("adamw") Optimizer optimizer,

            @Default("0.003")
            @ValidationRule(value = "self > 0.0 && self <= 10.0", message = "must be larger than 0 and at most 10")
            Double learningRate,

            @Default("cosine") Schedule schedule,
            @Default("32") @Min(1) @Max(65536) Integer batchSize,
            @Default("0.0005") @Min(0) @Max(1) Double weightDecay,
            @Default("0") @Min(0) @Max(9999) Integer warmUpEpochs,

            @Default("0.0") @ValidationRule(value = "self >= 0.0 && self <= 0.9", message = "must be from 0 to 0.9")
            Double labelSmoothing,

            @Nullable
            @ValidationRule(
                    value = "self > 0.0 && self <= 1000000.0",
                    message = "must be larger than 0 and at most 1000000")
            Double gradientClipping,

            @Nullable @Size(min = 1, max = 4) @ValidationRule(value = Rules.UNIQUE, message = Rules.UNIQUE_MESSAGE)
            List<Augmentation> augmentation,

            @Default("uniform") ClassWeights classWeights) {}

    /** Changes of training images. */
    public enum Augmentation {
        flip,
        crop,
        cutout,
        mixup
    }

    /** What an example counts in the training loss. */
    public enum ClassWeights {
        uniform,
        balanced
    }

    /** Optimisers. */
    public enum Optimizer {
        adam,
        adamw,
        sgd
    }

    /** Learning-rate schedules. */
    public enum Schedule {
        cosine,
        constant
    }

    /**
     * When to stop.
     *
     * @param trials architectures that the search may start, each counted once whatever its epochs; baselines and finalists
     *     come on top
     * @param parallelTrials trials at the same time
     * @param wallClock no new search trial after this time: whole seconds, minutes or hours, such as 90s, 30m, 24h
     * @param maxFailedTrials the experiment fails when more trials than this have failed
     */
    public record Budget(
            @Default("50") @Min(1) @Max(100000) Integer trials,
            @Default("2") @Min(1) @Max(1000) Integer parallelTrials,

            @Nullable
            @Size(max = 8)
            @ValidationRule(
                    value = "self.matches('^[1-9][0-9]{0,6}[smh]$')",
                    message = "must be whole seconds, minutes or hours, such as 90s, 30m or 24h")
            String wallClock,

            @Default("10") @Min(0) @Max(100000) Integer maxFailedTrials) {}

    /**
     * What makes the result credible.
     *
     * @param randomArm train as many random architectures as the search trains, as the baseline
     * @param references human designs, trained like finalists
     * @param finalists the search's best, retrained from scratch
     * @param confidence level of all confidence intervals
     */
    public record Protocol(
            @Default("true") Boolean randomArm,
            @Default("{}") References references,
            @Default("{}") Finalists finalists,

            @Default("0.95")
            @ValidationRule(value = "self >= 0.5 && self <= 0.999", message = "must be from 0.5 to 0.999")
            Double confidence) {}

    /**
     * Human designs as baselines.
     *
     * @param seeds trainings of each; 0 leaves them out
     */
    public record References(@Default("2") @Min(0) @Max(20) Integer seeds) {}

    /**
     * The search's best.
     *
     * @param count how many are retrained
     * @param seeds trainings of each
     */
    public record Finalists(
            @Default("3") @Min(1) @Max(50) Integer count,
            @Default("2") @Min(1) @Max(20) Integer seeds) {}

    /**
     * Where trials are logged.
     *
     * @param mlflow an MLflow server
     */
    public record Tracking(@Nullable Mlflow mlflow) {}

    /**
     * An MLflow server.
     *
     * @param uri http(s) address; default: the operator's MLFLOW_TRACKING_URI
     * @param experiment name of the MLflow experiment; default NAMESPACE/NAME
     */
    public record Mlflow(
            @Nullable
            @Size(max = 1024)
            @ValidationRule(
                    value = "self.startsWith('http://') || self.startsWith('https://')",
                    message = "must begin with http:// or https://")
            String uri,

            @Nullable @Size(min = 1, max = 250) String experiment) {}

    /**
     * The trainer's pod.
     *
     * @param image container image of the trainer; default: the operator's NAS_TRAINER_IMAGE
     * @param backoffLimit retries of a pod that failed for a reason that may pass
     * @param deadlineSeconds a trial that runs longer is ended and counts as failed
     * @param checkpoints where trainings are kept, so that a retried or evicted pod and a promoted trial go on from there; without,
     *     each begins anew, the training of open choices too; weightSharing needs it
     * @param template a PodTemplateSpec merged over the operator's pod; the contract's fields win
     */
    public record Trainer(
            @Nullable @Size(min = 1, max = 512) String image,
            @Default("3") @Min(0) @Max(100) Integer backoffLimit,
            @Default("3600") @Min(1) @Max(31536000) Integer deadlineSeconds,
            @Nullable Checkpoints checkpoints,
            @Nullable @PreserveUnknownFields Map<String, Object> template) {}

    /**
     * Where trainings are kept.
     *
     * @param volumeClaim a PersistentVolumeClaim of the experiment's namespace that all trials can write at the same time; each has a
     *     folder in one named by the experiment's uid
     */
    public record Checkpoints(
            @Required
            @Size(min = 1, max = 253)
            @ValidationRule(
                    value = "self.matches('^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$')",
                    message = "must be the name of a PersistentVolumeClaim, such as nas-checkpoints")
            String volumeClaim) {}
}
