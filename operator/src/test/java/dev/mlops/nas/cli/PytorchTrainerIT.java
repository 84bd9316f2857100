package dev.mlops.nas.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mlops.nas.local.TrainerCheck;
import dev.mlops.nas.local.TrainerCheck.Finding;
import dev.mlops.nas.local.TrainerCheck.Verdict;
import dev.mlops.nas.local.TrainerCommand;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Objects;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The trainer in PyTorch, by {@code ./nas test --pytorch}, which says where its Python is. */
@Tag("pytorch")
class PytorchTrainerIT {
    private static final String TRAINER = "%s %s"
            .formatted(
                    Objects.requireNonNull(System.getenv("NAS_PYTORCH"), "NAS_PYTORCH"),
                    Path.of("../examples/trainers/pytorch/trainer.py").toAbsolutePath());

    @TempDir
    private Path folder;

    @Test
    void itKeepsTheContract() throws Exception {
        var findings = new ArrayList<Finding>();
        boolean kept =
                new TrainerCheck(TrainerCommand.own(TRAINER), folder, Duration.ofSeconds(120), findings::add).run();
        assertThat(kept).as(findings.toString()).isTrue();
        assertThat(findings)
                .filteredOn(f -> f.verdict() == Verdict.NOTE)
                .extracting(Finding::sentence)
                .containsExactly(
                        "exportedLatencyMs is not measured: limits on it cannot be kept with this trainer",
                        "it scores no architectures without training: nas score needs another trainer",
                        "shared weights end with 64: evaluation.weightSharing is not for this trainer; it says:"
                                + " evaluation.weightSharing needs a trainer that knows the field sharing of trial files; this one does not",
                        "open choices end with 64: strategy Differentiable is not for this trainer; it says:"
                                + " strategy Differentiable needs a trainer that knows the field relaxed of trial files; this one does not");
    }

    /** The benchmark refuses a trainer whose networks have other parameters than the search engine counts. */
    @Test
    void itTrainsTheSameNetworksAsTheBuiltInOne() {
        var out = new StringWriter();
        var err = new StringWriter();
        int code = Nas.commandLine()
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err, true))
                .execute(
                        "bench",
                        "trainer",
                        "--preset",
                        "mlp-tabular,signal-1d,transformer-tiny",
                        "--threads",
                        "1",
                        "--with",
                        TRAINER);
        assertThat(err.toString()).isEmpty();
        assertThat(code).isZero();
        assertThat(out.toString())
                .containsPattern(
                        "built-in trainer is \\d+\\.\\d+ times as fast as trainer 1, geometric mean over 7 networks");
    }
}
