package dev.mlops.nas.tracking;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.mlops.nas.contract.ExitCode;
import dev.mlops.nas.contract.TrialFile;
import dev.mlops.nas.contract.TrialFile.Categorical;
import dev.mlops.nas.contract.TrialFile.DatasetRef;
import dev.mlops.nas.contract.TrialFile.Folders;
import dev.mlops.nas.contract.TrialFile.GraphNode;
import dev.mlops.nas.contract.TrialFile.Recipe;
import dev.mlops.nas.contract.TrialFile.Split;
import dev.mlops.nas.contract.TrialResult;
import dev.mlops.nas.local.TrainerCheck;
import dev.mlops.nas.local.TrainerCheck.Finding;
import dev.mlops.nas.local.TrainerCheck.Verdict;
import dev.mlops.nas.local.TrainerCommand;
import dev.mlops.nas.local.TrainerRun;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The contract from Python: NumPy comes with the environment of MLflow. */
class NumpyTrainerTest {
    private static final Path TRAINER =
            Path.of("../examples/trainers/numpy/trainer.py").toAbsolutePath();

    private static final Split SPLIT = new Split(0.6, 0.2, 0.2);
    private static final int SUMS = 200;

    @TempDir
    private Path folder;

    private static Path python() throws Exception {
        return new MlflowEnvironment(MlflowServer.userCache(), System.getenv("PATH"), System.err::println).python();
    }

    @Test
    void theTrainerInNumpyKeepsTheContractForPerceptrons() throws Exception {
        var findings = new ArrayList<Finding>();
        var command = TrainerCommand.own("%s %s".formatted(python(), TRAINER));

        boolean kept = new TrainerCheck(command, folder, Duration.ofSeconds(20), findings::add).run();

        assertThat(kept).as(findings.toString()).isTrue();
        assertThat(findings)
                .filteredOn(f -> f.verdict() == Verdict.NOTE)
                .extracting(Finding::sentence)
                .containsExactly(
                        "convolutions end with 64: a perceptron takes their place in what follows",
                        "exportedLatencyMs is not measured: limits on it cannot be kept with this trainer",
                        "it scores no architectures without training: nas score needs another trainer",
                        "shared weights end with 64: evaluation.weightSharing is not for this trainer; it says:"
                                + " evaluation.weightSharing needs a trainer that knows the field sharing of trial files; this one does not",
                        "open choices end with 64: strategy Differentiable is not for this trainer; it says:"
                                + " strategy Differentiable needs a trainer that knows the field relaxed of trial files; this one does not");
        assertThat(findings)
                .extracting(Finding::sentence)
                .contains(
                        "params is 1108, as the search engine counts",
                        "the same seed gives the same accuracy",
                        "recipe.gradientClipping is kept",
                        "recipe.labelSmoothing is kept",
                        "recipe.warmUpEpochs is kept",
                        "dataset.fraction is kept",
                        "dataset.resolution is kept",
                        "proxy is kept: costs of a smaller network are not measured",
                        "and goes on from the checkpoint of the lower rung",
                        "auc is measured",
                        "r2 is measured",
                        "a final training on numbers opens the test part",
                        "testRmse has a standard error",
                        "columns of categories are looked up: accuracy 1.000",
                        "params of vectors are 44, as the search engine counts")
                .anyMatch(sentence -> sentence.startsWith("a folder of images for each class is learned from"))
                .anyMatch(sentence -> sentence.startsWith("a table in Parquet is learned from"));
    }

    /**
     * Energy, by folders and a driver that are made up; Parquet, by the tables that the built-in trainer reads in {@code ParquetTest};
     * objects of a server that speaks S3's protocol.
     */
    @Test
    void whatPythonTestsOfItsOwnPasses() throws Exception {
        var common = TRAINER.resolveSibling("../common").normalize();
        var builder = new ProcessBuilder(python().toString(), "-B", "-m", "unittest")
                .directory(common.toFile())
                .redirectErrorStream(true);
        var requirements = common.resolve("test-requirements.txt");
        assertThat(Files.readAllLines(requirements))
                .as("the same client of S3 as the trainer in PyTorch")
                .containsAnyElementsOf(Files.readAllLines(common.resolveSibling("pytorch/requirements.txt")));
        var packages = PythonPackages.of(python(), requirements, MlflowServer.userCache());
        builder.environment().put("PYTHONPATH", packages.toString());
        var process = builder.start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(said).isZero();
        assertThat(said).contains("Ran 13 tests");
    }

