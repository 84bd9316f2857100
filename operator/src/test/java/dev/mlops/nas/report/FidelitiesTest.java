package dev.mlops.nas.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mlops.nas.experiment.ExperimentFactory;
import dev.mlops.nas.search.Experiment;
import dev.mlops.nas.validation.ExperimentReader;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FidelitiesTest {
    @TempDir
    private Path folder;

    @Test
    void aLowerFidelityIsSaidInWordsOfWhatIsCut() throws Exception {
        assertThat(Fidelities.less(experiment("epochs"), 7)).isEqualTo(" after 7 of 20 epochs");
        assertThat(Fidelities.less(experiment("data"), 7)).isEqualTo(" on 35 % of the training data");
        assertThat(Fidelities.less(experiment("resolution"), 7)).isEqualTo(" with about 35 % of the pixels");
        assertThat(Fidelities.both(experiment("epochs"), 7)).isEqualTo("results after 7 epochs and after all 20");
        assertThat(Fidelities.both(experiment("data"), 7))
                .isEqualTo("results on 35 % of the training data and on all of it");
        assertThat(Fidelities.both(experiment("resolution"), 7))
                .isEqualTo("results with about 35 % of the pixels and with all of them");
    }

    @Test
    void nothingIsSaidOfAFullTraining() throws Exception {
        assertThat(Fidelities.less(experiment("data"), 20)).isEmpty();
    }

    private Experiment experiment(String resource) throws Exception {
        Path file = Files.writeString(folder.resolve(resource + ".yaml"), """
                apiVersion: nas.mlops.dev/v1alpha1
                kind: NasExperiment
                metadata: {name: digits}
                spec:
                  dataset: {uri: digits.csv, shape: [1, 8, 8], classes: 10}
                  searchSpace: {preset: small-cnn}
                  evaluation: {epochs: 20, fidelity: {scheduler: Asha, resource: %s, rungs: [7, 20]}}
                """.formatted(resource));
        return ExperimentFactory.create(
                "digits", new ExperimentReader().read(file).getSpec());
    }
}
