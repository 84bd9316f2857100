package dev.mlops.nas.local;

import dev.mlops.nas.contract.ExitCode;
import dev.mlops.nas.contract.TrialFile;
import dev.mlops.nas.contract.TrialFile.Architecture;
import dev.mlops.nas.contract.TrialFile.DatasetRef;
import dev.mlops.nas.contract.TrialFile.Folders;
import dev.mlops.nas.contract.TrialFile.GraphNode;
import dev.mlops.nas.contract.TrialFile.Recipe;
import dev.mlops.nas.contract.TrialFile.Scoring;
import dev.mlops.nas.contract.TrialResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Holds a trainer against the trial contract: gives it small trials, good and bad ones, and looks at what it does. The data are
 * made for it, {@link StripedImages}.
 */
public final class TrainerCheck {
    /** What became of one demand of the contract. */
    public enum Verdict {
        /** Kept. */
        OK,
        /** Worth knowing, but the contract does not demand it. */
        NOTE,
        /** Broken. */
        FAILED
    }

    /**
     * One demand.
     *
     * @param sentence what was seen
     */
    public record Finding(Verdict verdict, String sentence) {}

    private static final int EPOCHS = 5;
    /** What Kubernetes gives a pod by default. */
    private static final Duration GRACE = Duration.ofSeconds(30);

    /** By then a trainer has begun to train. */
    private static final Duration LATEST_START = Duration.ofSeconds(15);

    private static final double CHANCE = 1.0 / StripedImages.CLASSES;

    /** More than a network reaches that has not learned. */
    private static final double LEARNED = 0.6;

    private static final double SMOOTHING = 0.5;

    /** Entropy of the labels of four classes with half of each spread: 5/8 and three times 1/8. */
    private static final double SMOOTHED_LOSS = -0.625 * Math.log(0.625) - 0.375 * Math.log(0.125);

    private final TrainerCommand command;
    private final Path folder;
    private final Duration patience;
    private final Consumer<Finding> report;
    private boolean kept = true;
    private Sample sample = Sample.convolution();

    /**
     * Prepares.
     *
     * @param folder empty; holds data, trial files and results
     * @param patience how long one trial may take
     * @param report told each finding as it is made
     */
    public TrainerCheck(TrainerCommand command, Path folder, Duration patience, Consumer<Finding> report) {
        this.command = command;
        this.folder = folder;
        this.patience = patience;
        this.report = report;
    }

    /** Checks everything and returns whether the contract is kept. */
    public boolean run() throws IOException, InterruptedException {
        StripedImages.write(folder);
        Files.createDirectories(folder.resolve("checkpoints"));
        TrialFile plain = trial("check-00001", sample.nodes(), EPOCHS, false);
        TrainerRun first = run(plain, "first");
        if (Objects.equals(first.code(), ExitCode.ARCHITECTURE.code())) {
            note(false, "", "convolutions end with 64: a perceptron takes their place in what follows");
            sample = Sample.perceptron();
            plain = trial("check-00001", sample.nodes(), EPOCHS, false);
            first = run(plain, "perceptron");
        }
        if (trained(plain, first)) {
            repeats(plain, Objects.requireNonNull(first.result()));
            opensTheTestPart();
            keepsTheRecipe();
            cutsTheData(Objects.requireNonNull(first.result()));
            goesOn();
            leavesOnTermination();
            scores(plain);
            foretellsNumbers(plain);
            readsImages();
        }
        refuses(
                "an operator that nobody knows",
                trial("check-00004", sample.withOperator("hypercube"), EPOCHS, false),
                ExitCode.ARCHITECTURE);
        refuses("data that is not there", withData(plain, StripedImages.missing()), ExitCode.DATA);
        refuses("a contract version of the future", withVersion(plain, TrialFile.VERSION + "000"), ExitCode.DATA);
        return kept;
    }

