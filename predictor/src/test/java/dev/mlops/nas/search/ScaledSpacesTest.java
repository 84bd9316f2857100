package dev.mlops.nas.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mlops.nas.search.Experiment.Budget;
import dev.mlops.nas.search.Experiment.Fidelity;
import dev.mlops.nas.search.Experiment.Objective;
import dev.mlops.nas.search.Experiment.Protocol;
import dev.mlops.nas.search.Experiment.Resource;
import dev.mlops.nas.search.Experiment.SchedulerKind;
import dev.mlops.nas.search.Experiment.StrategyOptions;
import dev.mlops.nas.search.Graph.Node;
import dev.mlops.nas.search.SearchSpace.Cost;
import dev.mlops.nas.search.SearchSpace.Reference;
import dev.mlops.nas.search.Spaces.CellOptions;
import dev.mlops.nas.search.Spaces.Task;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Networks that stand in for architectures at a lower fidelity. */
class ScaledSpacesTest {
    private static final Task IMAGES = new Task(3, 32, 32, 10);
    private static final Task TABLE = new Task(10, 1, 1, 3);
    private static final Task SIGNALS = new Task(1, 1, 40, 10);

    @Property(tries = 300, seed = RandomSpaces.SEED, edgeCases = EdgeCasesMode.NONE)
    void everyNetworkIsValidAndCountedRight(
            @ForAll long number,
            @ForAll long seed,
            @ForAll @DoubleRange(min = 0.01, max = 1) double width,
            @ForAll @DoubleRange(min = 0.01, max = 1) double depth) {
        SearchSpace full = RandomSpaces.of(number);
        SearchSpace scaled = full.scaled(new Multipliers(width, depth));
        Genotype genotype = full.sample(new SplittableRandom(seed));
        Graph graph = scaled.graph(genotype);
        List<Integer> input = graph.nodes().getFirst().shape();
        int classes = graph.nodes().getLast().shape().getFirst();

        GraphCount.check(graph, new Task(input.get(0), input.get(1), input.get(2), classes));
        assertThat(scaled.cost(genotype)).isEqualTo(GraphCount.cost(graph));
        if (scaled instanceof ChainSpace) {
            Cost least = scaled.smallest();
            assertThat(scaled.cost(genotype))
                    .matches(c -> c.params() >= least.params()
                            && c.macs() >= least.macs()
                            && c.activationBytes() >= least.activationBytes());
        }
        assertThat(scaled.decisions()).isEqualTo(full.decisions());
        assertThat(scaled.describe(genotype)).isEqualTo(full.describe(genotype));
        assertThat(scaled.references()).isEqualTo(full.references());
    }

