package dev.mlops.nas.search;

import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;

/** What happens inside a cell: the operations that users choose from, and those that the wiring of cells brings with it. */
enum CellOperation {
    NONE("none", false, 0),
    SKIP("skip", false, 0),
    CONV1("conv1x1", true, 1),
    CONV3("conv3x3", true, 3),
    /** A depthwise and a 1x1 convolution, twice, as in Zoph et al. 2018 and Liu et al. 2019. */
    SEP3("sepconv3x3", true, 3),
    SEP5("sepconv5x5", true, 5),
    /** A depthwise convolution that reads every second pixel, then a 1x1 convolution. */
    DIL3("dilconv3x3", true, 3),
    DIL5("dilconv5x5", true, 5),
    AVG_POOL("avgpool3x3", false, 3),
    MAX_POOL("maxpool3x3", false, 3),

    /** A 1x1 convolution of a cell's input to the width of its nodes. */
    PROJECT("(project)", true, 1),
    /** A 1x1 convolution of a cell's input to the width of its output. */
    PROJECT_OUT("(project out)", true, 1),
    /** The sum of its sources. */
    SUM("(sum)", false, 0),
    /** The channels of its sources, one behind the other. */
    JOIN("(join)", false, 0);

    private final String text;
    private final boolean weights;
    private final int kernel;

    CellOperation(String text, boolean weights, int kernel) {
        this.text = text;
        this.weights = weights;
        this.kernel = kernel;
    }

    /** As users write it. */
    String text() {
        return text;
    }

    boolean hasWeights() {
        return weights;
    }

    /** Side of the window; 0 for operations without one. */
    int kernel() {
        return kernel;
    }

    boolean isChoice() {
        return !text.startsWith("(");
    }

    static Optional<CellOperation> of(String text) {
        return Arrays.stream(values())
                .filter(o -> o.isChoice() && o.text.equals(text))
                .findFirst();
    }

    static String allowed() {
        return Arrays.stream(values())
                .filter(CellOperation::isChoice)
                .map(CellOperation::text)
                .collect(Collectors.joining(", "));
    }
}
