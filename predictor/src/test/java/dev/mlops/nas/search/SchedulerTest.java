package dev.mlops.nas.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.mlops.nas.search.Experiment.Budget;
import dev.mlops.nas.search.Experiment.Fidelity;
import dev.mlops.nas.search.Experiment.Protocol;
import dev.mlops.nas.search.Experiment.SchedulerKind;
import dev.mlops.nas.search.Experiment.StrategyOptions;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SchedulerTest {
    private static final SearchSpace CELL = Laboratory.cell("none", "skip", "conv1x1", "conv3x3");
    private static final List<Integer> RUNGS = List.of(2, 6, 20);
    private static final StrategyOptions RANDOM = new StrategyOptions.RandomSearch();

    @Property(tries = 30, seed = RandomSpaces.SEED)
    void anySchedulerWithAnyStrategyEndsAndTrainsNothingTwice(
            @ForAll @IntRange(min = 0, max = 10_000) int number,
            @ForAll @IntRange(min = 1, max = 5) int parallel,
            @ForAll @IntRange(min = 0, max = 2) int strategy,
            @ForAll SchedulerKind scheduler) {
        SearchSpace space = RandomSpaces.small(number);
        StrategyOptions options =
                List.of(RANDOM, Laboratory.EVOLUTION, Laboratory.predictor(5)).get(strategy);
        var lab = new Laboratory(experiment(space, options, scheduler, 14, parallel), trainer(space), number);

        Plan end = lab.run();

        assertThat(end.phase()).isEqualTo(Plan.Phase.SUCCEEDED);
        Map<Integer, TrialRequest> byNumber = new HashMap<>();
        var trained = new HashSet<String>();
        for (TrialRequest request : lab.requests(Purpose.WARM_UP, Purpose.SEARCH)) {
            byNumber.put(request.number(), request);
            assertThat(trained.add(space.architectureHash(request.genotype()) + " " + request.epochs()))
                    .isTrue();
            if (request.continues() != null) {
                TrialRequest before = byNumber.get(request.continues());
                assertThat(before.genotype()).isEqualTo(request.genotype());
                assertThat(before.seed()).isEqualTo(request.seed());
                assertThat(before.epochs()).isLessThan(request.epochs());
            }
        }
        assertThat(lab.requests(Purpose.FINALIST, Purpose.RANDOM_ARM, Purpose.REFERENCE))
                .allSatisfy(r -> assertThat(r.epochs()).isEqualTo(20));
        assertThat(lab.trials().stream().filter(t -> t.request().epochs() == 20))
                .isNotEmpty();
    }

    @Property(tries = 12, seed = RandomSpaces.SEED)
    void aPlanThatWasStartedInPartIsCompletedAsItWas(
            @ForAll @IntRange(min = 0, max = 10_000) int number,
            @ForAll @IntRange(min = 0, max = 2) int strategy,
            @ForAll SchedulerKind scheduler) {
        StrategyOptions options =
                List.of(RANDOM, Laboratory.EVOLUTION, Laboratory.predictor(5)).get(strategy);
        Experiment experiment = experiment(CELL, options, scheduler, 12, 4);
        var lab = new Laboratory(experiment, trainer(CELL), number);
        lab.run();
        for (Laboratory.Step step : lab.steps()) {
            List<TrialRequest> start = step.plan().start();
            if (start.size() > 1) {
                var trials = new java.util.ArrayList<>(step.history().trials());
                trials.add(new History.Trial(start.getFirst(), new TrialState.Pending()));
                Plan rest = Experiments.decide(
                        experiment,
                        new History(Laboratory.START, trials),
                        Laboratory.START.plus(Duration.ofSeconds(1)));
                assertThat(rest.start()).isEqualTo(start.subList(1, start.size()));
            }
        }
    }

    @Test
    void successiveHalvingComparesAllArchitecturesOfARung() {
        var lab = new Laboratory(experiment(CELL, RANDOM, SchedulerKind.SUCCESSIVE_HALVING, 30, 3), trainer(CELL), 1);
        lab.run();
        assertThat(trainings(lab)).isEqualTo(Map.of(2, 30, 6, 10, 20, 3));
        List<TrialRequest> promoted = lab.requests(Purpose.SEARCH).stream()
                .filter(r -> r.epochs() == 6)
                .toList();
        double worst =
                promoted.stream().mapToDouble(r -> accuracy(CELL, r)).min().orElseThrow();
        assertThat(lab.requests(Purpose.SEARCH).stream()
                        .filter(r -> r.epochs() == 2 && accuracy(CELL, r) > worst)
                        .count())
                .isLessThan(10);
        // Nothing goes on before the last architecture of the rung is in.
        assertThat(promoted.getFirst().number()).isGreaterThan(30);
    }

    @Test
    void hyperbandSpreadsTheBudgetOverBracketsFromCautiousToBold() {
        var lab = new Laboratory(experiment(CELL, RANDOM, SchedulerKind.HYPERBAND, 20, 2), trainer(CELL), 1);
        lab.run();
        // Three rungs: 10 architectures from 2 epochs, then 5 from 6 epochs, then 3 in full; the next round has two
        // left.
        List<Integer> starts = lab.requests(Purpose.SEARCH).stream()
                .filter(r -> r.continues() == null)
                .map(TrialRequest::epochs)
                .toList();
        assertThat(starts.subList(0, 10)).containsOnly(2);
        assertThat(starts.subList(10, 15)).containsOnly(6);
        assertThat(starts.subList(15, 18)).containsOnly(20);
        assertThat(starts.subList(18, 20)).containsOnly(2);
    }

    @Test
    void ashaPromotesWithoutWaitingAndBringsSomethingToTheTop() {
        var lab = new Laboratory(experiment(CELL, RANDOM, SchedulerKind.ASHA, 30, 3), trainer(CELL), 1);
        lab.run();
        int first = lab.requests(Purpose.SEARCH).stream()
                .filter(r -> r.epochs() == 6)
                .findFirst()
                .orElseThrow()
                .number();
        assertThat(first).isLessThan(10);
        assertThat(trainings(lab).get(2)).isEqualTo(30);
        assertThat(trainings(lab).get(6)).isBetween(10, 15);
        assertThat(trainings(lab).get(20)).isBetween(3, 6);

        var few = new Laboratory(experiment(CELL, RANDOM, SchedulerKind.ASHA, 2, 1), trainer(CELL), 1);
        few.run();
        assertThat(trainings(few)).isEqualTo(Map.of(2, 2, 6, 1, 20, 1));
    }

    @Test
    void strategiesSeeEveryArchitectureOnceByItsHighestResult() {
        Experiment experiment = experiment(CELL, RANDOM, SchedulerKind.ASHA, 12, 1);
        var lab = new Laboratory(experiment, trainer(CELL), 1);
        lab.run();
        List<Observation> observations = new Ledger(
                        experiment, new History(Laboratory.START, lab.trials()), Candidates.of(experiment))
                .observations();
        assertThat(observations).hasSize(12);
        Observation highest =
                observations.stream().filter(o -> o.epochs() == 20).findFirst().orElseThrow();
        assertThat(highest.rungs()).extracting(Observation.Rung::epochs).containsExactly(2, 6, 20);
        assertThat(highest.rungs().getLast().score()).isEqualTo(highest.score());
        assertThat(highest.rungs().getFirst().score()).isLessThan(highest.score());
        assertThat(highest.rungs()).extracting(Observation.Rung::seconds).containsExactly(2.0, 4.0, 14.0);
    }

    @Test
    void theRandomArmGetsTheEpochsOfTheSearchInFullTrainings() {
        var lab = new Laboratory(
                experiment(CELL, Laboratory.EVOLUTION, SchedulerKind.SUCCESSIVE_HALVING, 30, 3), trainer(CELL), 1);
        Plan end = lab.run();
        // 30 x 2 + 10 x 4 + 3 x 14 = 142 epochs: eight trainings of 20.
        assertThat(lab.requests(Purpose.RANDOM_ARM)).hasSizeBetween(7, 8);
        assertThat(end.summary().searchTotal()).isEqualTo(30);
        assertThat(end.summary().rankingNoise())
                .hasSize(2)
                .allSatisfy(n -> assertThat(n.kendallTau()).isPositive());
    }

    @Test
    void everyTrialIsForetoldTheResultOfItsOwnRung() {
        var lab = new Laboratory(
                withFidelity(
                        experiment(CELL, Laboratory.predictor(8), SchedulerKind.ASHA, 60, 1),
                        new Fidelity(SchedulerKind.ASHA, List.of(2, 6))),
                r -> Laboratory.completed(Laboratory.accuracy(CELL, r) - 1.0 / r.epochs(), CELL, r),
                1);
        lab.run();
        List<History.Trial> foretold = lab.trials().stream()
                .filter(t -> t.request().prediction() != null)
                .toList();
        assertThat(foretold).extracting(t -> t.request().epochs()).contains(2, 6);
        // The rungs are 0.33 apart.
        assertThat(foretold)
                .allSatisfy(t -> assertThat(t.request().prediction().mean())
                        .isCloseTo(((TrialState.Completed) t.state()).metrics().get("accuracy"), within(0.15)));
    }

    @Test
    void whereResultsOfFewEpochsAreNoisyThePredictorRanksThosePromotedBetter() {
        var lab = new Laboratory(
                withFidelity(
                        experiment(CELL, Laboratory.predictor(8), SchedulerKind.ASHA, 60, 1),
                        new Fidelity(SchedulerKind.ASHA, List.of(2, 6))),
                r -> {
                    double luck = new SplittableRandom(r.seed()).nextDouble() - 0.5;
                    return Laboratory.completed(
                            Laboratory.accuracy(CELL, r) + (r.epochs() == 2 ? 0.15 * luck : 0), CELL, r);
                },
                1);
        Plan end = lab.run();
        assertThat(trainings(lab).get(6)).isBetween(20, 40);
        assertThat(end.summary().promotions()).singleElement().satisfies(p -> {
            assertThat(p.architectures()).isEqualTo(trainings(lab).get(6));
            assertThat(p.byPredictor()).isTrue();
            assertThat(p.tauOfForetold()).isGreaterThan(p.tauOfResults() + 0.1);
        });
    }

    @Test
    void withATradeOffTheFrontOfARungGoesOn() {
        Experiment one = experiment(CELL, RANDOM, SchedulerKind.SUCCESSIVE_HALVING, 30, 3);
        var lab = new Laboratory(
                withObjective(one, new Experiment.Objective("accuracy", true, new Experiment.TradeOff("params"))),
                trainer(CELL),
                1);
        lab.run();
        List<TrialRequest> trials = lab.requests(Purpose.SEARCH);
        List<TrialRequest> first = trials.stream().filter(r -> r.epochs() == 2).toList();
        Set<Genotype> promoted = trials.stream()
                .filter(r -> r.epochs() == 6)
                .map(TrialRequest::genotype)
                .collect(Collectors.toSet());
        assertThat(promoted).hasSize(10);
        long least = first.stream().mapToLong(SchedulerTest::params).min().orElseThrow();
        // By accuracy alone the smallest would be among the worst.
        assertThat(first)
                .anySatisfy(r -> {
                    assertThat(params(r)).isEqualTo(least);
                    assertThat(promoted).contains(r.genotype());
                })
                .anySatisfy(r -> {
                    assertThat(accuracy(CELL, r))
                            .isEqualTo(first.stream()
                                    .mapToDouble(f -> accuracy(CELL, f))
                                    .max()
                                    .orElseThrow());
                    assertThat(promoted).contains(r.genotype());
                });
    }

    @Test
    void withATradeOffArchitecturesThatAreEqualInBothGoOnToo() {
        Experiment one = experiment(CELL, RANDOM, SchedulerKind.SUCCESSIVE_HALVING, 30, 3);
        var lab = new Laboratory(
                withObjective(one, new Experiment.Objective("accuracy", true, new Experiment.TradeOff("params"))),
                r -> Laboratory.completed(0.5, CELL, r),
                1);
        lab.run();
        assertThat(lab.requests(Purpose.SEARCH).stream()
                        .filter(r -> r.epochs() == 2)
                        .map(SchedulerTest::params)
                        .distinct()
                        .count())
                .isLessThan(20);
        assertThat(trainings(lab)).isEqualTo(Map.of(2, 30, 6, 10, 20, 3));
    }

    @Test
    void whereNoCheckpointsAreKeptRandomSearchGetsAllEpochsOfPromotedTrials() {
        Experiment kept = experiment(CELL, Laboratory.EVOLUTION, SchedulerKind.SUCCESSIVE_HALVING, 30, 3);
        var lab = new Laboratory(kept.withoutCheckpoints(), trainer(CELL), 1);
        lab.run();
        // 30 x 2 + 10 x 6 + 3 x 20 = 180 epochs: nine trainings of 20.
        assertThat(lab.requests(Purpose.RANDOM_ARM)).hasSizeBetween(8, 9);
    }

    @Test
    void aSearchThatStaysCheapLeavesFullTrainingToTheProtocol() {
        Experiment whole = experiment(CELL, RANDOM, SchedulerKind.SUCCESSIVE_HALVING, 20, 2);
        var lab = new Laboratory(
                withFidelity(whole, new Fidelity(SchedulerKind.SUCCESSIVE_HALVING, List.of(2))), trainer(CELL), 1);
        Plan end = lab.run();
        assertThat(trainings(lab)).isEqualTo(Map.of(2, 20));
        assertThat(lab.requests(Purpose.FINALIST))
                .hasSize(6)
                .allSatisfy(r -> assertThat(r.epochs()).isEqualTo(20));
        assertThat(end.summary().rankingNoise())
                .singleElement()
                .satisfies(n -> assertThat(n.epochs()).isEqualTo(2));
        assertThat(end.summary().rankCorrelation()).isNotNull();
    }

    @Test
    void resultsOfDifferentRungsAreNotCorrelatedWithRetraining() {
        Experiment experiment = experiment(CELL, RANDOM, SchedulerKind.SUCCESSIVE_HALVING, 9, 2);
        var lab = new Laboratory(experiment, trainer(CELL), 1);
        Plan end = lab.run();
        // One of the three finalists was trained in full, two came from the rung below.
        assertThat(trainings(lab)).isEqualTo(Map.of(2, 9, 6, 3, 20, 1));
        assertThat(end.phase()).isEqualTo(Plan.Phase.SUCCEEDED);
        assertThat(end.summary().rankCorrelation()).isNull();
    }

    @Test
    void aPromotionThatFailsIsNotRepeatedAndLeavesTheLowerResult() {
        Experiment experiment = experiment(CELL, RANDOM, SchedulerKind.SUCCESSIVE_HALVING, 9, 2);
        var lab = new Laboratory(
                experiment,
                r -> r.continues() == null || r.purpose().opensTest()
                        ? trainer(CELL).apply(r)
                        : new TrialState.Failed("diverged", 1),
                1);
        Plan end = lab.run();
        assertThat(end.phase()).isEqualTo(Plan.Phase.SUCCEEDED);
        assertThat(trainings(lab)).isEqualTo(Map.of(2, 9, 6, 3));
    }

    @Test
    void whatIsPromotedToMoreDataBeginsAnewAndCostsAllOfIt() {
        Experiment epochs = experiment(CELL, RANDOM, SchedulerKind.SUCCESSIVE_HALVING, 9, 2);
        Experiment data = withFidelity(
                epochs, new Fidelity(SchedulerKind.SUCCESSIVE_HALVING, RUNGS, true, Experiment.Resource.DATA));
        var fewerEpochs = new Laboratory(epochs, trainer(CELL), 1);
        var lessData = new Laboratory(data, trainer(CELL), 1);
        fewerEpochs.run();
        lessData.run();
        assertThat(trainings(lessData)).isEqualTo(trainings(fewerEpochs)).isEqualTo(Map.of(2, 9, 6, 3, 20, 1));
        assertThat(paid(fewerEpochs, epochs)).isEqualTo(9 * 2 + 3 * 4 + 14);
        assertThat(paid(lessData, data)).isEqualTo(9 * 2 + 3 * 6 + 20);
        // Random search gets what the search got: 2.2 and 2.8 full trainings.
        assertThat(fewerEpochs.requests(Purpose.RANDOM_ARM)).hasSize(3);
        assertThat(lessData.requests(Purpose.RANDOM_ARM)).hasSize(3);
    }

    @ParameterizedTest
    @CsvSource({"EPOCHS, true", "DATA, false"})
    void oneBadEpochAtTheEndIsForgivenWhereATrainingIsBrokenOff(Experiment.Resource resource, boolean forgiven) {
        Experiment experiment = withFidelity(
                experiment(CELL, RANDOM, SchedulerKind.SUCCESSIVE_HALVING, 9, 1),
                new Fidelity(SchedulerKind.SUCCESSIVE_HALVING, RUNGS, true, resource));
        var lab = new Laboratory(
                experiment,
                r -> r.number() == 4
                        ? new TrialState.Completed(Map.of("accuracy", 0.1), 1, List.of(), List.of(0.6, 0.99, 0.1))
                        : Laboratory.completed(Laboratory.accuracy(CELL, r), CELL, r),
                1);
        lab.run();
        assertThat(trainings(lab)).isEqualTo(Map.of(2, 9, 6, 3, 20, 1));
        assertThat(lab.requests(Purpose.SEARCH).stream()
                        .anyMatch(r -> Integer.valueOf(4).equals(r.continues())))
                .isEqualTo(forgiven);
    }

    private static int paid(Laboratory lab, Experiment experiment) {
        return lab.requests(Purpose.WARM_UP, Purpose.SEARCH).stream()
                .mapToInt(r -> experiment.paidEpochs(r, new History(Laboratory.START, lab.trials())))
                .sum();
    }

    private static Map<Integer, Integer> trainings(Laboratory lab) {
        var counts = new TreeMap<Integer, Integer>();
        lab.requests(Purpose.WARM_UP, Purpose.SEARCH).forEach(r -> counts.merge(r.epochs(), 1, Integer::sum));
        return counts;
    }

    private static Experiment experiment(
            SearchSpace space, StrategyOptions strategy, SchedulerKind scheduler, int trials, int parallel) {
        Experiment whole = Laboratory.experiment(space, strategy, List.of(), new Budget(trials, parallel, null, 3));
        return withFidelity(
                whole, scheduler == SchedulerKind.NONE ? Fidelity.full(20) : new Fidelity(scheduler, RUNGS));
    }

    private static Experiment withFidelity(Experiment e, Fidelity fidelity) {
        return new Experiment(
                e.name(),
                e.space(),
                e.objective(),
                e.constraints(),
                e.strategy(),
                20,
                fidelity,
                e.budget(),
                new Protocol(true, 2, 3, 2, 0.95),
                e.seed(),
                false);
    }

    private static Experiment withObjective(Experiment e, Experiment.Objective objective) {
        return new Experiment(
                e.name(),
                e.space(),
                objective,
                e.constraints(),
                e.strategy(),
                e.epochs(),
                e.fidelity(),
                e.budget(),
                e.protocol(),
                e.seed(),
                false);
    }

    private static long params(TrialRequest request) {
        return CELL.cost(request.genotype()).params();
    }

    private static Function<TrialRequest, TrialState.Outcome> trainer(SearchSpace space) {
        return request -> {
            var metrics = Laboratory.completed(accuracy(space, request), space, request)
                    .metrics();
            int before = request.continues() == null ? 0 : request.epochs() == 20 ? 6 : 2;
            return new TrialState.Completed(metrics, request.epochs() - before);
        };
    }

    /** Grows with the epochs; ranks of few epochs are noisy. */
    private static double accuracy(SearchSpace space, TrialRequest request) {
        double noise = new SplittableRandom(request.seed() + request.epochs()).nextDouble() - 0.5;
        return Laboratory.accuracy(space, request) + (noise * 0.02 - 0.2) / request.epochs();
    }
}
