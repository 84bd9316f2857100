package dev.mlops.nas.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.mlops.nas.contract.ExitCode;
import dev.mlops.nas.contract.TrialFile.GraphNode;
import dev.mlops.nas.trainer.Network.Shape;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.factory.Nd4j;

/** Vectors in place of categories. */
class EmbeddingTest {
    private static final MemoryLimit LIMIT = new MemoryLimit(1 << 30);
    private static final Shape ROW = Shape.image(5, 1, 1);

    /** Rows of {@link Graphs#table}: columns 1 and 3 are categories. */
    private static final float[] ROWS = {0.5f, 3, -1, 0, 7, 0.25f, 1, -2, 2, 8};

    @Test
    void numbersComeFirstThenTheVectorsOfTheCategories() {
        // All that the network adds to the row is the unit matrix.
        var network = network(Graphs.table().logits(8), 8);
        var arrays = network.arrays();
        arrays.get("logits/0").assign(Nd4j.eye(8));
        arrays.get("logits/1").assign(0f);
        var one = arrays.get("embedding/0").toFloatMatrix();
        var other = arrays.get("embedding/1").toFloatMatrix();

        var outputs = new BoundNetwork(network.compile(2, false, LIMIT), examples(8)).outputs(new int[] {0, 1});

        assertThat(outputs)
                .containsExactly(
                        0.5f,
                        -1,
                        7,
                        one[3][0],
                        one[3][1],
                        other[0][0],
                        other[0][1],
                        other[0][2],
                        0.25f,
                        -2,
                        8,
                        one[1][0],
                        one[1][1],
                        other[2][0],
                        other[2][1],
                        other[2][2]);
        assertThat(network.macs()).as("nothing is multiplied to look up").isEqualTo(8 * 8);
        assertThat(network.parameters().count()).isEqualTo(4 * 2 + 3 * 3 + 8 * 8 + 8);
    }

    @Test
    void categoriesThatABatchDoesNotHaveLearnNothingAndTheOthersTheSumOfTheirRows() {
        var network = network(Graphs.table().logits(3), 3);
        var bound = new BoundNetwork(network.compile(2, true, LIMIT), examples(3));
        var first = gradient(network, bound, 0, 0);
        var second = gradient(network, bound, 1, 1);
        var both = gradient(network, bound, 0, 1);
        var twice = gradient(network, bound, 0, 0);

        for (int i = 0; i < 4 * 2 + 3 * 3; i++) {
            assertThat(both[i]).isEqualTo((first[i] + second[i]) / 2);
            assertThat(twice[i]).as("nothing is left of other batches").isEqualTo(first[i]);
        }
        assertThat(IntStream.range(0, 8).filter(i -> both[i] != 0)).containsExactly(2, 3, 6, 7);
        assertThat(IntStream.range(0, 9).filter(i -> both[8 + i] != 0)).containsExactly(0, 1, 2, 6, 7, 8);
    }

    /** Of the loss by the weights; the vectors of both columns come first. */
    private static float[] gradient(Network network, BoundNetwork bound, int... rows) {
        bound.learn(rows, 0, new SplittableRandom(1));
        return network.parameters().gradients().toFloatVector();
    }

    @Test
    void shorterVectorsAreTheBeginningsOfLongerOnesAndWhatFollowsIsApart() {
        var union = SharedWeights.union(List.of(network(table(2), 3), network(table(6), 3)));

        assertThat(union.list().stream().map(p -> p.place().owner()))
                .containsExactly("embedding embedding", "logits dense", "logits dense", "logits dense");
        assertThat(union.count()).isEqualTo(4 * 6 + (4 + 2) * 3 + (4 + 6) * 3 + 3);
    }

    private static List<GraphNode> table(int units) {
        return Graphs.input(5, 1, 1)
                .then("embedding", "embedding", Map.of("categories.1", 4.0, "units.1", (double) units), 4 + units)
                .logits(3);
    }

