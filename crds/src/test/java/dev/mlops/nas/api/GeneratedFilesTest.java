package dev.mlops.nas.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class GeneratedFilesTest {
    private static final Path REPOSITORY = Path.of("..");

    @TempDir
    private static Path fresh;

    @BeforeAll
    static void generate() throws Exception {
        GeneratedFiles.write(REPOSITORY, fresh);
    }

    @ParameterizedTest
    @MethodSource("files")
    void theFileIsWhatTheJavaTypesSay(String file) {
        assertThat(REPOSITORY.resolve(file))
                .as("out of date; write it anew with: mvn -pl crds test-compile exec:java@generate")
                .hasSameTextualContentAs(fresh.resolve(file));
    }

    static List<String> files() {
        return GeneratedFiles.FILES;
    }
}
