package dev.mlops.nas.experiment;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.mlops.nas.api.NasExperimentSpec;
import dev.mlops.nas.contract.Operators;
import dev.mlops.nas.contract.TrialFile;
import dev.mlops.nas.contract.TrialFile.Folders;
import dev.mlops.nas.contract.TrialFile.GraphNode;
import dev.mlops.nas.contract.TrialFile.Mixture;
import dev.mlops.nas.contract.TrialResult;
import dev.mlops.nas.search.Experiment;
import dev.mlops.nas.search.Experiments;
import dev.mlops.nas.search.Genotype;
import dev.mlops.nas.search.History;
import dev.mlops.nas.search.Purpose;
import dev.mlops.nas.search.TrialRequest;
import dev.mlops.nas.search.TrialState;
import dev.mlops.nas.validation.ExperimentReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What of an experiment reaches a trainer. */
class TrialFilesTest {
    private static final String EXPERIMENT = """
            apiVersion: nas.mlops.dev/v1alpha1
            kind: NasExperiment
            metadata: {name: digits}
            spec:
              dataset: {uri: digits.csv, shape: [1, 8, 8], classes: 10}
              searchSpace: {preset: small-cnn}
              evaluation:
            """;

    @TempDir
    private Path folder;

    @Test
    void whatARecipeLeavesOutIsNotInTheFile() throws Exception {
        var recipe = file("    epochs: 20\n", 20).recipe();

        assertThat(recipe.scheduleEpochs()).isEqualTo(20);
        assertThat(recipe)
                .hasFieldOrPropertyWithValue("warmUpEpochs", null)
                .hasFieldOrPropertyWithValue("labelSmoothing", null)
                .hasFieldOrPropertyWithValue("gradientClipping", null)
                .hasFieldOrPropertyWithValue("augmentation", null)
                .hasFieldOrPropertyWithValue("classWeights", null);
    }

    @Test
    void aFullRecipeReachesTheTrainer() throws Exception {
        var recipe = file(
                        "    recipe: {warmUpEpochs: 2, labelSmoothing: 0.1, gradientClipping: 5,"
                                + " augmentation: [flip, mixup], classWeights: balanced}\n",
                        20)
                .recipe();

        assertThat(recipe.warmUpEpochs()).isEqualTo(2);
        assertThat(recipe.labelSmoothing()).isEqualTo(0.1);
        assertThat(recipe.gradientClipping()).isEqualTo(5);
        assertThat(recipe.augmentation()).containsExactly("flip", "mixup");
        assertThat(recipe.classWeights()).isEqualTo("balanced");
    }

    @Test
    void scoresAreAskedForWhereTheExperimentDoes() throws Exception {
        assertThat(file("    scores: true\n", 20).reportScores()).isTrue();
        assertThat(file("    epochs: 20\n", 20).reportScores()).isNull();
    }

    @Test
    void aPreparationByOpenChoicesHasTheWholeDataAndNoArchitecture() throws Exception {
        var file = openChoices("epochs: 7, candidates: 3");

        assertThat(file.graph()).isEmpty();
        assertThat(file.epochs()).isEqualTo(7);
        assertThat(file.recipe().scheduleEpochs()).isEqualTo(7);
        assertThat(file.dataset().fraction()).isNull();
        var relaxed = file.relaxed();
        assertThat(relaxed.derive()).isEqualTo(3);
        assertThat(relaxed.order()).isNull();
        assertThat(relaxed.mixtures())
                .hasSize(6)
                .first()
                .isEqualTo(new Mixture(
                        "edge0-1", List.of("none", "skip", "conv1x1", "conv3x3", "avgpool3x3"), null, null));
        assertThat(relaxed.graph().stream().map(GraphNode::operator).distinct())
                .contains("choice")
                .isSubsetOf(Stream.concat(Operators.ALL.stream(), Stream.of("choice"))
                        .toList());
    }

    @Test
    void theSecondOrderReachesTheTrainer() throws Exception {
        assertThat(openChoices("order: Second").relaxed().order()).isEqualTo("second");
    }

    private TrialFile openChoices(String options) throws Exception {
        Path path = Files.writeString(
                folder.resolve("open.yaml"),
                (EXPERIMENT + rungs("data") + "  strategy: {name: Differentiable, differentiable: {" + options + "}}\n")
                        .replace("small-cnn", "nb201-cell"));
        NasExperimentSpec spec = new ExperimentReader().read(path).getSpec();
        Experiment experiment = ExperimentFactory.create("digits", spec);
        TrialRequest request = Experiments.decide(experiment, new History(Instant.EPOCH, List.of()), Instant.EPOCH)
                .start()
                .getFirst();
        return TrialFiles.create(experiment, spec, request, new Folders("/data", null, null));
    }