    private boolean trained(TrialFile file, TrainerRun ended) {
        if (!demand(
                Objects.equals(ended.code(), 0),
                "a trial ends with 0",
                "a good trial %s%s".formatted(ended.codeText(), ended.log()))) {
            return false;
        }
        TrialResult result = ended.result();
        if (!demand(
                result != null,
                "its result is JSON in the file that " + TrialFile.RESULT_VARIABLE + " names",
                "there is no readable result in the file that " + TrialFile.RESULT_VARIABLE + " names")) {
            return false;
        }
        Objects.requireNonNull(result);
        demand(
                ended.resultBytes() <= TrialResult.MAX_BYTES,
                "the result has %d bytes".formatted(ended.resultBytes()),
                "the result has %d bytes; a termination message holds %d"
                        .formatted(ended.resultBytes(), TrialResult.MAX_BYTES));
        demand(
                TrialFile.VERSION.equals(result.contractVersion())
                        && file.trial().equals(result.trial())
                        && result.exitCode() == 0,
                "it names contract, trial and exit code",
                "contractVersion, trial and exitCode are %s, %s and %d; they must be %s, %s and 0"
                        .formatted(
                                result.contractVersion(),
                                result.trial(),
                                result.exitCode(),
                                TrialFile.VERSION,
                                file.trial()));
        demand(
                result.epochs() == EPOCHS,
                "it trained %d epochs".formatted(EPOCHS),
                "epochs is %d; the trial file asks for %d".formatted(result.epochs(), EPOCHS));
        measured(result);
        return true;
    }

    private void measured(TrialResult result) {
        double accuracy = metric(result, "accuracy");
        demand(
                accuracy > CHANCE + 0.1 && accuracy <= 1,
                "it learns: accuracy %.3f on the validation part".formatted(accuracy),
                "accuracy is %s after %d epochs on four classes that differ plainly; it must be a fraction above %.2f"
                        .formatted(accuracy, EPOCHS, CHANCE + 0.1));
        demand(
                !result.metrics().containsKey("testAccuracy"),
                "the test part stays closed",
                "testAccuracy is reported although evaluateTest is false");
        if (result.metrics().containsKey("params")) {
            note(
                    metric(result, "params") == sample.params(),
                    "params is %d, as the search engine counts".formatted(sample.params()),
                    "params is %.0f; the search engine counts %d".formatted(metric(result, "params"), sample.params()));
        }
        if (result.metrics().containsKey("macs")) {
            note(
                    metric(result, "macs") == sample.macs(),
                    "macs is %d, as the search engine counts".formatted(sample.macs()),
                    "macs is %.0f; the search engine counts %d".formatted(metric(result, "macs"), sample.macs()));
        }
        for (String metric : List.of("loss", "macroF1", "auc")) {
            note(
                    Double.isFinite(metric(result, metric)),
                    metric + " is measured",
                    metric + " is not measured: it cannot be the objective with this trainer");
        }
        note(
                metric(result, "latencyMs") > 0,
                "latency is measured",
                "latencyMs is not measured: limits on it cannot be kept with this trainer");
        note(
                result.history() != null && result.history().size() == EPOCHS,
                "every epoch is in the history",
                "the history holds %d of %d epochs: curves in MLflow will be shorter"
                        .formatted(
                                result.history() == null ? 0 : result.history().size(), EPOCHS));
    }

    private void repeats(TrialFile file, TrialResult before) throws IOException, InterruptedException {
        TrainerRun again = run(file, "again");
        note(
                again.result() != null && metric(again.result(), "accuracy") == metric(before, "accuracy"),
                "the same seed gives the same accuracy",
                "the same seed gave another accuracy: reruns will differ");
    }

    private void opensTheTestPart() throws IOException, InterruptedException {
        TrainerRun ended = run(trial("check-00002", sample.nodes(), EPOCHS, true), "final");
        demand(
                ended.result() != null
                        && metric(ended.result(), "testAccuracy") >= 0
                        && metric(ended.result(), "testAccuracy") <= 1
                        && metric(ended.result(), "testExamples") > 0,
                "a final training opens the test part",
                "evaluateTest is true, but testAccuracy and testExamples are not both reported" + ended.log());
    }

