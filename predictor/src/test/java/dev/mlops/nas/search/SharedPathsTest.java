package dev.mlops.nas.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mlops.nas.search.Experiment.Budget;
import dev.mlops.nas.search.Experiment.Constraint;
import dev.mlops.nas.search.Preparation.Sampling;
import dev.mlops.nas.search.Preparation.SharedWeights;
import dev.mlops.nas.search.Spaces.Task;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SharedPathsTest {
    private static final SearchSpace CELL = Laboratory.cell();
    private static final SearchSpace CHAIN = Spaces.preset("small-cnn", new Task(1, 8, 8, 10), Map.of());

    @Test
    void uniformPathsAreDifferentArchitecturesAndAlwaysTheSame() {
        SharedWeights weights = draw(CELL, Sampling.UNIFORM, 40);

        assertThat(weights.paths()).hasSize(40);
        assertThat(weights.paths().stream().map(CELL::architectureHash)).doesNotHaveDuplicates();
        assertThat(weights.pathsPerStep()).isOne();
        assertThat(draw(Laboratory.cell(), Sampling.UNIFORM, 40)).isEqualTo(weights);
        assertThat(draw(CELL, Sampling.UNIFORM, 20).paths())
                .isEqualTo(weights.paths().subList(0, 20));
    }

    @Test
    void aSmallSpaceIsTrainedWhole() {
        SearchSpace small = Laboratory.cell("skip", "conv3x3");
        long architectures = small.all().map(small::architectureHash).distinct().count();

        assertThat(draw(small, Sampling.UNIFORM, 4_000).paths()).hasSize((int) architectures);
    }

    @Test
    void fairPathsTakeEveryChoiceOfEveryDecisionOnceAStep() {
        SharedWeights weights = draw(CELL, Sampling.FAIR, 10);

        assertThat(weights.pathsPerStep()).isEqualTo(3);
        assertThat(weights.paths()).hasSize(12);
        for (int from = 0; from < 12; from += 3) {
            for (int decision = 0; decision < 6; decision++) {
                int d = decision;
                assertThat(weights.paths().subList(from, from + 3).stream()
                                .map(p -> p.choices().get(d)))
                        .containsExactlyInAnyOrder(0, 1, 2);
            }
        }
    }

    @Test
    void fairPathsBelongToSpacesWithConditionsToo() {
        assertThat(draw(CHAIN, Sampling.FAIR, 30).paths())
                .allSatisfy(p -> assertThat(CHAIN.contains(p)).isTrue());
    }

    @Test
    void aSandwichHasTheSmallestAndTheLargestOfASmallSpace() {
        var weights = draw(CELL, Sampling.SANDWICH, 10);

        long[] sizes = CELL.all().mapToLong(g -> CELL.cost(g).params()).sorted().toArray();
        assertThat(params(CELL, weights, 0)).isEqualTo(sizes[0]);
        assertThat(params(CELL, weights, 1)).isEqualTo(sizes[sizes.length - 1]);
        assertThat(weights.paths().stream().map(CELL::architectureHash)).doesNotHaveDuplicates();
        assertThat(weights.paths())
                .hasSizeBetween(10, 12)
                .containsAll(draw(CELL, Sampling.UNIFORM, 10).paths().stream()
                        .filter(p ->
                                CELL.cost(p).params() > sizes[0] && CELL.cost(p).params() < sizes[sizes.length - 1])
                        .toList());
        assertThat(draw(Laboratory.cell(), Sampling.SANDWICH, 10)).isEqualTo(weights);
    }

    @Test
    void aSandwichReachesTheEndsOfALargeSpace() {
        var weights = draw(CHAIN, Sampling.SANDWICH, 4);

        assertThat(params(CHAIN, weights, 0)).isEqualTo(CHAIN.smallest().params());
        var largest = CHAIN.describe(weights.paths().get(1));
        Map.of("s1", "24", "s2", "48", "s3", "96")
                .forEach((stage, width) -> assertThat(largest)
                        .containsEntry(stage + ".depth", "2")
                        .containsEntry(stage + ".operator", "conv")
                        .containsEntry(stage + ".kernel", "5")
                        .containsEntry(stage + ".width", width));
    }

    @Test
    void theSmallestOfManyPassesOnWhatItIsGiven() {
        SearchSpace cells = Spaces.preset("nb201-cell", new Task(1, 8, 8, 10), Map.of());
        var weights = draw(cells, Sampling.SANDWICH, 4);

        assertThat(params(cells, weights, 0)).isEqualTo(cells.smallest().params());
        assertThat(cells.graph(weights.paths().getFirst()).nodes())
                .noneMatch(node -> node.operator().equals("zero"));
        assertThat(cells.describe(weights.paths().get(1)).values()).containsOnly("conv3x3");
    }

    @Test
    void theLargestPathIsTheLargestThatMayBeTrained() {
        Experiment limited = Laboratory.experiment(
                CHAIN, Laboratory.EVOLUTION, List.of(new Constraint("params", 60_000)), new Budget(20, 1, null, 3));
        var weights = SharedPaths.draw(limited, 10, Sampling.SANDWICH, 16);

        assertThat(params(CHAIN, weights, 1))
                .isLessThanOrEqualTo(60_000)
                .isGreaterThan(weights.paths().stream()
                        .skip(2)
                        .mapToLong(p -> CHAIN.cost(p).params())
                        .max()
                        .orElseThrow());
    }

    private static long params(SearchSpace space, SharedWeights weights, int path) {
        return space.cost(weights.paths().get(path)).params();
    }

    @Test
    void pathsKeepTheLimits() {
        for (Sampling sampling : Sampling.values()) {
            Experiment limited = Laboratory.experiment(
                    CHAIN, Laboratory.EVOLUTION, List.of(new Constraint("params", 60_000)), new Budget(20, 1, null, 3));
            assertThat(SharedPaths.draw(limited, 10, sampling, 12).paths())
                    .as("%s", sampling)
                    .allSatisfy(p -> assertThat(CHAIN.cost(p).params()).isLessThanOrEqualTo(60_000));
        }
    }

    @Test
    void whatATrainingOfSharedWeightsCostsCountsThePathsOfAStep() {
        assertThat(draw(CELL, Sampling.UNIFORM, 8).paidEpochs()).isEqualTo(10);
        assertThat(draw(CELL, Sampling.FAIR, 8).paidEpochs()).isEqualTo(30);
        assertThat(draw(CELL, Sampling.SANDWICH, 8).paidEpochs()).isEqualTo(40);
    }

    @Test
    void aSpaceWithoutNetworksHasNoWeightsToShare() {
        SearchSpace free = Spaces.parameters(
                List.of(new Parameter("depth", new Parameter.Choice(List.of("1", "2")), "")),
                null,
                new Task(1, 8, 8, 10),
                Map.of());

        assertThatThrownBy(() -> draw(free, Sampling.UNIFORM, 8))
                .isInstanceOf(SpaceException.class)
                .hasMessage("evaluation.weightSharing needs networks: give searchSpace.network, or leave it out");
    }

    private static SharedWeights draw(SearchSpace space, Sampling sampling, int architectures) {
        return SharedPaths.draw(Laboratory.experiment(space, Laboratory.EVOLUTION, 20, 1), 10, sampling, architectures);
    }
}
