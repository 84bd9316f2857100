package dev.mlops.nas.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mlops.nas.experiment.ExperimentFactory;
import dev.mlops.nas.search.Experiment;
import dev.mlops.nas.search.Plan;
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
        assertThat(Fidelities.less(experiment("width"), 7)).isEqualTo(" with about 59 % of the width");
        assertThat(Fidelities.less(experiment("depth"), 7)).isEqualTo(" with about 35 % of the depth");
        assertThat(Fidelities.both(experiment("epochs"), 7)).isEqualTo("results after 7 epochs and after all 20");
        assertThat(Fidelities.both(experiment("data"), 7))
                .isEqualTo("results on 35 % of the training data and on all of it");
        assertThat(Fidelities.both(experiment("resolution"), 7))
                .isEqualTo("results with about 35 % of the pixels and with all");
        assertThat(Fidelities.both(experiment("width"), 7))
                .isEqualTo("results with about 59 % of the width and with all");
        assertThat(Fidelities.step(experiment("depth"), 7, 20)).isEqualTo("from about 35 % to 100 % of the depth");
    }

    @Test
    void nothingIsSaidOfAFullTraining() throws Exception {
        assertThat(Fidelities.less(experiment("data"), 20)).isEmpty();
    }

    @Test
    void whoWentOnIsSaidWithWhatChoseThem() throws Exception {
        assertThat(Sentences.promotions(new Plan.Promotions(7, 20, 12, false, 0.4, null), experiment("data")))
                .isEqualTo("the best results went on from 35 % to 100 % of the training data; Kendall tau 0.40 between"
                        + " results before and after, on the 12 architectures that did");
        assertThat(Sentences.promotions(new Plan.Promotions(7, 20, 12, true, 0.4, 0.5), experiment("epochs")))
                .isEqualTo("the predictor chose what went on from 7 to 20 epochs; Kendall tau 0.40 between"
                        + " results before (the best of the last three epochs) and after, on the 12 architectures that did,"
                        + " and 0.50 between what was foretold of them and their results");
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
