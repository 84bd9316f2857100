package dev.mlops.nas.local;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mlops.nas.validation.ExperimentReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LocalEnvironmentTest {
    private static final Path EXPERIMENTS = Path.of("src/test/resources/experiments/good");

    @TempDir
    private Path folder;

    /** Of these nothing lies on this machine. */
    @Test
    void dataFromElsewhereIsToldByTheChecksumThatTheTrainerCompared() throws Exception {
        String sum = "0123456789abcdef".repeat(4);
        assertThat(data("data-in-s3.yaml")).isEqualTo(Map.of("sha256 of s3://data/tables/digits.csv.gz", sum));
    }

    @Test
    void aFileWithoutAChecksumIsRead() throws Exception {
        Files.writeString(folder.resolve("digits.csv"), "abc");
        assertThat(data("smallest.yaml"))
                .containsValue("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    private Map<String, String> data(String experiment) throws Exception {
        var spec = new ExperimentReader().read(EXPERIMENTS.resolve(experiment)).getSpec();
        return LocalEnvironment.data(spec.dataset(), folder);
    }
}