    /** Whether the optional parts of a recipe do what they must, seen by what a training that keeps them cannot reach. */
    private void keepsTheRecipe() throws IOException, InterruptedException {
        TrainerRun still = run(withRecipe("check-00005", 1, null, 1e-6, null), "clipped");
        note(
                still.result() != null && metric(still.result(), "accuracy") < LEARNED,
                "recipe.gradientClipping is kept",
                "recipe.gradientClipping is not kept: a gradient of length 0.000001 at most has learned");
        TrainerRun warming = run(withRecipe("check-00006", 99_999, null, null, null), "warming");
        note(
                warming.result() != null && metric(warming.result(), "accuracy") < LEARNED,
                "recipe.warmUpEpochs is kept",
                "recipe.warmUpEpochs is not kept: the rate should hardly have risen, but the network has learned");
        TrainerRun smoothed = run(withRecipe("check-00007", 1, SMOOTHING, null, null), "smoothed");
        note(
                smoothed.result() != null
                        && smoothed.result().history() != null
                        && !smoothed.result().history().isEmpty()
                        && smoothed.result().history().getLast().trainLoss() >= SMOOTHED_LOSS,
                "recipe.labelSmoothing is kept",
                "recipe.labelSmoothing is not kept: no training loss of %.2f or more, the least that smoothed labels allow"
                        .formatted(SMOOTHED_LOSS));
        TrainerRun unknown = run(withRecipe("check-00008", 1, null, null, List.of("folding")), "augmented");
        note(
                Objects.equals(unknown.code(), ExitCode.DATA.code()),
                "recipe.augmentation is read: one that nobody knows ends with 65",
                "recipe.augmentation is not read: a name that nobody knows %s in place of 65"
                        .formatted(unknown.codeText()));
    }

    /** Lower fidelities: fewer examples make another loss, smaller images need a smaller graph. */
    private void cutsTheData(TrialResult whole) throws IOException, InterruptedException {
        if (Double.isNaN(trainLoss(whole))) {
            note(
                    false,
                    "",
                    "dataset.fraction and dataset.resolution could not be tried: the history has no training loss");
            return;
        }
        TrialFile plain = trial("check-00009", sample.nodes(), EPOCHS, false);
        TrainerRun fewer = run(withData(plain, StripedImages.reduced(0.25, null)), "fewer");
        note(
                fewer.result() != null
                        && Objects.equals(fewer.code(), 0)
                        && trainLoss(fewer.result()) != trainLoss(whole),
                "dataset.fraction is kept",
                "dataset.fraction is not kept: a quarter of the examples gave the same training loss");
        TrialFile small = trial("check-00010", sample.graph().apply(StripedImages.SIDE / 2), EPOCHS, false)
                .asProxy();
        TrainerRun smaller = run(
                withData(small, StripedImages.reduced(null, List.of(StripedImages.SIDE / 2, StripedImages.SIDE / 2))),
                "smaller");
        note(
                Objects.equals(smaller.code(), 0),
                "dataset.resolution is kept",
                "dataset.resolution is not kept: a training on images of half the size %s"
                        .formatted(smaller.codeText()));
        note(
                smaller.result() != null
                        && Collections.disjoint(smaller.result().metrics().keySet(), TrialResult.NETWORK_COSTS),
                "proxy is kept: costs of a smaller network are not measured",
                "proxy is not kept: costs of a smaller network are measured, which nobody reads");
    }

