package dev.mlops.nas.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import dev.mlops.nas.contract.Operators;
import dev.mlops.nas.contract.TrialFile.GraphNode;
import dev.mlops.nas.trainer.Network.Shape;
import dev.mlops.nas.trainer.Targets.Labels;
import dev.mlops.nas.trainer.Targets.Numbers;
import java.nio.FloatBuffer;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Networks as ONNX files say the same in another program, ONNX Runtime. */
class OnnxTest {
    private static final int EXAMPLES = 5;
    private static final MemoryLimit LIMIT = new MemoryLimit(1L << 30);

    @TestFactory
    Stream<DynamicTest> everyOperatorSaysTheSame() {
        return Stream.concat(GradientTest.cases(), more().stream())
                .map(c -> DynamicTest.dynamicTest(c.name(), () -> sameClasses(c.graph())));
    }

    @Test
    void noOperatorIsLeftOut() {
        Set<String> seen = new HashSet<>();
        Stream.concat(GradientTest.cases(), more().stream())
                .forEach(c -> c.graph().forEach(n -> seen.add(n.operator())));
        assertThat(seen).containsAll(Operators.ALL);
    }

    /** What is no image, and strides where gradients do not matter. */
    private static List<GradientTest.Case> more() {
        return List.of(
                new GradientTest.Case(
                        "vectors",
                        Graphs.input(6)
                                .then("a", "dense", Map.of("units", 4.0), 4)
                                .then("b", "batchNorm", Map.of(), 4)
                                .then("c", "layerNorm", Map.of(), 4)
                                .then("d", "dropout", Map.of("rate", 0.5), 4)
                                .logits(3)),
                new GradientTest.Case(
                        "sequences",
                        Graphs.input(2, 7)
                                .then("a", "conv1d", Map.of("filters", 4.0, "kernel", 4.0, "stride", 2.0), 4, 4)
                                .then("b", "batchNorm", Map.of(), 4, 4)
                                .then("c", "positionEmbedding", Map.of(), 4, 4)
                                .then("d", "conv1d", Map.of("filters", 4.0, "kernel", 3.0, "groups", 4.0), 4, 4)
                                .then("e", "layerNorm", Map.of(), 4, 4)
                                .then("f", "flatten", Map.of(), 16)
                                .logits(3)),
                new GradientTest.Case(
                        "nothing at a stride beside an average",
                        Graphs.input(2, 5, 5)
                                .node("a", "zero", Map.of("stride", 2.0), List.of("input"), 2, 3, 3)
                                .node("b", "avgPool", Map.of("kernel", 3.0, "stride", 2.0), List.of("input"), 2, 3, 3)
                                .node("c", "add", Map.of(), List.of("a", "b"), 2, 3, 3)
                                .logits(3)),
                new GradientTest.Case(
                        "depthwise, dilated and with a stride",
                        Graphs.input(2, 5, 5)
                                .then(
                                        "a",
                                        "conv",
                                        Map.of(
                                                "filters",
                                                4.0,
                                                "kernel",
                                                3.0,
                                                "stride",
                                                2.0,
                                                "groups",
                                                2.0,
                                                "dilation",
                                                2.0),
                                        4,
                                        3,
                                        3)
                                .logits(3)),
                new GradientTest.Case(
                        "the largest of four pixels",
                        Graphs.input(2, 5, 5)
                                .then("a", "maxPool", Map.of("kernel", 2.0, "stride", 2.0), 2, 3, 3)
                                .logits(3)));
    }

    @Test
    void numbersComeInTheirOwnUnits() throws OrtException {
        var graph = Graphs.input(6)
                .then("a", "dense", Map.of("units", 4.0), 4)
                .then("b", "tanh", Map.of(), 4)
                .logits(2);
        var targets = new Numbers(new float[EXAMPLES * 2], new double[] {100, -3}, new double[] {20, 0.5});
        var compared = compare(graph, targets, List.of(100.0, -3.0), List.of(20.0, 0.5));
        assertThat(compared.onnx()).containsExactly(targets.original(compared.own()), within(1e-3f));
        assertThat(compared.onnx()[0]).isBetween(50f, 150f);
    }

