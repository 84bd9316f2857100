package dev.mlops.nas.search;

import dev.mlops.nas.search.CellLayers.Activation;
import dev.mlops.nas.search.Layers.Window;

/**
 * Puts single operations of cells into a network.
 *
 * @param width channels inside the cell
 */
record OperationLayers(Layers layers, Activation activation, int width) {
    /**
     * Adds the layers of an operation.
     *
     * @param name what their names begin with
     * @param read what it works on, behind its ReLU where that comes before
     * @param filters channels of the result of an operation with weights
     */
    int add(CellOperation operation, String name, int read, int filters, int stride) {
        int kernel = operation.kernel();
        layers.part(name);
        return switch (operation) {
            case CONV1, CONV3, PROJECT, PROJECT_OUT -> convolution(read, filters, Window.of(kernel, stride));
            case SEP3, SEP5 -> {
                layers.part(name + ".first");
                int first = separable(read, new Window(kernel, stride, width, 1));
                layers.part(name + ".second");
                int middle = activation == Activation.BEFORE ? layers.relu("relu", first) : first;
                yield separable(middle, new Window(kernel, 1, width, 1));
            }
            case DIL3, DIL5 -> separable(read, new Window(kernel, stride, width, 2));
            case AVG_POOL -> layers.avgPool("pool", read, kernel, stride);
            case MAX_POOL -> layers.maxPool("pool", read, kernel, stride);
            case NONE -> layers.zero("zero", read, stride);
            case SKIP, SUM, JOIN -> throw new IllegalStateException(operation + " is no layer");
        };
    }

    private int separable(int input, Window depthwise) {
        return convolution(layers.conv("depthwise", input, width, depthwise), width, Window.of(1, 1));
    }

    private int convolution(int input, int filters, Window window) {
        int norm = layers.batchNorm("norm", layers.conv("conv", input, filters, window));
        return activation == Activation.AFTER ? layers.relu("relu", norm) : norm;
    }
}
