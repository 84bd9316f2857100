package dev.mlops.nas.search;

import java.math.BigInteger;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;

/** A space whose genotypes are exactly those that the conditions of its decisions leave: all but the architecture is theirs. */
sealed interface DecisionSpace extends SearchSpace permits ChainSpace, StackedSpace, ParameterSpace {
    /** The decisions with their conditions. */
    Decisions table();

    @Override
    default List<Decision> decisions() {
        return table().all();
    }

    @Override
    default BigInteger size() {
        return table().size();
    }

    @Override
    default boolean contains(Genotype genotype) {
        return table().contains(genotype);
    }

    /** The genotype itself; throws where it is not in the space, which is a mistake of the caller. */
    default Genotype checked(Genotype genotype) {
        if (!contains(genotype)) {
            throw new IllegalArgumentException(genotype + " is not in the space");
        }
        return genotype;
    }

    @Override
    default Stream<Genotype> all() {
        return table().stream();
    }

    @Override
    default Genotype sample(RandomGenerator random) {
        return table().sample(random);
    }

    @Override
    default Genotype choose(Chooser chooser) {
        return table().choose(chooser);
    }

    @Override
    default Genotype mutate(Genotype genotype, RandomGenerator random) {
        return table().mutate(genotype, random, this::architectureHash);
    }

    @Override
    default Genotype crossover(Genotype a, Genotype b, RandomGenerator random) {
        return table().crossover(checked(a), checked(b), random);
    }

    @Override
    default List<Genotype> neighbours(Genotype genotype) {
        return table().neighbours(genotype);
    }

    @Override
    default Map<String, String> describe(Genotype genotype) {
        return table().describe(genotype);
    }

    @Override
    default Genotype parse(Map<String, String> values) {
        return table().parse(values);
    }
}
