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
                .contains("note    it scores no architectures without training")
                .contains("note    dataset.fraction and dataset.resolution could not be tried")
                .contains("a promoted trial comes to its 5 epochs", "note    but begins anew")
                .contains("note    numbers in place of labels end with 65: dataset.targets is not for this trainer")
                .contains("note    dataset.format images ends with 65: folders of images are not for this trainer")
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
        Ended careless =
                check(broken(shell, "= nas.mlops.dev/trial/v1 ]", "!= \"\" ]", "[ \"$(ask format)\" = csv ]", "true"));
        assertThat(careless.out())
                .contains("FAILED  a trial of nas.mlops.dev/trial/v2, with dataset.targets, ended with 0, rmse NaN")
                .contains("FAILED  dataset.format is images, and the trainer ended with");
        Ended random = check(broken(shell, "guess == x[NF]", "0"));
        assertThat(random.out()).contains("FAILED  accuracy is 0.0 after 5 epochs");
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
