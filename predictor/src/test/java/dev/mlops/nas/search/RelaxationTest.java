package dev.mlops.nas.search;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mlops.nas.search.Graph.Node;
import dev.mlops.nas.search.Relaxation.Mixture;
import dev.mlops.nas.search.Spaces.Task;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import net.jqwik.api.Assume;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class RelaxationTest {
    private static final Task DIGITS = new Task(1, 8, 8, 10);

    @Property(tries = 150, seed = RandomSpaces.SEED)
    void closingEveryChoiceGivesTheGraphOfTheGenotypeThatIsLeft(@ForAll long number) {
        OpenSpace space = open(number);
        Relaxation relaxation = Relaxation.of(space).orElseThrow();
        List<Integer> choices = choices(relaxation.mixtures(), new Random(number));
        Genotype genotype = space.closed(choices);
        // Where nothing reaches the output, a zero stands in the network.
        Assume.that(space.cells(genotype).values().stream()
                .noneMatch(c -> c.output().isEmpty()));

        Graph left = Closing.of(relaxation.graph(), choices);

        Graph expected = Closing.of(space.graph(genotype), List.of());
        assertThat(DartsCellSpace.signature(left)).isEqualTo(DartsCellSpace.signature(expected));
        assertThat(GraphCost.of(left).params()).isEqualTo(space.cost(genotype).params());
        assertThat(GraphCost.of(left).macs()).isEqualTo(space.cost(genotype).macs());
    }

    @Property(tries = 150, seed = RandomSpaces.SEED)
    void everyMixtureHasAPlaceInTheGraphWithAnInputForEachChoice(@ForAll long number) {
        Relaxation relaxation = Relaxation.of(open(number)).orElseThrow();
        Set<Integer> placed = new HashSet<>();
        for (Node node : relaxation.graph().nodes()) {
            if (node.operator().equals("choice")) {
                int mixture = mixture(node);
                placed.add(mixture);
                assertThat(node.inputs())
                        .hasSameSizeAs(relaxation.mixtures().get(mixture).choices());
            }
        }
        assertThat(placed).hasSameSizeAs(relaxation.mixtures());
        assertThat(relaxation.mixtures().stream().map(Mixture::name)).doesNotHaveDuplicates();
    }

    @Test
    void mixturesAreTheEdgesOfTheCellAndThoseOfADartsNodeCompete() {
        assertThat(mixtures("nb201-cell"))
                .hasSize(6)
                .contains(new Mixture("edge0-1", List.of("none", "skip", "conv1x1", "conv3x3", "avgpool3x3"), null, 1));
        List<Mixture> darts = mixtures("darts-cell");
        assertThat(darts).hasSize(28).allMatch(m -> m.keep() == 2);
        assertThat(darts.stream().map(Mixture::node).distinct()).hasSize(8);
    }

    @Test
    void spacesWithoutAGraphInCommonHaveNone() {
        assertThat(Stream.of("small-cnn", "nb101-cell", "mlp-tabular")
                        .map(preset -> Relaxation.of(Spaces.preset(preset, DIGITS, Map.of()))))
                .allMatch(Optional::isEmpty);
    }

    private static List<Mixture> mixtures(String preset) {
        return Relaxation.of(Spaces.preset(preset, DIGITS, Map.of()))
                .orElseThrow()
                .mixtures();
    }

    /** The next space of the family that can be open. */
    private static OpenSpace open(long seed) {
        for (long s = seed; ; s++) {
            if (RandomSpaces.of(s) instanceof OpenSpace space) {
                return space;
            }
        }
    }

    /** A random choice for each mixture that stays, -1 for the others. */
    private static List<Integer> choices(List<Mixture> mixtures, Random random) {
        Map<String, List<Integer>> nodes = new LinkedHashMap<>();
        var choices = new ArrayList<Integer>();
        for (int i = 0; i < mixtures.size(); i++) {
            Mixture mixture = mixtures.get(i);
            choices.add(random.nextInt(mixture.choices().size()));
            if (mixture.node() != null) {
                nodes.computeIfAbsent(mixture.node(), n -> new ArrayList<>()).add(i);
            }
        }
        nodes.values().forEach(rivals -> {
            while (rivals.size() > mixtures.get(rivals.getFirst()).keep()) {
                choices.set(rivals.remove(random.nextInt(rivals.size())), -1);
            }
        });
        return choices;
    }

    private static int mixture(Node node) {
        return Objects.requireNonNull(node.attributes().get("mixture")).intValue();
    }

    /** A graph with its choices closed, without zeros, sums in sums, twins without weights, and what is dead. */
    private static final class Closing {
        private final List<Integer> choices;
        private final List<Node> nodes = new ArrayList<>();
        private final Map<List<Object>, String> twins = new HashMap<>();
        /** Names whose sum a node of the open graph is. */
        private final Map<String, List<String>> sums = new HashMap<>();

        Closing(List<Integer> choices) {
            this.choices = choices;
        }

        static Graph of(Graph graph, List<Integer> choices) {
            var closing = new Closing(choices);
            graph.nodes().forEach(closing::add);
            Set<String> read = new HashSet<>(Set.of(closing.nodes.getLast().name()));
            List<Node> alive = new ArrayList<>();
            for (Node node : closing.nodes.reversed()) {
                if (read.contains(node.name())) {
                    alive.addFirst(node);
                    read.addAll(node.inputs());
                }
            }
            return new Graph(alive);
        }

        private void add(Node node) {
            List<List<String>> inputs = node.inputs().stream()
                    .map(name -> Objects.requireNonNull(sums.get(name)))
                    .toList();
            sums.put(
                    node.name(),
                    switch (node.operator()) {
                        case "choice" ->
                            choices.get(mixture(node)) < 0 ? List.of() : inputs.get(choices.get(mixture(node)));
                        case "add" ->
                            inputs.stream().flatMap(List::stream).sorted().toList();
                        case "zero" -> List.of();
                        case "concat" -> {
                            List<List<String>> parts =
                                    inputs.stream().filter(i -> !i.isEmpty()).toList();
                            yield parts.size() < 2 ? parts.stream().findFirst().orElse(List.of()) : only(node, parts);
                        }
                        default -> inputs.stream().anyMatch(List::isEmpty) ? List.of() : only(node, inputs);
                    });
        }

        /** The node itself, or its twin. */
        private List<String> only(Node node, List<List<String>> inputs) {
            List<String> names = inputs.stream().map(i -> sum(i, node)).toList();
            boolean weights = Set.of("conv", "batchNorm", "dense").contains(node.operator());
            List<Object> kind = List.of(node.operator(), node.attributes(), names, weights ? node.name() : "");
            return List.of(twins.computeIfAbsent(kind, k -> {
                nodes.add(new Node(node.name(), node.operator(), node.attributes(), names, node.shape()));
                return node.name();
            }));
        }

        private String sum(List<String> terms, Node reader) {
            if (terms.size() == 1) {
                return terms.getFirst();
            }
            return twins.computeIfAbsent(List.of("add", terms), k -> {
                List<Integer> shape = nodes.stream()
                        .filter(n -> n.name().equals(terms.getFirst()))
                        .findFirst()
                        .orElseThrow()
                        .shape();
                String name = "sum " + nodes.size() + " " + reader.name();
                nodes.add(new Node(name, "add", Map.of(), terms, shape));
                return name;
            });
        }
    }
}
