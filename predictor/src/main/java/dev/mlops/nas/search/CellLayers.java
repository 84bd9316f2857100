package dev.mlops.nas.search;

import dev.mlops.nas.search.Layers.Window;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

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

    CellLayers(CellGraph cell, Activation activation) {
        this.cell = cell;
        this.activation = activation;
        this.groupOf = new int[cell.vertices()];
        Map<List<Integer>, Integer> known = new HashMap<>();
        for (int v = cell.inputs(); v < groupOf.length; v++) {
            groupOf[v] = group(cell.sources(v), known);
        }
        this.output = group(cell.output(), known);
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
        private int sumCount;
        private int reluCount;

        Copy(Layers layers, int width, int outputWidth, int stride, int[] inputs) {
            this.layers = layers;
            this.width = width;
            this.outputWidth = outputWidth;
            this.stride = stride;
            System.arraycopy(inputs, 0, results, 0, inputs.length);
        }

        int add() {
            for (int v = cell.inputs(); v < results.length; v++) {
                results[v] = operation(v, "op" + (v - cell.inputs() + 1));
            }
            return sum(output);
        }

        private int operation(int vertex, String name) {
            CellOperation operation = cell.operation(vertex);
            int group = groupOf[vertex];
            int pace = cell.sources(vertex).getFirst() < cell.inputs() ? stride : 1;
            Window window = Window.of(operation.kernel(), pace);
            return switch (operation) {
                case CONV1, CONV3, PROJECT -> convolution(name, active(group), width, window);
                case PROJECT_OUT -> convolution(name, active(group), outputWidth, window);
                case SEP3, SEP5 -> {
                    int first = separable(name + ".first", active(group), new Window(window.kernel(), pace, width, 1));
                    int middle = activation == Activation.BEFORE ? layers.relu(name + ".relu", first) : first;
                    yield separable(name + ".second", middle, new Window(window.kernel(), 1, width, 1));
                }
                case DIL3, DIL5 -> separable(name, active(group), new Window(window.kernel(), pace, width, 2));
                case AVG_POOL -> layers.avgPool(name + ".pool", sum(group), window.kernel(), pace);
                case MAX_POOL -> layers.maxPool(name + ".pool", sum(group), window.kernel(), pace);
                case SUM -> sum(group);
                case JOIN -> layers.concat(name + ".concat", places(group));
                case NONE, SKIP -> throw new IllegalStateException(operation + " is resolved before");
            };
        }

        private int separable(String name, int input, Window depthwise) {
            int pixels = layers.conv(name + ".depthwise", input, width, depthwise);
            return convolution(name, pixels, width, Window.of(1, 1));
        }

        private int convolution(String name, int input, int filters, Window window) {
            int norm = layers.batchNorm(name + ".norm", layers.conv(name + ".conv", input, filters, window));
            return activation == Activation.AFTER ? layers.relu(name + ".relu", norm) : norm;
        }

        /** What a convolution reads. */
        private int active(int group) {
            if (activation == Activation.AFTER) {
                return sum(group);
            }
            if (relus[group] == 0) {
                relus[group] = layers.relu("relu" + ++reluCount, sum(group));
            }
            return relus[group];
        }

        private int sum(int group) {
            if (groups.get(group).size() == 1) {
                return results[groups.get(group).getFirst()];
            }
            if (sums[group] == 0) {
                sums[group] = layers.sum("sum" + ++sumCount, places(group));
            }
            return sums[group];
        }

        private int[] places(int group) {
            return groups.get(group).stream().mapToInt(s -> results[s]).toArray();
        }
    }
}
