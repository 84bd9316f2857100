package dev.mlops.nas.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.mlops.nas.contract.TrialFile.GraphNode;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.DoubleSupplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Against differences of the loss itself, on the optical digits. */
class ChoiceSlopesTest {
    private static final MemoryLimit LIMIT = new MemoryLimit(1 << 30);
    private static final int BATCH = 16;
    private static final double REACH = 0.02;
    private static final double[] LOGITS = {0.3, -0.2, 0.5, 0.1, -0.4};

    /** Large enough for the step to change the slopes. */
    private static final double RATE = 0.2;

    private final Mixtures mixtures = new Mixtures(DifferentiableSearchTest.MIXTURES);
    private final Network network;
    private final BoundNetwork bound;
    private final int[] rows;

    ChoiceSlopesTest() {
        var file = Trials.digits().file();
        var examples = DataLoader.load(file.dataset(), Trials.DATA);
        examples.standardise(IntStream.range(0, 100).toArray());
        network = Network.of(new NetworkBuilder(graph(), examples.shape(), 10, mixtures), 3, LIMIT);
        bound = new BoundNetwork(network.compile(BATCH, true, LIMIT), examples);
        rows = Scores.rows(Partition.of(examples, file.dataset().split(), 7), 7);
    }

    @Test
    void theFirstOrderIsTheSlopeOfTheLossAtTheWeightsAsTheyAre() {
        mixtures.open(LOGITS);

        var slopes = ChoiceSlopes.present(mixtures).of(this::passForWeights, this::passForChoices, RATE);

        assertClose(slopes, differences(this::passForChoices));
    }

    @Test
    void theSecondOrderIsTheSlopeOfTheLossAfterAStepOfTheWeightsThatTheChoicesHaveAPartIn() {
        mixtures.open(LOGITS);
        var before = network.parameters().values().toFloatVector();

        var slopes = ChoiceSlopes.ahead(mixtures, network.parameters(), LIMIT)
                .of(this::passForWeights, this::passForChoices, RATE);

        assertThat(network.parameters().values().toFloatVector()).isEqualTo(before);
        var unrolled = differences(this::afterAStep);
        assertClose(slopes, unrolled);
        assertThat(slopes[0] - differences(this::passForChoices)[0])
                .as("what the step adds")
                .isLessThan(-0.05);
    }

    /** The loss on the batch for the choices after one step down the slope of the loss on the other. */
    private double afterAStep() {
        var weights = network.parameters().values();
        var before = weights.dup();
        passForWeights();
        weights.subi(network.parameters().gradients().mul(RATE));
        double loss = passForChoices();
        weights.assign(before);
        return loss;
    }

    private double[] differences(DoubleSupplier loss) {
        var slopes = new double[LOGITS.length];
        for (int i = 0; i < slopes.length; i++) {
            slopes[i] = (at(i, REACH, loss) - at(i, -REACH, loss)) / (2 * REACH);
        }
        mixtures.open(LOGITS);
        return slopes;
    }

    private double at(int logit, double by, DoubleSupplier loss) {
        var moved = LOGITS.clone();
        moved[logit] += by;
        mixtures.open(moved);
        return loss.getAsDouble();
    }

    private double passForWeights() {
        return pass(0);
    }

    private double passForChoices() {
        return pass(BATCH);
    }

    private double pass(int from) {
        mixtures.clearGradients();
        return bound.learn(rows, from, new SplittableRandom(1));
    }

    private static void assertClose(double[] slopes, double[] differences) {
        for (int i = 0; i < slopes.length; i++) {
            assertThat(slopes[i]).as("logit %d", i).isCloseTo(differences[i], within(5e-4));
        }
    }

    /** As a search has them, but smooth: where a rectifier bends, differences are not slopes. */
    private static List<GraphNode> graph() {
        var conv = Map.of("filters", 8.0, "kernel", 3.0);
        return Graphs.input(1, 8, 8)
                .node("conv0", "conv", Map.of("filters", 8.0, "kernel", 3.0, "stride", 2.0), List.of("input"), 8, 4, 4)
                .then("norm0", "batchNorm", Map.of(), 8, 4, 4)
                .then("stem", "tanh", Map.of(), 8, 4, 4)
                .node("none", "zero", Map.of("stride", 1.0), List.of("stem"), 8, 4, 4)
                .node("conv1", "conv", conv, List.of("stem"), 8, 4, 4)
                .node("norm1", "batchNorm", Map.of(), List.of("conv1"), 8, 4, 4)
                .node("first", "choice", Map.of("mixture", 0.0), List.of("none", "stem", "norm1"), 8, 4, 4)
                .node("tanh", "tanh", Map.of(), List.of("first"), 8, 4, 4)
                .node("conv2", "conv", conv, List.of("tanh"), 8, 4, 4)
                .node("norm2", "batchNorm", Map.of(), List.of("conv2"), 8, 4, 4)
                .node("second", "choice", Map.of("mixture", 1.0), List.of("norm2", "none"), 8, 4, 4)
                .node("sum", "add", Map.of(), List.of("first", "second"), 8, 4, 4)
                .logits(10);
    }
}
