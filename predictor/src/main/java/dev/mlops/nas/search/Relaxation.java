package dev.mlops.nas.search;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A space with its choices open, as differentiable search needs it (Liu, Simonyan, Yang, "DARTS: Differentiable Architecture
 * Search", ICLR 2019): one graph that holds every architecture of the space.
 *
 * @param graph with nodes of the operator {@code choice}: one input for each choice of the mixture that its attribute {@code mixture}
 *     counts, all of one shape. With each of these replaced by one of its inputs, or by nothing, it is an architecture of the space
 * @param mixtures what is open; where a space uses a cell or a motif again, nodes of the graph share a mixture
 */
public record Relaxation(Graph graph, List<Mixture> mixtures) {
    /** Copies the list. */
    public Relaxation {
        mixtures = List.copyOf(mixtures);
    }

    /**
     * One open choice.
     *
     * @param name unique among them
     * @param choices two or more operations
     * @param node where only some of a node's edges stay, the node; null where this one stays whatever the others are
     * @param keep of the mixtures of the node, so many stay; the others become nothing
     */
    public record Mixture(
            String name, List<String> choices, @Nullable String node, int keep) {
        /** Copies the choices. */
        public Mixture {
            choices = List.copyOf(choices);
        }

        /** One that stays. */
        Mixture(String name, List<String> choices) {
            this(name, choices, null, 1);
        }

        /** One that stays, for a decision. */
        static Mixture of(Decision decision) {
            return new Mixture(decision.name(), decision.choices());
        }
    }

    /**
     * The architecture of the space that is left with one choice for each mixture.
     *
     * @param choices indices in the order of the mixtures, -1 for nothing
     * @throws IllegalArgumentException if there is none
     */
    public static Genotype closed(SearchSpace space, List<Integer> choices) {
        if (space instanceof OpenSpace open && choices.size() == open.mixtures().size()) {
            return open.closed(choices);
        }
        throw new IllegalArgumentException(choices + " is no architecture of the space");
    }

    /** The space with its choices open; empty where its architectures have no graph in common. */
    public static Optional<Relaxation> of(SearchSpace space) {
        return space instanceof OpenSpace open
                ? Optional.of(new Relaxation(open.open().graph(), open.mixtures()))
                : Optional.empty();
    }
}
