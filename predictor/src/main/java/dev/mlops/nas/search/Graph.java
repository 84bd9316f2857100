package dev.mlops.nas.search;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * An architecture: nodes in topological order, the first the input, the last the logits.
 *
 * @param nodes all alive: each lies on a path from input to output
 */
public record Graph(List<Node> nodes) {
    /** Copies the nodes. */
    public Graph {
        nodes = List.copyOf(nodes);
    }

    /**
     * One operation. Operators and attributes are those of the trial contract ({@code conv} with filters, kernel, stride,
     * groups; {@code dense} with units; …).
     *
     * @param name unique in the graph
     * @param operator as in the trial contract
     * @param attributes of the operator, in the order of their names
     * @param inputs names of earlier nodes
     * @param shape of the output: channels, height, width; one number after flattening
     */
    public record Node(
            String name, String operator, Map<String, Double> attributes, List<String> inputs, List<Integer> shape) {
        /** Copies the collections. */
        public Node {
            attributes = Collections.unmodifiableMap(new TreeMap<>(attributes));
            inputs = List.copyOf(inputs);
            shape = List.copyOf(shape);
        }
    }
}
