package dev.mlops.nas.search;

import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;

/** What an edge of a cell does. Operations with weights are ReLU, convolution, batch norm; all keep the shape. */
enum EdgeOperation {
    NONE("none", 0),
    SKIP("skip", 0),
    CONV1("conv1x1", 1),
    CONV3("conv3x3", 3),
    AVG_POOL("avgpool3x3", 0),
    MAX_POOL("maxpool3x3", 0);

    private final String text;
    private final int convolutionKernel;

    EdgeOperation(String text, int convolutionKernel) {
        this.text = text;
        this.convolutionKernel = convolutionKernel;
    }

    /** As users write it. */
    String text() {
        return text;
    }

    /** Side of the convolution; 0 for operations without weights. */
    int convolutionKernel() {
        return convolutionKernel;
    }

    boolean hasWeights() {
        return convolutionKernel > 0;
    }

    /** Trainable parameters, batch norm included. */
    long params(int width) {
        return hasWeights() ? (long) convolutionKernel * convolutionKernel * width * width + 2L * width : 0;
    }

    long macs(int width, int height, int side) {
        return hasWeights() ? (long) convolutionKernel * convolutionKernel * width * width * height * side : 0;
    }

    static Optional<EdgeOperation> of(String text) {
        return Arrays.stream(values()).filter(o -> o.text.equals(text)).findFirst();
    }

    static String allowed() {
        return Arrays.stream(values()).map(EdgeOperation::text).collect(Collectors.joining(", "));
    }
}
