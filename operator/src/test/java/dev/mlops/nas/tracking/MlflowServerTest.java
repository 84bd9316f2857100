package dev.mlops.nas.tracking;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MlflowServerTest {
    @TempDir
    private Path folder;

    @Test
    void aServerIsFoundAgainKilledReplacedAndStopped() throws Exception {
        var progress = new ArrayList<String>();
        var server = new MlflowServer(MlflowServer.userCache(), folder, 16_000, progress::add);
        assertThat(server.status()).isEmpty();
        assertThat(server.stop()).isFalse();
        URI uri = server.ensureRunning();
        try {
            assertThat(progress).containsOnlyOnce("starting MLflow at " + uri);
            var another = new MlflowServer(MlflowServer.userCache(), folder, 17_000, progress::add);
            assertThat(another.ensureRunning()).isEqualTo(uri);
            long pid = another.status().orElseThrow().pid();

            var process = ProcessHandle.of(pid).orElseThrow();
            process.destroyForcibly();
            process.onExit().join();
            assertThat(another.status()).isEmpty();

            // what took its port meanwhile is left alone, and so is a process that got its number
            try (var taken = new ServerSocket(uri.getPort(), 5, InetAddress.getLoopbackAddress())) {
                Path record = folder.resolve("server.properties");
                Files.writeString(
                        record,
                        Files.readString(record)
                                .replaceFirst(
                                        "pid=\\d+",
                                        "pid=" + ProcessHandle.current().pid()));
                URI moved = server.ensureRunning();
                assertThat(moved.getPort()).isNotEqualTo(taken.getLocalPort());
                assertThat(another.status().orElseThrow().uri()).isEqualTo(moved);
                new MlflowTracking(moved.toString(), java.util.Map.of())
                        .openExperiment(
                                "e",
                                new Tracking.RunSpec(
                                        "u", "n", java.time.Instant.EPOCH, java.util.Map.of(), java.util.Map.of()));
            }
            assertThat(server.stop()).isTrue();
            assertThat(another.status()).isEmpty();
        } finally {
            server.stop();
        }
    }

    @Test
    void withoutPythonOneSentenceSaysWhatToDo() {
        assertThatThrownBy(() -> server("").ensureRunning())
                .isInstanceOf(MlflowServerException.class)
                .hasMessage(
                        "the embedded MLflow needs Python 3.10 or later with its venv module, and there is no python3 on the path: install it (Debian and Ubuntu: apt install python3 python3-venv), set MLFLOW_TRACKING_URI to a server of yours, or run with --tracking off");
    }

    @Test
    void aPythonThatIsTooOldOrHasNoVenvModuleIsNamed() throws Exception {
        Path python = script("echo 3.9 venv");
        assertThatThrownBy(() -> server(folder.toString()).ensureRunning())
                .hasMessageContaining("and %s is Python 3.9: install it", python);
        script("echo 3.12; exit 1");
        assertThatThrownBy(() -> server(folder.toString()).ensureRunning())
                .hasMessageContaining("and %s (Python 3.12) has no venv module: install it", python);
    }

    @Test
    void anEnvironmentThatWasLeftHalfMadeIsNotUsed() throws Exception {
        // this python makes half an environment, then fails
        script(
                "case \"$1$2\" in -c*) echo 3.12 venv;; *) mkdir -p \"$3/bin\"; echo no space left on device; exit 1;; esac");
        for (int i = 0; i < 2; i++) {
            assertThatThrownBy(() -> server(folder.toString()).ensureRunning())
                    .isInstanceOf(MlflowServerException.class)
                    .hasMessageContaining("could not be set up (no space left on device; all of it in ")
                    .hasMessageContaining("or run with --tracking off");
        }
    }

    private Path script(String body) throws Exception {
        Path python = folder.resolve("python3");
        Files.deleteIfExists(python);
        // the tools that the script needs are found by their full path
        Files.writeString(python, "#!/bin/sh\nPATH=/usr/bin:/bin\n" + body + "\n");
        return Files.setPosixFilePermissions(python, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private MlflowServer server(String path) {
        List<String> ignored = new ArrayList<>();
        return new MlflowServer(
                new MlflowEnvironment(folder.resolve("cache"), path, ignored::add),
                folder.resolve("data"),
                18_000,
                ignored::add);
    }
}