    @Property(tries = 100, seed = RandomSpaces.SEED)
    void aMultiplierOfOneChangesNothing(@ForAll long number, @ForAll long seed) {
        SearchSpace space = RandomSpaces.of(number);
        Genotype genotype = space.sample(new SplittableRandom(seed));
        SearchSpace same = space.scaled(Multipliers.ONE);

        assertThat(same.graph(genotype)).isEqualTo(space.graph(genotype));
        assertThat(same.architectureHash(genotype)).isEqualTo(space.architectureHash(genotype));
        assertThat(same.sizes()).isEqualTo(space.sizes());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "small-cnn",
                "nb101-cell",
                "nb201-cell",
                "darts-cell",
                "hierarchical-cnn",
                "mlp-tabular",
                "transformer-tiny",
                "signal-1d"
            })
    void aNarrowerNetworkHasTheSameLayersAndFewerOfEveryChannel(String preset) {
        SearchSpace full = preset(preset);
        SearchSpace narrow = full.scaled(Multipliers.narrowing(0.25));
        for (Reference design : full.references()) {
            List<Node> wide = full.graph(design.genotype()).nodes();
            List<Node> half = narrow.graph(design.genotype()).nodes();

            assertThat(half)
                    .extracting(Node::name)
                    .isEqualTo(wide.stream().map(Node::name).toList());
            assertThat(half)
                    .extracting(Node::inputs)
                    .isEqualTo(wide.stream().map(Node::inputs).toList());
            IntStream.range(0, wide.size())
                    .filter(i -> List.of("conv", "conv1d", "lstm", "gru")
                            .contains(wide.get(i).operator()))
                    .forEach(i -> assertThat(2 * half.get(i).shape().getFirst())
                            .as(design.name() + " " + wide.get(i).name())
                            .isEqualTo(wide.get(i).shape().getFirst()));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"small-cnn", "nb101-cell", "nb201-cell", "hierarchical-cnn"})
    void halfTheWidthCostsAboutAQuarter(String preset) {
        SearchSpace full = preset(preset);
        Genotype design = full.references().getFirst().genotype();
        Cost quarter = full.scaled(Multipliers.narrowing(0.25)).cost(design);

        assertThat((double) quarter.macs() / full.cost(design).macs()).isBetween(0.25, 0.3);
    }

    @Test
    void cellsAndBlocksBecomeFewerButNeverNone() {
        SearchSpace cells = preset("nb201-cell");
        Genotype cell = cells.references().getFirst().genotype();
        assertThat(cellsOf(cells.graph(cell))).isEqualTo(15);
        assertThat(cellsOf(cells.scaled(Multipliers.shortening(0.4)).graph(cell)))
                .isEqualTo(6);
        assertThat(cellsOf(cells.scaled(Multipliers.shortening(0.01)).graph(cell)))
                .isEqualTo(3);

        SearchSpace chain = preset("small-cnn");
        Map<String, String> deep = chain.describe(chain.references().get(1).genotype());
        assertThat(deep).containsEntry("s1.depth", "2");
        List<Node> shallow = chain.scaled(Multipliers.shortening(0.5))
                .graph(chain.references().get(1).genotype())
                .nodes();
        assertThat(shallow.stream().map(Node::name).filter(n -> n.endsWith(".conv")))
                .containsExactly("stem.conv", "s1-conv1.conv", "s2-conv1.conv", "s3-conv1.conv");
    }

    private static long cellsOf(Graph graph) {
        return graph.nodes().stream()
                .map(Node::name)
                .filter(n -> n.matches("stage\\d\\.cell\\d+\\..*"))
                .map(n -> n.substring(0, n.indexOf('.', n.indexOf('.') + 1)))
                .distinct()
                .count();
    }

    @Test
    void layersOfNetworksFromParametersBecomeFewer() {
        SearchSpace perceptrons = preset("mlp-tabular").scaled(Multipliers.shortening(0.5));
        assertThat(operators(perceptrons, "resnet-like", "dense"))
                .as("4 hidden ones, and the last")
                .isEqualTo(3);
        SearchSpace transformers = preset("transformer-tiny").scaled(Multipliers.shortening(0.34));
        assertThat(operators(transformers, "vit-like", "attention")).as("of 6").isEqualTo(2);
        SearchSpace signals = preset("signal-1d").scaled(Multipliers.shortening(0.5));
        assertThat(operators(signals, "conv-lstm-like", "conv1d")).as("of 4").isEqualTo(2);
        assertThat(operators(signals, "conv-lstm-like", "lstm")).as("of 2").isEqualTo(1);
        assertThat(operators(signals, "lstm-like", "conv1d")).as("of none").isZero();
    }

    private static long operators(SearchSpace space, String design, String operator) {
        return space.references().stream()
                .filter(r -> r.name().equals(design))
                .flatMap(r -> space.graph(r.genotype()).nodes().stream())
                .filter(n -> n.operator().equals(operator))
                .count();
    }

    @Test
    void headsKeepTheirNumberAndDivideTheNarrowerWidth() {
        SearchSpace full = preset("transformer-tiny");
        Genotype eight = full.references().get(1).genotype();
        assertThat(full.describe(eight)).containsEntry("heads", "8").containsEntry("width", "64");

        List<Node> narrow = full.scaled(new Multipliers(0.4, 1)).graph(eight).nodes();

        Node attention = narrow.stream()
                .filter(n -> n.operator().equals("attention"))
                .findFirst()
                .orElseThrow();
        assertThat(attention.attributes()).containsEntry("heads", 8.0);
        assertThat(attention.shape().getFirst())
                .as("8 heads of 3 channels in place of 8")
                .isEqualTo(24);
    }

    @Test
    void scalingTwiceIsScalingByTheProduct() {
        SearchSpace full = preset("mlp-tabular");
        Genotype design = full.references().getFirst().genotype();
        Multipliers half = new Multipliers(0.5, 1);

        assertThat(full.scaled(half).scaled(half).graph(design))
                .isEqualTo(full.scaled(new Multipliers(0.25, 1)).graph(design));
    }

    @Test
    void rungsThatWouldTrainTheSameNetworksAreTold() {
        SearchSpace chain = preset("small-cnn");
        assertThat(experiment(chain, Resource.DEPTH, 2, 6, 18, 20).distinctRungs())
                .containsExactly(6, 20);
        assertThat(experiment(chain, Resource.WIDTH, 2, 6, 18, 20).distinctRungs())
                .containsExactly(2, 6, 18, 20);
        assertThat(experiment(chain, Resource.DATA, 2, 6, 18, 20).distinctRungs())
                .containsExactly(2, 6, 18, 20);
        assertThat(experiment(preset("nb201-cell"), Resource.DEPTH, 2, 6, 18).distinctRungs())
                .as("18 of 20 epochs stand for all five cells")
                .containsExactly(2, 6);
        var flat = new CellOptions(3, List.of("skip", "conv3x3"), 2, 1, 1);
        SearchSpace single = Spaces.cell(flat, IMAGES, Map.of());
        assertThat(experiment(single, Resource.DEPTH, 5, 20).distinctRungs()).containsExactly(20);
        assertThat(experiment(single, Resource.WIDTH, 5, 20).distinctRungs()).containsExactly(20);
        var free = List.of(new Parameter("layers", new Parameter.Choice(List.of("1", "2")), ""));
        SearchSpace withoutNetwork = Spaces.parameters(free, null, IMAGES, Map.of());
        assertThat(experiment(withoutNetwork, Resource.WIDTH, 5, 20).distinctRungs())
                .containsExactly(20);
    }

    @Test
    void onlyASearchTrialBelowAllEffortStandsInForItsArchitecture() {
        Experiment experiment = experiment(preset("small-cnn"), Resource.WIDTH, 5, 20);
        Genotype genotype = experiment.space().references().getFirst().genotype();
        assertThat(experiment.trainsProxy(request(Purpose.SEARCH, genotype, 5))).isTrue();
        assertThat(experiment.trainsProxy(request(Purpose.SEARCH, genotype, 20)))
                .isFalse();
        assertThat(experiment.trainsProxy(request(Purpose.PREPARATION, Genotype.NONE, 5)))
                .isFalse();
        assertThat(experiment(experiment.space(), Resource.DATA, 5, 20)
                        .trainsProxy(request(Purpose.SEARCH, genotype, 5)))
                .isFalse();
        assertThat(experiment.fidelity().resumes())
                .as("another network begins anew")
                .isFalse();
    }

    @Test
    void multipliersAreAboveZeroAndAtMostOne() {
        assertThatThrownBy(() -> new Multipliers(0, 1)).hasMessageContaining("0.0 and 1.0");
        assertThatThrownBy(() -> new Multipliers(1, 1.5)).hasMessageContaining("1.0 and 1.5");
    }

    private static TrialRequest request(Purpose purpose, Genotype genotype, int effort) {
        return new TrialRequest(2, purpose, genotype, effort, 1, null, null, null);
    }

    private static SearchSpace preset(String name) {
        Task task = switch (name) {
            case "mlp-tabular" -> TABLE;
            case "signal-1d" -> SIGNALS;
            default -> IMAGES;
        };
        return Spaces.preset(name, task, Map.of());
    }

    private static Experiment experiment(SearchSpace space, Resource resource, Integer... rungs) {
        return new Experiment(
                "scaled",
                space,
                new Objective("accuracy", true),
                List.of(),
                new StrategyOptions.RandomSearch(),
                20,
                new Fidelity(SchedulerKind.ASHA, List.of(rungs), true, resource),
                new Budget(10, 1, null, 5),
                new Protocol(false, 1, 1, 1, 0.95),
                1,
                false);
    }
}
