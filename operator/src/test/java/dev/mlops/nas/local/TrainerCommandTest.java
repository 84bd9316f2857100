package dev.mlops.nas.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainerCommandTest {
    @Test
    void anOwnTrainerIsSplitIntoWordsAsAShellWould() {
        assertThat(TrainerCommand.own("python3 'my trainer.py' --lr \"0.1 0.2\" a\\ b ''")
                        .words())
                .containsExactly("python3", "my trainer.py", "--lr", "0.1 0.2", "a b", "");
    }

    @Test
    void anEmptyOrUnfinishedTrainerIsRefusedInOneSentence() {
        assertThatThrownBy(() -> TrainerCommand.own("  "))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("--trainer is empty");
        assertThatThrownBy(() -> TrainerCommand.own("python3 'x"))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("left open");
    }

    @Test
    void theBuiltInTrainerMustExist(@TempDir Path home) {
        assertThatThrownBy(() -> TrainerCommand.builtIn(home.toString(), 1 << 30))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("nas-trainer.jar does not exist");
        assertThatThrownBy(() -> TrainerCommand.builtIn(null, 1 << 30))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("NAS_HOME");
    }

    @Test
    void theBuiltInTrainerKeepsToItsShareOfMemory(@TempDir Path home) throws Exception {
        Path target = Files.createDirectories(home.resolve("trainer-image/target"));
        Files.createFile(target.resolve("nas-trainer.jar"));
        assertThat(TrainerCommand.builtIn(home.toString(), 4L << 30)
                        .with("--check-data")
                        .words())
                .contains(
                        "-Xmx1024m",
                        "-Dorg.bytedeco.javacpp.maxphysicalbytes=4096m",
                        "-Dorg.bytedeco.javacpp.maxbytes=3072m")
                .endsWith("dev.mlops.nas.trainer.Trainer", "--check-data");
    }
}
