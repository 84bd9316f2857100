package dev.mlops.nas.trainer;

import dev.mlops.nas.contract.TrialFile.GraphNode;
import dev.mlops.nas.trainer.ModelFolder.Model;
import dev.mlops.nas.trainer.Network.Shape;
import dev.mlops.nas.trainer.Network.Shape.Form;
import dev.mlops.nas.trainer.OnnxGraph.Attribute;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Writes a trained network for ONNX runtimes. {@code input} is [N, channels, height, width], [N, channels, length] or [N, channels] as
 * the data has it, not standardised; {@code probabilities} are those of the classes, {@code values} the numbers in their own units.
 * Inside, channels come before positions, as ONNX has them, so that what was trained channels last is turned where their order tells.
 */
final class OnnxWriter {
    private static final float EPSILON = 1e-5f;
    private static final double FAR = -1e9;
    private static final int NONE = 0;

    /** What the file calls the examples that it is given. */
    static final String INPUT = "input";

    private final OnnxGraph onnx = new OnnxGraph();
    private final Model model;
    private final Map<String, INDArray> arrays;
    private final Map<String, String> values = new HashMap<>();
    private final Map<String, Shape> shapes = new HashMap<>();

    private OnnxWriter(Model model, Map<String, INDArray> arrays) {
        this.model = model;
        this.arrays = arrays;
    }

    /**
     * The content of a file.
     *
     * @param arrays by the names of {@link ModelFolder}
     */
    static byte[] write(Model model, Map<String, INDArray> arrays) {
        return new OnnxWriter(model, arrays).write();
    }

    private byte[] write() {
        for (var node : model.graph()) {
            var shape = Shape.of(node.shape());
            shapes.put(node.name(), shape);
            values.put(node.name(), node(node, shape));
        }
        var last = Objects.requireNonNull(values.get(model.graph().getLast().name()));
        if (model.targetMean() == null || model.targetScale() == null) {
            onnx.addAs("probabilities", "Softmax", List.of(last), Attribute.of("axis", 1));
            onnx.output("probabilities", model.classes());
        } else {
            var scaled = onnx.add("Mul", List.of(last, row(model.targetScale())));
            onnx.addAs("values", "Add", List.of(scaled, row(model.targetMean())));
            onnx.output("values", model.targetMean().size());
        }
        return onnx.write(model.trial(), "nas-trainer");
    }

    private String node(GraphNode node, Shape shape) {
        return switch (node.operator()) {
            case "input" -> input(shape);
            case "conv", "conv1d" -> convolution(node, shape);
            case "batchNorm" -> batchNorm(node);
            case "relu" -> onnx.add("Relu", inputs(node));
            case "tanh" -> onnx.add("Tanh", inputs(node));
            case "silu" -> onnx.add("Mul", List.of(only(node), onnx.add("Sigmoid", inputs(node))));
            case "gelu" -> gelu(only(node));
            case "add" -> onnx.add("Sum", inputs(node));
            case "concat" -> onnx.add("Concat", inputs(node), Attribute.of("axis", 1));
            case "maxPool" -> onnx.add("MaxPool", inputs(node), windows(node, 1));
            case "avgPool" -> onnx.add("AveragePool", inputs(node), windows(node, 1));
            case "globalAvgPool" -> flat(onnx.add("GlobalAveragePool", inputs(node)));
            case "globalMaxPool" -> flat(onnx.add("GlobalMaxPool", inputs(node)));
            case "lastPosition" -> lastPosition(node);
            case "squeezeExcite" -> squeezeExcite(node, shape);
            case "dense" -> dense(node);
            case "dropout", "identity" -> only(node);
            case "zero" -> zero(node, shape);
            case "flatten" -> flat(channelsLast(node));
            case "sequence" -> onnx.add("Reshape", List.of(only(node), onnx.whole(0, shape.channels(), -1)));
            case "positionEmbedding" -> positionEmbedding(node, shape);
            case "embedding" -> embedding(node);
            case "attention" -> attention(node, shape);
            case "linearAttention" -> linearAttention(node, shape);
            case "lstm" -> recurrence(node, "LSTM", new int[] {0, 2, 1, 3});
            case "gru" -> recurrence(node, "GRU", new int[] {1, 0, 2}, Attribute.of("linear_before_reset", 1));
            case "layerNorm" -> layerNorm(node);
            default -> throw new IllegalArgumentException("a trained network has no operator " + node.operator());
        };
    }

