package dev.mlops.nas.search;

import java.util.List;

/**
 * A point of a search space.
 *
 * @param choices one chosen index per decision of the space, in its order; inactive decisions hold -1
 */
public record Genotype(List<Integer> choices) {
    /** That of a trial without an architecture, see {@link Purpose#hasArchitecture}. */
    public static final Genotype NONE = new Genotype(List.of());

    /** Copies the choices. */
    public Genotype {
        choices = List.copyOf(choices);
    }
}
