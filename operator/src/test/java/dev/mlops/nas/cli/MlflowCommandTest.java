package dev.mlops.nas.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mlops.nas.tracking.MlflowServer;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MlflowCommandTest {
    @TempDir
    private Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @Test
    void startPrintsTheAddressStatusShowsItAndStopEndsIt() throws Exception {
        String data = folder.resolve("data").toString();
        assertThat(nas("mlflow", "status", "--data", data)).isEqualTo(1);
        assertThat(out.toString()).contains("MLflow does not run; nas mlflow start starts it");
        assertThat(nas("mlflow", "start", "--data", data, "--port", "16500")).isZero();
        try {
            assertThat(out.toString()).containsPattern("MLflow runs at http://127\\.0\\.0\\.1:165\\d\\d");
            assertThat(nas("mlflow", "status", "--data", data)).isZero();
            assertThat(out.toString()).contains("  data     " + data);
        } finally {
            assertThat(nas("mlflow", "stop", "--data", data)).isZero();
        }
        assertThat(out.toString()).contains("MLflow is stopped");
        assertThat(nas("mlflow", "stop", "--data", data)).isZero();
        assertThat(out.toString()).contains("MLflow was not running");
    }

    @Test
    void badUsageIsExitCodeTwoAndStartsNothing() {
        assertThat(nas("mlflow")).isEqualTo(2);
        assertThat(err.toString()).contains("nas mlflow needs one of start, stop and status");
        assertThat(nas("mlflow", "start", "--data", folder.resolve("d").toString(), "--port", "70000"))
                .isEqualTo(2);
        assertThat(err.toString()).contains("--port is 70000, and must be 1 to 65535");
        assertThat(folder.resolve("d")).doesNotExist();
    }

    @Test
    void aDataFolderThatCannotBeUsedIsExitCodeOneAndOneSentence() throws Exception {
        Path file = Files.createFile(folder.resolve("file"));
        assertThat(nas("mlflow", "start", "--data", file.resolve("d").toString()))
                .isEqualTo(1);
        assertThat(err.toString())
                .contains("nas: cannot use " + file.resolve("d"))
                .doesNotContain("\tat ");
        assertThat(MlflowServer.userCache()).isAbsolute();
    }

    private int nas(String... arguments) {
        return Nas.commandLine()
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true))
                .execute(arguments);
    }
}
