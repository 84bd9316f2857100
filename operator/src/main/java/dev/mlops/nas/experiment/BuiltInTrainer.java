package dev.mlops.nas.experiment;

import dev.mlops.nas.contract.Operators;
import dev.mlops.nas.search.Graph.Node;
import dev.mlops.nas.search.SearchSpace;
import dev.mlops.nas.search.SearchSpace.Reference;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/** Whether the built-in trainer can train a space, before a trial fails to. */
public final class BuiltInTrainer {
    private static final int DRAWS = 50;

    /** What it cannot build of the human designs and some draws, in one sentence; empty where it builds them all. */
    public static Optional<String> lack(SearchSpace space) {
        if (!space.hasNetwork()) {
            return Optional.of(
                    "searchSpace has no network, so that the built-in trainer cannot know what its decisions mean");
        }
        var random = new SplittableRandom(0);
        List<String> unknown = Stream.concat(
                        space.references().stream().map(Reference::genotype),
                        Stream.generate(() -> space.sample(random)).limit(DRAWS))
                .flatMap(genotype -> space.graph(genotype).nodes().stream())
                .map(Node::operator)
                .filter(operator -> !Operators.BUILT_IN.contains(operator))
                .distinct()
                .sorted()
                .toList();
        return unknown.isEmpty()
                ? Optional.empty()
                : Optional.of("searchSpace needs %s, which the built-in trainer cannot build"
                        .formatted(String.join(", ", unknown)));
    }

    private BuiltInTrainer() {}
}
