package dev.mlops.nas.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UpCommandTest {
    @TempDir
    Path folder;

    private final StringWriter output = new StringWriter();
    private final StringWriter complaints = new StringWriter();

    @Test
    void saysWhatIsWrongWithAnOptionAndStartsNothing() {
        var missing = folder.resolve("missing").toString();
        assertThat(nas("up", "--dir", folder.toString(), "--data", missing)).isEqualTo(2);
        assertThat(complaints.toString()).contains("--data is " + missing + ", which is not a folder");
        assertThat(nas("up", "--dir", folder.toString(), "--cores", "0")).isEqualTo(2);
        assertThat(complaints.toString()).contains("--cores is 0; give 1 or more");
        assertThat(nas("up", "--dir", folder.toString(), "--tracking", "maybe")).isEqualTo(2);
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void showsThatNothingRuns() {
        assertThat(nas("up", "status", "--dir", folder.toString())).isEqualTo(1);
        assertThat(output.toString().lines()).hasSize(5).allMatch(line -> line.contains("does not run"));
    }

    @Test
    void endsWhatDoesNotRunWithoutAComplaint() {
        assertThat(nas("down", "--dir", folder.resolve("nothing").toString(), "--delete"))
                .isZero();
        assertThat(complaints.toString()).isEmpty();
    }

    private int nas(String... arguments) {
        return Nas.commandLine()
                .setOut(new PrintWriter(output, true))
                .setErr(new PrintWriter(complaints, true))
                .execute(arguments);
    }
}