    private String input(Shape shape) {
        var input = onnx.input(
                INPUT, model.shape().stream().mapToLong(Integer::longValue).toArray());
        var centred = onnx.add("Sub", List.of(input, perChannel(model.mean(), shape)));
        return onnx.add("Mul", List.of(centred, perChannel(model.scale(), shape)));
    }

    /** Weights lie as rows x columns x inputs x filters; groups one after the other, or, depthwise, by channel. */
    private String convolution(GraphNode node, Shape shape) {
        int groups = whole(node, "groups", 1);
        boolean depthwise = groups > 1 && groups == input(node).channels();
        var weights = new ArrayList<INDArray>();
        for (int group = 0; group < (depthwise ? 1 : groups); group++) {
            var array = array(node, group);
            weights.add(
                    depthwise
                            ? array.permute(2, 3, 0, 1)
                                    .dup('c')
                                    .reshape('c', shape.channels(), 1, array.size(0), array.size(1))
                            : array.permute(3, 2, 0, 1));
        }
        var kernel = Nd4j.concat(0, weights.toArray(INDArray[]::new)).dup('c');
        if (shape.form() == Form.SEQUENCE) {
            kernel = kernel.reshape('c', kernel.size(0), kernel.size(1), kernel.size(3));
        }
        var attributes = new ArrayList<>(List.of(windows(node, whole(node, "dilation", 1))));
        attributes.add(Attribute.of("group", groups));
        return onnx.add("Conv", List.of(only(node), onnx.constant(kernel)), attributes.toArray(Attribute[]::new));
    }

    /** Kernel, strides and the padding that gives as many windows as strides fit, the odd pixel behind. */
    private Attribute[] windows(GraphNode node, int dilation) {
        var from = input(node);
        int kernel = whole(node, "kernel", NONE);
        int stride = whole(node, "stride", 1);
        int[] sides = from.form() == Form.SEQUENCE ? new int[] {from.width()} : new int[] {from.height(), from.width()};
        var kernels = new long[sides.length];
        var strides = new long[sides.length];
        var dilations = new long[sides.length];
        var pads = new long[2 * sides.length];
        for (int side = 0; side < sides.length; side++) {
            kernels[side] = kernel;
            strides[side] = sides[side] == 1 ? 1 : stride;
            dilations[side] = dilation;
            long reach = (long) dilation * (kernel - 1) + 1;
            long missing =
                    Math.max(0, (Math.ceilDiv(sides[side], strides[side]) - 1) * strides[side] + reach - sides[side]);
            pads[side] = missing / 2;
            pads[sides.length + side] = missing - missing / 2;
        }
        var common = List.of(
                Attribute.of("kernel_shape", kernels), Attribute.of("strides", strides), Attribute.of("pads", pads));
        var all = new ArrayList<>(common);
        if (dilation > 1) {
            all.add(Attribute.of("dilations", dilations));
        }
        return all.toArray(Attribute[]::new);
    }

    private String batchNorm(GraphNode node) {
        return onnx.add(
                "BatchNormalization",
                List.of(
                        only(node),
                        onnx.constant(flat(array(node, 0))),
                        onnx.constant(flat(array(node, 1))),
                        onnx.constant(flat(array(node, "mean"))),
                        onnx.constant(flat(array(node, "variance")))),
                Attribute.of("epsilon", EPSILON));
    }

