package dev.mlops.nas.search;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mlops.nas.search.Spaces.Task;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Element;

class DrawingsTest {
    private final SearchSpace cells = Spaces.preset("nb201-cell", new Task(3, 32, 32, 10), Map.of());
    private final SearchSpace chains = Spaces.preset("small-cnn", new Task(1, 8, 8, 10), Map.of());

    @Test
    void aCellShowsItsNodesAndOperationsOnce() throws Exception {
        assertThat(texts(Drawings.svg(cells, cells.references().getFirst().genotype())))
                .contains("0", "1", "2", "3", "input", "output")
                .contains("stages: 3, cells in each: 5, channels: 16, 32, 64")
                .filteredOn("conv3x3"::equals)
                .hasSize(2);
    }

    @Test
    void bothKindsOfCellsAreDrawnBesideEachOther() throws Exception {
        SearchSpace darts = Spaces.preset("darts-cell", new Task(3, 32, 32, 10), Map.of());
        assertThat(texts(Drawings.svg(darts, darts.references().getLast().genotype())))
                .contains("normal", "reduction", "last cell", "cell before the last", "concat", "dilconv3x3")
                .contains("stages: 3, normal cells in each: 2, channels: 16, 32, 64")
                .filteredOn("sepconv3x3"::equals)
                .hasSize(5);
    }

    @Test
    void aCellOfMotifsIsDrawnWithAllMotifsWrittenOut() throws Exception {
        SearchSpace motifs = Spaces.preset("hierarchical-cnn", new Task(1, 8, 8, 10), Map.of());
        assertThat(texts(Drawings.svg(motifs, motifs.references().getFirst().genotype())))
                .contains("input", "output")
                .filteredOn("conv3x3"::equals)
                .hasSize(6);
    }

    @Test
    void aChainShowsItsLayersWithBatchNormAndReluBesideThem() throws Exception {
        assertThat(texts(Drawings.svg(chains, chains.references().getFirst().genotype())))
                .contains("input 1×8×8", "conv 3×3, 16", "conv 5×5 /2, 32", "BN · ReLU", "global avg pool", "dense, 10")
                .contains("stem", "s1-conv1", "s3-conv1", "head", "32×2×2")
                .doesNotContain("+");
    }

    @Test
    void anyGraphCanBeDrawn() throws Exception {
        for (SearchSpace.Reference reference : cells.references()) {
            assertThat(texts(Drawings.svg(cells.graph(reference.genotype())))).contains("input 3×32×32", "dense, 10");
        }
    }

    @Test
    void theGraphvizTextHasEveryNodeAndEdge() {
        Graph graph = chains.graph(chains.references().get(1).genotype());
        String dot = Drawings.dot(graph);
        long edges = graph.nodes().stream().mapToLong(n -> n.inputs().size()).sum();
        assertThat(dot.lines().filter(l -> l.contains(" -> "))).hasSize((int) edges);
        assertThat(dot.lines().filter(l -> l.contains("[label="))).hasSameSizeAs(graph.nodes());
        assertThat(dot).startsWith("digraph architecture {").contains("\"s1-conv1.sum\" [label=\"+\\n16×8×8\"];");
    }

    /** All texts of a document, which must be XML. */
    private static List<String> texts(String svg) throws Exception {
        Element root = DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(new ByteArrayInputStream(svg.getBytes(StandardCharsets.UTF_8)))
                .getDocumentElement();
        assertThat(root.getTagName()).isEqualTo("svg");
        var nodes = root.getElementsByTagName("text");
        return IntStream.range(0, nodes.getLength())
                .mapToObj(i -> nodes.item(i).getTextContent())
                .toList();
    }
}
