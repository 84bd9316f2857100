package dev.mlops.nas.contract;

import java.util.List;

/** What trainers build, of the operators that {@link TrialFile.GraphNode} explains. */
public final class Operators {
    /** The built-in trainer's; it refuses a graph with any other (exit code 64). */
    public static final List<String> BUILT_IN = List.of(
            "input",
            "conv",
            "batchNorm",
            "relu",
            "add",
            "concat",
            "maxPool",
            "avgPool",
            "globalAvgPool",
            "squeezeExcite",
            "dense",
            "dropout",
            "zero",
            "identity",
            "flatten",
            "gelu",
            "silu",
            "tanh",
            "layerNorm",
            "sequence",
            "conv1d",
            "positionEmbedding",
            "lstm",
            "gru",
            "globalMaxPool",
            "lastPosition");

    private Operators() {}
}