    @ParameterizedTest
    @ValueSource(strings = {"nb201-cell", "darts-cell", "hierarchical-cnn"})
    void openChoicesOfThePresetsFitAConfigMap(String preset) throws Exception {
        Path path = Files.writeString(
                folder.resolve("open.yaml"),
                (EXPERIMENT + "    epochs: 20\n  strategy: {name: Differentiable}\n").replace("small-cnn", preset));
        NasExperimentSpec spec = new ExperimentReader().read(path).getSpec();
        Experiment experiment = ExperimentFactory.create("digits", spec);
        var request = new TrialRequest(1, Purpose.PREPARATION, Genotype.NONE, 50, 1, null, null, null);
        var file = TrialFiles.create(experiment, spec, request, new Folders("/data", null, null));
        assertThat(new ObjectMapper().writeValueAsBytes(file)).hasSizeLessThan(1_000_000);
    }

    @Test
    void aRungOfEpochsIsTheBeginningOfTheWholeSchedule() throws Exception {
        var low = file(rungs("epochs"), 4);

        assertThat(low.epochs()).isEqualTo(4);
        assertThat(low.recipe().scheduleEpochs()).isEqualTo(20);
        assertThat(low.dataset().fraction()).isNull();
        assertThat(low.dataset().resolution()).isNull();
    }

    @Test
    void aRungOfDataTrainsAllEpochsOnItsPart() throws Exception {
        var low = file(rungs("data"), 4);

        assertThat(low.epochs()).isEqualTo(20);
        assertThat(low.recipe().scheduleEpochs()).isEqualTo(20);
        assertThat(low.dataset().fraction()).isEqualTo(0.2);
        assertThat(file(rungs("data"), 20).dataset().fraction()).isNull();
    }

    @Test
    void aRungOfResolutionTrainsTheSameArchitectureOnSmallerImages() throws Exception {
        var low = file(rungs("resolution"), 5);
        var full = file(rungs("resolution"), 20);

        assertThat(low.epochs()).isEqualTo(20);
        assertThat(low.dataset().shape()).containsExactly(1, 8, 8);
        assertThat(low.dataset().resolution()).as("a quarter of the pixels").containsExactly(4, 4);
        assertThat(low.graph().getFirst().shape()).containsExactly(1, 4, 4);
        assertThat(low.graph())
                .extracting(TrialFile.GraphNode::operator)
                .isEqualTo(
                        full.graph().stream().map(TrialFile.GraphNode::operator).toList());
        assertThat(full.dataset().resolution()).isNull();
        assertThat(full.graph().getFirst().shape()).containsExactly(1, 8, 8);
    }

    @Test
    void aRungOfWidthTrainsANarrowerNetworkOfTheSameDecisions() throws Exception {
        var low = file(rungs("width"), 5);
        var full = file(rungs("width"), 20);

        assertThat(low.epochs()).isEqualTo(20);
        assertThat(low.dataset()).isEqualTo(full.dataset());
        assertThat(low.decisions()).isEqualTo(full.decisions());
        assertThat(filters(low))
                .as("half of each")
                .isEqualTo(filters(full).stream().map(f -> f / 2).toList());
        assertThat(low.graph().getLast()).isEqualTo(full.graph().getLast());
    }

    @Test
    void aRungOfDepthTrainsAShallowerNetworkOfTheSameDecisions() throws Exception {
        String rungs = "    fidelity: {scheduler: Asha, resource: depth, rungs: [10, 20]}\n";
        var low = file(rungs, 10);
        var full = file(rungs, 20);

        assertThat(low.decisions()).isEqualTo(full.decisions()).containsValue("2");
        assertThat(full.graph()).extracting(GraphNode::name).anyMatch(n -> n.matches("s\\d-\\w+2\\..*"));
        assertThat(low.graph()).extracting(GraphNode::name).noneMatch(n -> n.matches("s\\d-\\w+2\\..*"));
    }

    private static List<Double> filters(TrialFile file) {
        return file.graph().stream()
                .filter(n -> n.operator().equals("conv"))
                .map(n -> n.attributes().get("filters"))
                .toList();
    }

