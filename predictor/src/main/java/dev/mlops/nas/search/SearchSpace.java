package dev.mlops.nas.search;

import java.math.BigInteger;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;

/** Which architectures exist: decisions, and the rule that turns a choice for each into a graph. Immutable. */
public sealed interface SearchSpace permits DecisionSpace {
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

    /**
     * Number of representatives: genotypes that stand for all architectures, each for its own, but not for cells that nothing passes
     * where these are left out. All genotypes where nothing narrower is known.
     */
    default BigInteger representatives() {
        return size();
    }

    /** A uniform draw from the representatives. */
    default Genotype sampleRepresentative(RandomGenerator random) {
        return sample(random);
    }

    /**
     * How many representatives are the same architecture as this one. Empty for every genotype where the space cannot count them.
     */
    default OptionalLong multiplicity(Genotype representative) {
        return OptionalLong.empty();
    }

    /** Builds a genotype decision by decision, in their order: the chooser is asked for the active ones only. */
    Genotype choose(Chooser chooser);

    /**
     * A neighbour that is another architecture (another canonical hash), drawn at random.
     *
     * @throws SpaceException if the space is one architecture only
     */
    Genotype mutate(Genotype genotype, RandomGenerator random);

    /**
     * A child of two genotypes, which may be one of them: each decision takes its value from either parent by the toss of a coin
     * (uniform crossover, Syswerda 1989), from the one where it is active if only one has it, and a uniform draw where neither
     * has; what the child's choices leave without effect is inactive.
     */
    Genotype crossover(Genotype a, Genotype b, RandomGenerator random);

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

    /**
     * Whether the space says how decisions become a network. Where it does not, a trainer of the user's own does: graphs are empty,
     * and every analytic cost is {@link Cost#UNKNOWN}.
     */
    default boolean hasNetwork() {
        return true;
    }

    /** Analytic cost of {@link #graph}. */
    Cost cost(Genotype genotype);

    /**
     * The smallest of each cost in the space; different architectures may hold them. Where a space of more than 4,096 genotypes
     * has no formula for a cost, the smallest that descents through neighbours find.
     */
    Cost smallest();

    /** Names and values of the active decisions, in the space's order. */
    Map<String, String> describe(Genotype genotype);

    /** The inverse of {@link #describe}; throws {@link SpaceException} with a sentence on unknown names or values. */
    Genotype parse(Map<String, String> decisions);

    /** Human designs. */
    List<Reference> references();

    /**
     * The same decisions and designs with smaller networks: each genotype's graph, hash and costs follow the rules of the space with
     * its widths and depths multiplied, so that a shortcut that needs equal widths is there where these are equal. A space without
     * networks stays as it is.
     */
    SearchSpace scaled(Multipliers by);

    /**
     * Numbers of the space that {@link #scaled} multiplies, as they are here. Spaces that are scaled from one have the same networks
     * where they have the same sizes.
     */
    List<Integer> sizes();

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
     * @param params trainable parameters, as the trial contract counts them for each operator
     * @param macs multiply-accumulates for one example of convolutions, dense and recurrent layers and attention
     * @param activationBytes memory for results in 32-bit floating point while the graph runs for one example, node after node in
     *     its order: the most that is alive at once of what the running node reads and writes and what later nodes still read;
     *     nothing is overwritten in place
     */
    record Cost(long params, long macs, long activationBytes) {
        /** The cost in a space without a network; no network has this one. */
        public static final Cost UNKNOWN = new Cost(0, 0, 0);

        /** The metrics' names, as constraints use them. */
        public static final Set<String> METRICS = Set.of("params", "macs", "activationBytes");

        /** The cost with one of the names of {@link #METRICS}. */
        public long value(String metric) {
            return switch (metric) {
                case "params" -> params;
                case "macs" -> macs;
                case "activationBytes" -> activationBytes;
                default -> throw new IllegalArgumentException(metric + " is none of " + METRICS);
            };
        }
    }
}