    /** By its formula with tanh, as a gate: the logistic function of 2 sqrt(2 / pi) (x + 0.044715 x^3). */
    private String gelu(String x) {
        double slope = 2 * Math.sqrt(2 / Math.PI);
        var cube = onnx.add("Mul", List.of(onnx.add("Mul", List.of(x, x)), onnx.scalar(0.044715 * slope)));
        var gate = onnx.add("Mul", List.of(onnx.add("Add", List.of(cube, onnx.scalar(slope))), x));
        return onnx.add("Mul", List.of(x, onnx.add("Sigmoid", List.of(gate))));
    }

    private String lastPosition(GraphNode node) {
        var last = onnx.whole(input(node).width() - 1);
        return flat(onnx.add("Gather", List.of(only(node), last), Attribute.of("axis", 2)));
    }

    private String squeezeExcite(GraphNode node, Shape shape) {
        var means = flat(onnx.add("GlobalAveragePool", inputs(node)));
        var hidden = onnx.add("Relu", List.of(onnx.add("Gemm", List.of(means, weights(node, 0), vector(node, 1)))));
        var gate = onnx.add("Sigmoid", List.of(onnx.add("Gemm", List.of(hidden, weights(node, 2), vector(node, 3)))));
        var spread = onnx.add("Reshape", List.of(gate, onnx.whole(0, shape.channels(), 1, 1)));
        return onnx.add("Mul", List.of(only(node), spread));
    }

    private String dense(GraphNode node) {
        return switch (input(node).form()) {
            case VECTOR -> onnx.add("Gemm", List.of(only(node), weights(node, 0), vector(node, 1)));
            case IMAGE -> onnx.add("Gemm", List.of(flat(channelsLast(node)), weights(node, 0), vector(node, 1)));
            case SEQUENCE -> {
                var product = onnx.add("MatMul", List.of(channelsLast(node), weights(node, 0)));
                yield channelsFirst(onnx.add("Add", List.of(product, vector(node, 1))), Form.SEQUENCE);
            }
        };
    }

    private String zero(GraphNode node, Shape shape) {
        var x = only(node);
        int stride = whole(node, "stride", 1);
        if (stride > 1 && shape.form() != Form.VECTOR) {
            long[] axes = shape.form() == Form.SEQUENCE ? new long[] {2} : new long[] {2, 3};
            var starts = new long[axes.length];
            var ends = new long[axes.length];
            var steps = new long[axes.length];
            Arrays.fill(ends, Integer.MAX_VALUE);
            Arrays.fill(steps, stride);
            x = onnx.add(
                    "Slice", List.of(x, onnx.whole(starts), onnx.whole(ends), onnx.whole(axes), onnx.whole(steps)));
        }
        return onnx.add("Mul", List.of(x, onnx.scalar(0)));
    }

    private String positionEmbedding(GraphNode node, Shape shape) {
        var byChannel =
                array(node, 0).reshape('c', 1, shape.width(), shape.channels()).permute(0, 2, 1);
        return onnx.add("Add", List.of(only(node), onnx.constant(byChannel)));
    }

    private String embedding(GraphNode node) {
        int columns = input(node).channels();
        var row = flat(only(node));
        var parts = new ArrayList<String>();
        var categorical = IntStream.range(0, columns)
                .filter(column -> node.attributes().containsKey("categories." + column))
                .toArray();
        var numbers = LongStream.range(0, columns)
                .filter(column -> Arrays.stream(categorical).noneMatch(c -> c == column))
                .toArray();
        if (numbers.length > 0) {
            parts.add(onnx.add("Gather", List.of(row, onnx.whole(numbers)), Attribute.of("axis", 1)));
        }
        for (int i = 0; i < categorical.length; i++) {
            var code = onnx.add("Gather", List.of(row, onnx.whole(categorical[i])), Attribute.of("axis", 1));
            var index = onnx.add("Cast", List.of(code), Attribute.of("to", OnnxGraph.WHOLE));
            parts.add(flat(onnx.add("Gather", List.of(weights(node, i), index), Attribute.of("axis", 0))));
        }
        return onnx.add("Concat", parts, Attribute.of("axis", 1));
    }

