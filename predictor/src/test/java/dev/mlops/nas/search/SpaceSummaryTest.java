package dev.mlops.nas.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.mlops.nas.search.Experiment.Constraint;
import dev.mlops.nas.search.SpaceSummary.Counted;
import dev.mlops.nas.search.SpaceSummary.Estimated;
import dev.mlops.nas.search.Spaces.CellOptions;
import dev.mlops.nas.search.Spaces.ChainOptions;
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
        assertThat(summary.architectures()).isEqualTo(new Counted(architectures));
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
        assertThat(summary.architectures()).isInstanceOfSatisfying(Estimated.class, e -> {
            assertThat(e.standardError()).isBetween(0.001 * truth, 0.1 * truth);
            assertThat(e.number()).isCloseTo(truth, within(4 * e.standardError()));
        });
        assertThat(summary).isEqualTo(SpaceSummary.of(space, List.of(), 1, 0));
        assertThat(summary.decisions().getFirst().needs()).isEmpty();
        assertThat(summary.decisions().get(2).needs()).isEqualTo("s1.depth 1 or 2");
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
