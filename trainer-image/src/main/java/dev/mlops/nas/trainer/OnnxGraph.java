package dev.mlops.nas.trainer;

import java.util.Arrays;
import java.util.List;
import onnx.Onnx.AttributeProto;
import onnx.Onnx.GraphProto;
import onnx.Onnx.ModelProto;
import onnx.Onnx.NodeProto;
import onnx.Onnx.OperatorSetIdProto;
import onnx.Onnx.TensorProto;
import onnx.Onnx.TensorShapeProto;
import onnx.Onnx.TypeProto;
import onnx.Onnx.ValueInfoProto;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.shade.protobuf.ByteString;

/**
 * An ONNX graph under construction. Every value has a name; what an operation is named after, its result is called. The messages are
 * those that ND4J brings to read ONNX files with.
 */
final class OnnxGraph {
    /** Operators as of ONNX 1.12, which runtimes of 2022 and later know. */
    private static final int OPERATORS = 17;

    /** Format of the file as of ONNX 1.10. */
    private static final int FORMAT = 8;

    /** The type of whole numbers, to convert into. */
    static final long WHOLE = TensorProto.DataType.INT64_VALUE;

    /** How many examples is left open under this name. */
    private static final String BATCH = "N";

    private final GraphProto.Builder graph = GraphProto.newBuilder();
    private int count;

    /** An attribute of an operation. */
    record Attribute(AttributeProto proto) {
        static Attribute of(String name, long value) {
            return new Attribute(
                    named(name, AttributeProto.AttributeType.INT).setI(value).build());
        }

        static Attribute of(String name, long... values) {
            return new Attribute(named(name, AttributeProto.AttributeType.INTS)
                    .addAllInts(Arrays.stream(values).boxed().toList())
                    .build());
        }

        static Attribute of(String name, float value) {
            return new Attribute(
                    named(name, AttributeProto.AttributeType.FLOAT).setF(value).build());
        }

        static Attribute of(String name, String value) {
            return new Attribute(named(name, AttributeProto.AttributeType.STRING)
                    .setS(ByteString.copyFromUtf8(value))
                    .build());
        }

        private static AttributeProto.Builder named(String name, AttributeProto.AttributeType type) {
            return AttributeProto.newBuilder().setName(name).setType(type);
        }
    }

    /** What the graph is given: examples of this shape. */
    String input(String name, long... shape) {
        graph.addInput(value(name, shape));
        return name;
    }

    /** What the graph gives: so many numbers for each example. */
    void output(String name, long... shape) {
        graph.addOutput(value(name, shape));
    }

    private static ValueInfoProto value(String name, long... shape) {
        var sides = TensorShapeProto.newBuilder();
        sides.addDim(TensorShapeProto.Dimension.newBuilder().setDimParam(BATCH));
        for (long side : shape) {
            sides.addDim(TensorShapeProto.Dimension.newBuilder().setDimValue(side));
        }
        return ValueInfoProto.newBuilder()
                .setName(name)
                .setType(TypeProto.newBuilder()
                        .setTensorType(TypeProto.Tensor.newBuilder()
                                .setElemType(TensorProto.DataType.FLOAT_VALUE)
                                .setShape(sides)))
                .build();
    }

    /** Adds an operation with a single result, under a name of its own. */
    String add(String operator, List<String> inputs, Attribute... attributes) {
        return addAs("t" + count++, operator, inputs, attributes);
    }

    /** Adds an operation whose result has this name. */
    String addAs(String name, String operator, List<String> inputs, Attribute... attributes) {
        var node = NodeProto.newBuilder()
                .setName(name)
                .setOpType(operator)
                .addAllInput(inputs)
                .addOutput(name);
        for (var attribute : attributes) {
            node.addAttribute(attribute.proto());
        }
        graph.addNode(node);
        return name;
    }

    /** A constant of floating point numbers, in the order of C. */
    String constant(float[] values, long... shape) {
        var name = "c" + count++;
        var tensor = TensorProto.newBuilder().setName(name).setDataType(TensorProto.DataType.FLOAT_VALUE);
        for (long side : shape) {
            tensor.addDims(side);
        }
        for (float value : values) {
            tensor.addFloatData(value);
        }
        graph.addInitializer(tensor);
        return name;
    }

    String constant(INDArray array) {
        return constant(array.dup('c').data().asFloat(), array.shape());
    }

    /** A single number. */
    String scalar(double value) {
        return constant(new float[] {(float) value});
    }

    /** A constant list of whole numbers, such as a shape. */
    String whole(long... values) {
        var name = "c" + count++;
        var tensor = TensorProto.newBuilder()
                .setName(name)
                .setDataType(TensorProto.DataType.INT64_VALUE)
                .addDims(values.length);
        for (long value : values) {
            tensor.addInt64Data(value);
        }
        graph.addInitializer(tensor);
        return name;
    }

    /** The file's content. */
    byte[] write(String name, String producer) {
        return ModelProto.newBuilder()
                .setIrVersion(FORMAT)
                .setProducerName(producer)
                .addOpsetImport(OperatorSetIdProto.newBuilder().setDomain("").setVersion(OPERATORS))
                .setGraph(graph.setName(name))
                .build()
                .toByteArray();
    }
}
