package dev.mlops.nas.search;

import dev.mlops.nas.search.Spaces.Task;

/**
 * What free parameters describe, without what has no effect: two are equal exactly when their graphs for the same task are.
 */
sealed interface Network permits Mlp, Transformer, Signal {
    /** The architecture. */
    Graph graph(Task task);

    /** Adds an activation. */
    static String activation(NetworkBuilder graph, String name, String input, String activation) {
        return graph.plain(name, activation, input);
    }

    /** Adds a normalisation: none, batch or layer. */
    static String norm(NetworkBuilder graph, String name, String input, String norm) {
        return switch (norm) {
            case "none" -> input;
            case "batch" -> graph.batchNorm(name, input);
            case "layer" -> graph.plain(name, "layerNorm", input);
            default -> throw new IllegalArgumentException("there is no normalisation " + norm);
        };
    }

    /** Adds dropout where the rate is above 0. */
    static String dropout(NetworkBuilder graph, String name, String input, double rate) {
        return rate == 0 ? input : graph.dropout(name, input, rate);
    }
}
