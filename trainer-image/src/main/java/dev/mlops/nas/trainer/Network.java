package dev.mlops.nas.trainer;

import dev.mlops.nas.contract.TrialFile.GraphNode;
import dev.mlops.nas.trainer.Tape.Slot;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.nd4j.linalg.api.ndarray.INDArray;

/** An architecture graph with its parameters; {@link #compile} makes it executable for one batch size and purpose. */
final class Network {
    private final List<Node> nodes;
    private final Parameters parameters;
    private final Statistics statistics;

    /** One node: its layer and the positions of its inputs. */
    record Node(String name, Layer layer, List<Integer> inputs) {}

    /** Channels, height and width of one example; sequences have a height of 1, vectors a width of 1 too. */
    record Shape(int channels, int height, int width, Form form) {
        enum Form {
            VECTOR,
            SEQUENCE,
            IMAGE
        }

        /** One number for a vector; channels and length; or channels, height and width. */
        static Shape of(List<Integer> sides) {
            return switch (sides.size()) {
                case 1 -> flat(sides.getFirst());
                case 2 -> sequence(sides.get(0), sides.get(1));
                default -> image(sides.get(0), sides.get(1), sides.get(2));
            };
        }

        static Shape flat(int units) {
            return new Shape(units, 1, 1, Form.VECTOR);
        }

        static Shape sequence(int channels, int length) {
            return new Shape(channels, 1, length, Form.SEQUENCE);
        }

        static Shape image(int channels, int height, int width) {
            return new Shape(channels, height, width, Form.IMAGE);
        }

        /** Pixels of an image, steps of a sequence, 1 for a vector. */
        int positions() {
            return Math.multiplyExact(height, width);
        }

        int size() {
            return Math.multiplyExact(Math.multiplyExact(channels, height), width);
        }

        boolean isFlat() {
            return form == Form.VECTOR;
        }

        Shape strided(int stride) {
            return new Shape(channels, Math.ceilDiv(height, stride), Math.ceilDiv(width, stride), form);
        }

        Shape withChannels(int count) {
            return new Shape(count, height, width, form);
        }

        /** The array's sides: channels last. */
        long[] withBatch(int batch) {
            return switch (form) {
                case VECTOR -> new long[] {batch, channels};
                case SEQUENCE -> new long[] {batch, width, channels};
                case IMAGE -> new long[] {batch, height, width, channels};
            };
        }

        /** The same numbers as images, a sequence as images of height 1. */
        INDArray asImages(INDArray array) {
            return array.reshape('c', array.size(0), height, width, channels);
        }

        @Override
        public String toString() {
            return switch (form) {
                case VECTOR -> "[" + channels + "]";
                case SEQUENCE -> "[" + channels + ", " + width + "]";
                case IMAGE -> "[" + channels + ", " + height + ", " + width + "]";
            };
        }
    }

    /**
     * A tape with its ends.
     *
     * @param activations outputs of the activations; of a tape for training, where nobody overwrites them
     */
    record Compiled(Tape tape, Slot input, Slot logits, Slot logitsGradient, List<Slot> activations) {}

    Network(List<Node> nodes, Parameters parameters, Statistics statistics) {
        this.nodes = List.copyOf(nodes);
        this.parameters = parameters;
        this.statistics = statistics;
    }

    /**
     * Builds and checks the network of a graph.
     *
     * @throws TrialException with exit code 64, naming the node that cannot be built; 69 when it cannot fit into memory
     */
    static Network of(List<GraphNode> graph, Shape input, int classes, long seed, MemoryLimit limit) {
        return of(new NetworkBuilder(graph, input, classes), seed, limit);
    }

    /** As the other one, from a prepared builder. */
    static Network of(NetworkBuilder builder, long seed, MemoryLimit limit) {
        var network = builder.build();
        // Values, gradients and two moments of the optimiser.
        limit.claim(Math.multiplyExact(network.parameters.count(), 4L * Float.BYTES));
        network.parameters.allocate(new SplittableRandom(seed));
        network.statistics.allocate();
        return network;
    }

    Parameters parameters() {
        return parameters;
    }

    Statistics statistics() {
        return statistics;
    }

    /** All that evaluation needs, by the names of an exported model; what is assigned to an array is the network's. */
    Map<String, INDArray> arrays() {
        var arrays = new TreeMap<>(parameters.named());
        arrays.putAll(statistics.named());
        return arrays;
    }

    /** Of all weights and averages that evaluation needs, as 32-bit numbers. */
    long bytes() {
        return Float.BYTES * (parameters.count() + statistics.count());
    }

    /** Multiply-accumulate operations of all layers with weights, and of attention, for one example. */
    long macs() {
        return nodes.stream().mapToLong(node -> node.layer().macs()).sum();
    }

    /** Steps and arrays for a batch size; with a backward pass when training. */
    Compiled compile(int batch, boolean training, MemoryLimit limit) {
        return compile(batch, training, new Arena(limit));
    }

    /** The same on arrays that other tapes use at other times. */
    Compiled compile(int batch, boolean training, Arena arena) {
        arena.reclaim();
        return new Compilation(nodes, new Tape(batch, training, arena)).compile();
    }

    /** How many nodes read each node. */
    static int[] consumers(List<Node> nodes) {
        var count = new int[nodes.size()];
        for (var node : nodes) {
            for (int input : node.inputs()) {
                count[input]++;
            }
        }
        return count;
    }
}