    @Test
    void aCodeWithoutAVectorEndsTheTrialAndNamesItsColumn() {
        for (float code : new float[] {4, -1, 1.5f, Float.NaN}) {
            var features = ROWS.clone();
            features[6] = code;
            var examples = new Examples("test", ROW, features, new Targets.Labels(3, new int[2]));
            var bound = new BoundNetwork(network(Graphs.table().logits(3), 3).compile(2, false, LIMIT), examples);

            assertThatThrownBy(() -> bound.outputs(new int[] {0, 1}))
                    .isInstanceOfSatisfying(
                            TrialException.class, e -> assertThat(e.code()).isEqualTo(ExitCode.ARCHITECTURE))
                    .hasMessage(
                            "Node embedding (embedding) finds %s in column 1; allowed: whole numbers 0 to 3.", code);
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("wrongGraphs")
    void aGraphThatCannotBeBuiltNamesItsNode(String sentence, List<GraphNode> graph) {
        assertThatThrownBy(() -> Network.of(graph, Shape.of(graph.getFirst().shape()), 3, 1, LIMIT))
                .isInstanceOfSatisfying(
                        TrialException.class, e -> assertThat(e.code()).isEqualTo(ExitCode.ARCHITECTURE))
                .hasMessageContaining(sentence);
    }

    static Stream<Arguments> wrongGraphs() {
        var vectors = Map.of("categories.1", 4.0, "units.1", 2.0);
        return Stream.of(
                Arguments.of(
                        "Node a (embedding) needs the input itself, one value high and wide, but reads input of shape [5, 2, 1]",
                        Graphs.input(5, 2, 1).then("a", "embedding", vectors, 6).logits(3)),
                Arguments.of(
                        "Node a (embedding) needs the input itself, one value high and wide, but reads flat of shape [5]",
                        Graphs.input(5, 1, 1)
                                .then("flat", "flatten", Map.of(), 5)
                                .then("a", "embedding", vectors, 6)
                                .logits(3)),
                Arguments.of(
                        "Node a (embedding) has units.1 missing; allowed: a whole number of at least 1",
                        Graphs.input(5, 1, 1)
                                .then("a", "embedding", Map.of("categories.1", 4.0), 6)
                                .logits(3)),
                Arguments.of(
                        "Node a (embedding) has the attributes {categories.5=4.0, units.5=2.0}; allowed: categories.C and units.C"
                                + " for each column C of its categories, from 0 to 4",
                        Graphs.input(5, 1, 1)
                                .then("a", "embedding", Map.of("categories.5", 4.0, "units.5", 2.0), 6)
                                .logits(3)),
                Arguments.of(
                        "Node a (embedding) declares shape [7], but gives [6]",
                        Graphs.input(5, 1, 1).then("a", "embedding", vectors, 7).logits(3)));
    }

    /** With no category 0, whose code would be 1e-12 where the input is scaled. */
    @Test
    void synflowSeesAnExampleOfOnes() {
        var graph = Graphs.table().logits(3);
        var weights = network(graph, 3).parameters().values().toFloatVector();
        double numbers = 0;
        double vectors = 0;
        for (int input = 0; input < 8; input++) {
            double below = 0;
            for (int unit = 0; unit < 3; unit++) {
                below += Math.abs(weights[17 + input * 3 + unit]);
            }
            int place = input < 5 ? 2 + input - 3 : 8 + 3 + input - 5;
            double above = input < 3 ? 1 : Math.abs(weights[place]);
            numbers += above * below;
            vectors += input < 3 ? 0 : above * below;
        }

        var score = new Scores(graph, examples(3), 3).of(new int[] {0, 1}).get("synflow");

        assertThat(score).isCloseTo(Math.log(numbers + vectors), within(1e-3));
    }

    private static Network network(List<GraphNode> graph, int classes) {
        return Network.of(graph, Shape.of(graph.getFirst().shape()), classes, 3, LIMIT);
    }

    private static Examples examples(int classes) {
        return new Examples("test", ROW, ROWS.clone(), new Targets.Labels(classes, new int[] {0, 1}));
    }
}