    /** A promotion: two epochs, then three more in another trial that finds the first one's checkpoint. */
    private void goesOn() throws IOException, InterruptedException {
        Path first = Files.createDirectories(folder.resolve("lower"));
        Path second = Files.createDirectories(folder.resolve("higher"));
        TrainerRun lower = run(rung("check-00011", 2, first, null), "lower");
        long promotedAt = System.currentTimeMillis();
        TrainerRun higher = run(rung("check-00012", EPOCHS, second, first), "higher");
        boolean both = Objects.equals(lower.code(), 0) && Objects.equals(higher.code(), 0);
        if (!demand(
                both && higher.result() != null && higher.result().epochs() == EPOCHS,
                "a promoted trial comes to its %d epochs".formatted(EPOCHS),
                "a trial of 2 epochs %s, and the one of %d epochs that follows it %s%s"
                        .formatted(lower.codeText(), EPOCHS, higher.codeText(), higher.log()))) {
            return;
        }
        List<TrialResult.Epoch> history =
                Objects.requireNonNull(higher.result()).history();
        note(
                history != null && !history.isEmpty() && history.getFirst().timeMs() < promotedAt,
                "and goes on from the checkpoint of the lower rung",
                "but begins anew: promotions cost all their epochs with this trainer");
    }

    /** Trials whose labels are to be foretold as numbers: a trainer learns them, or refuses the contract's second version. */
    private void foretellsNumbers(TrialFile plain) throws IOException, InterruptedException {
        TrainerRun ended = run(numbers("check-00013", plain, false), "numbers");
        if (Objects.equals(ended.code(), ExitCode.DATA.code())) {
            note(false, "", "numbers in place of labels end with 65: dataset.targets is not for this trainer");
            return;
        }
        double rmse = ended.result() == null ? Double.NaN : metric(ended.result(), "rmse");
        if (!demand(
                Objects.equals(ended.code(), 0) && rmse > 0 && rmse < StripedImages.SPREAD,
                "numbers in place of labels are learned: rmse %.3f".formatted(rmse),
                "a trial of %s, with dataset.targets, %s, rmse %s after %d epochs on numbers whose standard deviation is %.2f; it must learn them or end with %d%s"
                        .formatted(
                                TrialFile.VERSION_OF_NUMBERS,
                                ended.codeText(),
                                rmse,
                                EPOCHS,
                                StripedImages.SPREAD,
                                ExitCode.DATA.code(),
                                ended.log()))) {
            return;
        }
        TrialResult result = Objects.requireNonNull(ended.result());
        note(
                metric(result, "r2") > 0 && metric(result, "r2") <= 1,
                "r2 is measured",
                "r2 is %s: it cannot be the objective with this trainer".formatted(metric(result, "r2")));
        TrainerRun last = run(numbers("check-00014", plain, true), "numbers-final");
        demand(
                last.result() != null
                        && metric(last.result(), "testRmse") > 0
                        && metric(last.result(), "testExamples") > 0,
                "a final training on numbers opens the test part",
                "evaluateTest is true, but testRmse and testExamples are not both reported" + last.log());
        note(
                last.result() != null && metric(last.result(), "testRmseSe") > 0,
                "testRmse has a standard error",
                "testRmseSe is not measured: final comparisons on numbers have no intervals with this trainer");
    }

    private TrialFile numbers(String name, TrialFile plain, boolean test) {
        List<GraphNode> graph = new ArrayList<>(sample.nodes());
        GraphNode logits = graph.removeLast();
        graph.add(Sample.dense(logits.name(), logits.inputs().getFirst(), 1));
        TrialFile file = trial(name, graph, EPOCHS, test);
        return with(file, TrialFile.VERSION_OF_NUMBERS, StripedImages.numbers(), plain.recipe());
    }

    /** A folder of images for each class: a trainer learns from them, or refuses the format. */
    private void readsImages() throws IOException, InterruptedException {
        TrialFile file = withData(trial("check-00015", sample.nodes(), EPOCHS, false), StripedImages.folders());
        TrainerRun ended = run(file, "images");
        if (Objects.equals(ended.code(), ExitCode.DATA.code())) {
            note(false, "", "dataset.format images ends with 65: folders of images are not for this trainer");
            return;
        }
        double accuracy = ended.result() == null ? Double.NaN : metric(ended.result(), "accuracy");
        demand(
                Objects.equals(ended.code(), 0) && accuracy > CHANCE + 0.1,
                "a folder of images for each class is learned from: accuracy %.3f".formatted(accuracy),
                "dataset.format is images, and the trainer %s, accuracy %s; it must learn or end with %d%s"
                        .formatted(ended.codeText(), accuracy, ExitCode.DATA.code(), ended.log()));
    }

