package dev.mlops.nas.search;

import java.math.BigInteger;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;

/** Which architectures exist: decisions, and the rule that turns a choice for each into a graph. Immutable. */
public sealed interface SearchSpace permits ChainSpace, CellSpace {
    /** The decisions, in the order of a genotype's choices. */
    List<Decision> decisions();

    /** Number of genotypes. */
    BigInteger size();

    /** Whether the genotype has one valid choice for every active decision and -1 for every inactive one. */
    boolean contains(Genotype genotype);

    /** A uniform draw. */
    Genotype sample(RandomGenerator random);

    /** A neighbour that is another architecture (another canonical hash), drawn at random. */
    Genotype mutate(Genotype genotype, RandomGenerator random);

    /** All genotypes that differ in one decision. */
    List<Genotype> neighbours(Genotype genotype);

    /** The architecture, with shapes checked. */
    Graph graph(Genotype genotype);

    /** The same for two genotypes exactly when they give the same graph: dead nodes, identities and order do not count. */
    String architectureHash(Genotype genotype);

    /** Analytic cost, without building the graph twice. */
    Cost cost(Genotype genotype);

    /** Names and values of the active decisions, in the space's order. */
    Map<String, String> describe(Genotype genotype);

    /** The inverse of {@link #describe}; throws {@link SpaceException} with a sentence on unknown names or values. */
    Genotype parse(Map<String, String> decisions);

    /** Human designs. */
    List<Reference> references();

    /** A human design. */
    record Reference(String name, Genotype genotype) {}

    /** Analytic cost of one architecture: trainable parameters, and multiply-accumulates of one inference. */
    record Cost(long params, long macs) {}
}
