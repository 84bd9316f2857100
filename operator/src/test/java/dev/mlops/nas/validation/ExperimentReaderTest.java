package dev.mlops.nas.validation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExperimentReaderTest {
    private static final String SMALL = """
            apiVersion: nas.mlops.dev/v1alpha1
            kind: NasExperiment
            metadata: {name: digits}
            spec:
              dataset: {uri: d.csv, shape: [1, 8, 8], classes: 10}
              searchSpace: {preset: small-cnn}
            """;

    private final ExperimentReader reader = new ExperimentReader();

    @Test
    void theShippedExampleIsValidAndItsDefaultsAreFilledIn() throws Exception {
        var experiment = reader.read(Path.of("..", "examples", "digits.yaml"));

        assertThat(experiment.getMetadata().getName()).isEqualTo("digits");
        assertThat(experiment.getSpec().budget().trials()).isEqualTo(24);
        assertThat(experiment.getSpec().budget().maxFailedTrials()).isEqualTo(10);
        assertThat(experiment.getSpec().strategy().predictor().surrogates()).hasSize(3);
        assertThat(experiment.getSpec().dataset().split().train()).isEqualTo(0.6);
    }

    @Test
    void aMisspeltFieldIsNamedTogetherWithTheOneThatWasMeant() {
        assertThatThrownBy(() -> reader.parse(SMALL + "  budjet: {trials: 3}\n"))
                .isInstanceOf(InvalidExperimentException.class)
                .hasMessage("spec.budjet: no such field; did you mean budget?");
    }

    @Test
    void aBudgetOfZeroIsRefused() {
        assertThatThrownBy(() -> reader.parse(SMALL + "  budget: {trials: 0}\n"))
                .hasMessage("spec.budget.trials: 0 is too small; it must be from 1 to 100000");
    }

    @Test
    void whatMustStayAsItIsCannotBeChangedLater() throws Exception {
        var old = reader.parse(SMALL);
        reader.validateUpdate(old, reader.parse(SMALL + "  budget: {trials: 60}\n"));

        assertThatThrownBy(() -> reader.validateUpdate(old, reader.parse(SMALL.replace("d.csv", "e.csv"))))
                .hasMessage("spec.dataset: cannot be changed once the experiment exists; create a new one");
    }

    @Test
    void whatIsNoReadableFileIsRefusedInOneSentence(@TempDir Path folder) throws Exception {
        Path binary = Files.write(folder.resolve("binary.yaml"), new byte[] {(byte) 0xc3, 0x28});

        assertThatThrownBy(() -> reader.read(folder)).hasMessage("this is a folder; give the path of one YAML file");
        assertThatThrownBy(() -> reader.read(folder.resolve("none.yaml"))).hasMessage("there is no such file");
        assertThatThrownBy(() -> reader.read(binary)).hasMessage("not YAML: the file is not text in UTF-8");
    }

    @Test
    void aLineForTheTerminalNamesFileFieldAndReason() {
        var refused = catchThrowableOfType(
                InvalidExperimentException.class,
                () -> reader.parse(
                        SMALL + "  budget: {trials: 0}\n  objective: {metric: loss, direction: Maximize}\n"));

        assertThat(refused.lines(Path.of("digits.yaml"))).isEqualTo("""
                digits.yaml: spec.budget.trials: 0 is too small; it must be from 1 to 100000
                digits.yaml: spec.objective.direction: "Maximize" does not fit the metric; loss and rmse ask for Minimize, all others for Maximize""");
    }

    @Test
    void whatIsReadCanBeReadAgainWithoutChange() throws Exception {
        var experiment = reader.parse(SMALL);
        String written = new ObjectMapper().writeValueAsString(experiment);

        assertThat(reader.parse(written)).isEqualTo(experiment);
    }
}
