package dev.mlops.nas.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.mlops.nas.search.ArchitectureTable.Row;
import dev.mlops.nas.search.Experiment.Constraint;
import dev.mlops.nas.search.Experiment.Objective;
import dev.mlops.nas.search.Experiment.SchedulerKind;
import dev.mlops.nas.search.Experiment.StrategyOptions;
import dev.mlops.nas.search.TabularBenchmark.Problem;
import dev.mlops.nas.search.TabularBenchmark.Result;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

class TabularBenchmarkTest {
    private static final SearchSpace SPACE = Laboratory.cell("none", "skip", "conv1x1", "conv3x3");
    private static final Objective ACCURACY = new Objective("accuracy", true);

    @Test
    void thePredictorNeedsFarFewerQueriesThanRandomSearch() {
        var benchmark = benchmark(SPACE, rows(SPACE), ACCURACY);
        var random = benchmark.run("random", new StrategyOptions.RandomSearch(), 3, 60, 1, () -> 0);
        var predictor = benchmark.run("predictor", Laboratory.predictor(8), 3, 60, 1, () -> 0);
        assertThat(predictor.found()).isEqualTo(3);
        assertThat(predictor.toOptimumMean()).isLessThan(random.toOptimumMean() / 2);
        assertThat(predictor.regretMean()).containsOnlyKeys(25, 50);
        assertThat(predictor.regretMean().get(50)).isZero();
        assertThat(predictor.kendallTau().get(50)).isGreaterThan(0.6);
        assertThat(random.kendallTau()).isEmpty();
    }

    @Test
    void theSameRunGivesTheSameResult() {
        var benchmark = benchmark(SPACE, rows(SPACE), ACCURACY);
        var again = benchmark(SPACE, rows(SPACE).reversed(), ACCURACY);
        assertThat(again.run("p", Laboratory.predictor(5), 2, 25, 1, () -> 0))
                .isEqualTo(benchmark.run("p", Laboratory.predictor(5), 2, 25, 1, () -> 0));
    }

    @Test
    void lessCanBeBetter() {
        List<Row> costs = rows(SPACE).stream()
                .map(r -> new Row(r.line(), r.choices(), List.of(-r.values().getFirst())))
                .toList();
        var up = benchmark(SPACE, rows(SPACE), ACCURACY).run("p", Laboratory.predictor(5), 2, 30, 1, () -> 0);
        var down = benchmark(SPACE, costs, new Objective("loss", false))
                .run("p", Laboratory.predictor(5), 2, 30, 1, () -> 0);
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
                .map(r -> new Row(r.line(), r.choices().replace('-', '0'), r.values()))
                .toList();
        assertThat(benchmark(chain, rows, ACCURACY).size())
                .isEqualTo(benchmark(chain, rows(chain), ACCURACY).size());
    }

    @Test
    void theResultIsJudgedInTheScoreColumnThatTheSearchDoesNotSee() {
        ArchitectureTable table = table(SPACE, List.of("noisy", "accuracy"), g -> {
            double noise = new java.util.SplittableRandom(g.hashCode()).nextDouble() - 0.5;
            return List.of(value(SPACE, g) + noise, value(SPACE, g));
        });
        var noisy = new Objective("noisy", true);
        var judged = new TabularBenchmark(table, new Problem(noisy, "accuracy", List.of()));
        var believed = new TabularBenchmark(table, new Problem(noisy, "noisy", List.of()));
        var options = new StrategyOptions.RandomSearch();
        Result whole = judged.run("random", options, 3, judged.size(), 1, () -> 0);
        // All architectures are queried: the one that is best is among them, but noise makes another one the answer.
        assertThat(whole.found()).isEqualTo(3);
        assertThat(whole.regretMean().get(300)).isPositive();
        assertThat(believed.run("random", options, 3, believed.size(), 1, () -> 0)
                        .toOptimumMean())
                .isNotEqualTo(whole.toOptimumMean());
    }

