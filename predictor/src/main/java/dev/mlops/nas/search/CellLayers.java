package dev.mlops.nas.search;

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
        this.names = names("op", groupOf.length);
        this.sumNames = names("sum", groups.size());
        this.reluNames = names("relu", groups.size());
    }

    private static String[] names(String before, int count) {
        return IntStream.rangeClosed(1, count).mapToObj(i -> before + i).toArray(String[]::new);
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
        private final OperationLayers operations;
        private final int width;
        private final int outputWidth;
        private final int stride;
        private final int[] results = new int[cell.vertices()];
        private final int[] sums = new int[groups.size()];
        private final int[] relus = new int[groups.size()];

        Copy(Layers layers, int width, int outputWidth, int stride, int[] inputs) {
            this.layers = layers;
            this.operations = new OperationLayers(layers, activation, width);
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
            if (operation == CellOperation.SUM) {
                return sum(group);
            }
            if (operation == CellOperation.JOIN) {
                layers.part(names[number]);
                return layers.concat("concat", places(group));
            }
            int pace = cell.sources(vertex).getFirst() < cell.inputs() ? stride : 1;
            int read = operation.hasWeights() ? active(group) : sum(group);
            int filters = operation == CellOperation.PROJECT_OUT ? outputWidth : width;
            return operations.add(operation, names[number], read, filters, pace);
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