    private static void sameClasses(List<GraphNode> graph) throws OrtException {
        var compared = compare(graph, new Labels(3, new int[EXAMPLES]), null, null);
        var logarithms = Classified.logarithms(compared.own(), 3);
        for (int i = 0; i < logarithms.length; i++) {
            assertThat(compared.onnx()[i]).isCloseTo((float) Math.exp(logarithms[i]), within(2e-5f));
        }
    }

    /**
     * What both say.
     *
     * @param own outputs of the last node
     * @param onnx outputs of the file
     */
    @SuppressWarnings("ArrayRecordComponent")
    private record Compared(float[] own, float[] onnx) {}

    private static Compared compare(
            List<GraphNode> graph,
            Targets targets,
            @Nullable List<Double> targetMean,
            @Nullable List<Double> targetScale)
            throws OrtException {
        var shape = Shape.of(graph.getFirst().shape());
        var random = new SplittableRandom(9);
        var network = Network.of(graph, shape, targets.outputs(), 3, LIMIT);
        network.arrays().forEach((name, array) -> scramble(name, array, random));
        var mean = channels(graph, 0, random.doubles(shape.channels(), -0.5, 0.5));
        var scale = channels(graph, 1, random.doubles(shape.channels(), 0.5, 2));
        var features = Graphs.features(graph, EXAMPLES, random);
        int classes = targets instanceof Labels labels ? labels.classes() : 0;
        var model = new ModelFolder.Model(
                "nas-model/1",
                "e",
                "t",
                graph,
                graph.getFirst().shape(),
                classes,
                mean,
                scale,
                targetMean,
                targetScale,
                null);
        var said = run(OnnxWriter.write(model, network.arrays()), channelsFirst(features, shape), model.shape());
        var examples = new Examples("test", shape, features, targets);
        examples.standardise(new Examples.Standard(mean, scale));
        var compiled = network.compile(EXAMPLES, false, LIMIT);
        compiled.input()
                .array()
                .assign(Nd4j.createFromArray(examples.features()).reshape('c', shape.withBatch(EXAMPLES)));
        compiled.tape().runForward();
        return new Compared(compiled.logits().array().dup('c').data().asFloat(), said);
    }

    /** Categories are not standardised. */
    private static List<Double> channels(List<GraphNode> graph, double ofCategories, DoubleStream ofNumbers) {
        var numbers = ofNumbers.toArray();
        return IntStream.range(0, numbers.length)
                .mapToObj(channel -> Graphs.categories(graph, channel) > 0 ? ofCategories : numbers[channel])
                .toList();
    }

    /** Far from where training starts, so that nothing is 0 or 1 by chance. */
    private static void scramble(String name, INDArray array, SplittableRandom random) {
        boolean variance = name.endsWith("/variance");
        var values = new float[(int) array.length()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (variance ? random.nextDouble(0.5, 2) : random.nextDouble(-0.6, 0.6));
        }
        array.assign(Nd4j.createFromArray(values).reshape('c', array.shape()));
    }

    private static float[] channelsFirst(float[] features, Shape shape) {
        var turned = new float[features.length];
        int positions = shape.positions();
        for (int i = 0; i < features.length; i++) {
            int example = i / shape.size();
            int position = i / shape.channels() % positions;
            int channel = i % shape.channels();
            turned[(example * shape.channels() + channel) * positions + position] = features[i];
        }
        return turned;
    }

    /** What ONNX Runtime says of examples of a shape, one after the other. */
    static float[] run(byte[] file, float[] features, List<Integer> shape) throws OrtException {
        int size = shape.stream().reduce(1, (a, b) -> a * b);
        var sides = LongStream.concat(
                        LongStream.of(features.length / size), shape.stream().mapToLong(Integer::longValue))
                .toArray();
        var environment = OrtEnvironment.getEnvironment();
        try (var session = environment.createSession(file);
                var given = OnnxTensor.createTensor(environment, FloatBuffer.wrap(features), sides);
                var said = session.run(Map.of("input", given))) {
            var rows = (float[][]) said.get(0).getValue();
            var flat = new float[rows.length * rows[0].length];
            for (int i = 0; i < flat.length; i++) {
                flat[i] = rows[i / rows[0].length][i % rows[0].length];
            }
            return flat;
        }
    }
}