    private String attention(GraphNode node, Shape shape) {
        int heads = whole(node, "heads", 1);
        int window = whole(node, "window", NONE);
        var queries = positionsFirst(heads(node, 0, heads));
        var keys = heads(node, 1, heads);
        var values = positionsFirst(heads(node, 2, heads));
        double scale = 1 / Math.sqrt((double) shape.channels() / heads);
        var scores = onnx.add("Mul", List.of(onnx.add("MatMul", List.of(queries, keys)), onnx.scalar(scale)));
        if (window > 0) {
            scores = onnx.add("Add", List.of(scores, mask(shape.width(), window)));
        }
        var weights = onnx.add("Softmax", List.of(scores), Attribute.of("axis", -1));
        return merged(onnx.add("MatMul", List.of(weights, values)), shape);
    }

    private String mask(int length, int window) {
        var mask = new float[length * length];
        for (int from = 0; from < length; from++) {
            for (int to = 0; to < length; to++) {
                mask[from * length + to] = Math.abs(from - to) > window ? (float) FAR : 0;
            }
        }
        return onnx.constant(mask, length, length);
    }

    private String linearAttention(GraphNode node, Shape shape) {
        int heads = whole(node, "heads", 1);
        var queries = positionsFirst(feature(heads(node, 0, heads)));
        var keys = feature(heads(node, 1, heads));
        var values = positionsFirst(heads(node, 2, heads));
        var context = onnx.add("MatMul", List.of(keys, values));
        var total = onnx.add("ReduceSum", List.of(keys, onnx.whole(3)), Attribute.of("keepdims", 1));
        var sums = onnx.add("MatMul", List.of(queries, context));
        return merged(onnx.add("Div", List.of(sums, onnx.add("MatMul", List.of(queries, total)))), shape);
    }

    private String feature(String x) {
        return onnx.add("Add", List.of(onnx.add("Elu", List.of(x)), onnx.scalar(1)));
    }

    /** [N, channels, length] as [N, heads, channels of a head, length]. */
    private String heads(GraphNode node, int input, int heads) {
        var shape = shape(node, input);
        return onnx.add(
                "Reshape", List.of(value(node, input), onnx.whole(0, heads, shape.channels() / heads, shape.width())));
    }

    private String positionsFirst(String heads) {
        return onnx.add("Transpose", List.of(heads), Attribute.of("perm", 0, 1, 3, 2));
    }

    private String merged(String heads, Shape shape) {
        return onnx.add("Reshape", List.of(positionsFirst(heads), onnx.whole(0, shape.channels(), shape.width())));
    }

    /** Gates as ONNX orders them; its layers run over [length, N, channels]. */
    private String recurrence(GraphNode node, String operator, int[] order, Attribute... more) {
        int units = whole(node, "units", NONE);
        var input = gates(array(node, 0), order, units);
        var state = gates(array(node, 1), order, units);
        var ownBiases = gates(array(node, 2), order, units);
        var biases = Nd4j.concat(1, ownBiases.transpose(), Nd4j.zeros(1, ownBiases.length()));
        var attributes = new ArrayList<>(List.of(more));
        attributes.add(Attribute.of("hidden_size", units));
        attributes.add(Attribute.of("direction", whole(node, "reverse", 0) > 0 ? "reverse" : "forward"));
        var positions = onnx.add("Transpose", inputs(node), Attribute.of("perm", 2, 0, 1));
        var states = onnx.add(
                operator,
                List.of(positions, withDirection(input), withDirection(state), onnx.constant(biases)),
                attributes.toArray(Attribute[]::new));
        var single = onnx.add("Squeeze", List.of(states, onnx.whole(1)));
        return onnx.add("Transpose", List.of(single), Attribute.of("perm", 1, 2, 0));
    }

