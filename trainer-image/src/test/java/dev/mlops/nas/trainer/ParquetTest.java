package dev.mlops.nas.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.mlops.nas.contract.ExitCode;
import dev.mlops.nas.contract.TrialFile.Categorical;
import dev.mlops.nas.contract.TrialFile.DatasetRef;
import dev.mlops.nas.contract.TrialFile.Split;
import dev.mlops.nas.trainer.Targets.Labels;
import dev.mlops.nas.trainer.Targets.Numbers;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Tables that pyarrow wrote. The trainers in Python are held against the same cases, by {@code test_table_rows.py} among their files. */
class ParquetTest {
    private static final Path TABLES = Path.of("src/test/resources/parquet").toAbsolutePath();

    static List<Case> cases() throws IOException {
        return new ObjectMapper().readValue(TABLES.resolve("cases.json").toFile(), new TypeReference<>() {});
    }

    @ParameterizedTest
    @MethodSource("cases")
    void aTableIsReadOrRefused(Case table) {
        if (table.refused() == null) {
            var examples = DataLoader.load(table.dataset().ref(), TABLES);
            assertThat(examples.features()).containsExactly(flat(table.examples()));
            switch (examples.targets()) {
                case Labels labels ->
                    assertThat(IntStream.of(labels.of()).boxed()).isEqualTo(table.labels());
                case Numbers numbers -> assertThat(numbers.values()).containsExactly(flat(table.targets()));
            }
            return;
        }
        assertThatThrownBy(() -> DataLoader.load(table.dataset().ref(), TABLES))
                .isInstanceOfSatisfying(
                        TrialException.class, e -> assertThat(e.code()).isEqualTo(ExitCode.DATA))
                .message()
                .contains(table.refused());
    }

    private static Float[] flat(@Nullable List<List<Float>> rows) {
        return Objects.requireNonNull(rows).stream().flatMap(List::stream).toArray(Float[]::new);
    }

    /** A table as an experiment names it, and what comes of it: either its rows, or a sentence with these words. */
    record Case(
            Table dataset,
            @Nullable List<List<Float>> examples,
            @Nullable List<Integer> labels,
            @Nullable List<List<Float>> targets,
            @Nullable List<String> refused) {}

    record Table(
            String uri,
            List<Integer> shape,
            int classes,
            @Nullable Integer labelColumn,
            @Nullable Integer targets,
            @Nullable List<Categorical> categorical) {
        private DatasetRef ref() {
            int column = labelColumn == null ? -1 : labelColumn;
            var split = new Split(0.6, 0.2, 0.2);
            return new DatasetRef(
                    uri, "parquet", null, column, null, shape, classes, split, null, null, targets, categorical);
        }
    }
}
