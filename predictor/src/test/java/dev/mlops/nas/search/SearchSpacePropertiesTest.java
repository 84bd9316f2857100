package dev.mlops.nas.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.math.BigInteger;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

class SearchSpacePropertiesTest {
    @Property(tries = 300, seed = RandomSpaces.SEED)
    void mutationStaysInTheSpaceAndChangesTheArchitecture(@ForAll long number, @ForAll long seed) {
        SearchSpace space = RandomSpaces.of(number);
        var random = new SplittableRandom(seed);
        Genotype parent = space.sample(random);
        try {
            Genotype child = space.mutate(parent, random);
            assertThat(space.contains(child)).isTrue();
            assertThat(space.architectureHash(child)).isNotEqualTo(space.architectureHash(parent));
        } catch (SpaceException e) {
            assertThat(e).hasMessageContaining("one architecture only");
            assertThat(space.all().map(space::architectureHash).distinct()).hasSize(1);
        }
    }

    @Property(tries = 300, seed = RandomSpaces.SEED)
    void aChildOfTwoIsInTheSpaceAndHasEachActiveChoiceFromAParentThatHasOne(@ForAll long number, @ForAll long seed) {
        SearchSpace space = RandomSpaces.of(number);
        var random = new SplittableRandom(seed);
        Genotype mother = space.sample(random);
        Genotype father = space.sample(random);
        Genotype child = space.crossover(mother, father, random);
        assertThat(space.contains(child)).isTrue();
        assertThat(space.crossover(mother, mother, random)).isEqualTo(mother);
        for (int i = 0; i < child.choices().size(); i++) {
            Set<Integer> parents = new HashSet<>(
                    List.of(mother.choices().get(i), father.choices().get(i)));
            parents.remove(-1);
            if (child.choices().get(i) >= 0 && !parents.isEmpty()) {
                assertThat(child.choices().get(i)).isIn(parents);
            }
        }
    }

    @Property(tries = 300, seed = RandomSpaces.SEED)
    void parsingADescriptionGivesTheGenotypeBack(@ForAll long number, @ForAll long seed) {
        SearchSpace space = RandomSpaces.of(number);
        Genotype genotype = space.sample(new SplittableRandom(seed));
        assertThat(space.contains(genotype)).isTrue();
        assertThat(space.parse(space.describe(genotype))).isEqualTo(genotype);
    }

    @Property(tries = 300, seed = RandomSpaces.SEED)
    void choosingWhatAGenotypeHoldsGivesItBackAndAsksForActiveDecisionsOnly(@ForAll long number, @ForAll long seed) {
        SearchSpace space = RandomSpaces.of(number);
        List<Integer> choices = space.sample(new SplittableRandom(seed)).choices();
        Genotype chosen = space.choose((decision, before) -> {
            assertThat(choices.get(decision)).isNotNegative();
            assertThat(before).isEqualTo(choices.subList(0, decision));
            return choices.get(decision);
        });
        assertThat(chosen.choices()).isEqualTo(choices);
    }

    @Property(tries = 60, seed = RandomSpaces.SEED)
    void theSizeIsTheNumberOfGenotypesListed(@ForAll long number) {
        SearchSpace space = RandomSpaces.small(number);
        List<Genotype> all = space.all().toList();
        assertThat(space.size()).isEqualTo(BigInteger.valueOf(all.size()));
        assertThat(new HashSet<>(all)).hasSameSizeAs(all);
        assertThat(all).allMatch(space::contains);
    }

    @Property(tries = 300, seed = RandomSpaces.SEED)
    void everyGraphHasRightShapesAndTheCostThatTheSpaceSays(@ForAll long number, @ForAll long seed) {
        SearchSpace space = RandomSpaces.of(number);
        Genotype genotype = space.sample(new SplittableRandom(seed));
        Graph graph = space.graph(genotype);
        List<Integer> in = graph.nodes().getFirst().shape();
        var task = new Spaces.Task(
                in.get(0), in.get(1), in.get(2), graph.nodes().getLast().shape().getFirst());
        GraphCount.check(graph, task);
        assertThat(space.cost(genotype)).isEqualTo(GraphCount.cost(graph));
    }

    @Property(tries = 40, seed = RandomSpaces.SEED)
    void twoGenotypesHaveTheSameHashExactlyWhenTheyHaveTheSameGraph(@ForAll long number) {
        SearchSpace space = RandomSpaces.small(number);
        Map<String, Graph> byHash = new HashMap<>();
        Map<Graph, String> byGraph = new HashMap<>();
        space.all().limit(1_500).forEach(genotype -> {
            Graph graph = space.graph(genotype);
            String hash = space.architectureHash(genotype);
            Graph sameHash = byHash.putIfAbsent(hash, graph);
            String sameGraph = byGraph.putIfAbsent(graph, hash);
            assertThat(sameGraph == null || sameGraph.equals(hash)).isTrue();
            assertThat(sameHash == null || sameHash.equals(graph) || Isomorphism.same(sameHash, graph))
                    .isTrue();
        });
    }

