package dev.mlops.nas.experiment;

import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.mlops.nas.api.NasApi;
import dev.mlops.nas.api.NasExperimentSpec;
import dev.mlops.nas.api.NasExperimentSpec.ClassWeights;
import dev.mlops.nas.api.NasExperimentSpec.Dataset;
import dev.mlops.nas.contract.TrialFile;
import dev.mlops.nas.contract.TrialFile.Architecture;
import dev.mlops.nas.contract.TrialFile.Categorical;
import dev.mlops.nas.contract.TrialFile.DatasetRef;
import dev.mlops.nas.contract.TrialFile.Folders;
import dev.mlops.nas.contract.TrialFile.GraphNode;
import dev.mlops.nas.contract.TrialFile.Mixture;
import dev.mlops.nas.contract.TrialFile.Recipe;
import dev.mlops.nas.contract.TrialFile.Relaxed;
import dev.mlops.nas.contract.TrialFile.Scoring;
import dev.mlops.nas.contract.TrialFile.Sharing;
import dev.mlops.nas.contract.TrialFile.Split;
import dev.mlops.nas.contract.TrialResult;
import dev.mlops.nas.search.Experiment;
import dev.mlops.nas.search.Experiment.Resource;
import dev.mlops.nas.search.Genotype;
import dev.mlops.nas.search.Graph;
import dev.mlops.nas.search.Preparation.OpenChoices;
import dev.mlops.nas.search.Preparation.Order;
import dev.mlops.nas.search.Preparation.SharedWeights;
import dev.mlops.nas.search.Relaxation;
import dev.mlops.nas.search.ScoreStudy.Subject;
import dev.mlops.nas.search.SearchSpace;
import dev.mlops.nas.search.TrialRequest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/** Builds what a trainer reads. */
public final class TrialFiles {
    /** Name of the list of architectures that shared weights are trained on. */
    public static final String ARCHITECTURES = "architectures.json.gz";

    private static final JsonMapper JSON = JsonMapper.builder().build();

    /** The trial file of one request; URIs are left as the user wrote them, except that {@code pvc://} is resolved by the caller. */
    public static TrialFile create(
            Experiment experiment, NasExperimentSpec spec, TrialRequest request, Folders folders) {
        boolean hasArchitecture = request.purpose().hasArchitecture();
        boolean proxy = experiment.trainsProxy(request);
        boolean fewerEpochs = experiment.fidelity().resource() == Resource.EPOCHS;
        return new TrialFile(
                version(spec),
                experiment.name(),
                NasApi.trialName(experiment.name(), request.number()),
                hasArchitecture
                        ? graph(RungSpaces.of(experiment, spec, request.epochs()), request.genotype())
                        : List.of(),
                hasArchitecture ? experiment.space().describe(request.genotype()) : Map.of(),
                dataset(
                        spec.dataset(),
                        hasArchitecture ? fraction(experiment, request.epochs()) : null,
                        hasArchitecture ? RungSpaces.resolution(experiment, spec, request.epochs()) : null),
                fewerEpochs || !hasArchitecture ? request.epochs() : experiment.epochs(),
                request.seed(),
                spec.seed(),
                recipe(
                        spec.evaluation().recipe(),
                        (fewerEpochs || !hasArchitecture) && request.epochs() > 0
                                ? experiment.trainingEpochs(request)
                                : experiment.epochs()),
                request.purpose().opensTest(),
                folders,
                (hasArchitecture && !proxy && spec.evaluation().scores()) ? true : null,
                (hasArchitecture && !proxy && goesByExported(experiment)) ? true : null,
                null,
                hasArchitecture ? null : relaxed(experiment),
                sharing(experiment, request),
                proxy ? true : null);
    }

    private static boolean goesByExported(Experiment experiment) {
        return !Collections.disjoint(experiment.measuredCosts(), TrialResult.EXPORTED_COSTS);
    }

