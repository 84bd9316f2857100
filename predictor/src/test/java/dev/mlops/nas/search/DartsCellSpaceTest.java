package dev.mlops.nas.search;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mlops.nas.search.Spaces.DartsCellOptions;
import dev.mlops.nas.search.Spaces.StackOptions;
import dev.mlops.nas.search.Spaces.Task;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class DartsCellSpaceTest {
    private static final List<String> OPERATIONS =
            List.of("skip", "sepconv3x3", "sepconv5x5", "dilconv3x3", "dilconv5x5", "avgpool3x3", "maxpool3x3");
    private static final Task CIFAR = new Task(3, 32, 32, 10);
    private final SearchSpace space = Spaces.preset("darts-cell", CIFAR, Map.of());

    /** One of 1, 3, 6 and 10 pairs of inputs, and one of seven operations for each of eight inputs; two kinds of cells. */
    @Test
    void theSizeIsThatOfThePaper() {
        assertThat(space.size().doubleValue()).isEqualTo(Math.pow(180 * Math.pow(7, 8), 2));
    }

    /** 20 cells of 36 channels: the authors' training script logs "param size = 3.349342MB" for this genotype. */
    @Test
    void theNetworkOfThePaperHasTheParametersThatItsScriptLogs() {
        var options = new DartsCellOptions(7, List.of(2), OPERATIONS, true, new StackOptions(3, 6, 36));
        SearchSpace paper = Spaces.dartsCell(options, CIFAR, Map.of());
        SearchSpace.Reference best = paper.references().getLast();
        assertThat(best.name()).isEqualTo("darts-v2-like");
        assertThat(paper.cost(best.genotype()).params()).isEqualTo(3_349_342);
    }

    @Test
    void cellsThatNoLaterCellReadsAreNotThere() {
        SearchSpace single = single(2);
        Graph graph = single.graph(single.parse(values("0", "skip", "1", "skip")));
        assertThat(cells(graph)).containsExactly("cell2", "cell3", "cell5");
        GraphCount.check(graph, new Task(1, 8, 8, 2));
    }

    /** Normal cells that read only the cell before the last step over the reduction cell, whatever that does. */
    @Test
    void aReductionCellThatNothingReadsDoesNotCount() {
        SearchSpace single = single(1);
        String hash = single.architectureHash(single.parse(values("0", "conv3x3", "1", "skip")));
        assertThat(single.architectureHash(single.parse(values("0", "conv3x3", "0", "conv3x3"))))
                .isEqualTo(hash);
        assertThat(single.architectureHash(single.parse(values("1", "conv3x3", "0", "conv3x3"))))
                .isNotEqualTo(hash);
    }

    /** One cell alone has the stem for both inputs, which makes them alike; two cells do not. */
    @Test
    void hashesAgreeWithTryingAllArrangements() {
        assertThat(networks(1)).isGreaterThan(50);
        assertThat(networks(2)).isGreaterThan(50);
    }

    private static int networks(int cells) {
        var options = new DartsCellOptions(
                5, List.of(1, 2), List.of("skip", "conv3x3", "maxpool3x3"), true, new StackOptions(1, cells, 2));
        SearchSpace space = Spaces.dartsCell(options, new Task(1, 4, 4, 2), Map.of());
        assertThat(space.size()).isEqualTo(15 * 36);
        return Isomorphism.check(space, space.all());
    }

    private static List<String> cells(Graph graph) {
        return graph.nodes().stream()
                .map(Graph.Node::name)
                .filter(n -> n.startsWith("cell"))
                .map(n -> n.substring(0, n.indexOf('.')))
                .distinct()
                .toList();
    }

    private static SearchSpace single(int cells) {
        var options =
                new DartsCellOptions(4, List.of(1), List.of("skip", "conv3x3"), true, new StackOptions(2, cells, 2));
        return Spaces.dartsCell(options, new Task(1, 8, 8, 2), Map.of());
    }

    private static Map<String, String> values(String normal, String normalOp, String reduction, String reductionOp) {
        var values = new HashMap<String, String>();
        values.put("normal.node2.inputs", normal);
        values.put("normal.node2.op1", normalOp);
        values.put("reduction.node2.inputs", reduction);
        values.put("reduction.node2.op1", reductionOp);
        return values;
    }
}
