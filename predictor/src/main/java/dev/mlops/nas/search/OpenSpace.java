package dev.mlops.nas.search;

import java.util.List;

/** A space of cells whose choices can be open all at once, see {@link Relaxation}. */
sealed interface OpenSpace extends StackedSpace permits CellSpace, DartsCellSpace, HierarchicalSpace {
    /** The network with all choices open. */
    Layers open();

    /** What is open in it. */
    List<Relaxation.Mixture> mixtures();

    /**
     * The architecture that is left with one choice for each mixture.
     *
     * @param choices indices in the order of the mixtures, -1 for nothing
     */
    Genotype closed(List<Integer> choices);
}
