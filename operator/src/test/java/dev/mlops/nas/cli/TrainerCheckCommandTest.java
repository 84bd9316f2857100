package dev.mlops.nas.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class TrainerCheckCommandTest {
    private static final Path SHELL = Path.of("../examples/trainers/shell/trainer.sh");

    private static final String REFUSAL = "finish 64 \"this trainer does not train weights that architectures share\"";

    /** What the trainer in shell would do to tell that it had trained open choices. */
    private static final String RELAXED = """
            relaxed() {
                (finish 0 '' '"relaxedAccuracy":0.5' 3)
                sed -i 's/"environment"/"derived":[{"choices":[1],"accuracy":0.5}],"environment"/' "$NAS_RESULT_FILE"
                exit 0
            }
            """;

    @TempDir
    private Path folder;

    @Test
    void theTrainerInShellKeepsTheContract() {
        Ended ended = check("sh " + SHELL.toAbsolutePath());
        assertThat(ended.out())
                .contains("it learns: accuracy", "a final training opens the test part", "SIGTERM ends it with 75")
                .contains("an operator that nobody knows ends with 64")
                .contains("data that is not there ends with 65")
                .contains("a contract version of the future ends with 65")
                .contains("note    latencyMs is not measured")
                .contains("note    exportedLatencyMs is not measured: limits on it cannot be kept with this trainer")
                .contains("note    it scores no architectures without training")
                .contains(
                        "note    shared weights end with 64: evaluation.weightSharing is not for this trainer; it says: this")
                .contains(
                        "note    open choices end with 64: strategy Differentiable is not for this trainer; it says: this")
                .contains("note    dataset.fraction and dataset.resolution could not be tried")
                .contains("a promoted trial comes to its 5 epochs", "note    but begins anew")
                .contains("note    numbers in place of labels end with 65: dataset.targets is not for this trainer")
                .contains(
                        "note    dataset.format images ends with 65: a folder of images for each class is not for this trainer")
                .contains("note    dataset.format parquet ends with 65: a table in Parquet is not for this trainer")
                .contains("note    columns of categories end with 64: dataset.categorical is not for this trainer")
                .endsWith("the contract is kept\n")
                .doesNotContain("FAILED");
        assertThat(ended.code()).isZero();
    }

    @Test
    void whatATrainerBreaksIsSaidOneByOne() throws IOException {
        String shell = Files.readString(SHELL);
        Ended open = check(broken(shell, "if (test == \"true\") ", ""));
        assertThat(open.out()).contains("FAILED  testAccuracy is reported although evaluateTest is false");
        assertThat(open.code()).isEqualTo(1);
        Ended deaf = check(broken(shell, "trap 'finish 75 terminated' TERM", "trap '' TERM"));
        assertThat(deaf.out()).contains("FAILED  it still ran 8 s after SIGTERM");
        Ended blind = check(broken(shell, "finish 64", "finish 1"));
        assertThat(blind.out())
                .contains("FAILED  an operator that nobody knows: the trainer ended with 1; it must end with 64");
        Ended careless = check(broken(
                shell,
                "= nas.mlops.dev/trial/v1 ]",
                "!= \"\" ]",
                "[ \"$(ask format)\" = csv ]",
                "true",
                REFUSAL,
                "true",
                "globalAvgPool |",
                "globalAvgPool | choice | embedding |"));
        assertThat(careless.out())
                .contains("FAILED  a trial of nas.mlops.dev/trial/v2, with dataset.targets, ended with 0, rmse NaN")
                .contains("FAILED  dataset.format is images, and the trainer ended with")
                .contains("FAILED  dataset.format is parquet, and the trainer ended with")
                .contains(
                        "FAILED  a table with names, which its labels follow from, and the operator embedding ended with 0,")
                .contains("FAILED  a trial for shared weights ended with 0 without the metric sharedPaths")
                .contains("FAILED  a trial for open choices ended with 0 without the metric relaxedAccuracy");
        Ended random = check(broken(shell, "guess == x[NF]", "0"));
        assertThat(random.out()).contains("FAILED  accuracy is 0.0 after 5 epochs");
    }

    @Test
    void jobsThatATrainerNeedNotKnowAreLookedAtWhereItDoesThem() throws IOException {
        String shell = Files.readString(SHELL);
        Ended able = check(broken(
                shell,
                REFUSAL,
                "finish 0 '' '\"sharedPaths\":2'",
                "for operator in",
                "[ -z \"$(ask derive)\" ] || relaxed\nfor operator in",
                "trap 'finish",
                RELAXED + "trap 'finish"));
        assertThat(able.out())
                .contains(
                        "ok      it trains shared weights",
                        "ok      an architecture inherits them in 0 epochs: accuracy 1")
                .contains("note    sharing.sampling is not read: a name that nobody knows ended with 0 in place of 65")
                .contains("ok      it trains open choices", "ok      and derives architectures from them")
                .contains("note    relaxed.order is not read: one that nobody knows ended with 0 in place of 65");
    }

    @Test
    void aCommandThatCannotStartIsOneSentence() {
        Ended ended = check("/no/such/trainer");
        assertThat(ended.err())
                .startsWith("nas trainer check: the trainer \"/no/such/trainer\" cannot be started")
                .hasLineCount(1);
        assertThat(ended.code()).isEqualTo(2);
        assertThat(check("'open").code()).isEqualTo(2);
    }

    /** The trainer with pieces of it, and what takes their place, by turns. */
    private String broken(String shell, String... goodAndBad) throws IOException {
        String changed = shell;
        for (int i = 0; i < goodAndBad.length; i += 2) {
            assertThat(changed).contains(goodAndBad[i]);
            changed = changed.replace(goodAndBad[i], goodAndBad[i + 1]);
        }
        Path file = Files.createTempFile(folder, "trainer", ".sh");
        Files.writeString(file, changed);
        return "sh " + file;
    }

    private static Ended check(String command) {
        var out = new StringWriter();
        var err = new StringWriter();
        CommandLine nas = Nas.commandLine().setOut(new PrintWriter(out)).setErr(new PrintWriter(err, true));
        int code = nas.execute("trainer", "check", "--timeout", "8", command);
        return new Ended(code, out.toString(), err.toString());
    }

    private record Ended(int code, String out, String err) {}
}
