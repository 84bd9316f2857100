package dev.mlops.nas.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.mlops.nas.search.SearchSpace.Cost;
import dev.mlops.nas.search.Spaces.NodeCellOptions;
import dev.mlops.nas.search.Spaces.StackOptions;
import dev.mlops.nas.search.Spaces.Task;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class NodeCellSpaceTest {
    private static final Task CIFAR = new Task(3, 32, 32, 10);
    private final SearchSpace space = Spaces.preset("nb101-cell", CIFAR, Map.of());

    /** Sets of at most 9 of 21 edges, times three operations on five nodes. */
    @Test
    void theSizeCountsEveryGraphWithFewEnoughEdgesOnce() {
        long graphs = 0;
        long chosen = 1;
        for (int edges = 0; edges <= 9; edges++) {
            graphs += chosen;
            chosen = chosen * (21 - edges) / (edges + 1);
        }
        assertThat(space.size()).isEqualTo(graphs * 243);
    }

    /** 2,694,282 is the trainable_parameters that nasbench's README shows for this cell. */
    @Test
    void theInceptionLikeCellCostsWhatIsPublished() {
        SearchSpace.Reference inception = space.references().getLast();
        assertThat(inception.name()).isEqualTo("inception-like");
        assertThat(space.cost(inception.genotype()).params()).isEqualTo(2_694_282);
    }

    @Test
    void theOutputJoinsItsSourcesAndAddsAProjectionOfTheInput() {
        SearchSpace small = small(4, 6, true);
        Graph graph = small.graph(small.parse(Map.of(
                "edge0-1",
                "true",
                "edge0-2",
                "true",
                "edge1-2",
                "false",
                "edge0-3",
                "true",
                "edge1-3",
                "true",
                "edge2-3",
                "true",
                "node1",
                "conv3x3",
                "node2",
                "maxpool3x3")));
        assertThat(graph.nodes().stream()
                        .filter(n -> n.name().startsWith("stage1.cell1."))
                        .map(n -> n.operator() + n.shape().getFirst()))
                .containsExactlyInAnyOrder(
                        "conv3",
                        "batchNorm3",
                        "relu3",
                        "conv3",
                        "batchNorm3",
                        "relu3",
                        "conv6",
                        "batchNorm6",
                        "relu6",
                        "conv3",
                        "batchNorm3",
                        "relu3",
                        "maxPool3",
                        "concat6",
                        "add6");
    }

    @Test
    void nothingIsSmallerThanACellThatNothingPasses() {
        assertThat(space.smallest())
                .isEqualTo(new Cost(3_456 + 256 + 1_290, 3_456 * 1_024 + 1_280, 4L * 2 * 128 * 1_024));
    }

    @Test
    void anEdgeBeyondTheMostIsNoDecision() {
        SearchSpace few = small(4, 2, true);
        var values = new HashMap<>(Map.of("edge0-1", "true", "edge0-2", "false", "edge1-2", "true"));
        values.putAll(Map.of("node1", "conv3x3", "node2", "conv3x3"));
        assertThat(few.describe(few.parse(values))).isEqualTo(values);
        values.put("edge0-3", "false");
        assertThatExceptionOfType(SpaceException.class)
                .isThrownBy(() -> few.parse(values))
                .withMessageContaining("edge0-3 has no effect here")
                .withMessageContaining("it needs fewer than 2 of the decisions before it to be true");
    }

    /** Uniform genotypes are mostly dead edges: few of many draws are new. */
    @Test
    void drawsOfArchitecturesRepeatLessThanDrawsOfGenotypes() {
        var candidates = new Candidates(space, List.of());
        var random = new SplittableRandom(5);
        Set<String> byGenotype = new HashSet<>();
        Set<String> byArchitecture = new HashSet<>();
        for (int i = 0; i < 1_000; i++) {
            byGenotype.add(space.architectureHash(space.sample(random)));
            Candidate drawn = Objects.requireNonNull(candidates.draw(Set.of(), random));
            assertThat(space.contains(drawn.genotype())).isTrue();
            byArchitecture.add(drawn.hash());
        }
        assertThat(byGenotype).hasSizeLessThan(400);
        assertThat(byArchitecture).hasSizeGreaterThan(990);
    }

    /** Each of them 200 times, give or take five standard deviations. */
    @Test
    void representativesAreTheGenotypesWithoutDeadEdgesAndDrawnUniformly() {
        SearchSpace few = small(4, 3, true);
        List<Genotype> tidy = few.all().filter(g -> isTidy(few.describe(g))).toList();
        var random = new SplittableRandom(5);
        Map<Genotype, Integer> counts = new HashMap<>();
        for (int i = 0; i < 200 * tidy.size(); i++) {
            counts.merge(few.sampleRepresentative(random), 1, Integer::sum);
        }
        assertThat(few.representatives()).isEqualTo(tidy.size());
        assertThat(counts.keySet()).containsExactlyInAnyOrderElementsOf(tidy);
        assertThat(counts.values()).allMatch(count -> Math.abs(count - 200) < 5 * Math.sqrt(200));
    }

    /** Of 1.5 million genotypes, too many to list. Each of the architectures 200 times, give or take five standard deviations. */
    @Test
    void drawsAreUniformOverTheArchitecturesThatSomethingPasses() {
        SearchSpace sparse = small(8, 4, true);
        var candidates = new Candidates(sparse, List.of());
        var random = new SplittableRandom(5);
        Set<String> architectures = Stream.generate(() -> sparse.sampleRepresentative(random))
                .limit(1_000)
                .map(sparse::architectureHash)
                .collect(Collectors.toSet());
        Map<String, Integer> counts = new HashMap<>();
        for (int i = 0; i < 200 * architectures.size(); i++) {
            counts.merge(
                    Objects.requireNonNull(candidates.draw(Set.of(), random)).hash(), 1, Integer::sum);
        }
        assertThat(candidates.isListed()).isFalse();
        assertThat(architectures).hasSizeGreaterThan(10).isEqualTo(counts.keySet());
        assertThat(counts.values()).allMatch(count -> Math.abs(count - 200) < 5 * Math.sqrt(200));
    }

    /** Of four nodes: every edge on a path from 0 to 3, no node 2 without a node 1, nodes without edges hold the first operation. */
    private static boolean isTidy(Map<String, String> values) {
        Set<String> edges = new HashSet<>();
        for (String path : List.of("0-3", "0-1 1-3", "0-2 2-3", "0-1 1-2 2-3")) {
            List<String> steps = List.of(path.split(" "));
            if (steps.stream().allMatch(s -> "true".equals(values.get("edge" + s)))) {
                edges.addAll(steps);
            }
        }
        long chosen = values.values().stream().filter("true"::equals).count();
        boolean one = edges.contains("0-1");
        boolean two = edges.contains("2-3");
        return !edges.isEmpty()
                && edges.size() == chosen
                && (one || !two)
                && (one || "conv3x3".equals(values.get("node1")))
                && (two || "conv3x3".equals(values.get("node2")));
    }

    @Test
    void hashesAgreeWithTryingAllArrangements() {
        for (boolean concat : List.of(true, false)) {
            SearchSpace cells = small(5, 5, concat);
            assertThat(Isomorphism.check(cells, cells.all())).isGreaterThan(100);
        }
    }

    private static SearchSpace small(int nodes, int maxEdges, boolean concat) {
        var options = new NodeCellOptions(
                nodes, maxEdges, List.of("conv3x3", "maxpool3x3"), concat, new StackOptions(1, 1, 6));
        return Spaces.nodeCell(options, new Task(1, 4, 4, 2), Map.of());
    }
}