    @Test
    void whatBreaksAnAnalyticLimitIsNeverQueriedAndAColumnIsLearned() {
        ArchitectureTable table = table(
                SPACE,
                List.of("accuracy", "latency"),
                g -> List.of(value(SPACE, g), (double) SPACE.cost(g).macs()));
        double bound = SPACE.all()
                .mapToDouble(g -> SPACE.cost(g).macs())
                .sorted()
                .skip(2000)
                .findFirst()
                .orElseThrow();
        var known =
                new TabularBenchmark(table, new Problem(ACCURACY, "accuracy", List.of(new Constraint("macs", bound))));
        var measured = new TabularBenchmark(
                table, new Problem(ACCURACY, "accuracy", List.of(new Constraint("latency", bound))));
        assertThat(known.size()).isLessThan(measured.size());
        Result before = known.run("p", Laboratory.predictor(8), 2, 50, 1, () -> 0);
        Result learned = measured.run("p", Laboratory.predictor(8), 2, 50, 1, () -> 0);
        assertThat(before.found()).isEqualTo(2);
        assertThat(learned.found()).isEqualTo(2);
        Result blind = measured.run("r", new StrategyOptions.RandomSearch(), 3, 300, 1, () -> 0);
        assertThat(learned.toOptimumMean()).isLessThan(blind.toOptimumMean() / 2);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new TabularBenchmark(
                        table, new Problem(ACCURACY, "accuracy", List.of(new Constraint("latency", 1)))))
                .withMessage("no architecture of the table keeps all limits");
    }

    @Test
    void parallelTrialsCostQueriesAndFindTheSameBest() {
        TabularBenchmark benchmark = benchmark(SPACE, rows(SPACE), ACCURACY);
        Result one = benchmark.run("p", Laboratory.predictor(8), 3, 70, 1, () -> 0);
        Result many = benchmark.run("p", Laboratory.predictor(8), 3, 70, 16, () -> 0);
        assertThat(many.found()).isEqualTo(3);
        assertThat(many.toOptimumMean()).isGreaterThan(one.toOptimumMean());
    }

    @Test
    void cheapResultsThatRankWellMakeRandomSearchCheaper() {
        TabularBenchmark benchmark = cheap(0.05, 0.1);
        var random = new StrategyOptions.RandomSearch();
        Result full = benchmark.run("r", random, 4, 50, 1, () -> 0);
        for (SchedulerKind scheduler :
                List.of(SchedulerKind.SUCCESSIVE_HALVING, SchedulerKind.HYPERBAND, SchedulerKind.ASHA)) {
            Result halved = benchmark.run("r", random, scheduler, 4, 50, 1, () -> 0);
            assertThat(halved.fidelities()).isEqualTo(scheduler);
            assertThat(halved.cost().regretMean()).containsOnlyKeys(25, 50);
            assertThat(halved.cost().regretMean().get(50))
                    .as("%s", scheduler)
                    .isLessThan(full.cost().regretMean().get(50));
        }
    }

    @Test
    void withoutFidelitiesCostsAreQueries() {
        Result full = cheap(0.05, 0.1).run("e", Laboratory.EVOLUTION, 2, 60, 1, () -> 0);
        assertThat(full.cost().regretMean()).isEqualTo(full.regretMean());
        assertThat(full.cost().toOptimumMean()).isEqualTo(full.toOptimumMean());
        assertThat(full.fidelities()).isEqualTo(SchedulerKind.NONE);
    }

    @Test
    void aCheapResultIsNoAnswerAndEveryQueryIsPaid() {
        // One architecture of ten goes on: 60 cheap ones at 0.1 and 6 in full.
        Result halved = cheap(0.05, 0.1)
                .run("r", new StrategyOptions.RandomSearch(), SchedulerKind.SUCCESSIVE_HALVING, 1, 12, 1, () -> 0);
        assertThat(halved.toOptimumMean()).isEqualTo(60 + 6 + 1);
        assertThat(halved.cost().toOptimumMean()).isEqualTo(12 + 1);
        assertThat(halved.regretMean().get(25)).isEqualTo(halved.regretMean().get(50));
    }

    /** The objective, and cheaper results that are noisier. */
    private static TabularBenchmark cheap(double noise, double cost) {
        ArchitectureTable table = table(SPACE, List.of("accuracy", "early"), g -> {
            double luck = new java.util.SplittableRandom(
                            31L * SPACE.architectureHash(g).hashCode())
                    .nextDouble();
            return List.of(value(SPACE, g), value(SPACE, g) - 1 + noise * luck);
        });
        return new TabularBenchmark(
                table,
                new Problem(ACCURACY, "accuracy", List.of(), List.of(new TabularBenchmark.Lower("early", cost))));
    }

    @Test
    void choicesBeyondNineAreLettersOrNumbersWithDots() {
        List<Integer> widths =
                java.util.stream.IntStream.rangeClosed(1, 16).boxed().toList();
        SearchSpace wide = Spaces.chain(
                new Spaces.ChainOptions(
                        4,
                        List.of(new Spaces.StageOptions(
                                "s1",
                                1,
                                List.of(1, 2),
                                List.of("conv"),
                                List.of(3),
                                List.of(1),
                                widths,
                                List.of(false))),
                        List.of(0.0)),
                new Spaces.Task(1, 8, 8, 2),
                Map.of());
        List<Row> letters = new ArrayList<>();
        List<Row> numbers = new ArrayList<>();
        wide.all().forEach(g -> {
            List<String> digits =
                    g.choices().stream().map(c -> Integer.toString(c, 36)).toList();
            List<String> decimals = g.choices().stream().map(String::valueOf).toList();
            letters.add(new Row(letters.size() + 2, String.join("", digits), List.of(value(wide, g))));
            numbers.add(new Row(numbers.size() + 2, String.join(".", decimals), List.of(value(wide, g))));
        });
        assertThat(letters).anySatisfy(r -> assertThat(r.choices()).contains("f"));
        var read = new ArchitectureTable(wide, List.of("accuracy"), letters);
        var same = new ArchitectureTable(wide, List.of("accuracy"), numbers);
        assertThat(wide.all())
                .allSatisfy(g -> assertThat(read.value(g, "accuracy")).isEqualTo(same.value(g, "accuracy")));
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () -> new ArchitectureTable(wide, List.of("accuracy"), List.of(new Row(2, "0g", List.of(1.0)))))
                .withMessage("line 2: choices \"0g\" hold \"g\" for s1.width, which has choices 0 to 15");
    }

    @Test
    void whatIsWrongWithATableIsSaidInOneSentence() {
        refuses(
                rows(SPACE).subList(1, 10),
                "the table lacks 4087 of the search space's 4096 genotypes, such as 000000");
        refuses(
                replaced(new Row(2, "12345", List.of(1.0))),
                "line 2: choices \"12345\" have 5 digits, but the search space has 6");
        refuses(
                replaced(new Row(2, "000009", List.of(1.0))),
                "line 2: choices \"000009\" hold \"9\" for edge2-3, which has choices 0 to 3");
        refuses(replaced(new Row(2, "000000", List.of(Double.NaN))), "line 2: column accuracy holds NaN, not a number");
        refuses(replaced(new Row(2, "000001", List.of(1.0))), "line 3: choices 000001 stand in line 2 already");
    }

    private static ArchitectureTable table(
            SearchSpace space, List<String> columns, Function<Genotype, List<Double>> values) {
        var line = new AtomicInteger(2);
        return new ArchitectureTable(
                space,
                columns,
                space.all()
                        .map(g -> new Row(line.getAndIncrement(), digits(g), values.apply(g)))
                        .toList());
    }

    private static TabularBenchmark benchmark(SearchSpace space, List<Row> rows, Objective objective) {
        return new TabularBenchmark(
                new ArchitectureTable(space, List.of(objective.metric()), rows),
                new Problem(objective, objective.metric(), List.of()));
    }

    private static List<Row> replaced(Row first) {
        List<Row> rows = new ArrayList<>(rows(SPACE));
        rows.set(0, first);
        return rows;
    }

    private static void refuses(List<Row> rows, String sentence) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> benchmark(SPACE, rows, ACCURACY))
                .withMessageContaining(sentence);
    }

    private static List<Row> rows(SearchSpace space) {
        var line = new AtomicInteger(2);
        return space.all()
                .map(g -> new Row(line.getAndIncrement(), digits(g), List.of(value(space, g))))
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
