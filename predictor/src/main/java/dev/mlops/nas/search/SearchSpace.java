package dev.mlops.nas.search;

import java.math.BigInteger;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;

/** Which architectures exist: decisions, and the rule that turns a choice for each into a graph. Immutable. */
public sealed interface SearchSpace permits ChainSpace, CellSpace {
    /** The decisions, in the order of a genotype's choices. */
    List<Decision> decisions();

    /** Number of genotypes. */
    BigInteger size();

    /** Whether the genotype has one valid choice for every active decision and -1 for every inactive one. */
    boolean contains(Genotype genotype);

    /** All genotypes, listed lazily and always in the same order; ask {@link #size} first. */
    Stream<Genotype> all();

    /** A uniform draw. */
    Genotype sample(RandomGenerator random);

    /** Builds a genotype decision by decision, in their order: the chooser is asked for the active ones only. */
    Genotype choose(Chooser chooser);

    /**
     * A neighbour that is another architecture (another canonical hash), drawn at random.
     *
     * @throws SpaceException if the space is one architecture only
     */
    Genotype mutate(Genotype genotype, RandomGenerator random);

    /**
     * All genotypes that differ in the value of one decision. Decisions that this switches on take every value, so that being
     * neighbours is mutual.
     */
    List<Genotype> neighbours(Genotype genotype);

    /** The architecture, with shapes checked. */
    Graph graph(Genotype genotype);

    /**
     * The same for two genotypes exactly when they give the same graph: dead nodes, identities and order do not count.
     * {@code sha256-} and the first 16 hexadecimal digits of a SHA-256 over a canonical form, task included.
     */
    String architectureHash(Genotype genotype);

    /** Analytic cost of {@link #graph}, without building it. */
    Cost cost(Genotype genotype);

    /** The smallest parameters and the smallest multiply-accumulates in the space; two architectures may hold one each. */
    Cost smallest();

    /** Names and values of the active decisions, in the space's order. */
    Map<String, String> describe(Genotype genotype);

    /** The inverse of {@link #describe}; throws {@link SpaceException} with a sentence on unknown names or values. */
    Genotype parse(Map<String, String> decisions);

    /** Human designs. */
    List<Reference> references();

    /** Makes one choice after the other. */
    @FunctionalInterface
    interface Chooser {
        /**
         * The index of the choice for an active decision.
         *
         * @param decision its place in {@link #decisions}
         * @param before the choices for the decisions before it, -1 where inactive; valid during the call
         */
        int choose(int decision, List<Integer> before);
    }

    /** A human design. */
    record Reference(String name, Genotype genotype) {}

    /**
     * Analytic cost of one architecture.
     *
     * @param params trainable parameters of convolutions (no bias), batch norms (scale and shift) and the dense layer (with bias)
     * @param macs multiply-accumulates of convolutions and the dense layer for one example
     */
    record Cost(long params, long macs) {}
}
