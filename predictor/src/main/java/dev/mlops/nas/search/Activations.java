package dev.mlops.nas.search;

import java.util.HashMap;
import java.util.Map;

/**
 * How many numbers are alive at once while a graph runs node after node, for one example: the results that a later node still
 * reads, what the running node reads, and what it writes. Nothing is overwritten in place.
 */
final class Activations {
    /** Size of a number in 32-bit floating point. */
    static final int BYTES = 4;

    /** The largest number of them in a graph. */
    static long peak(Graph graph) {
        Map<String, Integer> places = new HashMap<>();
        int count = graph.nodes().size();
        var inputs = new int[count][];
        var sizes = new long[count];
        for (int i = 0; i < count; i++) {
            Graph.Node node = graph.nodes().get(i);
            inputs[i] = node.inputs().stream().mapToInt(places::get).toArray();
            sizes[i] = node.shape().stream().mapToLong(Integer::longValue).reduce(1, (a, b) -> a * b);
            places.put(node.name(), i);
        }
        return peak(inputs, sizes);
    }

    /**
     * The same for nodes by number.
     *
     * @param inputs earlier nodes that each reads
     * @param sizes of their results
     */
    static long peak(int[][] inputs, long[] sizes) {
        var lastUse = new int[sizes.length];
        for (int i = 0; i < sizes.length; i++) {
            lastUse[i] = i;
            for (int input : inputs[i]) {
                lastUse[input] = i;
            }
        }
        var freed = new long[sizes.length];
        for (int i = 0; i < sizes.length; i++) {
            freed[lastUse[i]] += sizes[i];
        }
        long alive = 0;
        long peak = 0;
        for (int i = 0; i < sizes.length; i++) {
            alive += sizes[i];
            peak = Math.max(peak, alive);
            alive -= freed[i];
        }
        return peak;
    }

    private Activations() {}
}