    private String withDirection(INDArray matrix) {
        return onnx.constant(matrix.dup('c').reshape('c', 1, matrix.size(0), matrix.size(1)));
    }

    /** Of columns gate by gate: rows gate by gate, in another order. */
    private static INDArray gates(INDArray array, int[] order, int units) {
        var parts = new INDArray[order.length];
        for (int i = 0; i < order.length; i++) {
            parts[i] = array.get(
                    NDArrayIndex.all(), NDArrayIndex.interval((long) order[i] * units, (order[i] + 1L) * units));
        }
        return Nd4j.concat(1, parts).transpose();
    }

    private String layerNorm(GraphNode node) {
        var normal = onnx.add(
                "LayerNormalization",
                List.of(channelsLast(node), vector(node, 0), vector(node, 1)),
                Attribute.of("axis", -1),
                Attribute.of("epsilon", EPSILON));
        return channelsFirst(normal, input(node).form());
    }

    private String channelsLast(GraphNode node) {
        return switch (input(node).form()) {
            case VECTOR -> only(node);
            case SEQUENCE -> onnx.add("Transpose", inputs(node), Attribute.of("perm", 0, 2, 1));
            case IMAGE -> onnx.add("Transpose", inputs(node), Attribute.of("perm", 0, 2, 3, 1));
        };
    }

    private String channelsFirst(String value, Form form) {
        return switch (form) {
            case VECTOR -> value;
            case SEQUENCE -> onnx.add("Transpose", List.of(value), Attribute.of("perm", 0, 2, 1));
            case IMAGE -> onnx.add("Transpose", List.of(value), Attribute.of("perm", 0, 3, 1, 2));
        };
    }

    private String flat(String value) {
        return onnx.add("Flatten", List.of(value), Attribute.of("axis", 1));
    }

    private static INDArray flat(INDArray array) {
        return array.reshape(new long[] {array.length()});
    }

    private String weights(GraphNode node, int index) {
        return onnx.constant(array(node, index));
    }

    private String vector(GraphNode node, int index) {
        return onnx.constant(flat(array(node, index)));
    }

    private String row(List<Double> numbers) {
        return onnx.constant(floats(numbers), 1, numbers.size());
    }

    private String perChannel(List<Double> numbers, Shape shape) {
        return switch (shape.form()) {
            case VECTOR -> onnx.constant(floats(numbers), 1, numbers.size());
            case SEQUENCE -> onnx.constant(floats(numbers), 1, numbers.size(), 1);
            case IMAGE -> onnx.constant(floats(numbers), 1, numbers.size(), 1, 1);
        };
    }

    private static float[] floats(List<Double> numbers) {
        var floats = new float[numbers.size()];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = numbers.get(i).floatValue();
        }
        return floats;
    }

    private INDArray array(GraphNode node, Object part) {
        var name = node.name() + "/" + part;
        return Objects.requireNonNull(arrays.get(name), name);
    }

    private List<String> inputs(GraphNode node) {
        return node.inputs().stream()
                .map(name -> Objects.requireNonNull(values.get(name)))
                .toList();
    }

    private String only(GraphNode node) {
        return value(node, 0);
    }

    private String value(GraphNode node, int input) {
        return inputs(node).get(input);
    }

    private Shape input(GraphNode node) {
        return shape(node, 0);
    }

    private Shape shape(GraphNode node, int input) {
        return Objects.requireNonNull(shapes.get(node.inputs().get(input)));
    }

    private static int whole(GraphNode node, String attribute, int otherwise) {
        var value = node.attributes() == null ? null : node.attributes().get(attribute);
        return value == null ? otherwise : value.intValue();
    }
}
