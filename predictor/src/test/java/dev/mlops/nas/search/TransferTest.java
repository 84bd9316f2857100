package dev.mlops.nas.search;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mlops.nas.search.Experiment.Budget;
import dev.mlops.nas.search.Experiment.Objective;
import dev.mlops.nas.search.TabularBenchmark.Problem;
import dev.mlops.nas.search.TabularBenchmark.Result;
import dev.mlops.nas.search.TabularBenchmark.Source;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class TransferTest {
    private static final SearchSpace SPACE = Laboratory.cell("none", "skip", "conv3x3");
    private static final SearchSpace NARROW = Laboratory.cell("skip", "conv3x3");
    private static final Objective ACCURACY = new Objective("accuracy", true);

    @Test
    void anEarlierExperimentOnOtherDataSavesQueries() {
        double alone = queries(List.of());
        double told = queries(List.of(new Source("related", 60)));
        assertThat(told).isLessThan(0.8 * alone);
    }

    @Test
    void oneThatMisleadsCostsLittle() {
        double alone = queries(List.of());
        double misled = queries(List.of(new Source("contrary", 60)));
        assertThat(misled).isLessThan(1.5 * alone);
    }

    @Test
    void theLastOfManyResultsWhichTuneTheScalesAreGoodAndBadAlike() {
        for (int results = GaussianProcess.TUNED + 1; results <= 400; results++) {
            int each = results;
            List<Integer> last = Transfer.mixed(
                            IntStream.range(0, results).boxed().toList())
                    .subList(results - GaussianProcess.TUNED, results);
            for (int quarter = 0; quarter < 4; quarter++) {
                int part = quarter;
                assertThat(last.stream().filter(rank -> 4 * rank / each == part).count())
                        .as("quarter %d of %d results", quarter, results)
                        .isBetween(27L, 33L);
            }
        }
    }

    @Test
    void halfOfTheWarmUpStaysRandom() {
        List<Purpose> purposes =
                purposes(laboratory(SPACE, List.of(Earlier.of(search(SPACE, 30), run(search(SPACE, 30))))));
        assertThat(purposes.subList(0, 8))
                .containsExactly(
                        Purpose.SEARCH,
                        Purpose.WARM_UP,
                        Purpose.SEARCH,
                        Purpose.WARM_UP,
                        Purpose.SEARCH,
                        Purpose.WARM_UP,
                        Purpose.SEARCH,
                        Purpose.WARM_UP);
    }

    @Test
    void onlyArchitecturesThatThisSpaceHasCountAndTheSentenceSaysSo() {
        Earlier wide = Earlier.of(search(SPACE, 30), run(search(SPACE, 30)));
        int shared = wide.in(NARROW).size();
        assertThat(wide.results()).hasSize(30);
        assertThat(shared).isLessThan(30);
        assertThat(wide.sentence(SPACE)).isEqualTo("learning from 30 results of lab");
        assertThat(wide.sentence(NARROW))
                .isEqualTo(
                        shared < Transfer.LEAST
                                ? "nothing is learned from lab: it takes 8 results whose architectures exist in this"
                                        + " search space, and lab has " + shared
                                : "learning from %d results of lab; the architectures of %d others do not exist in this search space"
                                        .formatted(shared, 30 - shared));
    }

    @Test
    void resultsOfDifferentFidelitiesAreNotMixed() {
        Experiment halving = new Experiment(
                "rungs",
                SPACE,
                ACCURACY,
                List.of(),
                Laboratory.predictor(8),
                9,
                new Experiment.Fidelity(Experiment.SchedulerKind.ASHA, List.of(1, 3, 9)),
                new Budget(40, 1, null, 3),
                new Experiment.Protocol(false, 0, 1, 1, 0.95),
                7,
                false);
        // A result is its number of epochs: equal scores are results of equal fidelity.
        Earlier earlier = Earlier.of(
                halving, run(halving, r -> new TrialState.Completed(Map.of("accuracy", (double) r.epochs()), 1)));
        assertThat(earlier.results().stream().map(Earlier.Result::score).collect(Collectors.toSet()))
                .isEqualTo(Set.of(1.0));
        assertThat(earlier.results()).hasSize(40);
    }

    private static Experiment search(SearchSpace space, int trials) {
        return Laboratory.experiment(space, Laboratory.predictor(8), trials, 1);
    }

    private static History run(Experiment experiment) {
        return run(experiment, Laboratory.trainer(experiment.space()));
    }

    private static History run(Experiment experiment, Function<TrialRequest, TrialState.Outcome> trainer) {
        var laboratory = new Laboratory(experiment, trainer, 0);
        laboratory.run();
        return new History(Laboratory.START, laboratory.trials());
    }

    private static History laboratory(SearchSpace space, List<Earlier> earlier) {
        return run(search(space, 12).learningFrom(earlier));
    }

    private static List<Purpose> purposes(History history) {
        return history.trials().stream().map(t -> t.request().purpose()).toList();
    }

    /** Mean queries to the best of a table with a related column and one that says the contrary. */
    private static double queries(List<Source> sources) {
        List<ArchitectureTable.Row> rows = new ArrayList<>();
        for (var all = SPACE.all().iterator(); all.hasNext(); ) {
            Genotype genotype = all.next();
            double size = StrictMath.log(SPACE.cost(genotype).params());
            long wide = genotype.choices().stream().filter(c -> c == 2).count();
            double detail =
                    StrictMath.sin(SPACE.architectureHash(genotype).chars().sum());
            double accuracy = size + 0.3 * wide + 0.2 * detail;
            String digits = genotype.choices().stream().map(String::valueOf).collect(Collectors.joining());
            rows.add(new ArchitectureTable.Row(
                    rows.size() + 2, digits, List.of(accuracy, StrictMath.exp(size + 0.3 * wide), -accuracy)));
        }
        var table = new ArchitectureTable(SPACE, List.of("accuracy", "related", "contrary"), rows);
        Result result = new TabularBenchmark(table, new Problem(ACCURACY, "accuracy", List.of(), List.of(), sources))
                .run("p", Laboratory.predictor(8), 5, 60, 1, () -> 0);
        return result.toOptimumMean();
    }
}
