package dev.mlops.nas.search;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mlops.nas.search.SearchSpace.Cost;
import dev.mlops.nas.search.Spaces.CellOptions;
import dev.mlops.nas.search.Spaces.Task;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class CellSpaceTest {
    private static final Task CIFAR = new Task(3, 32, 32, 10);
    private final SearchSpace space = Spaces.preset("nb201-cell", CIFAR, Map.of());

    @Test
    void decisionsAreTheEdgesByTargetThenSource() {
        assertThat(space.decisions().stream().map(Decision::name))
                .containsExactly("edge0-1", "edge0-2", "edge1-2", "edge0-3", "edge1-3", "edge2-3");
        assertThat(space.size()).isEqualTo(15_625);
    }

    /**
     * Values of the paper: 1.53 M parameters and 220.12 M multiply-accumulates for the largest network. Five images of 16x32x32 are
     * alive where all six operations are convolutions; without any, the first reduction holds two and a half.
     */
    @Test
    void costsAreThePublishedOnes() {
        assertThat(space.cost(cell("conv3x3", "conv3x3", "conv3x3", "conv3x3", "conv3x3", "conv3x3")))
                .isEqualTo(new Cost(1_531_546, 220_119_680, 327_680));
        assertThat(space.cost(cell("conv1x1", "conv1x1", "conv1x1", "conv1x1", "conv1x1", "conv1x1")))
                .isEqualTo(new Cost(241_306, 31_376_000, 327_680));
        assertThat(space.cost(cell("skip", "skip", "skip", "skip", "skip", "skip")))
                .isEqualTo(new Cost(73_306, 7_783_040, 163_840));
        assertThat(space.smallest()).isEqualTo(new Cost(73_306, 7_783_040, 163_840));
    }

    @Test
    void anEdgeThatDoesNotReachTheOutputCostsNothing() {
        assertThat(space.cost(cell("conv3x3", "none", "none", "skip", "none", "conv3x3")))
                .isEqualTo(space.smallest());
    }

    @Test
    void deadEdgesIdentitiesAndOrderDoNotCountInTheHash() {
        String plain = hash("conv3x3", "none", "none", "none", "skip", "none");
        assertThat(hash("conv3x3", "conv1x1", "none", "none", "skip", "none")).isEqualTo(plain);
        assertThat(hash("none", "none", "none", "conv3x3", "none", "none")).isEqualTo(plain);
        assertThat(hash("skip", "none", "skip", "none", "none", "conv3x3")).isEqualTo(plain);
        assertThat(hash("conv1x1", "conv3x3", "none", "none", "skip", "skip"))
                .isEqualTo(hash("conv3x3", "conv1x1", "none", "none", "skip", "skip"))
                .isNotEqualTo(plain);
    }

    @Test
    void oneConvolutionUsedTwiceIsNotTwoConvolutions() {
        assertThat(hash("conv3x3", "none", "skip", "none", "skip", "skip"))
                .isNotEqualTo(hash("conv3x3", "conv3x3", "none", "none", "skip", "skip"));
        assertThat(hash("avgpool3x3", "none", "skip", "none", "skip", "skip"))
                .isEqualTo(hash("avgpool3x3", "avgpool3x3", "none", "none", "skip", "skip"));
    }

    /**
     * The paper counts 6,466: it keeps the place of zero terms and of sums within sums, and takes equal convolutions for one.
     * Here it is the networks that count.
     */
    @Test
    void the15625CellsAre5260Networks() {
        assertThat(space.all().map(space::architectureHash).distinct()).hasSize(5_260);
    }

    @Test
    void hashesAgreeWithTryingAllArrangements() {
        var options = new CellOptions(4, List.of("none", "skip", "conv3x3", "maxpool3x3"), 1, 1, 2);
        SearchSpace cells = Spaces.cell(options, new Task(1, 4, 4, 2), Map.of());
        Map<String, String> hashOf = new HashMap<>();
        Map<String, String> formOf = new HashMap<>();
        cells.all().forEach(genotype -> {
            String form = smallestForm(genotype.choices());
            String hash = cells.architectureHash(genotype);
            assertThat(hashOf.computeIfAbsent(form, f -> hash)).isEqualTo(hash);
            assertThat(formOf.computeIfAbsent(hash, h -> form)).isEqualTo(form);
        });
        assertThat(hashOf).hasSizeGreaterThan(500);
    }

    /** A canonical form by brute force, for four nodes and the operations none, skip, one with weights, one without. */
    private static String smallestForm(List<Integer> edges) {
        // A term is 0 for the input or e + 1 for the operation on edge e; a node is a list of terms.
        List<List<Integer>> nodes = new ArrayList<>(List.of(List.of(0)));
        var sources = new HashMap<Integer, List<Integer>>();
        for (int to = 1, e = 0; to < 4; to++) {
            var terms = new ArrayList<Integer>();
            for (int from = 0; from < to; from++, e++) {
                List<Integer> source = nodes.get(from);
                if (edges.get(e) == 0 || source.isEmpty()) {
                    continue;
                }
                if (edges.get(e) == 1) {
                    terms.addAll(source);
                    continue;
                }
                int term = e + 1;
                for (var other : sources.entrySet()) {
                    if (edges.get(e) == 3
                            && edges.get(other.getKey() - 1) == 3
                            && other.getValue().equals(source)) {
                        term = other.getKey();
                    }
                }
                sources.put(term, source);
                terms.add(term);
            }
            Collections.sort(terms);
            nodes.add(terms);
        }
        var live = new ArrayList<Integer>();
        collect(nodes.get(3), sources, live);
        return arrangements(live.size()).stream()
                .map(order -> form(order, live, sources, nodes.get(3), edges))
                .min(String::compareTo)
                .orElseThrow();
    }

    private static void collect(List<Integer> terms, Map<Integer, List<Integer>> sources, List<Integer> live) {
        for (int term : terms) {
            if (term > 0 && !live.contains(term)) {
                live.add(term);
                collect(sources.get(term), sources, live);
            }
        }
    }

    private static String form(
            int[] order,
            List<Integer> live,
            Map<Integer, List<Integer>> sources,
            List<Integer> output,
            List<Integer> edges) {
        var rows = new String[order.length];
        for (int i = 0; i < order.length; i++) {
            int term = live.get(i);
            rows[order[i]] = edges.get(term - 1) + renamed(sources.get(term), live, order);
        }
        return Arrays.toString(rows) + renamed(output, live, order);
    }

    private static String renamed(List<Integer> terms, List<Integer> live, int[] order) {
        return terms.stream()
                .map(t -> t == 0 ? -1 : order[live.indexOf(t)])
                .sorted()
                .toList()
                .toString();
    }

    private static List<int[]> arrangements(int count) {
        if (count == 0) {
            return List.of(new int[0]);
        }
        var all = new ArrayList<int[]>();
        for (int[] shorter : arrangements(count - 1)) {
            for (int place = 0; place < count; place++) {
                var longer = new int[count];
                System.arraycopy(shorter, 0, longer, 0, place);
                longer[place] = count - 1;
                System.arraycopy(shorter, place, longer, place + 1, count - 1 - place);
                all.add(longer);
            }
        }
        return all;
    }

    @Test
    void aCellThatNothingPassesGivesAGraphWithZeroAndKeepsItsStem() {
        Graph graph = space.graph(cell("none", "none", "none", "none", "none", "none"));
        assertThat(graph.nodes().stream().filter(n -> n.operator().equals("zero")))
                .hasSize(3);
        GraphCount.check(graph, CIFAR);
        assertThat(GraphCount.cost(graph)).isEqualTo(new Cost(73_306, 7_783_040, 163_840));
    }

    @Test
    void theReferencesAreAResidualAndAPlainCell() {
        assertThat(space.references().stream().map(SearchSpace.Reference::name))
                .containsExactly("resnet-like", "vgg-like");
        Graph graph = space.graph(space.references().getFirst().genotype());
        assertThat(graph.nodes().stream()
                        .filter(n -> n.name().startsWith("stage1.cell1."))
                        .map(Graph.Node::operator))
                .containsExactly("relu", "conv", "batchNorm", "relu", "conv", "batchNorm", "add");
    }

    private String hash(String... edges) {
        return space.architectureHash(cell(edges));
    }

    private Genotype cell(String... edges) {
        var values = new HashMap<String, String>();
        for (int i = 0; i < edges.length; i++) {
            values.put(space.decisions().get(i).name(), edges[i]);
        }
        return space.parse(values);
    }
}
