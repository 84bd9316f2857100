package dev.mlops.nas.trainer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.mlops.nas.contract.TrialFile;
import dev.mlops.nas.contract.TrialResult;
import dev.mlops.nas.contract.TrialResult.Epoch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A result always fits a termination message. */
class ResultWriterTest {
    @TempDir
    private Path folder;

    @Test
    void aLongHistoryIsThinnedAndKeepsItsLastEpoch() throws IOException {
        var target = folder.resolve("result.json");

        ResultWriter.write(result(1000, null), target);

        assertThat(Files.size(target)).isLessThanOrEqualTo(TrialResult.MAX_BYTES);
        var read = new ObjectMapper().readValue(target.toFile(), TrialResult.class);
        assertThat(read.epochs()).isEqualTo(1000);
        assertThat(read.history().getLast().epoch()).isEqualTo(1000);
        assertThat(read.history()).hasSizeBetween(10, 40);
        assertThat(folder).isDirectoryNotContaining(file -> file.toString().endsWith(".tmp"));
    }

    @Test
    void aLongMessageOfWideCharactersIsCut() throws IOException {
        var bytes = ResultWriter.encode(result(3, "\u0001☃".repeat(5000)));

        assertThat(bytes).hasSizeLessThanOrEqualTo(TrialResult.MAX_BYTES);
        assertThat(new ObjectMapper().readValue(bytes, TrialResult.class).message())
                .startsWith("\u0001☃")
                .endsWith("…");
    }

    @Test
    void derivedArchitecturesAreKeptAsFarAsThereIsRoom() throws IOException {
        var read =
                new ObjectMapper().readValue(ResultWriter.encode(derived(result(50, null), 8, 28)), TrialResult.class);
        assertThat(read.derived()).hasSize(8);
        assertThat(read.history()).hasSizeGreaterThan(5).last().returns(50, Epoch::epoch);

        var bytes = ResultWriter.encode(derived(result(50, null), 16, 150));
        assertThat(bytes).hasSizeLessThanOrEqualTo(TrialResult.MAX_BYTES);
        assertThat(new ObjectMapper().readValue(bytes, TrialResult.class).derived())
                .hasSizeBetween(5, 15)
                .first()
                .returns(0.99, TrialResult.Derived::accuracy);
    }

    private static TrialResult derived(TrialResult plain, int count, int choices) {
        return new TrialResult(
                plain.contractVersion(),
                plain.trial(),
                plain.exitCode(),
                plain.metrics(),
                plain.epochs(),
                plain.history(),
                null,
                plain.environment(),
                IntStream.range(0, count)
                        .mapToObj(i -> new TrialResult.Derived(Collections.nCopies(choices, -1), 0.99 - i / 100.0))
                        .toList());
    }

    private static TrialResult result(int epochs, @Nullable String message) {
        var history = IntStream.rangeClosed(1, epochs)
                .mapToObj(epoch -> new Epoch(epoch, 1_800_000_000_000L + epoch, 0.12345, 0.98765, 0.054321))
                .toList();
        return new TrialResult(
                TrialFile.VERSION,
                "digits-00001",
                0,
                Map.of("accuracy", 0.98),
                epochs,
                history,
                message,
                Map.of("device", "cpu"));
    }
}
