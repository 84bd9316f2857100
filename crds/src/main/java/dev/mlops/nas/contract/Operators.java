package dev.mlops.nas.contract;

import java.util.List;

/** Names of the operators that {@link TrialFile.GraphNode} explains. */
public final class Operators {
    /** All that a graph may hold; the built-in trainer builds every one, and refuses a graph with any other (exit code 64). */
    public static final List<String> ALL = List.of(
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
            "attention",
            "linearAttention",
            "lstm",
            "gru",
            "globalMaxPool",
            "lastPosition",
            "embedding");

    private Operators() {}
}