    /** Two sums of three features, in front of them in a table and as floats of their own: the examples are the same, so is what comes. */
    @Test
    void severalNumbersAreForetoldInTheirOwnUnitsFromATableAndFromIdx() throws Exception {
        var table = new StringBuilder();
        var features = new ByteArrayOutputStream();
        var targets = new ByteArrayOutputStream();
        writeSums(table, new DataOutputStream(features), new DataOutputStream(targets));
        Files.writeString(folder.resolve("sums.csv"), table);
        Files.write(folder.resolve("x.idx"), features.toByteArray());
        Files.write(folder.resolve("y.idx"), targets.toByteArray());

        var metrics =
                ended(training("table", numbers("sums.csv", "csv", null), null)).metrics();

        assertThat(metrics)
                .hasEntrySatisfying("r2", r2 -> assertThat(r2).isBetween(0.99, 1.0))
                .hasEntrySatisfying("testR2", r2 -> assertThat(r2).isBetween(0.99, 1.0))
                // Half of what nobody can foretell of the second sum, whose deviation is some 1,000.
                .hasEntrySatisfying("testRmse", rmse -> assertThat(rmse).isBetween(45.0, 60.0))
                .containsKeys("rmse", "loss", "testLoss", "testMae", "testMaeSe", "testRmseSe", "testR2Se")
                .doesNotContainKeys("accuracy", "testAccuracy");
        var fromIdx =
                ended(training("idx", numbers("x.idx", "idx", "y.idx"), null)).metrics();
        assertThat(fromIdx.get("rmse")).isEqualTo(metrics.get("rmse"), within(0.01));
        assertThat(fromIdx.get("testMaeSe")).isEqualTo(metrics.get("testMaeSe"), within(0.01));
    }

    /** What would be taken for numbers, or for other names, is refused. */
    @Test
    void categoriesThatTheFileDoesNotHaveAreRefused() throws Exception {
        Files.writeString(folder.resolve("trees.csv"), "height,tree,label\n1,ash,0\n2,\"oak, old\",1\n3,elm,0\n");
        assertThat(refused(training("unknown", trees(List.of("ash", "oak, old")), null)))
                .endsWith("trees.csv line 4 holds the category 'elm', which dataset.categorical does not list");
        assertThat(refused(training("text", trees(null), null))).endsWith("line 2 holds a value that is not a number");
        Files.writeString(folder.resolve("trees.csv"), "1,0,0\n2,1,1\n3,2,0\n");
        assertThat(refused(training("code", trees(null), null)))
                .isEqualTo("trees.csv: example 3 has 2 in the categorical column 1; 0 to 1 are allowed");
    }

    private static DatasetRef trees(@Nullable List<String> names) {
        return new DatasetRef(
                "trees.csv",
                "csv",
                null,
                -1,
                null,
                List.of(2, 1, 1),
                2,
                SPLIT,
                null,
                null,
                null,
                List.of(new Categorical(1, 2, names)));
    }

    @Test
    void whatNumbersDoNotHaveIsRefused() throws Exception {
        writeSums();
        assertThat(refused(training("smoothed", numbers("sums.csv", "csv", null), 0.1)))
                .isEqualTo("recipe.labelSmoothing is 0.1; with dataset.targets only 0 is allowed");
        var late = new DatasetRef("sums.csv", "csv", null, 4, null, List.of(1, 1, 3), 0, SPLIT, null, null, 2);
        assertThat(refused(training("late", late, null)))
                .isEqualTo("dataset.labelColumn is 4; 3 values of an example allow -1 to 3");
    }

    @Test
    void askedAboutTheDataOnlyItSaysInItsResultWhatIsWrong() throws Exception {
        Files.writeString(folder.resolve("trees.csv"), "1,0,0\n2,1,1\n".repeat(5));
        assertThat(checked(training("good", trees(null), null)).log()).isEmpty();

        Files.writeString(folder.resolve("trees.csv"), "1,0,0\n2,oak,1\n".repeat(5));
        var refused = Objects.requireNonNull(
                checked(training("bad", trees(null), null)).result());
        assertThat(refused.exitCode()).isEqualTo(ExitCode.DATA.code());
        assertThat(refused.message()).endsWith("trees.csv line 2 holds a value that is not a number");
    }

    private TrainerRun checked(TrialFile file) throws Exception {
        var command = TrainerCommand.own("%s %s --check-data".formatted(python(), TRAINER));
        return TrainerRun.of(command, file, folder, file.trial(), 1, Duration.ofSeconds(60));
    }

