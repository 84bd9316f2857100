package dev.mlops.nas.search;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mlops.nas.search.Graph.Node;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Whether two graphs are the same but for names and order, by trying every assignment of one's nodes to the other's. */
final class Isomorphism {
    /** Fails where genotypes share a hash and their graphs differ, or graphs are the same and their hashes differ. */
    static int check(SearchSpace space, Stream<Genotype> genotypes) {
        Map<String, Graph> byHash = new HashMap<>();
        genotypes.forEach(genotype -> {
            Graph graph = space.graph(genotype);
            Graph known = byHash.putIfAbsent(space.architectureHash(genotype), graph);
            assertThat(known == null || known.equals(graph) || same(known, graph))
                    .as("%s and %s share a hash", known, graph)
                    .isTrue();
        });
        Map<List<String>, List<Graph>> alike = new HashMap<>();
        for (Graph graph : byHash.values()) {
            List<String> kinds =
                    graph.nodes().stream().map(Isomorphism::kind).sorted().toList();
            List<Graph> others = alike.computeIfAbsent(kinds, k -> new ArrayList<>());
            assertThat(others).noneMatch(other -> same(other, graph));
            others.add(graph);
        }
        return byHash.size();
    }

    static boolean same(Graph a, Graph b) {
        return a.nodes().size() == b.nodes().size() && assign(0, a, b, new HashMap<>());
    }

    private static boolean assign(int next, Graph a, Graph b, Map<String, String> names) {
        if (next == a.nodes().size()) {
            return true;
        }
        Node node = a.nodes().get(next);
        List<String> inputs = node.inputs().stream().map(names::get).sorted().toList();
        Collection<String> taken = List.copyOf(names.values());
        for (Node other : b.nodes()) {
            if (!taken.contains(other.name())
                    && kind(node).equals(kind(other))
                    && other.inputs().stream().sorted().toList().equals(inputs)) {
                names.put(node.name(), other.name());
                if (assign(next + 1, a, b, names)) {
                    return true;
                }
                names.remove(node.name());
            }
        }
        return false;
    }

    private static String kind(Node node) {
        return node.operator()
                + node.attributes()
                + node.shape()
                + node.inputs().size();
    }

    private Isomorphism() {}
}