    /** What a preparation trains where it trains open choices. */
    private static @Nullable Relaxed relaxed(Experiment experiment) {
        return switch (experiment.preparation()) {
            case OpenChoices open -> {
                Relaxation relaxation = Relaxation.of(experiment.space()).orElseThrow();
                var mixtures = relaxation.mixtures().stream()
                        .map(m -> new Mixture(m.name(), m.choices(), m.node(), m.node() == null ? null : m.keep()))
                        .toList();
                yield new Relaxed(nodes(relaxation.graph()), mixtures, open.derive(), order(open.order()));
            }
            case SharedWeights _ -> null;
            case null -> null;
        };
    }

    /** Left out where it is the usual one, so that trainers that know no other keep it. */
    private static @Nullable String order(Order order) {
        return switch (order) {
            case FIRST -> null;
            case SECOND -> "second";
        };
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
                .map(s -> new Architecture(s.name(), graph(experiment.space(), s.genotype())))
                .toList();
        return new TrialFile(
                        version(spec),
                        experiment.name(),
                        experiment.name() + "-scores",
                        List.of(),
                        Map.of(),
                        dataset(spec.dataset(), null, null),
                        experiment.epochs(),
                        spec.seed(),
                        spec.seed(),
                        recipe(spec.evaluation().recipe(), experiment.epochs()),
                        false,
                        folders)
                .asking(new Scoring(architectures, scores.toString(), sharedEpochs), null, null);
    }

    /** What lies beside the trial file of a preparation that trains shared weights. */
    private static @Nullable Sharing sharing(Experiment experiment, TrialRequest request) {
        return !request.purpose().hasArchitecture() && experiment.preparation() instanceof SharedWeights shared
                ? new Sharing(ARCHITECTURES, shared.sampling().name().toLowerCase(Locale.ROOT), shared.pathsPerStep())
                : null;
    }

    /** The file {@value #ARCHITECTURES} beside the trial file; null where the trial needs none. */
    public static byte @Nullable [] architectures(Experiment experiment, TrialRequest request) {
        if (request.purpose().hasArchitecture() || !(experiment.preparation() instanceof SharedWeights shared)) {
            return null;
        }
        var architectures = new ArrayList<Architecture>();
        for (Genotype path : shared.paths()) {
            architectures.add(new Architecture("path-" + (architectures.size() + 1), graph(experiment.space(), path)));
        }
        var bytes = new ByteArrayOutputStream();
        try (var zipped = new GZIPOutputStream(bytes)) {
            JSON.writeValue(zipped, architectures);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    private static List<GraphNode> graph(SearchSpace space, Genotype genotype) {
        return nodes(space.graph(genotype));
    }

    private static List<GraphNode> nodes(Graph graph) {
        return graph.nodes().stream()
                .map(n -> new GraphNode(n.name(), n.operator(), n.attributes(), n.inputs(), n.shape()))
                .toList();
    }

    private static @Nullable Double fraction(Experiment experiment, int effort) {
        return experiment.fidelity().resource() == Resource.DATA && effort < experiment.epochs()
                ? (double) effort / experiment.epochs()
                : null;
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

    private static DatasetRef dataset(Dataset dataset, @Nullable Double fraction, @Nullable List<Integer> resolution) {
        return new DatasetRef(
                dataset.uri(),
                dataset.format().name(),
                dataset.labels(),
                dataset.labelColumn(),
                dataset.sha256(),
                dataset.shape(),
                dataset.classes() == null ? 0 : dataset.classes(),
                new Split(
                        dataset.split().train(),
                        dataset.split().validation(),
                        dataset.split().test()),
                fraction,
                resolution,
                dataset.targets(),
                dataset.categorical() == null
                        ? null
                        : dataset.categorical().stream()
                                .map(c -> new Categorical(c.column(), c.count(), c.values()))
                                .sorted(Comparator.comparingInt(Categorical::column))
                                .toList());
    }

    private static String version(NasExperimentSpec spec) {
        return spec.dataset().targets() == null ? TrialFile.VERSION : TrialFile.VERSION_OF_NUMBERS;
    }

    private TrialFiles() {}
}
