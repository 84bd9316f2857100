package dev.mlops.nas.search;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mlops.nas.search.SearchSpace.Cost;
import dev.mlops.nas.search.Spaces.CellOptions;
import dev.mlops.nas.search.Spaces.HierarchicalOptions;
import dev.mlops.nas.search.Spaces.LevelOptions;
import dev.mlops.nas.search.Spaces.StackOptions;
import dev.mlops.nas.search.Spaces.Task;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class HierarchicalSpaceTest {
    private static final Task DIGITS = new Task(1, 8, 8, 10);
    private static final List<String> PRIMITIVES = List.of("none", "skip", "conv3x3");
    private final SearchSpace space = Spaces.preset("hierarchical-cnn", DIGITS, Map.of());

    /** Seven primitives on six edges of three motifs; none or one of these on six edges of the cell. */
    @Test
    void theSizeIsTheProductOfAllEdges() {
        assertThat(space.size())
                .isEqualTo(BigInteger.valueOf(7)
                        .pow(18)
                        .multiply(BigInteger.valueOf(4).pow(6)));
    }

    @Test
    void aCellOfPlainMotifsIsTheCellWithTheirOperations() {
        var stack = new StackOptions(2, 2, 4);
        var levels = List.of(new LevelOptions(2, 2), new LevelOptions(1, 4));
        SearchSpace motifs = Spaces.hierarchical(
                new HierarchicalOptions(List.of("skip", "conv3x3"), levels, stack), DIGITS, Map.of());
        SearchSpace cells = Spaces.cell(new CellOptions(4, PRIMITIVES, 2, 2, 4), DIGITS, Map.of());
        Map<String, String> meaning = Map.of("none", "none", "skip", "motif1", "conv3x3", "motif2");
        var random = new SplittableRandom(3);
        for (Genotype genotype :
                Stream.generate(() -> cells.sample(random)).limit(50).toList()) {
            var values = new HashMap<>(Map.of("level2.motif1.edge0-1", "skip", "level2.motif2.edge0-1", "conv3x3"));
            cells.describe(genotype).forEach((edge, value) -> values.put("level3." + edge, meaning.get(value)));
            Genotype same = motifs.parse(values);
            assertThat(motifs.graph(same)).isEqualTo(cells.graph(genotype));
            assertThat(motifs.architectureHash(same)).isEqualTo(cells.architectureHash(genotype));
        }
    }

    @Test
    void everyUseOfAMotifHasItsOwnWeights() {
        Genotype resnet = space.references().getFirst().genotype();
        assertThat(space.references().getFirst().name()).isEqualTo("resnet-like");
        assertThat(space.graph(resnet).nodes().stream()
                        .filter(n -> n.name().startsWith("stage1.cell1.")
                                && n.operator().equals("conv")))
                .hasSize(6);
        // Three blocks of two convolutions with batch norm in each stage, and what is around the cells.
        long blocks = 6 * (9 * (16 * 16 + 32 * 32 + 64 * 64) + 2 * (16 + 32 + 64));
        assertThat(space.cost(resnet).params()).isEqualTo(space.smallest().params() + blocks);
    }

    @Test
    void motifsThatTheCellDoesNotUseAndTheirOrderDoNotCount() {
        SearchSpace small = small();
        String hash = small.architectureHash(small.parse(values("conv3x3", "none", "motif1", "none")));
        assertThat(small.architectureHash(small.parse(values("conv3x3", "skip", "motif1", "none"))))
                .isEqualTo(hash);
        assertThat(small.architectureHash(small.parse(values("none", "conv3x3", "motif2", "none"))))
                .isEqualTo(hash);
        assertThat(small.architectureHash(small.parse(values("conv3x3", "conv3x3", "motif1", "motif2"))))
                .isNotEqualTo(hash);
    }

    @Test
    void nothingIsSmallerThanACellWithoutAMotif() {
        List<Cost> costs = new ArrayList<>();
        SearchSpace small = small();
        small.all().forEach(g -> costs.add(small.cost(g)));
        for (String metric : Cost.METRICS) {
            assertThat(small.smallest().value(metric))
                    .isEqualTo(
                            costs.stream().mapToLong(c -> c.value(metric)).min().orElseThrow());
        }
    }

    @Test
    void hashesAgreeWithTryingAllArrangements() {
        var levels = List.of(new LevelOptions(1, 3), new LevelOptions(1, 4));
        SearchSpace cells = Spaces.hierarchical(
                new HierarchicalOptions(List.of("none", "conv1x1", "maxpool3x3"), levels, new StackOptions(1, 1, 2)),
                DIGITS,
                Map.of());
        assertThat(Isomorphism.check(cells, cells.all())).isGreaterThan(100);
    }

    /** Two motifs of one edge; a cell of three nodes. */
    private static SearchSpace small() {
        var levels = List.of(new LevelOptions(2, 2), new LevelOptions(1, 3));
        return Spaces.hierarchical(
                new HierarchicalOptions(PRIMITIVES, levels, new StackOptions(2, 1, 2)), DIGITS, Map.of());
    }

    private static Map<String, String> values(String motif1, String motif2, String first, String direct) {
        return Map.of(
                "level2.motif1.edge0-1", motif1,
                "level2.motif2.edge0-1", motif2,
                "level3.edge0-1", first,
                "level3.edge1-2", first,
                "level3.edge0-2", direct);
    }
}
