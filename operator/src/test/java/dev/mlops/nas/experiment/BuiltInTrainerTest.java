package dev.mlops.nas.experiment;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mlops.nas.contract.Operators;
import dev.mlops.nas.search.Graph.Node;
import dev.mlops.nas.search.Parameter;
import dev.mlops.nas.search.Parameter.Choice;
import dev.mlops.nas.search.SearchSpace;
import dev.mlops.nas.search.SearchSpace.Reference;
import dev.mlops.nas.search.Spaces;
import dev.mlops.nas.search.Spaces.Task;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BuiltInTrainerTest {
    private static final int DRAWS = 50;

    @ParameterizedTest
    @CsvSource({
        "small-cnn, 16",
        "nb101-cell, 16",
        "nb201-cell, 16",
        "darts-cell, 16",
        "hierarchical-cnn, 16",
        "mlp-tabular, 16",
        "transformer-tiny, 16",
        "transformer-tiny, 1",
        "signal-1d, 1"
    })
    void everyPresetIsTrainedAndHoldsOperatorsOfTheContractOnly(String preset, int height) {
        SearchSpace space = Spaces.preset(preset, new Task(1, height, 16, 10), Map.of());

        assertThat(BuiltInTrainer.lack(space)).isEmpty();
        var random = new SplittableRandom(0);
        assertThat(Stream.concat(
                                space.references().stream().map(Reference::genotype),
                                Stream.generate(() -> space.sample(random)).limit(DRAWS))
                        .flatMap(genotype -> space.graph(genotype).nodes().stream())
                        .map(Node::operator))
                .isSubsetOf(Operators.ALL);
    }

    @Test
    void decisionsWithoutANetworkMeanNothingToIt() {
        var choice = new Parameter("a", new Choice(List.of("1", "2")), "");

        assertThat(BuiltInTrainer.lack(Spaces.parameters(List.of(choice), null, new Task(1, 8, 8, 2), Map.of())))
                .hasValue(
                        "searchSpace has no network, so that the built-in trainer cannot know what its decisions mean");
    }
}