    @Test
    void whatNeedsALibraryIsRefusedWhereItIsMissing() throws Exception {
        for (var library : List.of("PIL", "pyarrow", "boto3")) {
            Files.writeString(folder.resolve(library + ".py"), "raise ImportError('not here')\n");
        }
        for (var label : List.of("cat", "dog")) {
            var own = Files.createDirectories(folder.resolve("images").resolve(label));
            Files.writeString(own.resolve("1.png"), "read by nobody");
        }
        var bare = "env PYTHONPATH=%1$s NAS_CACHE_DIR=%1$s ".formatted(folder);
        var images = labelled("images", "images", null);

        assertThat(refused(training("images", images, null), bare))
                .isEqualTo("format images needs Pillow, which this Python lacks; csv, idx, npy and npz need none");
        assertThat(refused(training("parquet", labelled("some.parquet", "parquet", null), null), bare))
                .isEqualTo("format parquet needs pyarrow, which this Python lacks; csv, idx, npy and npz need none");
        assertThat(refused(training("s3", labelled("s3://tables/some.csv", "csv", "0".repeat(64)), null), bare))
                .isEqualTo("dataset.uri s3://tables/some.csv needs boto3, which this Python lacks");
        assertThat(refused(training("torn", images, null))).contains("cat/1.png cannot be read as a PNG or JPEG image");
    }

    private static DatasetRef labelled(String uri, String format, @Nullable String sha256) {
        return new DatasetRef(uri, format, null, -1, sha256, List.of(3, 8, 8), 2, SPLIT);
    }

    private void writeSums() throws Exception {
        var table = new StringBuilder();
        var nowhere = OutputStream.nullOutputStream();
        writeSums(table, new DataOutputStream(nowhere), new DataOutputStream(nowhere));
        Files.writeString(folder.resolve("sums.csv"), table);
    }

    private static void writeSums(StringBuilder table, DataOutputStream features, DataOutputStream targets)
            throws Exception {
        var random = new SplittableRandom(3);
        header(features, SUMS, 3);
        header(targets, SUMS, 2);
        for (int i = 0; i < SUMS; i++) {
            float[] x = {random.nextFloat(), random.nextFloat(), random.nextFloat()};
            float[] y = {10 + 5 * x[0] - 4 * x[1], 3000 * x[1] - 2000 * x[2] + (i % 2 == 0 ? 100 : -100)};
            table.append("%s,%s,%s,%s,%s\n".formatted(y[0], y[1], x[0], x[1], x[2]));
            for (float value : x) {
                features.writeFloat(value);
            }
            for (float value : y) {
                targets.writeFloat(value);
            }
        }
    }

    private static void header(DataOutputStream idx, int rows, int columns) throws Exception {
        idx.writeInt(0x0d02);
        idx.writeInt(rows);
        idx.writeInt(columns);
    }

    private static DatasetRef numbers(String uri, String format, @Nullable String labels) {
        return new DatasetRef(uri, format, labels, 0, null, List.of(1, 1, 3), 0, SPLIT, null, null, 2);
    }

    /** A perceptron without a hidden layer. */
    private TrialFile training(String name, DatasetRef dataset, @Nullable Double smoothing) {
        int outputs = dataset.targets() == null ? dataset.classes() : dataset.targets();
        int inputs = dataset.shape().stream().reduce(1, (a, b) -> a * b);
        var graph = List.of(
                new GraphNode("input", "input", Map.of(), List.of(), dataset.shape()),
                new GraphNode("flatten", "flatten", Map.of(), List.of("input"), List.of(inputs)),
                new GraphNode("out", "dense", Map.of("units", (double) outputs), List.of("flatten"), List.of(outputs)));
        var recipe = new Recipe("adam", 0.05, "cosine", 16, 0, null, null, smoothing, null, null, null);
        var version = dataset.targets() == null ? TrialFile.VERSION : TrialFile.VERSION_OF_NUMBERS;
        var folders = new Folders(folder.toString(), null, null);
        return new TrialFile(version, "numpy", name, graph, Map.of(), dataset, 60, 1, 1, recipe, true, folders);
    }

    private TrialResult ended(TrialFile file) throws Exception {
        return run(file, "", 0);
    }

    private @Nullable String refused(TrialFile file) throws Exception {
        return refused(file, "");
    }

    private @Nullable String refused(TrialFile file, String before) throws Exception {
        return run(file, before, ExitCode.DATA.code()).message();
    }

    private TrialResult run(TrialFile file, String before, int code) throws Exception {
        var command = TrainerCommand.own("%s%s %s".formatted(before, python(), TRAINER));
        var run = TrainerRun.of(command, file, folder, file.trial(), 1, Duration.ofSeconds(60));
        assertThat(run.code()).as(run.log()).isEqualTo(code);
        return Objects.requireNonNull(run.result());
    }
}
