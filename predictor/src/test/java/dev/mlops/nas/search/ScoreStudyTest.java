package dev.mlops.nas.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.mlops.nas.search.Experiment.Budget;
import dev.mlops.nas.search.Experiment.Constraint;
import dev.mlops.nas.search.Experiment.StrategyOptions;
import dev.mlops.nas.search.ScoreStudy.Ranking;
import dev.mlops.nas.search.ScoreStudy.Subject;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class ScoreStudyTest {
    private final SearchSpace space = Laboratory.cell();

    @Test
    void humanDesignsTrainedOnesAndDrawsAreThereOnceEachAndWithinTheLimits() {
        long limit = space.cost(space.references().getFirst().genotype()).params();
        Experiment experiment = Laboratory.experiment(
                space,
                new StrategyOptions.RandomSearch(),
                List.of(new Constraint("params", limit)),
                new Budget(6, 1, null, 3));
        var laboratory = new Laboratory(experiment, Laboratory.trainer(space), 1);
        laboratory.run();
        var history = new History(Laboratory.START, laboratory.trials());

        List<Subject> subjects = ScoreStudy.subjects(experiment, history, 10);

        assertThat(subjects)
                .extracting(s -> space.architectureHash(s.genotype()))
                .doesNotHaveDuplicates();
        assertThat(subjects).allSatisfy(s -> assertThat(s.cost().params()).isLessThanOrEqualTo(limit));
        assertThat(subjects.stream().filter(s -> s.name().startsWith("draw "))).hasSize(10);
        assertThat(subjects.stream().filter(s -> s.name().startsWith("trial ")))
                .hasSizeGreaterThanOrEqualTo(5)
                .allMatch(Subject::isTrained);
        assertThat(subjects.getFirst().name())
                .isEqualTo(space.references().getFirst().name());
        assertThat(subjects.getFirst().isTrained()).as("as a human design").isTrue();
        assertThat(ScoreStudy.subjects(experiment, history, 10)).isEqualTo(subjects);
    }

    @Test
    void aScoreIsJudgedByTheArchitecturesThatHaveItInTheDirectionOfTheObjective() {
        Experiment accuracy = Laboratory.experiment(space, new StrategyOptions.RandomSearch(), 6, 1);
        List<Subject> subjects = List.of(
                subject("a", 0.9), subject("b", 0.8), subject("c", 0.7), subject("d", 0.6), subject("e", Double.NaN));
        Map<String, Map<String, Double>> scores = new HashMap<>();
        scores.put("a", Map.of("good", 4.0, "bad", 1.0, "rare", 1.0));
        scores.put("b", Map.of("good", 3.0, "bad", 2.0, "rare", 2.0));
        scores.put("c", Map.of("good", 2.0, "bad", 3.0));
        scores.put("d", Map.of("good", 1.0, "bad", 4.0));
        scores.put("e", Map.of("good", 9.0, "bad", 9.0, "rare", 9.0));

        List<Ranking> rankings = ScoreStudy.rankings(accuracy, subjects, scores);

        assertThat(rankings).extracting(Ranking::score).containsExactly("good", "bad");
        assertThat(rankings).extracting(Ranking::kendallTau).containsExactly(1.0, -1.0);
        assertThat(rankings).allSatisfy(r -> {
            assertThat(r.architectures()).isEqualTo(4);
            assertThat(r.low()).isLessThanOrEqualTo(r.kendallTau());
            assertThat(r.high()).isGreaterThanOrEqualTo(r.kendallTau());
        });
    }

    @Test
    void theMeanRankIsOneForTheBestByAllScoresAndPutsWhatHasNoScoreLast() {
        Map<String, Map<String, Double>> scores = Map.of(
                "best", Map.of("synflow", 9.0, "naswot", 9.0, "gradNorm", 9.0, "params", 1.0),
                "middle", Map.of("synflow", 5.0, "naswot", 5.0, "gradNorm", 5.0, "params", 9.0),
                "without", Map.of("synflow", 1.0, "gradNorm", 5.0),
                "unbuilt", Map.of());

        var completed = ScoreStudy.withMeanRank(scores);

        assertThat(completed.getOrDefault("best", Map.of())).containsEntry("meanRank", 1.0);
        assertThat(completed.getOrDefault("middle", Map.of()).get("meanRank"))
                .isCloseTo((2.0 + 2.0 + 1.5) / 9, within(1e-12));
        assertThat(completed.getOrDefault("without", Map.of()).get("meanRank"))
                .isCloseTo((1.0 + 0.5 + 1.5) / 9, within(1e-12));
        assertThat(completed.get("unbuilt")).isEmpty();
    }

    @Test
    void whatTrialsReportIsJudgedAtTheFidelityOfMostOfThem() {
        Experiment experiment = Laboratory.experiment(space, new StrategyOptions.RandomSearch(), 6, 1);
        List<Genotype> genotypes = space
                .all()
                .collect(Collectors.toMap(space::architectureHash, g -> g, (a, b) -> a, LinkedHashMap::new))
                .values()
                .stream()
                .limit(5)
                .toList();
        List<History.Trial> trials = new ArrayList<>();
        for (int i = 0; i < genotypes.size(); i++) {
            Map<String, Double> metrics = Map.of("accuracy", 0.5 + 0.1 * i, "naswot", 10.0 + i, "synflow", -1.0 * i);
            trials.add(trial(2 * i + 1, genotypes.get(i), 5, metrics));
            trials.add(trial(2 * i + 2, genotypes.get(i), 1, Map.of("accuracy", 0.9 - 0.1 * i, "naswot", 10.0 + i)));
        }

        var rankings = ScoreStudy.rankings(experiment, new History(Laboratory.START, trials));

        assertThat(rankings).extracting(Ranking::score).contains("params", "macs", "meanRank");
        assertThat(rankings)
                .filteredOn(r -> r.score().equals("naswot"))
                .singleElement()
                .satisfies(r -> {
                    assertThat(r.kendallTau()).isEqualTo(1);
                    assertThat(r.architectures()).isEqualTo(5);
                });
        assertThat(rankings.getLast().score()).isEqualTo("synflow");
        assertThat(ScoreStudy.rankings(experiment, new History(Laboratory.START, trials.subList(0, 4))))
                .as("two architectures")
                .isEmpty();
    }

    private static History.Trial trial(int number, Genotype genotype, int epochs, Map<String, Double> metrics) {
        var request = new TrialRequest(number, Purpose.SEARCH, genotype, epochs, number, null, null, null);
        return new History.Trial(request, new TrialState.Completed(metrics, 1));
    }

    private Subject subject(String name, double value) {
        Genotype genotype = space.references().getFirst().genotype();
        return new Subject(name, genotype, space.cost(genotype), value);
    }
}
