package dev.mlops.nas.experiment;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mlops.nas.search.Parameter;
import dev.mlops.nas.search.Parameter.Choice;
import dev.mlops.nas.search.SearchSpace;
import dev.mlops.nas.search.Spaces;
import dev.mlops.nas.search.Spaces.Task;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BuiltInTrainerTest {
    @ParameterizedTest
    @ValueSource(strings = {"small-cnn", "nb101-cell", "nb201-cell", "darts-cell", "hierarchical-cnn", "mlp-tabular"})
    void imagesAndTablesAreTrained(String preset) {
        assertThat(BuiltInTrainer.lack(preset(preset, 1, 16, 16))).isEmpty();
    }

    @Test
    void whatCannotBeBuiltIsNamed() {
        assertThat(BuiltInTrainer.lack(preset("transformer-tiny", 1, 8, 8)))
                .hasValue(
                        "searchSpace needs attention, linearAttention, positionEmbedding, sequence, which the built-in trainer"
                                + " cannot build");
        assertThat(BuiltInTrainer.lack(preset("signal-1d", 3, 1, 64)))
                .hasValue(
                        "searchSpace needs conv1d, globalMaxPool, gru, lastPosition, lstm, sequence, which the built-in"
                                + " trainer cannot build");
    }

    @Test
    void decisionsWithoutANetworkMeanNothingToIt() {
        var choice = new Parameter("a", new Choice(List.of("1", "2")), "");

        assertThat(BuiltInTrainer.lack(Spaces.parameters(List.of(choice), null, new Task(1, 8, 8, 2), Map.of())))
                .hasValue(
                        "searchSpace has no network, so that the built-in trainer cannot know what its decisions mean");
    }

    private static SearchSpace preset(String name, int channels, int height, int width) {
        return Spaces.preset(name, new Task(channels, height, width, 10), Map.of());
    }
}
