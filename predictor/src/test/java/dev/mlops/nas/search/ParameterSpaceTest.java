package dev.mlops.nas.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mlops.nas.search.Parameter.Choice;
import dev.mlops.nas.search.Parameter.Real;
import dev.mlops.nas.search.Parameter.Whole;
import dev.mlops.nas.search.SearchSpace.Cost;
import dev.mlops.nas.search.Spaces.Task;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ParameterSpaceTest {
    private static final Task TABLE = new Task(10, 1, 1, 3);
    private static final Task SIGNAL = new Task(2, 1, 16, 3);

    @Test
    void rangesAreListsOfNumbersInTheirShortestForm() {
        assertThat(choices(new Whole(1, 9, 4, false))).containsExactly("1", "5", "9");
        assertThat(choices(new Whole(2, 16, 1, true))).containsExactly("2", "4", "8", "16");
        assertThat(choices(new Real(0, 0.5, 6, false))).containsExactly("0", "0.1", "0.2", "0.3", "0.4", "0.5");
        assertThat(choices(new Real(1e-4, 1e-2, 3, true))).containsExactly("0.0001", "0.001", "0.01");
        assertThat(choices(new Real(1, 100, 3, true))).containsExactly("1", "10", "100");
    }

    private static List<String> choices(Parameter.Values values) {
        return new Parameter("x", values, "").choices();
    }

    @Test
    void theSizeCountsWhatConditionsLeave() {
        SearchSpace space = space(
                null,
                choice("experts", "moe == true", "2", "4", "8"),
                choice("moe", "", "true", "false"),
                choice("router", "moe == true && experts >= 4", "top1", "top2"),
                choice("rate", "", "0.1", "0.2"));

        assertThat(space.size()).isEqualTo(2 * (1 + 1 + 2 * 2));
        assertThat(space.decisions().stream().map(Decision::name)).containsExactly("moe", "experts", "router", "rate");
        assertThat(space.all().filter(g -> space.describe(g).containsKey("router")))
                .hasSize(8)
                .allSatisfy(g -> assertThat(space.describe(g)).containsEntry("moe", "true"));
    }

    @Test
    void conditionsCompareNumbersAndTexts() {
        assertThat(space(null, choice("a", "", "1", "2", "3"), choice("b", "a != 2", "x", "y"))
                        .size())
                .isEqualTo(2 + 1 + 2);
        assertThat(space(null, choice("a", "", "1", "2", "3"), choice("b", "a in [1, 3.0]", "x", "y"))
                        .size())
                .isEqualTo(2 + 1 + 2);
        assertThat(space(null, choice("a", "", "1", "2", "3"), choice("b", "a<=2", "x", "y"))
                        .size())
                .isEqualTo(2 + 2 + 1);
        assertThat(space(null, choice("a", "", "long word", "b"), choice("b", "a == 'long word'", "x", "y"))
                        .size())
                .isEqualTo(2 + 1);
        // What depends on a decision that is not made does not hold, whatever is compared.
        assertThat(space(
                                null,
                                choice("a", "", "1", "2"),
                                choice("b", "a == 1", "x", "y"),
                                choice("c", "b != x", "p", "q"))
                        .size())
                .isEqualTo(1 + 2 + 1);
    }

    @Test
    void whatHasNoEffectDoesNotCount() {
        SearchSpace mlp = space(
                NetworkKind.MLP,
                choice("depth", "", "0", "1", "2"),
                choice("width", "", "8", "16"),
                choice("residual", "", "false", "true"));
        // No layer; one layer of two widths without a place for a residual; two layers with all choices.
        assertThat(mlp.all().map(mlp::architectureHash).distinct()).hasSize(1 + 2 + 4);

        SearchSpace transformer = Spaces.parameters(
                List.of(
                        choice("attention", "", "full", "local"),
                        choice("window", "attention == local", "2", "15", "20"),
                        choice("patch", "", "1", "16")),
                NetworkKind.TRANSFORMER,
                SIGNAL,
                Map.of());
        // Windows over all positions are full attention; one patch of everything leaves nothing to attend to.
        assertThat(transformer.all().map(transformer::architectureHash).distinct())
                .hasSize(2 + 1);
    }

    @Test
    void costsAreWhatTextbooksCount() {
        SearchSpace mlp = space(NetworkKind.MLP, choice("width", "", "20", "30"), choice("depth", "", "2"));
        assertThat(cost(mlp, Map.of("width", "20")))
                .isEqualTo(new Cost(10 * 20 + 20 + 20 * 20 + 20 + 20 * 3 + 3, 10 * 20 + 20 * 20 + 20 * 3, 40 * 4));

        SearchSpace lstm = Spaces.parameters(
                List.of(
                        choice("convolutions", "", "0"),
                        choice("recurrence", "", "lstm", "gru"),
                        choice("units", "", "5")),
                NetworkKind.SIGNAL,
                SIGNAL,
                Map.of());
        assertThat(cost(lstm, Map.of("recurrence", "lstm")).params()).isEqualTo(4 * 5 * (2 + 5 + 1) + 5 * 3 + 3);
        assertThat(cost(lstm, Map.of("recurrence", "lstm")).macs()).isEqualTo(16 * 4 * 5 * (2 + 5) + 5 * 3);
        assertThat(cost(lstm, Map.of("recurrence", "gru")).params()).isEqualTo(3 * 5 * (2 + 5 + 1) + 5 * 3 + 3);

        SearchSpace transformer = Spaces.parameters(
                List.of(
                        choice("depth", "", "1", "2"),
                        choice("width", "", "8"),
                        choice("heads", "", "2"),
                        choice("feedForward", "", "2")),
                NetworkKind.TRANSFORMER,
                SIGNAL,
                Map.of());
        long block = 4 * (8 * 8 + 8) + (8 * 16 + 16) + (16 * 8 + 8) + 2 * 16;
        long outside = (2 * 8 + 8) + 16 * 8 + 16 + (8 * 3 + 3);
        assertThat(cost(transformer, Map.of("depth", "1")).params()).isEqualTo(outside + block);
        assertThat(cost(transformer, Map.of("depth", "2")).params()).isEqualTo(outside + 2 * block);
        assertThat(cost(transformer, Map.of("depth", "1")).macs())
                .isEqualTo(16 * (2 * 8 + 4 * 64 + 2 * 128) + 2 * 16 * 16 * 8 + 8 * 3);
    }

    private static Cost cost(SearchSpace space, Map<String, String> decisions) {
        return space.cost(space.parse(decisions));
    }

    @Test
    void withoutANetworkTheDecisionsAreTheArchitecture() {
        SearchSpace space = space(null, choice("a", "", "1", "2"), choice("b", "a == 1", "x", "y"));

        assertThat(space.hasNetwork()).isFalse();
        assertThat(space.all().map(space::architectureHash).distinct()).hasSize(3);
        Genotype genotype = space.sample(new SplittableRandom(1));
        assertThat(space.graph(genotype).nodes()).isEmpty();
        assertThat(space.cost(genotype)).isEqualTo(Cost.UNKNOWN).isEqualTo(space.smallest());
        assertThat(Drawings.svg(space, genotype)).startsWith("<svg").contains(">a<");
        assertThat(SpaceSummary.of(space, List.of(), 1, 0).costs()).isEmpty();
    }

    /** Beyond what is listed too: 11 parameters with 3 values, and b with 2 where a is 1. */
    @Test
    void withoutANetworkDrawsAreUniformOverArchitectures() {
        var parameters = new ArrayList<>(List.of(choice("a", "", "1", "2", "3"), choice("b", "a == 1", "x", "y")));
        for (int i = 0; i < 10; i++) {
            parameters.add(choice("c" + i, "", "1", "2", "3"));
        }
        SearchSpace space = space(null, parameters.toArray(Parameter[]::new));

        SpaceSummary summary = SpaceSummary.of(space, List.of(), 0, 0);

        assertThat(summary.architectures()).isEqualTo(new SpaceSummary.Counted(BigInteger.valueOf(4 * 59_049)));
        assertThat(summary.uniform()).isTrue();
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', textBlock = """
                    a == 1 && a == 2      ; when of c never holds, because its comparisons exclude each other
                    a >= 7                ; when of c never holds: a is one of 1, 2
                    a <= 7                ; when of c compares a so that it always holds: leave it out
                    a == 7                ; compares a with "7", which it never is: it has 1, 2
                    z == 1                ; when of c compares z, which is no parameter: there are a, b, c
                    c == x                ; conditions form a circle: c needs c
                    b >= 1                ; compares b by >=, but "x" is no number: use == or in
                    a = 1                 ; when is "a = 1": give comparisons such as width == 64
                    a == 1 || a == 2      ; when is "a == 1 || a == 2": give comparisons
                    a in []               ; when is "a in []": give comparisons
                    """)
    void aConditionThatCannotBeMeantIsOneSentence(String when, String sentence) {
        assertThatThrownBy(() ->
                        space(null, choice("a", "", "1", "2"), choice("b", "", "x", "y"), choice("c", when, "x", "y")))
                .isInstanceOf(SpaceException.class)
                .hasMessageContaining(sentence)
                .extracting(e -> ((SpaceException) e).field())
                .isEqualTo("searchSpace.parameters.c.when");
    }

    @Test
    void parametersThatCannotBeMeantAreOneSentence() {
        refused(
                "conditions form a circle: a needs c needs b needs a",
                null,
                choice("a", "c == x", "x", "y"),
                choice("b", "a == x", "x", "y"),
                choice("c", "b == x", "x", "y"));
        refused(
                "a has one choice, 1, which leaves nothing to decide",
                null,
                choice("a", "", "1"),
                choice("b", "", "x", "y"));
        refused("parameters leave nothing to search", NetworkKind.MLP, choice("depth", "", "2"));
        refused(
                "depth has one choice, 2, and a condition",
                NetworkKind.MLP,
                choice("depth", "norm == batch", "2"),
                choice("norm", "", "none", "batch"));
        refused(
                "parameter experts means nothing to network Mlp, which takes depth, width,",
                NetworkKind.MLP,
                choice("experts", "", "2", "4"));
        refused(
                "activation holds swish, but network Mlp takes relu, gelu, silu, tanh",
                NetworkKind.MLP,
                choice("activation", "", "relu", "swish"));
        refused(
                "depth holds 1.5, but network Mlp takes whole numbers from 0 to 64",
                NetworkKind.MLP,
                choice("depth", "", "1", "1.5"));
        refused(
                "dropout holds 1, but network Mlp takes numbers from 0.0 to 0.9",
                NetworkKind.MLP,
                choice("dropout", "", "0", "1"));
        refused(
                "heads may be 3, which does not divide width 64",
                NetworkKind.TRANSFORMER,
                choice("heads", "", "2", "3"));
        refused(
                "patch may be 32, but an example is 1x1: give at most 1",
                NetworkKind.TRANSFORMER,
                choice("patch", "", "1", "32"));
        refused("choice holds x twice", null, choice("a", "", "x", "x"));
        refused(
                "max is 10, which is not reached from 1 in steps of 4: give 9 or 13",
                null,
                new Parameter("a", new Whole(1, 10, 4, false), ""));
        refused(
                "max is 20, which is not reached from 2 by doubling: give 16 or 32",
                null,
                new Parameter("a", new Whole(2, 20, 1, true), ""));
        refused("a has 257 choices: give at most 256", null, new Parameter("a", new Whole(0, 1000, 1, false), ""));
        refused(
                "log doubles from min 0: give a min of 1 or more",
                null,
                new Parameter("a", new Whole(0, 8, 1, true), ""));
        refused("steps is 1: give 2 to 256", null, new Parameter("a", new Real(0, 1, 1, false), ""));
        refused("min is 0.0, but log needs a min above 0", null, new Parameter("a", new Real(0, 1, 3, true), ""));
        refused("max is 1.0: give more than min, which is 1.0", null, new Parameter("a", new Real(1, 1, 3, false), ""));
        assertThatThrownBy(() -> Spaces.preset("signal-1d", new Task(1, 8, 8, 10), Map.of()))
                .hasMessageContaining("shape has height 8, but network Signal reads");
    }

    private static void refused(String sentence, @Nullable NetworkKind kind, Parameter... parameters) {
        assertThatThrownBy(() -> space(kind, parameters))
                .isInstanceOf(SpaceException.class)
                .hasMessageContaining(sentence);
    }

    @Test
    void presetsHaveTheirDocumentedSizesAndDesigns() {
        SearchSpace mlp = Spaces.preset("mlp-tabular", TABLE, Map.of());
        assertThat(mlp.size()).isEqualTo(3_240);
        SearchSpace transformer = Spaces.preset("transformer-tiny", SIGNAL, Map.of());
        assertThat(transformer.size()).isEqualTo(69_120);
        SearchSpace signal = Spaces.preset("signal-1d", SIGNAL, Map.of());
        assertThat(signal.size()).isEqualTo(15_000);
        for (SearchSpace space : List.of(mlp, transformer, signal)) {
            assertThat(space.references()).hasSizeBetween(2, 3);
            assertThat(space.references().stream()
                            .map(r -> space.architectureHash(r.genotype()))
                            .distinct())
                    .hasSameSizeAs(space.references());
        }
    }

    private static SearchSpace space(@Nullable NetworkKind kind, Parameter... parameters) {
        return Spaces.parameters(Arrays.asList(parameters), kind, TABLE, Map.of());
    }

    private static Parameter choice(String name, String when, String... values) {
        return new Parameter(name, new Choice(List.of(values)), when);
    }
}