    private TrialFile rung(String name, int epochs, Path checkpoints, @Nullable Path resume) {
        TrialFile plain = trial(name, sample.nodes(), epochs, false);
        var recipe = new Recipe("adamw", 0.01, "cosine", 16, 0.0005, EPOCHS);
        var folders = new Folders(folder.toString(), checkpoints.toString(), resume == null ? null : resume.toString());
        return plain.with(plain.contractVersion(), plain.dataset(), recipe, folders);
    }

    private static double trainLoss(TrialResult result) {
        return result.history() == null || result.history().isEmpty()
                ? Double.NaN
                : result.history().getLast().trainLoss();
    }

    private TrialFile withRecipe(
            String name,
            int warmUpEpochs,
            @Nullable Double smoothing,
            @Nullable Double clipping,
            @Nullable List<String> augmentation) {
        TrialFile plain = trial(name, sample.nodes(), EPOCHS, false);
        var recipe = new Recipe(
                "sgd", 0.1, "constant", 16, 0, 100_000, warmUpEpochs, smoothing, clipping, augmentation, null);
        return with(plain, plain.contractVersion(), plain.dataset(), recipe);
    }

    private void leavesOnTermination() throws IOException, InterruptedException {
        // So many epochs that no trainer is done before the signal comes.
        TrialFile file = trial("check-00003", sample.nodes(), 100_000, false);
        Process process = TrainerRun.start(command, file, folder, "terminated", 1);
        Thread.sleep(Math.min(patience.toMillis() / 4, LATEST_START.toMillis()));
        if (!process.isAlive()) {
            note(false, "", "a training of 100,000 epochs ended by itself: SIGTERM could not be tried");
            return;
        }
        process.destroy();
        long grace = Math.min(patience.toSeconds(), GRACE.toSeconds());
        boolean left = process.waitFor(grace, TimeUnit.SECONDS);
        if (!left) {
            process.destroyForcibly().waitFor();
        }
        demand(
                left && process.exitValue() == ExitCode.TEMPORARY.code(),
                "SIGTERM ends it with 75",
                left
                        ? "SIGTERM ended it with %d; 75 tells that the trial may go on elsewhere"
                                .formatted(process.exitValue())
                        : "it still ran %d s after SIGTERM".formatted(grace));
    }

    private void scores(TrialFile plain) throws IOException, InterruptedException {
        Path scores = folder.resolve("scores.json");
        var architecture = new Architecture("conv", plain.graph());
        var file = trial("check-scores", List.of(), EPOCHS, false)
                .asking(new Scoring(List.of(architecture), scores.toString(), null), null, null);
        TrainerRun ended = run(file, "scores");
        note(
                Objects.equals(ended.code(), 0) && Files.exists(scores),
                "it scores architectures without training",
                "it scores no architectures without training: nas score needs another trainer");
    }

    private void refuses(String what, TrialFile file, ExitCode code) throws IOException, InterruptedException {
        TrainerRun ended = run(file, "refused-" + code.code() + "-" + what.length());
        demand(
                Objects.equals(ended.code(), code.code()),
                "%s ends with %d".formatted(what, code.code()),
                "%s: the trainer %s; it must end with %d%s"
                        .formatted(what, ended.codeText(), code.code(), ended.log()));
        if (Objects.equals(ended.code(), code.code())) {
            String message = ended.result() == null ? null : ended.result().message();
            note(
                    message != null && !message.isBlank(),
                    "and says why: " + message,
                    "the result has no message: users will not learn why");
        }
    }

