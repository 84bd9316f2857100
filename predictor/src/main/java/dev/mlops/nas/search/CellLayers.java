package dev.mlops.nas.search;

import dev.mlops.nas.search.Layers.Window;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** Puts a cell into a network, as often as it is stacked; a sum or a ReLU that several operations need is there once. */
final class CellLayers {
    /** Where the ReLU of an operation with weights is. */
    enum Activation {
        /** ReLU, convolution, batch norm. */
        BEFORE,
        /** Convolution, batch norm, ReLU. */
        AFTER
    }

    private final CellGraph cell;
    private final Activation activation;
    private final List<List<Integer>> groups = new ArrayList<>();
    private final int[] groupOf;
    private final int output;
    private final String[] names;
    private final String[] firsts;
    private final String[] seconds;
    private final String[] sumNames;
    private final String[] reluNames;

    CellLayers(CellGraph cell, Activation activation) {
        this.cell = cell;
        this.activation = activation;
        this.groupOf = new int[cell.vertices()];
        Map<List<Integer>, Integer> known = new HashMap<>();
        for (int v = cell.inputs(); v < groupOf.length; v++) {
            groupOf[v] = group(cell.sources(v), known);
        }
        this.output = group(cell.output(), known);
        this.names = names("op", groupOf.length, "");
        this.firsts = names("op", groupOf.length, ".first");
        this.seconds = names("op", groupOf.length, ".second");
        this.sumNames = names("sum", groups.size(), "");
        this.reluNames = names("relu", groups.size(), "");
    }

    private static String[] names(String before, int count, String behind) {
        return IntStream.rangeClosed(1, count)
                .mapToObj(i -> before + i + behind)
                .toArray(String[]::new);
    }

    private int group(List<Integer> sources, Map<List<Integer>, Integer> known) {
        int group = known.computeIfAbsent(sources, s -> groups.size());
        if (group == groups.size()) {
            groups.add(sources);
        }
        return group;
    }

    CellGraph cell() {
        return cell;
    }

    /**
     * Adds the cell's layers, which something must reach.
     *
     * @param width channels of its nodes
     * @param outputWidth channels that {@link CellOperation#PROJECT_OUT} gives
     * @param stride of the operations on its inputs
     * @param inputs layers; of an input that the cell does not read, any
     * @return the layer with the cell's result
     */
    int addTo(Layers layers, int width, int outputWidth, int stride, int... inputs) {
        return new Copy(layers, width, outputWidth, stride, inputs).add();
    }

    /** One cell of the stack. */
    private final class Copy {
        private final Layers layers;
        private final int width;
        private final int outputWidth;
        private final int stride;
        private final int[] results = new int[cell.vertices()];
        private final int[] sums = new int[groups.size()];
        private final int[] relus = new int[groups.size()];

        Copy(Layers layers, int width, int outputWidth, int stride, int[] inputs) {
            this.layers = layers;
            this.width = width;
            this.outputWidth = outputWidth;
            this.stride = stride;
            System.arraycopy(inputs, 0, results, 0, inputs.length);
        }

        int add() {
            for (int v = cell.inputs(); v < results.length; v++) {
                results[v] = operation(v, v - cell.inputs());
            }
            return sum(output);
        }

        private int operation(int vertex, int number) {
            CellOperation operation = cell.operation(vertex);
            int group = groupOf[vertex];
            int pace = cell.sources(vertex).getFirst() < cell.inputs() ? stride : 1;
            int kernel = operation.kernel();
            int[] parts = operation == CellOperation.JOIN ? places(group) : new int[0];
            int read = operation.hasWeights() ? active(group) : parts.length > 0 ? parts[0] : sum(group);
            layers.part(names[number]);
            return switch (operation) {
                case CONV1, CONV3, PROJECT -> convolution(read, width, Window.of(kernel, pace));
                case PROJECT_OUT -> convolution(read, outputWidth, Window.of(kernel, pace));
                case SEP3, SEP5 -> {
                    layers.part(firsts[number]);
                    int first = separable(read, new Window(kernel, pace, width, 1));
                    layers.part(seconds[number]);
                    int middle = activation == Activation.BEFORE ? layers.relu("relu", first) : first;
                    yield separable(middle, new Window(kernel, 1, width, 1));
                }
                case DIL3, DIL5 -> separable(read, new Window(kernel, pace, width, 2));
                case AVG_POOL -> layers.avgPool("pool", read, kernel, pace);
                case MAX_POOL -> layers.maxPool("pool", read, kernel, pace);
                case SUM -> read;
                case JOIN -> layers.concat("concat", parts);
                case NONE, SKIP -> throw new IllegalStateException(operation + " is resolved before");
            };
        }

        private int separable(int input, Window depthwise) {
            return convolution(layers.conv("depthwise", input, width, depthwise), width, Window.of(1, 1));
        }

        private int convolution(int input, int filters, Window window) {
            int norm = layers.batchNorm("norm", layers.conv("conv", input, filters, window));
            return activation == Activation.AFTER ? layers.relu("relu", norm) : norm;
        }

        /** What a convolution reads. */
        private int active(int group) {
            if (activation == Activation.AFTER) {
                return sum(group);
            }
            if (relus[group] == 0) {
                int sum = sum(group);
                layers.part("");
                relus[group] = layers.relu(reluNames[group], sum);
            }
            return relus[group];
        }

        private int sum(int group) {
            if (groups.get(group).size() == 1) {
                return results[groups.get(group).getFirst()];
            }
            if (sums[group] == 0) {
                layers.part("");
                sums[group] = layers.sum(sumNames[group], places(group));
            }
            return sums[group];
        }

        private int[] places(int group) {
            return groups.get(group).stream().mapToInt(s -> results[s]).toArray();
        }
    }
}
