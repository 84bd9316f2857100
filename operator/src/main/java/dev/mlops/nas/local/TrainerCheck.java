package dev.mlops.nas.local;

import dev.mlops.nas.contract.ExitCode;
import dev.mlops.nas.contract.TrialFile;
import dev.mlops.nas.contract.TrialFile.DatasetRef;
import dev.mlops.nas.contract.TrialFile.Folders;
import dev.mlops.nas.contract.TrialFile.GraphNode;
import dev.mlops.nas.contract.TrialFile.Recipe;
import dev.mlops.nas.contract.TrialResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
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

    /** No line through codes as numbers comes near to it. */
    private static final double LOOKED_UP = 0.9;

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
    private final CheckReport report;
    private final CheckTrials trials;
    private SampleNetwork sample = SampleNetwork.convolution();

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
        this.report = new CheckReport(report);
        this.trials = new CheckTrials(command, folder, patience);
    }

    /** Checks everything and returns whether the contract is kept. */
    public boolean run() throws IOException, InterruptedException {
        StripedImages.write(folder);
        NamedTrees.write(folder);
        Files.createDirectories(folder.resolve("checkpoints"));
        TrialFile plain = plain();
        TrainerRun first = trials.run(plain, "first");
        if (Objects.equals(first.code(), ExitCode.ARCHITECTURE.code())) {
            report.note(false, "", "convolutions end with 64: a perceptron takes their place in what follows");
            sample = SampleNetwork.perceptron();
            plain = plain();
            first = trials.run(plain, "perceptron");
        }
        if (trained(plain, first)) {
            repeats(plain, Objects.requireNonNull(first.result()));
            opensTheTestPart();
            keepsTheRecipe();
            cutsTheData(Objects.requireNonNull(first.result()));
            goesOn();
            leavesOnTermination();
            new OptionalJobs(sample, trials, report).check();
            foretellsNumbers(plain);
            reads("check-00015", StripedImages.folders(), "a folder of images for each class");
            reads("check-00016", StripedImages.columns(), "a table in Parquet");
            looksUpCategories();
        }
        refuses(
                "an operator that nobody knows",
                trials.file("check-00004", sample.withOperator("hypercube"), EPOCHS, false),
                ExitCode.ARCHITECTURE);
        refuses("data that is not there", withData(plain, StripedImages.missing()), ExitCode.DATA);
        refuses("a contract version of the future", withVersion(plain, TrialFile.VERSION + "000"), ExitCode.DATA);
        return report.isKept();
    }

    /** Asks for all that a training may measure. */
    private TrialFile plain() {
        return trials.file("check-00001", sample.nodes(), EPOCHS, false).reportingExported();
    }

    private boolean trained(TrialFile file, TrainerRun ended) {
        if (!report.demand(
                Objects.equals(ended.code(), 0),
                "a trial ends with 0",
                "a good trial %s%s".formatted(ended.codeText(), ended.log()))) {
            return false;
        }
        TrialResult result = ended.result();
        if (!report.demand(
                result != null,
                "its result is JSON in the file that " + TrialFile.RESULT_VARIABLE + " names",
                "there is no readable result in the file that " + TrialFile.RESULT_VARIABLE + " names")) {
            return false;
        }
        Objects.requireNonNull(result);
        report.demand(
                ended.resultBytes() <= TrialResult.MAX_BYTES,
                "the result has %d bytes".formatted(ended.resultBytes()),
                "the result has %d bytes; a termination message holds %d"
                        .formatted(ended.resultBytes(), TrialResult.MAX_BYTES));
        report.demand(
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
        report.demand(
                result.epochs() == EPOCHS,
                "it trained %d epochs".formatted(EPOCHS),
                "epochs is %d; the trial file asks for %d".formatted(result.epochs(), EPOCHS));
        measured(result);
        return true;
    }

    private void measured(TrialResult result) {
        double accuracy = metric(result, "accuracy");
        report.demand(
                accuracy > CHANCE + 0.1 && accuracy <= 1,
                "it learns: accuracy %.3f on the validation part".formatted(accuracy),
                "accuracy is %s after %d epochs on four classes that differ plainly; it must be a fraction above %.2f"
                        .formatted(accuracy, EPOCHS, CHANCE + 0.1));
        report.demand(
                !result.metrics().containsKey("testAccuracy"),
                "the test part stays closed",
                "testAccuracy is reported although evaluateTest is false");
        if (result.metrics().containsKey("params")) {
            report.note(
                    metric(result, "params") == sample.params(),
                    "params is %d, as the search engine counts".formatted(sample.params()),
                    "params is %.0f; the search engine counts %d".formatted(metric(result, "params"), sample.params()));
        }
        if (result.metrics().containsKey("macs")) {
            report.note(
                    metric(result, "macs") == sample.macs(),
                    "macs is %d, as the search engine counts".formatted(sample.macs()),
                    "macs is %.0f; the search engine counts %d".formatted(metric(result, "macs"), sample.macs()));
        }
        for (String metric : List.of("loss", "macroF1", "auc")) {
            report.note(
                    Double.isFinite(metric(result, metric)),
                    metric + " is measured",
                    metric + " is not measured: it cannot be the objective with this trainer");
        }
        report.note(
                metric(result, "latencyMs") > 0,
                "latency is measured",
                "latencyMs is not measured: limits on it cannot be kept with this trainer");
        report.note(
                metric(result, "exportedLatencyMs") > 0,
                "latency as deployed is measured",
                "exportedLatencyMs is not measured: limits on it cannot be kept with this trainer");
        report.note(
                result.history() != null && result.history().size() == EPOCHS,
                "every epoch is in the history",
                "the history holds %d of %d epochs: curves in MLflow will be shorter"
                        .formatted(
                                result.history() == null ? 0 : result.history().size(), EPOCHS));
    }

    private void repeats(TrialFile file, TrialResult before) throws IOException, InterruptedException {
        TrainerRun again = trials.run(file, "again");
        report.note(
                again.result() != null && metric(again.result(), "accuracy") == metric(before, "accuracy"),
                "the same seed gives the same accuracy",
                "the same seed gave another accuracy: reruns will differ");
    }

    private void opensTheTestPart() throws IOException, InterruptedException {
        TrainerRun ended = trials.run(trials.file("check-00002", sample.nodes(), EPOCHS, true), "final");
        report.demand(
                ended.result() != null
                        && metric(ended.result(), "testAccuracy") >= 0
                        && metric(ended.result(), "testAccuracy") <= 1
                        && metric(ended.result(), "testExamples") > 0,
                "a final training opens the test part",
                "evaluateTest is true, but testAccuracy and testExamples are not both reported" + ended.log());
    }

    /** Whether the optional parts of a recipe do what they must, seen by what a training that keeps them cannot reach. */
    private void keepsTheRecipe() throws IOException, InterruptedException {
        TrainerRun still = trials.run(withRecipe("check-00005", 1, null, 1e-6, null), "clipped");
        report.note(
                still.result() != null && metric(still.result(), "accuracy") < LEARNED,
                "recipe.gradientClipping is kept",
                "recipe.gradientClipping is not kept: a gradient of length 0.000001 at most has learned");
        TrainerRun warming = trials.run(withRecipe("check-00006", 99_999, null, null, null), "warming");
        report.note(
                warming.result() != null && metric(warming.result(), "accuracy") < LEARNED,
                "recipe.warmUpEpochs is kept",
                "recipe.warmUpEpochs is not kept: the rate should hardly have risen, but the network has learned");
        TrainerRun smoothed = trials.run(withRecipe("check-00007", 1, SMOOTHING, null, null), "smoothed");
        report.note(
                smoothed.result() != null
                        && smoothed.result().history() != null
                        && !smoothed.result().history().isEmpty()
                        && smoothed.result().history().getLast().trainLoss() >= SMOOTHED_LOSS,
                "recipe.labelSmoothing is kept",
                "recipe.labelSmoothing is not kept: no training loss of %.2f or more, the least that smoothed labels allow"
                        .formatted(SMOOTHED_LOSS));
        TrainerRun unknown = trials.run(withRecipe("check-00008", 1, null, null, List.of("folding")), "augmented");
        report.note(
                Objects.equals(unknown.code(), ExitCode.DATA.code()),
                "recipe.augmentation is read: one that nobody knows ends with 65",
                "recipe.augmentation is not read: a name that nobody knows %s in place of 65"
                        .formatted(unknown.codeText()));
    }

    /** Lower fidelities: fewer examples make another loss, smaller images need a smaller graph. */
    private void cutsTheData(TrialResult whole) throws IOException, InterruptedException {
        if (Double.isNaN(trainLoss(whole))) {
            report.note(
                    false,
                    "",
                    "dataset.fraction and dataset.resolution could not be tried: the history has no training loss");
            return;
        }
        TrialFile plain = trials.file("check-00009", sample.nodes(), EPOCHS, false);
        TrainerRun fewer = trials.run(withData(plain, StripedImages.reduced(0.25, null)), "fewer");
        report.note(
                fewer.result() != null
                        && Objects.equals(fewer.code(), 0)
                        && trainLoss(fewer.result()) != trainLoss(whole),
                "dataset.fraction is kept",
                "dataset.fraction is not kept: a quarter of the examples gave the same training loss");
        TrialFile small = trials.file("check-00010", sample.graph().apply(StripedImages.SIDE / 2), EPOCHS, false)
                .asProxy();
        TrainerRun smaller = trials.run(
                withData(small, StripedImages.reduced(null, List.of(StripedImages.SIDE / 2, StripedImages.SIDE / 2))),
                "smaller");
        report.note(
                Objects.equals(smaller.code(), 0),
                "dataset.resolution is kept",
                "dataset.resolution is not kept: a training on images of half the size %s"
                        .formatted(smaller.codeText()));
        report.note(
                smaller.result() != null
                        && Collections.disjoint(smaller.result().metrics().keySet(), TrialResult.NETWORK_COSTS),
                "proxy is kept: costs of a smaller network are not measured",
                "proxy is not kept: costs of a smaller network are measured, which nobody reads");
    }

    /** A promotion: two epochs, then three more in another trial that finds the first one's checkpoint. */
    private void goesOn() throws IOException, InterruptedException {
        Path first = Files.createDirectories(folder.resolve("lower"));
        Path second = Files.createDirectories(folder.resolve("higher"));
        TrainerRun lower = trials.run(rung("check-00011", 2, first, null), "lower");
        long promotedAt = System.currentTimeMillis();
        TrainerRun higher = trials.run(rung("check-00012", EPOCHS, second, first), "higher");
        boolean both = Objects.equals(lower.code(), 0) && Objects.equals(higher.code(), 0);
        if (!report.demand(
                both && higher.result() != null && higher.result().epochs() == EPOCHS,
                "a promoted trial comes to its %d epochs".formatted(EPOCHS),
                "a trial of 2 epochs %s, and the one of %d epochs that follows it %s%s"
                        .formatted(lower.codeText(), EPOCHS, higher.codeText(), higher.log()))) {
            return;
        }
        List<TrialResult.Epoch> history =
                Objects.requireNonNull(higher.result()).history();
        report.note(
                history != null && !history.isEmpty() && history.getFirst().timeMs() < promotedAt,
                "and goes on from the checkpoint of the lower rung",
                "but begins anew: promotions cost all their epochs with this trainer");
    }

    /** Trials whose labels are to be foretold as numbers: a trainer learns them, or refuses the contract's second version. */
    private void foretellsNumbers(TrialFile plain) throws IOException, InterruptedException {
        TrainerRun ended = trials.run(numbers("check-00013", plain, false), "numbers");
        if (Objects.equals(ended.code(), ExitCode.DATA.code())) {
            report.note(false, "", "numbers in place of labels end with 65: dataset.targets is not for this trainer");
            return;
        }
        double rmse = ended.result() == null ? Double.NaN : metric(ended.result(), "rmse");
        if (!report.demand(
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
        report.note(
                metric(result, "r2") > 0 && metric(result, "r2") <= 1,
                "r2 is measured",
                "r2 is %s: it cannot be the objective with this trainer".formatted(metric(result, "r2")));
        TrainerRun last = trials.run(numbers("check-00014", plain, true), "numbers-final");
        report.demand(
                last.result() != null
                        && metric(last.result(), "testRmse") > 0
                        && metric(last.result(), "testExamples") > 0,
                "a final training on numbers opens the test part",
                "evaluateTest is true, but testRmse and testExamples are not both reported" + last.log());
        report.note(
                last.result() != null && metric(last.result(), "testRmseSe") > 0,
                "testRmse has a standard error",
                "testRmseSe is not measured: final comparisons on numbers have no intervals with this trainer");
    }

    private TrialFile numbers(String name, TrialFile plain, boolean test) {
        List<GraphNode> graph = new ArrayList<>(sample.nodes());
        GraphNode logits = graph.removeLast();
        graph.add(SampleNetwork.dense(logits.name(), logits.inputs().getFirst(), 1));
        TrialFile file = trials.file(name, graph, EPOCHS, test);
        return with(file, TrialFile.VERSION_OF_NUMBERS, StripedImages.numbers(), plain.recipe());
    }

    /** Data that is written otherwise: a trainer learns from it, or refuses the format. */
    private void reads(String name, DatasetRef data, String what) throws IOException, InterruptedException {
        TrainerRun ended = trials.run(withData(trials.file(name, sample.nodes(), EPOCHS, false), data), data.format());
        if (Objects.equals(ended.code(), ExitCode.DATA.code())) {
            report.note(
                    false,
                    "",
                    "dataset.format %s ends with 65: %s is not for this trainer".formatted(data.format(), what));
            return;
        }
        double accuracy = ended.result() == null ? Double.NaN : metric(ended.result(), "accuracy");
        report.demand(
                Objects.equals(ended.code(), 0) && accuracy > CHANCE + 0.1,
                "%s is learned from: accuracy %.3f".formatted(what, accuracy),
                "dataset.format is %s, and the trainer %s, accuracy %s; it must learn or end with %d%s"
                        .formatted(data.format(), ended.codeText(), accuracy, ExitCode.DATA.code(), ended.log()));
    }

    /** A column of names: a trainer learns a vector for each, or refuses the operator or the data. */
    private void looksUpCategories() throws IOException, InterruptedException {
        TrialFile file =
                withData(trials.file("check-00017", NamedTrees.network(), 4 * EPOCHS, false), NamedTrees.table());
        TrainerRun ended = trials.run(file, "categories");
        if (Objects.equals(ended.code(), ExitCode.ARCHITECTURE.code())
                || Objects.equals(ended.code(), ExitCode.DATA.code())) {
            report.note(
                    false,
                    "",
                    "columns of categories end with %d: dataset.categorical is not for this trainer"
                            .formatted(ended.code()));
            return;
        }
        double accuracy = ended.result() == null ? Double.NaN : metric(ended.result(), "accuracy");
        if (!report.demand(
                Objects.equals(ended.code(), 0) && accuracy > LOOKED_UP,
                "columns of categories are looked up: accuracy %.3f".formatted(accuracy),
                "a table with names, which its labels follow from, and the operator embedding %s, accuracy %s; it must be above %.1f, or the trainer must end with %d%s"
                        .formatted(ended.codeText(), accuracy, LOOKED_UP, ExitCode.ARCHITECTURE.code(), ended.log()))) {
            return;
        }
        double params = metric(Objects.requireNonNull(ended.result()), "params");
        if (!Double.isNaN(params)) {
            report.note(
                    params == NamedTrees.params(),
                    "params of vectors are %d, as the search engine counts".formatted(NamedTrees.params()),
                    "params of vectors are %.0f; the search engine counts %d".formatted(params, NamedTrees.params()));
        }
    }

    private TrialFile rung(String name, int epochs, Path checkpoints, @Nullable Path resume) {
        TrialFile plain = trials.file(name, sample.nodes(), epochs, false);
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
        TrialFile plain = trials.file(name, sample.nodes(), EPOCHS, false);
        var recipe = new Recipe(
                "sgd", 0.1, "constant", 16, 0, 100_000, warmUpEpochs, smoothing, clipping, augmentation, null);
        return with(plain, plain.contractVersion(), plain.dataset(), recipe);
    }

    private void leavesOnTermination() throws IOException, InterruptedException {
        // So many epochs that no trainer is done before the signal comes.
        TrialFile file = trials.file("check-00003", sample.nodes(), 100_000, false);
        Process process = TrainerRun.start(command, file, folder, "terminated", 1);
        Thread.sleep(Math.min(patience.toMillis() / 4, LATEST_START.toMillis()));
        if (!process.isAlive()) {
            report.note(false, "", "a training of 100,000 epochs ended by itself: SIGTERM could not be tried");
            return;
        }
        process.destroy();
        long grace = Math.min(patience.toSeconds(), GRACE.toSeconds());
        boolean left = process.waitFor(grace, TimeUnit.SECONDS);
        if (!left) {
            process.destroyForcibly().waitFor();
        }
        report.demand(
                left && process.exitValue() == ExitCode.TEMPORARY.code(),
                "SIGTERM ends it with 75",
                left
                        ? "SIGTERM ended it with %d; 75 tells that the trial may go on elsewhere"
                                .formatted(process.exitValue())
                        : "it still ran %d s after SIGTERM".formatted(grace));
    }

    private void refuses(String what, TrialFile file, ExitCode code) throws IOException, InterruptedException {
        TrainerRun ended = trials.run(file, "refused-" + code.code() + "-" + what.length());
        report.demand(
                Objects.equals(ended.code(), code.code()),
                "%s ends with %d".formatted(what, code.code()),
                "%s: the trainer %s; it must end with %d%s"
                        .formatted(what, ended.codeText(), code.code(), ended.log()));
        if (Objects.equals(ended.code(), code.code())) {
            String message = ended.result() == null ? null : ended.result().message();
            report.note(
                    message != null && !message.isBlank(),
                    "and says why: " + message,
                    "the result has no message: users will not learn why");
        }
    }

    private static double metric(TrialResult result, String name) {
        return result.metrics().getOrDefault(name, Double.NaN);
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
