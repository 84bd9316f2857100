package dev.mlops.nas.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.mlops.nas.search.Experiment.Constraint;
import dev.mlops.nas.search.SpaceSummary.AtMost;
import dev.mlops.nas.search.SpaceSummary.Counted;
import dev.mlops.nas.search.SpaceSummary.Estimated;
import dev.mlops.nas.search.Spaces.CellOptions;
import dev.mlops.nas.search.Spaces.ChainOptions;
import dev.mlops.nas.search.Spaces.HierarchicalOptions;
import dev.mlops.nas.search.Spaces.LevelOptions;
import dev.mlops.nas.search.Spaces.StackOptions;
import dev.mlops.nas.search.Spaces.StageOptions;
import dev.mlops.nas.search.Spaces.Task;
import java.math.BigInteger;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SpaceSummaryTest {
    private static final Task TASK = new Task(1, 8, 8, 10);

    @Test
    void aSmallSpaceIsCountedAndItsCostsAreExact() {
        SearchSpace space =
                Spaces.cell(new CellOptions(3, List.of("none", "skip", "conv3x3"), 1, 1, 4), TASK, Map.of());
        long median = 200;

        SpaceSummary summary = SpaceSummary.of(space, List.of(new Constraint("params", median)), 4, 1);

        List<SearchSpace.Cost> costs = space.all().map(space::cost).toList();
        long architectures = space.all().map(space::architectureHash).distinct().count();
        assertThat(summary.genotypes()).isEqualTo(27);
        assertThat(summary.architectures()).isEqualTo(new Counted(BigInteger.valueOf(architectures)));
        assertThat(summary.costs().get("params").least())
                .isEqualTo(
                        costs.stream().mapToLong(SearchSpace.Cost::params).min().orElseThrow());
        assertThat(summary.costs().get("macs").most())
                .isEqualTo(
                        costs.stream().mapToLong(SearchSpace.Cost::macs).max().orElseThrow());
        long within = space.all()
                .filter(g -> space.cost(g).params() <= median)
                .map(space::architectureHash)
                .distinct()
                .count();
        assertThat(summary.feasible())
                .isEqualTo((double) within / architectures)
                .isBetween(0.01, 0.99);
        assertThat(summary.examples()).hasSize(4);
    }

    @Test
    void theEstimateOfALargeSpaceIsNearItsCount() {
        SearchSpace space = Spaces.chain(
                new ChainOptions(4, List.of(stage("s1"), stage("s2"), stage("s3")), List.of(0.0, 0.1)), TASK, Map.of());
        assertThat(space.size()).isBetween(BigInteger.valueOf(100_001), BigInteger.valueOf(300_000));

        SpaceSummary summary = SpaceSummary.of(space, List.of(), 1, 0);

        long truth = space.all().map(space::architectureHash).distinct().count();
        assertThat(summary.architectures()).isInstanceOfSatisfying(Estimated.class, e -> assertNear(e, truth));
        assertThat(summary.uniform()).isTrue();
        assertThat(summary).isEqualTo(SpaceSummary.of(space, List.of(), 1, 0));
        assertThat(summary.decisions().getFirst().needs()).isEmpty();
        assertThat(summary.decisions().get(2).needs()).isEqualTo("s1.depth 1 or 2");
    }

    /**
     * 419,052 by listing all 1,293,208 representatives once. The paper's 423,624 hold cells apart that pool one sum twice and those
     * that do it once.
     */
    @Test
    void theEstimateOfNasBench101IsNearItsCount() {
        SearchSpace space = Spaces.preset("nb101-cell", new Task(3, 32, 32, 10), Map.of());

        SpaceSummary summary = SpaceSummary.of(space, List.of(), 0, 0);

        assertThat(space.representatives()).isEqualTo(1_293_208);
        assertThat(summary.architectures()).isInstanceOfSatisfying(Estimated.class, e -> assertNear(e, 419_052));
        assertThat(summary.uniform()).isTrue();
    }

    @Test
    void theEstimateOfMotifsInMotifsIsNearItsCount() {
        var options = new HierarchicalOptions(
                List.of("none", "skip", "conv1x1", "conv3x3"),
                List.of(new LevelOptions(2, 3), new LevelOptions(1, 3)),
                new StackOptions(1, 1, 4));
        SearchSpace space = Spaces.hierarchical(options, TASK, Map.of());

        SpaceSummary summary = SpaceSummary.of(space, List.of(), 0, 0);

        long nothing = 1;
        long truth = space.all().map(space::architectureHash).distinct().count() - nothing;
        assertThat(summary.architectures()).isInstanceOfSatisfying(Estimated.class, e -> assertNear(e, truth));
        assertThat(summary.uniform()).isTrue();
    }

    @Test
    void theEstimateOfCellsWithOperationsOnManyEdgesIsNearItsCount() {
        SearchSpace space = Spaces.cell(
                new CellOptions(
                        4,
                        List.of("none", "skip", "conv1x1", "conv3x3", "maxpool3x3", "avgpool3x3", "sepconv3x3"),
                        1,
                        1,
                        4),
                TASK,
                Map.of());

        SpaceSummary summary = SpaceSummary.of(space, List.of(), 0, 0);

        long nothing = 1;
        long truth = space.all().map(space::architectureHash).distinct().count() - nothing;
        assertThat(space.size()).isEqualTo(117_649);
        assertThat(summary.architectures()).isInstanceOfSatisfying(Estimated.class, e -> assertNear(e, truth));
        assertThat(summary.uniform()).isTrue();
    }

    @Test
    void ofCellsWithTooManyEdgesOnlyABoundIsKnown() {
        SearchSpace space = Spaces.cell(new CellOptions(7, List.of("none", "maxpool3x3"), 1, 1, 4), TASK, Map.of());

        SpaceSummary summary = SpaceSummary.of(space, List.of(), 0, 0);

        assertThat(summary.architectures())
                .isInstanceOfSatisfying(
                        AtMost.class,
                        most -> assertThat(most.number())
                                .isBetween(1_000.0, space.size().doubleValue() / 2));
        assertThat(summary.uniform()).isFalse();
    }

    /** Within twice the distance of the interval's ends, which are narrow. */
    private static void assertNear(Estimated estimate, long truth) {
        double half = (estimate.most() - estimate.least()) / 2;
        assertThat(half).isBetween(0.001 * truth, 0.1 * truth);
        assertThat(estimate.number()).isCloseTo(truth, within(2 * half));
    }

    private static StageOptions stage(String name) {
        return new StageOptions(
                name,
                1,
                List.of(0, 1, 2),
                List.of("conv", "separable"),
                List.of(1, 3),
                List.of(1),
                List.of(4, 8, 12),
                List.of(false, true));
    }
}
