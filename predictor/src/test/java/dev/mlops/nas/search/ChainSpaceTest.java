package dev.mlops.nas.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.mlops.nas.search.Spaces.ChainOptions;
import dev.mlops.nas.search.Spaces.StageOptions;
import dev.mlops.nas.search.Spaces.Task;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ChainSpaceTest {
    private static final Task DIGITS = new Task(1, 8, 8, 10);
    private final SearchSpace conditional = Spaces.chain(
            new ChainOptions(
                    4,
                    List.of(
                            new StageOptions(
                                    "s1",
                                    1,
                                    List.of(0, 1, 2),
                                    List.of("conv", "mbconv"),
                                    List.of(3, 5),
                                    List.of(2, 4),
                                    List.of(4),
                                    List.of(false)),
                            new StageOptions(
                                    "s2",
                                    1,
                                    List.of(0, 1, 2),
                                    List.of("conv"),
                                    List.of(3),
                                    List.of(1),
                                    List.of(4),
                                    List.of(false))),
                    List.of(0.0)),
            DIGITS,
            Map.of());

    @Test
    void whatHasOneChoiceIsNoDecision() {
        assertThat(conditional.decisions().stream().map(Decision::name))
                .containsExactly("s1.depth", "s1.operator", "s1.kernel", "s1.expansion", "s2.depth");
    }

    @Test
    void theSizeCountsOnlyWhatTheConditionsAllow() {
        // s1: absent, or two depths of (conv with two kernels, mbconv with two kernels and two expansions); s2: three
        // depths.
        assertThat(conditional.size()).isEqualTo((1 + 2 * (2 + 4)) * 3);
    }

    @Test
    void anAbsentStageHasNoOtherDecisions() {
        assertThat(conditional.parse(Map.of("s1.depth", "0", "s2.depth", "1")).choices())
                .containsExactly(0, -1, -1, -1, 1);
    }

    /** Pearson's chi-square: 38 degrees of freedom, 70.7 is exceeded by chance once in a thousand. */
    @Test
    void samplingIsUniformOverTheGenotypes() {
        var random = new SplittableRandom(1);
        var counts = new HashMap<Genotype, Integer>();
        int draws = 39_000;
        for (int i = 0; i < draws; i++) {
            counts.merge(conditional.sample(random), 1, Integer::sum);
        }
        double expected = draws / 39.0;
        double chiSquare = counts.values().stream()
                .mapToDouble(c -> (c - expected) * (c - expected) / expected)
                .sum();
        assertThat(counts).hasSize(39);
        assertThat(chiSquare).isLessThan(70.7);
    }

    @Test
    void theSameBlocksInAnotherStageAreTheSameArchitecture() {
        Genotype first =
                conditional.parse(Map.of("s1.depth", "1", "s1.operator", "conv", "s1.kernel", "3", "s2.depth", "0"));
        Genotype second = conditional.parse(Map.of("s1.depth", "0", "s2.depth", "1"));
        assertThat(conditional.architectureHash(first)).isEqualTo(conditional.architectureHash(second));
        assertThat(layers(first)).isEqualTo(layers(second));
    }

    /** Without names, which are those of the stage. */
    private List<List<Object>> layers(Genotype genotype) {
        return conditional.graph(genotype).nodes().stream()
                .map(n -> List.<Object>of(n.operator(), n.attributes(), n.shape()))
                .toList();
    }

    @Test
    void anMbconvIsAnInvertedBottleneckWithALinearEndAndAResidual() {
        SearchSpace space = Spaces.preset("small-cnn", DIGITS, Map.of());
        Genotype mobile = space.references().stream()
                .filter(r -> r.name().equals("mobilenet-like"))
                .findFirst()
                .orElseThrow()
                .genotype();
        assertThat(space.graph(mobile).nodes().stream()
                        .filter(n -> n.name().startsWith("s1-mbconv1."))
                        .map(Graph.Node::operator))
                .containsExactly("conv", "batchNorm", "relu", "conv", "batchNorm", "relu", "conv", "batchNorm", "add");
    }

    @Test
    void smallCnnHoldsAboutTwoMillionNetsFromTwoThousandToHalfAMillionParameters() {
        SearchSpace space = Spaces.preset("small-cnn", DIGITS, Map.of());
        assertThat(space.size().doubleValue()).isCloseTo(1.77e6, within(1e4));
        assertThat(space.smallest().params()).isBetween(1_500L, 2_500L);
        var random = new SplittableRandom(3);
        for (int i = 0; i < 2_000; i++) {
            assertThat(space.cost(space.sample(random)).params()).isLessThan(500_000);
        }
        assertThat(space.references().stream().map(SearchSpace.Reference::name))
                .containsExactly("lenet-like", "resnet-like", "mobilenet-like");
    }

    @ParameterizedTest
    @CsvSource({"1,8,8", "1,28,28", "3,32,32", "2,1,64", "1,3,3"})
    void smallCnnFitsImagesOfManySizes(int channels, int height, int width) {
        var task = new Task(channels, height, width, 10);
        SearchSpace space = Spaces.preset("small-cnn", task, Map.of());
        space.references().forEach(r -> GraphCount.check(space.graph(r.genotype()), task));
    }
}