    @Property(tries = 30, seed = RandomSpaces.SEED)
    void hashesAgreeWithTryingEveryAssignmentOfNodes(@ForAll long number, @ForAll long seed) {
        SearchSpace space = RandomSpaces.of(number);
        var random = new SplittableRandom(seed);
        Isomorphism.check(space, Stream.generate(() -> space.sample(random)).limit(100));
    }

    /** Of all genotypes, or of those that {@link SearchSpace#sampleRepresentative} ever draws. */
    @Property(tries = 60, seed = RandomSpaces.SEED)
    void multiplicitiesCountTheRepresentativesOfEveryArchitecture(@ForAll long number) {
        SearchSpace space = RandomSpaces.counted(number);
        List<Genotype> drawable = representatives(space);
        Map<String, Long> alike =
                drawable.stream().collect(Collectors.groupingBy(space::architectureHash, Collectors.counting()));
        assertThat(space.representatives()).isEqualTo(drawable.size());
        for (Genotype genotype : drawable) {
            assertThat(space.contains(genotype)).isTrue();
            assertThat(space.multiplicity(genotype)).hasValue(alike.get(space.architectureHash(genotype)));
        }
        assertThat(space.all()
                        .filter(g -> drawable.size() == space.size().intValue() || passesSomething(space, g))
                        .map(space::architectureHash)
                        .collect(Collectors.toSet()))
                .isEqualTo(alike.keySet());
    }

    private static boolean passesSomething(SearchSpace space, Genotype genotype) {
        return !(space instanceof StackedSpace stacked)
                || stacked.cells(genotype).values().stream()
                        .noneMatch(cell -> cell.output().isEmpty());
    }

    /** All that draws find, a few more than there are where there are more than the space says. */
    private static List<Genotype> representatives(SearchSpace space) {
        int count = space.representatives().intValueExact();
        if (count == space.size().intValueExact()) {
            return space.all().toList();
        }
        var random = new SplittableRandom(1);
        Set<Genotype> found = new LinkedHashSet<>();
        for (int draws = 0; draws < count || (found.size() < count && draws < 30 * count); draws++) {
            found.add(space.sampleRepresentative(random));
        }
        return List.copyOf(found);
    }

    /** By Pearson's statistic, which lies within six standard deviations of its mean. */
    @Property(tries = 12, seed = RandomSpaces.SEED)
    void representativesKeptOnceInTheirMultiplicityAreUniformOverArchitectures(@ForAll long number) {
        SearchSpace space = RandomSpaces.counted(number);
        var random = new SplittableRandom(2);
        Map<String, Integer> counts = new HashMap<>();
        space.all().filter(g -> passesSomething(space, g)).forEach(g -> counts.put(space.architectureHash(g), 0));
        int draws = 20 * counts.size();
        for (int kept = 0; kept < draws; ) {
            Genotype drawn = space.sampleRepresentative(random);
            if (random.nextLong(space.multiplicity(drawn).orElseThrow()) == 0) {
                counts.merge(space.architectureHash(drawn), 1, Integer::sum);
                kept++;
            }
        }
        double statistic = counts.values().stream()
                .mapToDouble(c -> (c - 20) * (c - 20) / 20.0)
                .sum();
        double freedom = counts.size() - 1;
        assertThat(statistic).isCloseTo(freedom, within(6 * Math.sqrt(2 * freedom) + 1e-9));
    }

    @Property(tries = 60, seed = RandomSpaces.SEED)
    void theSmallestCostIsTheSmallestOfAll(@ForAll long number) {
        SearchSpace space = RandomSpaces.small(number);
        List<SearchSpace.Cost> costs = space.all().map(space::cost).toList();
        for (String metric : SearchSpace.Cost.METRICS) {
            assertThat(space.smallest().value(metric))
                    .as(metric)
                    .isEqualTo(
                            costs.stream().mapToLong(c -> c.value(metric)).min().orElseThrow());
        }
    }

    @Property(tries = 60, seed = RandomSpaces.SEED)
    void neighboursDifferInOneDecisionAndAreMutual(@ForAll long number, @ForAll long seed) {
        SearchSpace space = RandomSpaces.small(number);
        Genotype genotype = space.sample(new SplittableRandom(seed));
        List<Genotype> neighbours = space.neighbours(genotype);
        assertThat(neighbours).isNotEmpty().doesNotHaveDuplicates().doesNotContain(genotype);
        for (Genotype neighbour : neighbours) {
            assertThat(space.contains(neighbour)).isTrue();
            assertThat(space.neighbours(neighbour)).contains(genotype);
            assertThat(IntStream.range(0, genotype.choices().size())
                            .filter(i -> bothActiveAndDifferent(genotype, neighbour, i)))
                    .hasSize(1);
        }
    }

    private static boolean bothActiveAndDifferent(Genotype a, Genotype b, int i) {
        int first = a.choices().get(i);
        int second = b.choices().get(i);
        return first >= 0 && second >= 0 && first != second;
    }
}
