package dev.mlops.nas.search;

import dev.mlops.nas.search.Graph.Node;
import dev.mlops.nas.search.Spaces.Task;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A trainable vector for every category of a table's columns, by which categories that act alike come to lie close to each other (Guo
 * and Berkhahn, "Entity Embeddings of Categorical Variables", 2016, arXiv 1604.06737). Vectors of half as many numbers as there are
 * categories, 50 at most, are the rule of the fast.ai library, times a factor here.
 *
 * @param vectors of the columns that have some, in their order; none for a table of numbers
 */
record Embedding(List<Vectors> vectors) {
    private static final String CATEGORIES = "categories.";
    private static final String UNITS = "units.";
    private static final int LONGEST = 50;

    /** Copies the list. */
    Embedding {
        vectors = List.copyOf(vectors);
    }

    /**
     * Those of a column.
     *
     * @param column from 0
     * @param categories as many vectors
     * @param units numbers in each
     */
    record Vectors(int column, int categories, int units) {}

    /** By the rule, times a factor; one number at least. */
    static Embedding of(Task task, double factor) {
        return new Embedding(task.categorical().stream()
                .map(c -> new Vectors(c.column(), c.categories(), units(c.categories(), factor)))
                .toList());
    }

    private static int units(int categories, double factor) {
        return Math.toIntExact(Math.max(1, Math.round(factor * Math.min(LONGEST, Math.ceilDiv(categories, 2)))));
    }

    boolean isEmpty() {
        return vectors.isEmpty();
    }

    /** Numbers that a row of so many columns becomes. */
    int channels(int columns) {
        return Math.addExact(
                columns - vectors.size(),
                vectors.stream().mapToInt(Vectors::units).reduce(0, Math::addExact));
    }

    /** As the trial contract has them. */
    Map<String, Double> attributes() {
        var attributes = new HashMap<String, Double>();
        for (Vectors vectors : vectors) {
            attributes.put(CATEGORIES + vectors.column(), (double) vectors.categories());
            attributes.put(UNITS + vectors.column(), (double) vectors.units());
        }
        return attributes;
    }

    /** Columns with vectors of a node with such attributes. */
    static int columns(Node node) {
        return node.attributes().size() / 2;
    }

    /** Numbers in all vectors of a node with such attributes. */
    static long params(Node node) {
        return node.attributes().entrySet().stream()
                .filter(attribute -> attribute.getKey().startsWith(UNITS))
                .mapToLong(units -> {
                    String column = units.getKey().substring(UNITS.length());
                    double categories = node.attributes().getOrDefault(CATEGORIES + column, 0.0);
                    return (long) (categories * units.getValue());
                })
                .sum();
    }
}
