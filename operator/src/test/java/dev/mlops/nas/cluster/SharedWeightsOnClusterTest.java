package dev.mlops.nas.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.mlops.nas.api.NasExperiment;
import dev.mlops.nas.api.NasTrial;
import dev.mlops.nas.api.NasTrialSpec;
import dev.mlops.nas.api.TrialPurpose;
import dev.mlops.nas.contract.TrialFile.Sharing;
import dev.mlops.nas.experiment.ExperimentFactory;
import dev.mlops.nas.experiment.TrialFiles;
import dev.mlops.nas.search.Experiment;
import dev.mlops.nas.search.Experiments;
import dev.mlops.nas.search.History;
import dev.mlops.nas.search.Purpose;
import dev.mlops.nas.search.SpaceException;
import dev.mlops.nas.search.TrialRequest;
import dev.mlops.nas.validation.ExperimentReader;
import java.io.ByteArrayInputStream;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.SplittableRandom;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;

/** How shared weights get from the trial that trains them to the trials that inherit them. */
class SharedWeightsOnClusterTest {
    private static final Path FILE = Path.of("src", "test", "resources", "experiments", "good", "weight-sharing.yaml");

    private final NasExperiment resource = read();
    private final Experiment experiment =
            ExperimentFactory.create(resource.getMetadata().getName(), resource.getSpec());
    private final TrialRequest preparation = Experiments.decide(
                    experiment, new History(Instant.EPOCH, List.of()), Instant.EPOCH)
            .start()
            .getFirst();
    private final NasTrial trial = TrialRecords.trial(resource, experiment.space(), preparation, null);

    @Test
    void thePreparationIsATrialWithoutArchitectureThatComesBackAsItWas() {
        assertThat(trial.getSpec().purpose()).isEqualTo(TrialPurpose.Preparation);
        assertThat(trial.getSpec().genotype()).isEmpty();
        assertThat(trial.getSpec().decisions()).isEmpty();
        assertThat(TrialRecords.request(trial.getSpec())).isEqualTo(preparation);
    }

    @Test
    void itsConfigMapHoldsTheArchitecturesToTrainOn() throws Exception {
        byte[] list = TrialFiles.architectures(experiment, preparation);
        var map = JobFactory.configMap(trial, "{}", list);

        assertThat(map.getData()).containsEntry("trial.json", "{}");
        byte[] kept = Base64.getDecoder().decode(map.getBinaryData().get("architectures.json.gz"));
        JsonNode architectures = new ObjectMapper().readTree(new GZIPInputStream(new ByteArrayInputStream(kept)));
        // In groups of five, as nb201-cell has five operations.
        assertThat(architectures).hasSize(100);
        assertThat(architectures.get(0).get("graph").get(0).get("operator").asText())
                .isEqualTo("input");
        assertThat(kept.length).as("an eighth of what a ConfigMap holds").isLessThan(125_000);

        var file = TrialFiles.create(
                experiment,
                resource.getSpec(),
                preparation,
                CheckpointFolders.folders(resource, trial.getSpec(), "/data"));
        assertThat(file.sharing()).isEqualTo(new Sharing("architectures.json.gz", "fair", 5));
        assertThat(file.epochs()).isEqualTo(120);
        assertThat(file.recipe().scheduleEpochs()).isEqualTo(120);
        assertThat(file.graph()).isEmpty();
        assertThat(file.folders().checkpoints()).endsWith("digits-00001");
        assertThat(file.folders().sharedWeights()).isNull();
    }

    @Test
    void aListThatNoConfigMapHoldsIsRefusedByASentence() {
        assertThatThrownBy(() -> JobFactory.configMap(trial, "{}", new byte[1_000_001]))
                .isInstanceOf(TemplateException.class)
                .hasMessage(
                        "the architectures to train shared weights on take 1000001 bytes, and a ConfigMap has room for"
                                + " 1000000: create the experiment again with a smaller evaluation.weightSharing.architectures");
    }

    @Test
    void allOtherTrialsFindTheWeightsWhereThePreparationLeftThem() {
        NasTrialSpec spec = trial.getSpec();
        for (int epochs : new int[] {0, 20}) {
            var request = new TrialRequest(
                    2, Purpose.SEARCH, experiment.space().sample(new SplittableRandom(1)), epochs, 3, null, null, null);
            NasTrial other = TrialRecords.trial(resource, experiment.space(), request, null);
            var file = TrialFiles.create(
                    experiment,
                    resource.getSpec(),
                    request,
                    CheckpointFolders.folders(resource, other.getSpec(), "/data"));

            assertThat(file.epochs()).isEqualTo(epochs);
            assertThat(file.recipe().scheduleEpochs()).isEqualTo(20);
            assertThat(file.sharing()).isNull();
            assertThat(file.folders().sharedWeights())
                    .isEqualTo(
                            CheckpointFolders.folders(resource, spec, "/data").checkpoints());
            assertThat(TrialFiles.architectures(experiment, request)).isNull();
        }
    }

    @Test
    void withoutAClaimForTheWeightsTheExperimentIsRefused() {
        assertThatCode(() -> CheckpointFolders.check(resource)).doesNotThrowAnyException();
        var homeless = Samples.experiment("evaluation: {epochs: 20, fidelity: {scheduler: None, resource: epochs},"
                + " weightSharing: {epochs: 9, sampling: uniform, architectures: 4}}");

        assertThatThrownBy(() -> CheckpointFolders.check(homeless))
                .isInstanceOf(SpaceException.class)
                .hasMessage("evaluation.weightSharing needs a volume claim where trials find the shared weights: set"
                        + " trainer.checkpoints.volumeClaim");
        assertThatCode(() -> CheckpointFolders.check(Samples.experiment(""))).doesNotThrowAnyException();
    }

    @Test
    void withoutAClaimAnEventSaysWhatBeginsAnew() {
        String evicted = "trial 1, which trains the open choices, begins anew when its pod is evicted or retried";

        assertThat(CheckpointFolders.notices(Samples.experiment("strategy: {name: Differentiable}")))
                .singleElement()
                .asString()
                .endsWith(evicted);
        assertThat(CheckpointFolders.notices(Samples.experiment("strategy: {name: Random}\nevaluation:"
                        + " {epochs: 20, fidelity: {scheduler: Asha, resource: epochs}}")))
                .singleElement()
                .asString()
                .contains("a promoted trial trains from scratch");
        assertThat(CheckpointFolders.notices(resource)).isEmpty();
    }

    private static NasExperiment read() {
        try {
            NasExperiment read = new ExperimentReader().read(FILE);
            read.getMetadata().setUid("e-1");
            return read;
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }
}