    private static double metric(TrialResult result, String name) {
        return result.metrics().getOrDefault(name, Double.NaN);
    }

    private boolean demand(boolean condition, String good, String bad) {
        report.accept(new Finding(condition ? Verdict.OK : Verdict.FAILED, condition ? good : bad));
        kept &= condition;
        return condition;
    }

    private void note(boolean condition, String good, String bad) {
        report.accept(new Finding(condition ? Verdict.OK : Verdict.NOTE, condition ? good : bad));
    }

    private TrainerRun run(TrialFile file, String name) throws IOException, InterruptedException {
        return TrainerRun.of(command, file, folder, name, 1, patience);
    }

    /**
     * A network that can tell the patterns apart.
     *
     * @param graph for images of so many rows and columns
     * @param params as the search engine counts them, for the images of the check
     * @param macs likewise
     */
    private record Sample(IntFunction<List<GraphNode>> graph, int params, int macs) {
        List<GraphNode> nodes() {
            return graph.apply(StripedImages.SIDE);
        }

        /** Convolution 8*9, normalisation 2*8, dense layer 8*4 + 4. */
        static Sample convolution() {
            var attributes = Map.of("filters", 8.0, "kernel", 3.0, "stride", 1.0, "groups", 1.0);
            return new Sample(
                    side -> List.of(
                            input(side),
                            new GraphNode("conv", "conv", attributes, List.of("input"), List.of(8, side, side)),
                            new GraphNode("norm", "batchNorm", Map.of(), List.of("conv"), List.of(8, side, side)),
                            new GraphNode("relu", "relu", Map.of(), List.of("norm"), List.of(8, side, side)),
                            new GraphNode("pool", "globalAvgPool", Map.of(), List.of("relu"), List.of(8)),
                            dense("logits", "pool", StripedImages.CLASSES)),
                    72 + 16 + 36,
                    72 * 64 + 32);
        }

        /** Dense layers 64*16 + 16 and 16*4 + 4. */
        static Sample perceptron() {
            return new Sample(
                    side -> List.of(
                            input(side),
                            new GraphNode("flatten", "flatten", Map.of(), List.of("input"), List.of(side * side)),
                            dense("hidden", "flatten", 16),
                            new GraphNode("relu", "relu", Map.of(), List.of("hidden"), List.of(16)),
                            dense("logits", "relu", StripedImages.CLASSES)),
                    1040 + 68,
                    1024 + 64);
        }

        private static GraphNode input(int side) {
            return new GraphNode("input", "input", Map.of(), List.of(), List.of(1, side, side));
        }

        private static GraphNode dense(String name, String input, int units) {
            return new GraphNode(name, "dense", Map.of("units", (double) units), List.of(input), List.of(units));
        }

        /** The same with another operator behind the input. */
        List<GraphNode> withOperator(String operator) {
            List<GraphNode> changed = new ArrayList<>(nodes());
            GraphNode second = changed.get(1);
            changed.set(
                    1, new GraphNode(second.name(), operator, second.attributes(), second.inputs(), second.shape()));
            return changed;
        }
    }

    private TrialFile trial(String name, List<GraphNode> graph, int epochs, boolean test) {
        return new TrialFile(
                TrialFile.VERSION,
                "check",
                name,
                graph,
                Map.of(),
                StripedImages.table(),
                epochs,
                7,
                1,
                new Recipe("adamw", 0.01, "cosine", 16, 0.0005, null),
                test,
                new Folders(folder.toString(), folder.resolve("checkpoints").toString(), null));
    }

    private static TrialFile withData(TrialFile file, DatasetRef dataset) {
        return with(file, file.contractVersion(), dataset, file.recipe());
    }

    private static TrialFile withVersion(TrialFile file, String version) {
        return with(file, version, file.dataset(), file.recipe());
    }

    private static TrialFile with(TrialFile file, String version, DatasetRef dataset, Recipe recipe) {
        return file.with(version, dataset, recipe, file.folders());
    }
}
