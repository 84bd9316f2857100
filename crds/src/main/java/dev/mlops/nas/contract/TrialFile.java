package dev.mlops.nas.contract;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The input of a trainer: one JSON file, its path in the environment variable {@value #PATH_VARIABLE}.
 *
 * @param contractVersion {@value #VERSION}, or {@value #VERSION_OF_NUMBERS} where {@link DatasetRef#targets()} is given; a trainer refuses a version that it does not know (exit code 65)
 * @param experiment the experiment's name
 * @param trial the trial's name, unique in its experiment
 * @param graph the architecture, nodes in topological order; empty where the search space has no network, and with {@code scoring}
 * @param decisions the point of the search space as chosen values, for logging
 * @param dataset what to train on
 * @param epochs epochs to train (the fidelity), those of the trial in {@link Folders#resume()} included; 0 to evaluate the architecture
 *     with the weights of {@link Folders#sharedWeights()}
 * @param seed of weights, batches and dropout
 * @param splitSeed of the train, validation and test split; the same for all trials of an experiment
 * @param recipe how to train
 * @param evaluateTest whether the test part may be opened; true for finalists and references only
 * @param folders where data lies and where checkpoints go
 * @param reportScores whether a training's metrics should hold the scores of {@link ScoreFile} too, for the network before training;
 *     absent for false. A trainer need not know it
 * @param reportExported whether a training's metrics should hold {@code exportedLatencyMs} and its like, of {@link TrialResult}, also where
 *     no model is to be left: a limit or trade-off of the experiment goes by them. Absent for false. A trainer that does not know it
 *     reports none, and the experiment ends with a sentence on what is missing
 * @param scoring architectures to score without training, in place of a training; absent for a training. A trainer need not know it:
 *     it finds an empty graph
 * @param relaxed a graph with open choices to train, in place of an architecture; absent for a training. A trainer need not know it:
 *     it finds an empty graph, and ends with exit code 64 and a message
 * @param sharing how to train weights that many architectures share, in place of a training; absent for a training. A trainer need not
 *     know it: it finds an empty graph, and ends with exit code 64 and a message
 * @param proxy whether the graph is that of a smaller network in the architecture's place: on fewer pixels, narrower or shallower.
 *     Its params, macs, size and latencies are not those of the architecture, and a trainer spares itself measuring them; a trainer
 *     that does not know it may report them all the same, and nobody reads them. Absent for false
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record TrialFile(
        String contractVersion,
        String experiment,
        String trial,
        List<GraphNode> graph,
        Map<String, String> decisions,
        DatasetRef dataset,
        int epochs,
        long seed,
        long splitSeed,
        Recipe recipe,
        boolean evaluateTest,
        Folders folders,
        @Nullable Boolean reportScores,
        @Nullable Boolean reportExported,
        @Nullable Scoring scoring,
        @Nullable Relaxed relaxed,
        @Nullable Sharing sharing,
        @Nullable Boolean proxy) {

    /** A training. */
    public TrialFile(
            String contractVersion,
            String experiment,
            String trial,
            List<GraphNode> graph,
            Map<String, String> decisions,
            DatasetRef dataset,
            int epochs,
            long seed,
            long splitSeed,
            Recipe recipe,
            boolean evaluateTest,
            Folders folders) {
        this(
                contractVersion,
                experiment,
                trial,
                graph,
                decisions,
                dataset,
                epochs,
                seed,
                splitSeed,
                recipe,
                evaluateTest,
                folders,
                null,
                null,
                null,
                null,
                null,
                null);
    }

    /** The same training by another version of the contract, on other data, by another recipe, in other folders. */
    public TrialFile with(String otherVersion, DatasetRef otherDataset, Recipe otherRecipe, Folders otherFolders) {
        return new TrialFile(
                otherVersion,
                experiment,
                trial,
                graph,
                decisions,
                otherDataset,
                epochs,
                seed,
                splitSeed,
                otherRecipe,
                evaluateTest,
                otherFolders,
                reportScores,
                reportExported,
                scoring,
                relaxed,
                sharing,
                proxy);
    }

    /** The same, but for what it asks for in place of a training. */
    public TrialFile asking(@Nullable Scoring forScores, @Nullable Relaxed forChoices, @Nullable Sharing forWeights) {
        return of(reportExported, forScores, forChoices, forWeights, proxy);
    }

    /** The same training, whose result tells the costs of the exported network. */
    public TrialFile reportingExported() {
        return of(true, scoring, relaxed, sharing, proxy);
    }

    /** The same training, of a graph that is a smaller network in the architecture's place. */
    public TrialFile asProxy() {
        return of(reportExported, scoring, relaxed, sharing, true);
    }

    private TrialFile of(
            @Nullable Boolean exported,
            @Nullable Scoring forScores,
            @Nullable Relaxed forChoices,
            @Nullable Sharing forWeights,
            @Nullable Boolean ofProxy) {
        return new TrialFile(
                contractVersion,
                experiment,
                trial,
                graph,
                decisions,
                dataset,
                epochs,
                seed,
                splitSeed,
                recipe,
                evaluateTest,
                folders,
                reportScores,
                exported,
                forScores,
                forChoices,
                forWeights,
                ofProxy);
    }

    /** Whether the network is the architecture's own, so that its costs are. */
    public boolean trainsArchitecture() {
        return !Boolean.TRUE.equals(proxy);
    }

    /** The contract's version. */
    public static final String VERSION = "nas.mlops.dev/trial/v1";

    /** That of a trial whose examples have numbers in place of labels; all else is as in {@link #VERSION}, results included. */
    public static final String VERSION_OF_NUMBERS = "nas.mlops.dev/trial/v2";

    /** Environment variable with the path of the trial file. */
    public static final String PATH_VARIABLE = "NAS_TRIAL_FILE";

    /** Environment variable with the path where the result goes; default {@code /dev/termination-log}. */
    public static final String RESULT_VARIABLE = "NAS_RESULT_FILE";

    /** Environment variable that, when set, replaces {@link Folders#data()}. */
    public static final String DATA_VARIABLE = "NAS_DATA_DIR";

    /**
     * One node of an architecture graph. Shapes are channels, height, width of an image, channels and length of a sequence, or one
     * number. Padding is always "same": an output side is the input side divided by the stride, rounded up.
     *
     * <p>Operators and their attributes: {@code input}; {@code conv} (filters, kernel, stride, groups, dilation; the last three
     * are 1 where they are left out; no bias);
     * {@code batchNorm}; {@code relu}; {@code add} (two or more inputs); {@code concat} (along channels);
     * {@code maxPool}, {@code avgPool} (kernel, stride; padding is not counted in the average); {@code globalAvgPool};
     * {@code squeezeExcite} (units); {@code dense} (units; with bias); {@code dropout} (rate); {@code zero} (stride);
     * {@code identity}. The last node is the {@code dense} one that gives the logits, or with
     * {@link DatasetRef#targets()} the numbers.
     *
     * <p>For vectors and sequences: {@code flatten} (all numbers in a row, in whatever order); {@code gelu}, {@code silu},
     * {@code tanh}; {@code layerNorm} (over the channels of each position, with scale and shift); {@code sequence} (an image's
     * pixels, row by row, as positions); {@code dense} on every position; {@code conv1d} (as conv);
     * {@code positionEmbedding} (adds a trainable number to each); {@code attention} (heads, window; inputs are queries, keys and
     * values; scaled dot products under softmax, up to window positions away, 0 for all) and {@code linearAttention} (heads; the
     * same with elu(x) + 1 in place of softmax), both without weights of their own; {@code lstm}, {@code gru} (units, reverse; the
     * result of every position, one bias per gate; reverse 1 reads from the end); {@code globalAvgPool}, {@code globalMaxPool},
     * {@code lastPosition}.
     *
     * <p>For tables: {@code embedding} (of the input, each of whose channels is a column, to one number: the columns of numbers in
     * their order, then for every column of {@link DatasetRef#categorical()}, in theirs, a trainable vector of its category; Guo and
     * Berkhahn 2016. Attributes {@code categories.C} and {@code units.C} for each such column C: how many vectors, and how long).
     *
     * <p>The graph is empty where the search space says nothing of networks: then the decisions are all there is.
     *
     * @param name unique in the graph
     * @param operator one of input, conv, batchNorm, relu, add, concat, maxPool, avgPool, globalAvgPool, squeezeExcite, dense,
     *     dropout, zero, identity, flatten, gelu, silu, tanh, layerNorm, sequence, conv1d, positionEmbedding, attention,
     *     linearAttention, lstm, gru, globalMaxPool, lastPosition and embedding
     * @param attributes the operator's numbers by name
     * @param inputs names of earlier nodes
     * @param shape sizes of the output without the batch
     */
    public record GraphNode(
            String name, String operator, Map<String, Double> attributes, List<String> inputs, List<Integer> shape) {}

    /**
     * Where the data lies and how it is cut.
     *
     * @param uri {@code file:///absolute}, an address of {@code http}, {@code https} or {@code s3} (with sha256), or a path relative to {@link Folders#data()}; {@code generator:NAME} is known to the
     *     built-in trainer only
     * @param format {@code csv} (one row per example, numbers), {@code idx}, {@code npy} (an array of NumPy: count x channels x height
     *     x width, without the channels where there is one, or each example in one row), all of these gzipped by the name's end;
     *     {@code npz} (the arrays x and y of an archive), {@code parquet}
     *     (columns of numbers as in csv) or {@code images} (a folder of PNG and JPEG files for each class, label 0 the
     *     first by name; one channel is the luminance, three are red, green and blue). A trainer refuses one that it does not
     *     read (exit code 65)
     * @param labels for {@code idx} and {@code npy}: the label file, as {@code uri}; with targets it holds floats, so many for each
     *     example
     * @param labelColumn for {@code csv} and {@code parquet}: the label's column from 0, or -1 for the last; with several targets the first of theirs, or
     *     -1 for the last ones
     * @param sha256 of the data file, hexadecimal, verified when given
     * @param shape of one example: channels, height, width
     * @param classes labels are 0 to classes - 1; 0 with targets
     * @param split parts of the whole
     * @param fraction part of the training part that is used, the same part of each class, at least one example; that of a smaller
     *     fraction lies in that of a larger one. Validation and test part stay whole; absent for all
     * @param resolution height and width that examples are reduced to, each new value the mean of the old ones that it covers (from
     *     i h / height rounded down to (i + 1) h / height rounded up); the graph begins with that shape, and is a
     *     {@code proxy}. Absent where they stay as they are
     * @param targets numbers of each example that are to be foretold, in place of a label: {@code loss} is the mean squared error of
     *     targets with mean 0 and deviation 1 over the training part, the other metrics are in the data's units. The split is drawn by
     *     its seed alone. Absent for labels; only in {@link TrialFile#VERSION_OF_NUMBERS}
     * @param categorical columns of a table that hold categories, in the order of their columns: they are not standardised, as the
     *     operator {@code embedding} looks up whole numbers. Absent where all columns are numbers
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record DatasetRef(
            String uri,
            String format,
            @Nullable String labels,
            int labelColumn,
            @Nullable String sha256,
            List<Integer> shape,
            int classes,
            Split split,
            @Nullable Double fraction,
            @Nullable List<Integer> resolution,
            @Nullable Integer targets,
            @Nullable List<Categorical> categorical) {

        /** Columns of numbers alone. */
        public DatasetRef(
                String uri,
                String format,
                @Nullable String labels,
                int labelColumn,
                @Nullable String sha256,
                List<Integer> shape,
                int classes,
                Split split,
                @Nullable Double fraction,
                @Nullable List<Integer> resolution,
                @Nullable Integer targets) {
            this(uri, format, labels, labelColumn, sha256, shape, classes, split, fraction, resolution, targets, null);
        }

        /** The same data in another place. */
        public DatasetRef at(String uri, @Nullable String labels) {
            return new DatasetRef(
                    uri,
                    format,
                    labels,
                    labelColumn,
                    sha256,
                    shape,
                    classes,
                    split,
                    fraction,
                    resolution,
                    targets,
                    categorical);
        }

        /** All of the data as it is. */
        public DatasetRef(
                String uri,
                String format,
                @Nullable String labels,
                int labelColumn,
                @Nullable String sha256,
                List<Integer> shape,
                int classes,
                Split split) {
            this(uri, format, labels, labelColumn, sha256, shape, classes, split, null, null, null, null);
        }
    }

    /**
     * A column of a table that holds categories.
     *
     * @param column from 0, those of the label or the targets not counted: a channel of the example
     * @param categories how many there are; the example holds a whole number from 0 to categories - 1
     * @param values how the file ({@code csv} or {@code parquet}) writes them, category 0 first, compared without white space around
     *     them; a row with any other is refused (exit code 65). Absent where the file holds the whole numbers
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Categorical(
            int column, int categories, @Nullable List<String> values) {}

    /** Parts of the whole, adding up to 1; the split is stratified by label where there are labels. */
    public record Split(double train, double validation, double test) {}

    /**
     * How to train.
     *
     * @param optimizer {@code adam}, {@code adamw} or {@code sgd} (Nesterov momentum 0.9)
     * @param learningRate at the start
     * @param schedule {@code cosine} (to 0 over scheduleEpochs, after the warm-up) or {@code constant}
     * @param batchSize examples per step
     * @param weightDecay decoupled for {@code adamw}, L2 otherwise
     * @param scheduleEpochs epochs that the schedule spans; absent where they are the trial's. Where they are more, the training may
     *     go on in a later trial, and its checkpoint stays in {@link Folders#checkpoints()}
     * @param warmUpEpochs first epochs of the schedule, in which the rate rises evenly from 0 to learningRate; absent for none
     * @param labelSmoothing part of each target that is spread over all classes, of the training loss only; absent for none
     * @param gradientClipping longest gradient, as the Euclidean norm over all parameters together and before weight decay; a longer
     *     one is scaled down to it; absent for no bound
     * @param augmentation changes of the training examples, drawn anew in every epoch: {@code flip} (left to right, every second
     *     image), {@code crop} (shifted by up to an eighth of each side, the rest filled with the mean), {@code cutout} (a square of
     *     half the shorter side at any place becomes the mean) and {@code mixup} (two examples and their labels are mixed in a ratio
     *     from the beta distribution with both parameters 0.2); a trainer refuses one that it does not know (exit code 65); absent
     *     for none
     * @param classWeights {@code uniform}, or {@code balanced}: an example's training loss counts by the inverse of how often its
     *     class is in the training part, on average once; absent for uniform
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Recipe(
            String optimizer,
            double learningRate,
            String schedule,
            int batchSize,
            double weightDecay,
            @Nullable Integer scheduleEpochs,
            @Nullable Integer warmUpEpochs,
            @Nullable Double labelSmoothing,
            @Nullable Double gradientClipping,
            @Nullable List<String> augmentation,
            @Nullable String classWeights) {

        /** A recipe without warm-up, label smoothing, clipping, augmentation and class weights. */
        public Recipe(
                String optimizer,
                double learningRate,
                String schedule,
                int batchSize,
                double weightDecay,
                @Nullable Integer scheduleEpochs) {
            this(
                    optimizer,
                    learningRate,
                    schedule,
                    batchSize,
                    weightDecay,
                    scheduleEpochs,
                    null,
                    null,
                    null,
                    null,
                    null);
        }
    }

    /**
     * Folders as the trainer sees them.
     *
     * @param data relative dataset paths start here; the environment variable {@value #DATA_VARIABLE} replaces it
     * @param checkpoints where the trainer may keep its checkpoint; null for no checkpoints
     * @param resume where an earlier trial with the same architecture, seed and recipe and fewer epochs kept its own, from which this
     *     one goes on; where there is none, or the trainer cannot, it trains from scratch. A trainer that is done may remove it
     * @param model where a final training may leave the trained network; null for other trainings
     * @param sharedWeights where the trial with {@link TrialFile#sharing()} kept the weights from which this architecture inherits its
     *     own; a training from scratch reports what they are worth beside its own result, as {@code sharedAccuracy} and so on. Null
     *     where there are none
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Folders(
            String data,
            @Nullable String checkpoints,
            @Nullable String resume,
            @Nullable String model,
            @Nullable String sharedWeights) {
        /** Without shared weights. */
        public Folders(String data, @Nullable String checkpoints, @Nullable String resume, @Nullable String model) {
            this(data, checkpoints, resume, model, null);
        }

        /** Without a place for the trained network and without shared weights. */
        public Folders(String data, @Nullable String checkpoints, @Nullable String resume) {
            this(data, checkpoints, resume, null);
        }
    }

    /**
     * Many architectures to be looked at in one process, before any is trained.
     *
     * @param architectures what to score
     * @param scores path of the file to write, a {@link ScoreFile}: a termination message has no room for it
     * @param sharedEpochs epochs to train weights that all these architectures share, each of which then has the score
     *     {@code sharedAccuracy}; absent for none
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Scoring(
            List<Architecture> architectures,
            String scores,
            @Nullable Integer sharedEpochs) {}

    /**
     * Weights that many architectures share, trained on some of them; they stay in {@link Folders#checkpoints()}.
     *
     * @param architectures name of a gzipped JSON file beside the trial file, an array of {@link Architecture}: the paths that are
     *     trained
     * @param sampling which paths a step trains, their gradients added up: {@code uniform} (one, each as often as the others),
     *     {@code fair} (so many in a row, which belong together, as pathsPerStep says) or {@code sandwich} (the first two, which
     *     are the smallest and the largest, and others up to pathsPerStep); a trainer refuses one that it does not know (exit code 65)
     * @param pathsPerStep how many paths a step trains
     */
    public record Sharing(String architectures, String sampling, int pathsPerStep) {}

    /**
     * One of many architectures.
     *
     * @param name unique among them
     * @param graph as {@link TrialFile#graph()}
     */
    public record Architecture(String name, List<GraphNode> graph) {}

    /**
     * A differentiable search (Liu et al. 2019): weights and choices are trained by turns, and what the choices come to is
     * {@link TrialResult#derived()}. The epochs are those of the trial file; the training part is cut in two, one for the weights and
     * one for the choices.
     *
     * @param graph as {@link TrialFile#graph()}, with one operator more: {@code choice} is the sum of its inputs, which are of one
     *     shape, each times its weight in the mixture that the attribute {@code mixture} counts from 0
     * @param mixtures what is open
     * @param derive how many architectures to name at most
     * @param order of the slopes of the choices: {@code first} (at the weights as they are) or {@code second} (at the weights after a
     *     step down the slope of the training loss at the present rate, with the part that the choices have in that step: equations 6
     *     to 8 of the paper); a trainer refuses one that it does not know (exit code 65). Absent for first
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Relaxed(
            List<GraphNode> graph,
            List<Mixture> mixtures,
            int derive,
            @Nullable String order) {
        /** Of first order. */
        public Relaxed(List<GraphNode> graph, List<Mixture> mixtures, int derive) {
            this(graph, mixtures, derive, null);
        }
    }

    /**
     * One open choice, for as many nodes as name it; the weights are trained and add up to 1.
     *
     * @param name unique among them
     * @param choices what the inputs of its nodes are, in their order; {@code skip} and {@code none} are watched, as searches are known
     *     to collapse into them
     * @param node where mixtures compete, whatever they compete for; absent where an architecture has a choice of this one in any case
     * @param keep of the mixtures of one node, an architecture has choices of so many; absent for 1
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Mixture(
            String name,
            List<String> choices,
            @Nullable String node,
            @Nullable Integer keep) {}
}
