package dev.mlops.nas.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.mlops.nas.search.Experiment.Objective;
import dev.mlops.nas.search.Experiment.StrategyOptions;
import dev.mlops.nas.search.TabularBenchmark.Row;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class TabularBenchmarkTest {
    private static final SearchSpace SPACE = Laboratory.cell("none", "skip", "conv1x1", "conv3x3");
    private static final Objective ACCURACY = new Objective("accuracy", true);

    @Test
    void thePredictorNeedsFarFewerQueriesThanRandomSearch() {
        var benchmark = new TabularBenchmark(SPACE, rows(SPACE), ACCURACY);
        var random = benchmark.run("random", new StrategyOptions.RandomSearch(), 5, 60, () -> 0);
        var predictor = benchmark.run("predictor", Laboratory.predictor(8), 5, 60, () -> 0);
        assertThat(predictor.found()).isEqualTo(5);
        assertThat(predictor.toOptimumMean()).isLessThan(random.toOptimumMean() / 2);
        assertThat(predictor.regretMean()).containsOnlyKeys(25, 50);
        assertThat(predictor.regretMean().get(50)).isZero();
        assertThat(predictor.kendallTau().get(50)).isGreaterThan(0.6);
        assertThat(random.kendallTau()).isEmpty();
    }

    @Test
    void theSameRunGivesTheSameResult() {
        var benchmark = new TabularBenchmark(SPACE, rows(SPACE), ACCURACY);
        var again = new TabularBenchmark(SPACE, rows(SPACE).reversed(), ACCURACY);
        assertThat(again.run("p", Laboratory.predictor(5), 2, 25, () -> 0))
                .isEqualTo(benchmark.run("p", Laboratory.predictor(5), 2, 25, () -> 0));
    }

    @Test
    void lessCanBeBetter() {
        List<Row> costs = rows(SPACE).stream()
                .map(r -> new Row(r.line(), r.choices(), -r.objective()))
                .toList();
        var up = new TabularBenchmark(SPACE, rows(SPACE), ACCURACY).run("p", Laboratory.predictor(5), 2, 30, () -> 0);
        var down = new TabularBenchmark(SPACE, costs, new Objective("loss", false))
                .run("p", Laboratory.predictor(5), 2, 30, () -> 0);
        assertThat(down).isEqualTo(up);
    }

    @Test
    void inactiveDecisionsOfAChainMayHoldAnyDigit() {
        SearchSpace chain = Spaces.chain(
                new Spaces.ChainOptions(
                        4,
                        List.of(new Spaces.StageOptions(
                                "s1",
                                1,
                                List.of(0, 1),
                                List.of("conv", "mbconv"),
                                List.of(3),
                                List.of(1, 2),
                                List.of(4, 8),
                                List.of(false))),
                        List.of(0.0)),
                new Spaces.Task(1, 8, 8, 2),
                Map.of());
        List<Row> rows = rows(chain).stream()
                .map(r -> new Row(r.line(), r.choices().replace('-', '0'), r.objective()))
                .toList();
        assertThat(new TabularBenchmark(chain, rows, ACCURACY).size())
                .isEqualTo(new TabularBenchmark(chain, rows(chain), ACCURACY).size());
    }

    @Test
    void whatIsWrongWithATableIsSaidInOneSentence() {
        refuses(rows(SPACE).subList(1, 10), "the table has 9 rows, but the search space has 4096 genotypes");
        refuses(
                replaced(new Row(2, "12345", 1)),
                "line 2: choices \"12345\" have 5 digits, but the search space has 6");
        refuses(
                replaced(new Row(2, "000009", 1)),
                "line 2: choices \"000009\" hold \"9\" for edge2-3, which has choices 0 to 3");
        refuses(replaced(new Row(2, "000000", Double.NaN)), "line 2: the objective is NaN, not a number");
        refuses(replaced(new Row(2, "000001", 1)), "line 3: choices 000001 stand in line 2 already");
    }

    private static List<Row> replaced(Row first) {
        List<Row> rows = new ArrayList<>(rows(SPACE));
        rows.set(0, first);
        return rows;
    }

    private static void refuses(List<Row> rows, String sentence) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new TabularBenchmark(SPACE, rows, ACCURACY))
                .withMessageContaining(sentence);
    }

    private static List<Row> rows(SearchSpace space) {
        var line = new AtomicInteger(2);
        return space.all()
                .map(g -> new Row(line.getAndIncrement(), digits(g), value(space, g)))
                .toList();
    }

    private static String digits(Genotype genotype) {
        var text = new StringBuilder();
        genotype.choices().forEach(c -> text.append(c < 0 ? "-" : c.toString()));
        return text.toString();
    }

    /** A smooth function with an optimum inside, the same for genotypes that are one architecture. */
    private static double value(SearchSpace space, Genotype genotype) {
        double size = Math.log(space.cost(genotype).params());
        double luck =
                new java.util.SplittableRandom(space.architectureHash(genotype).hashCode()).nextDouble();
        return size - 0.2 * Math.max(0, size - 7.5) * Math.max(0, size - 7.5) + 0.05 * luck;
    }
}
