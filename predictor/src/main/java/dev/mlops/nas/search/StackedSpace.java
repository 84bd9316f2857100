package dev.mlops.nas.search;

import java.util.List;
import java.util.SequencedMap;

/** A space of cells that are stacked to a network by a fixed rule. */
sealed interface StackedSpace extends DecisionSpace permits NodeCellSpace, OpenSpace {
    /** The operations that decisions choose from. */
    List<CellOperation> operations();

    /** What each kind of cell computes, by its name. */
    SequencedMap<String, CellGraph> cells(Genotype genotype);

    /** The network. */
    Layers layers(Genotype genotype);

    /** How cells become a network, in a few words. */
    String stacking();

    @Override
    default Graph graph(Genotype genotype) {
        return layers(genotype).graph();
    }

    @Override
    default Cost cost(Genotype genotype) {
        return layers(genotype).cost();
    }
}
