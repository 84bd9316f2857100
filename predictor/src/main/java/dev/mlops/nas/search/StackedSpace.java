package dev.mlops.nas.search;

import dev.mlops.nas.search.Spaces.StackOptions;
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

    /** How cells become a network. */
    StackOptions stack();

    /** The same in a few words. */
    String stacking();

    @Override
    default List<Integer> sizes() {
        return List.of(stack().cells(), stack().width());
    }

    @Override
    default Graph graph(Genotype genotype) {
        return layers(genotype).graph();
    }

    @Override
    default Cost cost(Genotype genotype) {
        return layers(genotype).cost();
    }
}
