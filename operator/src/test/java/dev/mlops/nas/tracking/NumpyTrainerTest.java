package dev.mlops.nas.tracking;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mlops.nas.local.TrainerCheck;
import dev.mlops.nas.local.TrainerCheck.Finding;
import dev.mlops.nas.local.TrainerCheck.Verdict;
import dev.mlops.nas.local.TrainerCommand;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The contract from Python: NumPy comes with the environment of MLflow. */
class NumpyTrainerTest {
    @TempDir
    private Path folder;

    private static Path python() throws Exception {
        return new MlflowEnvironment(MlflowServer.userCache(), System.getenv("PATH"), System.err::println).python();
    }

    @Test
    void theTrainerInNumpyKeepsTheContractForPerceptrons() throws Exception {
        var findings = new ArrayList<Finding>();
        var trainer = Path.of("../examples/trainers/numpy/trainer.py").toAbsolutePath();
        var command = TrainerCommand.own("%s %s".formatted(python(), trainer));

        boolean kept = new TrainerCheck(command, folder, Duration.ofSeconds(20), findings::add).run();

        assertThat(kept).as(findings.toString()).isTrue();
        assertThat(findings)
                .filteredOn(f -> f.verdict() == Verdict.NOTE)
                .extracting(Finding::sentence)
                .containsExactly(
                        "convolutions end with 64: a perceptron takes their place in what follows",
                        "it scores no architectures without training: nas score needs another trainer");
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
                        "and goes on from the checkpoint of the lower rung",
                        "auc is measured");
    }
}
