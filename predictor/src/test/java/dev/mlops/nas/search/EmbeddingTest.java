package dev.mlops.nas.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mlops.nas.search.Parameter.Choice;
import dev.mlops.nas.search.SearchSpace.Cost;
import dev.mlops.nas.search.Spaces.Categorical;
import dev.mlops.nas.search.Spaces.Task;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tables with columns of categories. */
class EmbeddingTest {
    /** Five columns, three of them categories. */
    private static final Task TABLE =
            new Task(5, 1, 1, 3, List.of(new Categorical(1, 9), new Categorical(3, 2), new Categorical(4, 300)));

    @Test
    void vectorsAreHalfAsLongAsThereAreCategoriesAndFiftyAtMost() {
        assertThat(Embedding.of(TABLE, 1).vectors())
                .extracting(Embedding.Vectors::units)
                .containsExactly(5, 1, 50);
        assertThat(Embedding.of(TABLE, 0.5).vectors())
                .extracting(Embedding.Vectors::units)
                .containsExactly(3, 1, 25);
        assertThat(Embedding.of(TABLE, 2).vectors())
                .extracting(Embedding.Vectors::units)
                .containsExactly(10, 2, 100);
    }

    @Test
    void costsAreWhatTextbooksCount() {
        SearchSpace space = Spaces.parameters(
                List.of(
                        new Parameter("depth", new Choice(List.of("1", "2")), ""),
                        new Parameter("width", new Choice(List.of("20")), "")),
                NetworkKind.MLP,
                TABLE,
                Map.of());
        int row = 2 + 5 + 1 + 50;
        long vectors = 9 * 5 + 2 + 300 * 50;

        Cost cost = space.cost(space.parse(Map.of("depth", "1")));

        assertThat(cost.params()).isEqualTo(vectors + row * 20 + 20 + 20 * 3 + 3);
        assertThat(cost.macs()).as("nothing is multiplied to look up").isEqualTo(row * 20 + 20 * 3);
        assertThat(cost.activationBytes()).isEqualTo((row + 20) * 4);
    }

    @Test
    void everyNetworkOfThePresetHasRightShapesAndCosts() {
        SearchSpace space = Spaces.preset("mlp-tabular", TABLE, Map.of());
        Map<String, Graph> byHash = new HashMap<>();
        Map<Graph, String> byGraph = new HashMap<>();
        draws(space, 300).forEach(genotype -> {
            Graph graph = space.graph(genotype);
            GraphCount.check(graph, TABLE);
            assertThat(graph.nodes().get(1).operator()).isEqualTo("embedding");
            assertThat(space.cost(genotype)).isEqualTo(GraphCount.cost(graph));
            String hash = space.architectureHash(genotype);
            assertThat(byHash.merge(hash, graph, (a, b) -> a)).isEqualTo(graph);
            assertThat(byGraph.merge(graph, hash, (a, b) -> a)).isEqualTo(hash);
        });
        assertThat(space.references()).hasSize(2).allSatisfy(r -> GraphCount.check(space.graph(r.genotype()), TABLE));
    }

    @Test
    void theLengthIsADecisionWhereThereAreCategoriesAndNowhereElse() {
        SearchSpace numbers = Spaces.preset("mlp-tabular", new Task(5, 1, 1, 3), Map.of());
        SearchSpace categories = Spaces.preset("mlp-tabular", TABLE, Map.of());

        assertThat(numbers.size()).isEqualTo(3_240);
        assertThat(categories.size()).isEqualTo(3 * 3_240);
        assertThat(categories.decisions()).extracting(Decision::name).contains("embedding");
        assertThat(numbers.decisions()).extracting(Decision::name).doesNotContain("embedding");
        draws(numbers, 50)
                .forEach(genotype -> assertThat(numbers.graph(genotype).nodes())
                        .extracting(Graph.Node::operator)
                        .doesNotContain("embedding"));
        assertThatThrownBy(() -> Spaces.parameters(
                        List.of(new Parameter("embedding", new Choice(List.of("1", "2")), "")),
                        NetworkKind.MLP,
                        new Task(5, 1, 1, 3),
                        Map.of()))
                .hasMessageContaining("parameter embedding means nothing to network Mlp");
    }

    /** Two factors that come to the same lengths are the same network; a lone layer adds its input where that has its width. */
    @Test
    void whatHasNoEffectDoesNotCount() {
        var pairs = new Task(4, 1, 1, 3, List.of(new Categorical(0, 2), new Categorical(2, 2)));
        SearchSpace space = Spaces.parameters(
                List.of(
                        new Parameter("embedding", new Choice(List.of("0.5", "1", "4")), ""),
                        new Parameter("depth", new Choice(List.of("1")), ""),
                        new Parameter("width", new Choice(List.of("4", "10")), ""),
                        new Parameter("residual", new Choice(List.of("false", "true")), "")),
                NetworkKind.MLP,
                pairs,
                Map.of());

        // Rows of 4 (twice) or 10 numbers, layers of 4 or 10: a place for the residual where both agree.
        assertThat(space.all().map(space::architectureHash).distinct()).hasSize(2 * 2 + 2);
    }

    @Test
    void narrowerNetworksKeepTheirVectors() {
        SearchSpace space = Spaces.preset("mlp-tabular", TABLE, Map.of());
        SearchSpace narrow = space.scaled(Multipliers.narrowing(0.25));
        Genotype design = space.references().getFirst().genotype();

        assertThat(narrow.graph(design).nodes().get(1))
                .isEqualTo(space.graph(design).nodes().get(1));
        assertThat(narrow.cost(design).macs()).isLessThan(space.cost(design).macs());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "small-cnn",
                "nb101-cell",
                "nb201-cell",
                "darts-cell",
                "hierarchical-cnn",
                "transformer-tiny",
                "signal-1d"
            })
    void networksThatWouldTakeCodesForNumbersAreRefused(String preset) {
        assertThatThrownBy(() -> Spaces.preset(preset, TABLE, Map.of()))
                .isInstanceOfSatisfying(
                        SpaceException.class, e -> assertThat(e.field()).isEqualTo("dataset.categorical"))
                .hasMessageContaining("choose preset mlp-tabular");
    }

    @Test
    void theDrawingTellsOfIt() {
        SearchSpace space = Spaces.preset("mlp-tabular", TABLE, Map.of());
        assertThat(Drawings.svg(space, space.references().getFirst().genotype()))
                .contains("embedding, columns: 3");
    }

    /** Hashes of what was searched before there were columns of categories. */
    @Test
    void tasksOfNumbersAreHashedAsBefore() {
        assertThat(new Task(5, 1, 1, 3)).hasToString("Task[channels=5, height=1, width=1, classes=3]");
        assertThat(TABLE.toString()).contains("categorical=[Categorical[column=1, categories=9]");
    }

    private static Stream<Genotype> draws(SearchSpace space, int count) {
        var random = new SplittableRandom(7);
        return Stream.generate(() -> space.sample(random)).limit(count);
    }
}
