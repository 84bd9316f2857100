package dev.mlops.nas.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.mlops.nas.search.Experiment.Budget;
import dev.mlops.nas.search.Experiment.Fidelity;
import dev.mlops.nas.search.Experiment.Objective;
import dev.mlops.nas.search.Experiment.Protocol;
import dev.mlops.nas.search.Plan.Entrant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ComparisonTest {
    private static final SearchSpace CELL = Laboratory.cell();

    @Test
    void whatIsMinimisedIsBetterWhenItIsLess() {
        List<Entrant> entrants = compare("rmse", Map.of("testRmseSe", 0.001), 2);

        Entrant search = entrants.getFirst();
        Entrant worse = entrants.stream()
                .filter(e -> e.test() > search.test() + 0.02)
                .findFirst()
                .orElseThrow();
        assertThat(worse.verdict())
                .startsWith("The search beats " + worse.name() + " on the test split (rmse -0.")
                .doesNotContain("points", "seeds only");
    }

    @Test
    void theStandardErrorOfTheTrainerMakesTheInterval() {
        Entrant search = compare("rmse", Map.of("testRmseSe", 0.05), 1).getFirst();

        assertThat(search.high() - search.test()).isCloseTo(1.96 * 0.05, within(1e-4));
        assertThat(search.test() - search.low()).isCloseTo(1.96 * 0.05, within(1e-4));
        assertThat(search.seedsOnly()).isFalse();
    }

    @Test
    void seedsWidenTheIntervalOfTheTestExamples() {
        Entrant one = compare("rmse", Map.of("testRmseSe", 0.001), 1).getFirst();
        Entrant two = compare("rmse", Map.of("testRmseSe", 0.001), 2).getFirst();

        assertThat(two.high() - two.test()).isGreaterThan(one.high() - one.test());
    }

    @Test
    void withoutAStandardErrorTheSeedsAreAllThereIsAndTheVerdictSaysSo() {
        List<Entrant> entrants = compare("rmse", Map.of("testExamples", 400.0), 2);

        assertThat(entrants).allSatisfy(e -> {
            assertThat(e.seedsOnly()).isTrue();
            assertThat(e.low()).isLessThan(e.test());
        });
        assertThat(entrants.get(1).verdict()).contains("over seeds only");
    }

    @Test
    void oneSeedWithoutAStandardErrorTellsNothing() {
        List<Entrant> entrants = compare("rmse", Map.of(), 1);

        assertThat(entrants).allSatisfy(e -> assertThat(e.low()).isNaN());
        assertThat(entrants.get(1).verdict()).contains("nothing that tells how sure the test rmse is");
    }

    @Test
    void accuracyHasWilsonsIntervalWhateverTheTrainerSays() {
        Entrant search = compare("accuracy", Map.of("testExamples", 400.0, "testAccuracySe", 0.4), 1)
                .getFirst();

        Statistics.Interval wilson = Statistics.wilson(search.test(), 400, 0.95);
        assertThat(search.low()).isEqualTo(wilson.low(), within(1e-12));
        assertThat(search.high()).isEqualTo(wilson.high(), within(1e-12));
    }

    /** Of a search that ended, by a metric that is the laboratory's accuracy, or 1 less it where less is better. */
    private static List<Entrant> compare(String metric, Map<String, Double> more, int seeds) {
        var objective = new Objective(metric, metric.equals("accuracy"));
        var experiment = new Experiment(
                "lab",
                CELL,
                objective,
                List.of(),
                Laboratory.predictor(6),
                5,
                Fidelity.full(5),
                new Budget(16, 2, null, 3),
                new Protocol(true, seeds, 3, seeds, 0.95),
                7,
                false);
        Plan end = new Laboratory(
                        experiment,
                        request -> {
                            double accuracy = Laboratory.accuracy(CELL, request);
                            double value = objective.maximize() ? accuracy : 1 - accuracy;
                            var metrics = new HashMap<>(Map.of(metric, value));
                            if (request.purpose().opensTest()) {
                                metrics.put(objective.testMetric(), value);
                                metrics.putAll(more);
                            }
                            return new TrialState.Completed(metrics, 2);
                        },
                        3)
                .run();
        return end.summary().comparison();
    }
}
