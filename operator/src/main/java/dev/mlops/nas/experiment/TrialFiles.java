package dev.mlops.nas.experiment;

import dev.mlops.nas.api.NasApi;
import dev.mlops.nas.api.NasExperimentSpec;
import dev.mlops.nas.api.NasExperimentSpec.ClassWeights;
import dev.mlops.nas.api.NasExperimentSpec.Dataset;
import dev.mlops.nas.contract.TrialFile;
import dev.mlops.nas.contract.TrialFile.Architecture;
import dev.mlops.nas.contract.TrialFile.DatasetRef;
import dev.mlops.nas.contract.TrialFile.Folders;
import dev.mlops.nas.contract.TrialFile.GraphNode;
import dev.mlops.nas.contract.TrialFile.Recipe;
import dev.mlops.nas.contract.TrialFile.Scoring;
import dev.mlops.nas.contract.TrialFile.Split;
import dev.mlops.nas.search.Experiment;
import dev.mlops.nas.search.Genotype;
import dev.mlops.nas.search.ScoreStudy.Subject;
import dev.mlops.nas.search.TrialRequest;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Builds what a trainer reads. */
public final class TrialFiles {
    /** The trial file of one request; URIs are left as the user wrote them, except that {@code pvc://} is resolved by the caller. */
    public static TrialFile create(
            Experiment experiment, NasExperimentSpec spec, TrialRequest request, Folders folders) {
        return new TrialFile(
                TrialFile.VERSION,
                experiment.name(),
                NasApi.trialName(experiment.name(), request.number()),
                graph(experiment, request.genotype()),
                experiment.space().describe(request.genotype()),
                dataset(spec.dataset()),
                request.epochs(),
                request.seed(),
                spec.seed(),
                recipe(spec.evaluation().recipe(), experiment.trainingEpochs(request)),
                request.purpose().opensTest(),
                folders);
    }

    /**
     * The order to score architectures in one process.
     *
     * @param scores path of the file that the trainer writes
     * @param sharedEpochs epochs of weights that all share; null for none
     */
    public static TrialFile scoring(
            Experiment experiment,
            NasExperimentSpec spec,
            List<Subject> subjects,
            Folders folders,
            Path scores,
            @Nullable Integer sharedEpochs) {
        var architectures = subjects.stream()
                .map(s -> new Architecture(s.name(), graph(experiment, s.genotype())))
                .toList();
        return new TrialFile(
                TrialFile.VERSION,
                experiment.name(),
                experiment.name() + "-scores",
                List.of(),
                Map.of(),
                dataset(spec.dataset()),
                experiment.epochs(),
                spec.seed(),
                spec.seed(),
                recipe(spec.evaluation().recipe(), experiment.epochs()),
                false,
                folders,
                new Scoring(architectures, scores.toString(), sharedEpochs));
    }

    private static List<GraphNode> graph(Experiment experiment, Genotype genotype) {
        return experiment.space().graph(genotype).nodes().stream()
                .map(n -> new GraphNode(n.name(), n.operator(), n.attributes(), n.inputs(), n.shape()))
                .toList();
    }

    /** What is off is left out, so that trainers that do not know it keep the recipe. */
    private static Recipe recipe(NasExperimentSpec.Recipe recipe, @Nullable Integer scheduleEpochs) {
        return new Recipe(
                recipe.optimizer().name(),
                recipe.learningRate(),
                recipe.schedule().name(),
                recipe.batchSize(),
                recipe.weightDecay(),
                scheduleEpochs,
                recipe.warmUpEpochs() == 0 ? null : recipe.warmUpEpochs(),
                recipe.labelSmoothing() == 0 ? null : recipe.labelSmoothing(),
                recipe.gradientClipping(),
                recipe.augmentation() == null
                        ? null
                        : recipe.augmentation().stream().map(Enum::name).toList(),
                recipe.classWeights() == ClassWeights.uniform
                        ? null
                        : recipe.classWeights().name());
    }

    private static DatasetRef dataset(Dataset dataset) {
        return new DatasetRef(
                dataset.uri(),
                dataset.format().name(),
                dataset.labels(),
                dataset.labelColumn(),
                dataset.sha256(),
                dataset.shape(),
                dataset.classes(),
                new Split(
                        dataset.split().train(),
                        dataset.split().validation(),
                        dataset.split().test()));
    }

    private TrialFiles() {}
}