    @ParameterizedTest
    @CsvSource({"epochs, true", "data, true", "resolution, false", "width, false"})
    void aTrialThatTrainsASmallerNetworkSaysSoAndIsNotAskedForScores(String resource, boolean itsOwn) throws Exception {
        String evaluation = "    scores: true\n" + rungs(resource);

        assertThat(file(evaluation, 5).trainsArchitecture()).isEqualTo(itsOwn);
        assertThat(file(evaluation, 5).reportScores()).isEqualTo(itsOwn ? true : null);
        assertThat(file(evaluation, 20).trainsArchitecture()).isTrue();
        assertThat(file(evaluation, 20).reportScores()).isTrue();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "constraints: [{metric: exportedLatencyMs, max: 2}] | exportedLatencyMs",
                "constraints: [{metric: exportedLatencyMs, max: 2, percentile: 99}] | exportedLatencyP99Ms",
                "constraints: [{metric: exportedBatchLatencyMs, max: 2}] | exportedBatchLatencyMs",
                "objective: {tradeOff: {metrics: [params, exportedLatencyMs]}} | exportedLatencyMs",
            })
    void costsAsDeployedAreAskedForWhereALimitOrATradeOffGoesByThem(String field, String metric) throws Exception {
        String evaluation = "    epochs: 20\n  " + field + "\n";
        Experiment experiment = experiment(evaluation);

        assertThat(experiment.measuredCosts()).containsExactly(metric);
        assertThat(Outcomes.Wanted.of(experiment, request(experiment, 20)).costs())
                .containsExactly(metric);
        assertThat(file(evaluation, 20).reportExported()).isTrue();
    }

    @Test
    void costsAsDeployedAreNotAskedForWhereNothingGoesByThem() throws Exception {
        String others = "    epochs: 20\n  constraints: [{metric: latencyMs, max: 2}, {metric: params, max: 9k}]\n";

        assertThat(file(others, 20).reportExported()).isNull();
    }

    @Test
    void sharedWeightsAreTrainedWithoutCostsAndTheirHeirsTellThem() throws Exception {
        String evaluation = "    weightSharing: {epochs: 9, architectures: 6}\n"
                + "  constraints: [{metric: exportedLatencyMs, max: 2}]\n";
        NasExperimentSpec spec = spec(evaluation);
        Experiment experiment = ExperimentFactory.create("digits", spec);
        var preparation = Experiments.decide(experiment, new History(Instant.EPOCH, List.of()), Instant.EPOCH)
                .start()
                .getFirst();
        var folders = new Folders("/data", null, null);

        assertThat(TrialFiles.create(experiment, spec, preparation, folders).reportExported())
                .isNull();
        assertThat(Outcomes.Wanted.of(experiment, preparation).costs()).isEmpty();
        assertThat(file(evaluation, 0).reportExported()).isTrue();
    }

    @Test
    void aResultWithoutACostThatALimitGoesByIsTheTrainersFailureAndQuotesWhatItSays() throws Exception {
        Experiment experiment = experiment("    epochs: 20\n  constraints: [{metric: exportedLatencyMs, max: 2}]\n");
        var wanted = Outcomes.Wanted.of(experiment, request(experiment, 20));
        var metrics = Map.of("accuracy", 0.9, "latencyMs", 0.1);
        String why = "not available: no library for this machine";
        var silent = new TrialResult(TrialFile.VERSION, "digits-00001", 0, metrics, 20, List.of(), null, Map.of());
        var telling = new TrialResult(
                TrialFile.VERSION, "digits-00001", 0, metrics, 20, List.of(), null, Map.of("onnxRuntime", why));

        String sentence = "the trainer's result has no metric exportedLatencyMs, and a limit or trade-off goes by it";
        assertThat(Outcomes.of(0, silent, wanted, 4)).hasValue(new TrialState.Failed(sentence, 4, true));
        assertThat(Outcomes.of(0, telling, wanted, 4))
                .hasValue(new TrialState.Failed(sentence + " (onnxRuntime: " + why + ")", 4, true));
    }

    @Test
    void costsThatATrainerReportsOfASmallerNetworkAreNotTheArchitectures() throws Exception {
        Map<String, Double> withoutCosts = Map.of("accuracy", 0.9, "trainSeconds", 3.0);
        assertThat(metrics("width", 5)).isEqualTo(withoutCosts);
        assertThat(metrics("resolution", 5)).isEqualTo(withoutCosts);
        assertThat(metrics("width", 20)).containsEntry("params", 100.0).containsEntry("latencyMs", 0.1);
        assertThat(metrics("data", 5)).containsEntry("params", 100.0).containsEntry("latencyMs", 0.1);
    }

    /** What is left of a result with costs. */
    private Map<String, Double> metrics(String resource, int effort) throws Exception {
        Experiment experiment = experiment(rungs(resource));
        var reported = Map.of("accuracy", 0.9, "params", 100.0, "latencyMs", 0.1, "trainSeconds", 3.0);
        var result = new TrialResult(TrialFile.VERSION, "digits-00001", 0, reported, 20, List.of(), null, Map.of());
        var wanted = Outcomes.Wanted.of(experiment, request(experiment, effort));
        return ((TrialState.Completed) Outcomes.of(0, result, wanted, 4).orElseThrow()).metrics();
    }

    private static String rungs(String resource) {
        return "    fidelity: {scheduler: Asha, resource: %s, rungs: [4, 5, 20]}\n".formatted(resource);
    }

    private TrialFile file(String evaluation, int effort) throws Exception {
        NasExperimentSpec spec = spec(evaluation);
        Experiment experiment = ExperimentFactory.create("digits", spec);
        return TrialFiles.create(experiment, spec, request(experiment, effort), new Folders("/data", null, null));
    }

    private NasExperimentSpec spec(String evaluation) throws Exception {
        Path file = Files.writeString(folder.resolve("experiment.yaml"), EXPERIMENT + evaluation);
        return new ExperimentReader().read(file).getSpec();
    }

    private Experiment experiment(String evaluation) throws Exception {
        return ExperimentFactory.create("digits", spec(evaluation));
    }

    private static TrialRequest request(Experiment experiment, int effort) {
        var genotype = experiment.space().sample(new SplittableRandom(1));
        return new TrialRequest(1, Purpose.SEARCH, genotype, effort, 1, null, null, null);
    }
}
