package dev.mlops.nas.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.mlops.nas.search.Experiment.Budget;
import dev.mlops.nas.search.Experiment.Constraint;
import dev.mlops.nas.search.Experiment.Protocol;
import dev.mlops.nas.search.Experiment.StrategyOptions;
import dev.mlops.nas.search.Plan.Phase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class ExperimentsTest {
    private static final SearchSpace CELL = Laboratory.cell();
    private static final StrategyOptions RANDOM = new StrategyOptions.RandomSearch();
    private static final List<StrategyOptions> STRATEGIES = List.of(
            RANDOM,
            new StrategyOptions.QuasiRandom(),
            Laboratory.EVOLUTION,
            Laboratory.LOCAL_SEARCH,
            Laboratory.REINFORCE,
            Laboratory.predictor(6));

    @Test
    void aSearchGoesThroughItsPhasesAndEndsWithAComparison() {
        var lab = lab(Laboratory.experiment(CELL, Laboratory.predictor(6), 20, 2));

        Plan end = lab.run();

        assertThat(lab.steps().stream().map(s -> s.plan().phase()).distinct())
                .containsExactly(Phase.WARMING_UP, Phase.SEARCHING, Phase.FINALIZING, Phase.SUCCEEDED);
        assertThat(lab.requests(Purpose.WARM_UP)).hasSize(6);
        assertThat(lab.requests(Purpose.SEARCH)).hasSize(14);
        assertThat(lab.requests(Purpose.FINALIST)).hasSize(6);
        assertThat(lab.requests(Purpose.REFERENCE))
                .extracting(TrialRequest::reference)
                .containsExactlyInAnyOrder("resnet-like", "resnet-like", "vgg-like", "vgg-like");
        assertThat(end.summary().comparison())
                .extracting(Plan.Entrant::name)
                .containsExactly("search", "random search", "resnet-like", "vgg-like");
        assertThat(end.summary().comparison().getFirst().verdict()).isNull();
        assertThat(end.summary().comparison().stream().skip(1)).allSatisfy(e -> {
            assertThat(e.verdict()).contains("the test split").contains("interval");
            assertThat(e.low()).isLessThan(e.test());
            assertThat(e.high()).isGreaterThan(e.test());
        });
        assertThat(end.summary().searchDone()).isEqualTo(20);
        assertThat(end.summary().totalTrainings()).isEqualTo(lab.trials().size());
        assertThat(end.summary().trainSeconds()).isEqualTo(2.0 * lab.trials().size());
        assertThat(end.summary().rankCorrelation()).isBetween(-1.0, 1.0);
    }

    @Test
    void theSameHistoryGivesTheSamePlanInAFreshEngine() {
        for (StrategyOptions strategy : STRATEGIES) {
            var lab = lab(Laboratory.experiment(CELL, strategy, 16, 3));
            lab.run();
            Experiment fresh = Laboratory.experiment(Laboratory.cell(), strategy, 16, 3);
            // Backwards, so that nothing that the engine remembers comes in the order of the search.
            for (int i = lab.steps().size() - 1; i >= 0; i--) {
                Laboratory.Step step = lab.steps().get(i);
                Plan again = Experiments.decide(fresh, step.history(), Laboratory.START.plus(Duration.ofSeconds(i)));
                assertThat(again).isEqualTo(step.plan());
            }
        }
    }

    @Test
    void aPlanThatWasStartedInPartIsCompletedAsItWas() {
        for (StrategyOptions strategy : STRATEGIES) {
            Experiment experiment = Laboratory.experiment(CELL, strategy, 16, 4);
            var lab = lab(experiment);
            lab.run();
            lab.steps().forEach(step -> completes(experiment, step));
        }
    }

    private static void completes(Experiment experiment, Laboratory.Step step) {
        List<TrialRequest> planned = step.plan().start();
        for (int started = 1; started < planned.size(); started++) {
            if (planned.get(started).purpose().opensTest()) {
                continue;
            }
            List<History.Trial> trials = new ArrayList<>(step.history().trials());
            planned.subList(0, started).forEach(r -> trials.add(new History.Trial(r, new TrialState.Pending())));
            Plan rest = Experiments.decide(experiment, new History(Laboratory.START, trials), Laboratory.START);
            assertThat(rest.start()).containsExactlyElementsOf(planned.subList(started, planned.size()));
        }
    }

    @Test
    void numbersGoOnAndNeverMoreTrialsRunThanAllowed() {
        var lab = lab(Laboratory.experiment(CELL, Laboratory.predictor(6), 18, 3));
        lab.run();
        assertThat(lab.trials())
                .extracting(t -> t.request().number())
                .containsExactlyElementsOf(
                        java.util.stream.IntStream.rangeClosed(1, lab.trials().size())
                                .boxed()
                                .toList());
        assertThat(lab.steps())
                .allSatisfy(s -> assertThat(
                                unfinished(s.history()) + s.plan().start().size())
                        .isLessThanOrEqualTo(3));
        assertThat(lab.trials()).extracting(t -> t.request().seed()).doesNotHaveDuplicates();
    }

    @Test
    void slotsStayBusyUntilTheLastTrainingsDependOnEachOther() {
        var lab = lab(Laboratory.experiment(CELL, RANDOM, 12, 3));
        lab.run();
        List<Laboratory.Step> early = lab.steps().stream()
                .filter(s -> s.plan().phase() == Phase.SEARCHING)
                .toList();
        assertThat(early)
                .allSatisfy(s -> assertThat(
                                unfinished(s.history()) + s.plan().start().size())
                        .isEqualTo(3));
    }

    @Test
    void searchPhasesLetNoSlotIdleThatTheRandomArmCouldUse() {
        var lab = lab(Laboratory.experiment(CELL, Laboratory.predictor(4), 12, 3));
        lab.run();
        assertThat(lab.steps().stream().filter(s -> s.plan().phase() == Phase.SEARCHING))
                .allSatisfy(s -> assertThat(
                                unfinished(s.history()) + s.plan().start().size())
                        .isEqualTo(3));
    }

    @Test
    void theRandomArmHasAsManyDifferentArchitecturesAsTheSearch() {
        var lab = lab(Laboratory.experiment(CELL, Laboratory.predictor(6), 20, 2));
        lab.run();
        Set<String> search = hashes(lab.requests(Purpose.WARM_UP, Purpose.SEARCH));
        Set<String> own = hashes(lab.requests(Purpose.RANDOM_ARM));
        assertThat(search).hasSize(20);
        assertThat(own).hasSameSizeAs(lab.requests(Purpose.RANDOM_ARM)).doesNotContainAnyElementsOf(search);
        assertThat(own.size()).isBetween(1, 14);
    }

    @Test
    void randomSearchIsItsOwnBaseline() {
        var lab = lab(Laboratory.experiment(CELL, RANDOM, 10, 2));
        Plan end = lab.run();
        assertThat(lab.requests(Purpose.RANDOM_ARM)).isEmpty();
        assertThat(lab.requests(Purpose.RANDOM_FINALIST)).isEmpty();
        assertThat(end.summary().comparison().get(1).verdict()).contains("did not");
    }

    @Test
    void theWinnerIsChosenByValidationAndNeverByTest() {
        SearchSpace space = CELL;
        var lab = new Laboratory(
                Laboratory.experiment(space, RANDOM, 10, 2),
                request -> {
                    double accuracy = Laboratory.accuracy(space, request);
                    var metrics = new java.util.HashMap<>(
                            Laboratory.completed(accuracy, space, request).metrics());
                    metrics.computeIfPresent("testAccuracy", (k, v) -> 1 - accuracy / 2);
                    return new TrialState.Completed(metrics, 1);
                },
                1);
        Plan end = lab.run();
        double best = lab.requests(Purpose.FINALIST).stream()
                .collect(java.util.stream.Collectors.groupingBy(
                        TrialRequest::genotype,
                        java.util.stream.Collectors.averagingDouble(r -> Laboratory.accuracy(space, r))))
                .values()
                .stream()
                .max(Double::compare)
                .orElseThrow();
        assertThat(end.summary().comparison().getFirst().validation())
                .isEqualTo(best, org.assertj.core.data.Offset.offset(1e-12));
    }

    @Test
    void aSearchThatDidNotBeatAReferenceSaysSo() {
        SearchSpace space = CELL;
        var lab = new Laboratory(
                Laboratory.experiment(space, RANDOM, 8, 2),
                r -> Laboratory.completed(r.purpose() == Purpose.REFERENCE ? 0.99 : 0.7, space, r),
                1);
        Plan end = lab.run();
        assertThat(end.summary().comparison().get(2).verdict())
                .startsWith(
                        "The search did not beat resnet-like, which is better on the test split (accuracy -29.00 points");
        assertThat(end.summary().message()).contains("did not beat resnet-like");
    }

    @Test
    void architecturesThatBreakAnAnalyticBoundAreNeverTrained() {
        long bound = CELL.cost(CELL.references().getFirst().genotype()).params() - 1;
        var limit = new Constraint("params", bound);
        for (StrategyOptions strategy : List.of(RANDOM, Laboratory.EVOLUTION, Laboratory.predictor(5))) {
            var lab = lab(Laboratory.experiment(CELL, strategy, List.of(limit), new Budget(14, 2, null, 3)));
            Plan end = lab.run();
            assertThat(lab.trials())
                    .allSatisfy(
                            t -> assertThat(CELL.cost(t.request().genotype()).params())
                                    .isLessThanOrEqualTo(bound));
            assertThat(end.summary().message()).contains("The reference resnet-like was not trained");
        }
    }

    @Test
    void aBoundThatNothingKeepsIsRefusedWithTheSmallestValue() {
        var generous = new Constraint("macs", 1e12);
        var tight = new Constraint("params", 10);
        assertThatExceptionOfType(SpaceException.class)
                .isThrownBy(() -> lab(Laboratory.experiment(
                                CELL, RANDOM, List.of(generous, tight), new Budget(5, 1, null, 3)))
                        .decide())
                .withMessageContaining("at most 10 params")
                .withMessageContaining(String.format(
                        java.util.Locale.ROOT, "%,d", CELL.smallest().params()))
                .extracting(SpaceException::field)
                .isEqualTo("constraints[1].max");
    }

    @Test
    void aSpaceThatIsUsedUpEndsTheSearchEarly() {
        SearchSpace small = Spaces.cell(
                new Spaces.CellOptions(2, List.of("skip", "conv1x1", "conv3x3"), 1, 1, 4),
                new Spaces.Task(1, 8, 8, 2),
                java.util.Map.of());
        for (StrategyOptions strategy : List.of(RANDOM, Laboratory.EVOLUTION, Laboratory.predictor(4))) {
            var lab = lab(Laboratory.experiment(small, strategy, 50, 2));
            Plan end = lab.run();
            assertThat(end.phase()).isEqualTo(Phase.SUCCEEDED);
            assertThat(end.summary().searchTotal()).isEqualTo(3);
            assertThat(end.summary().message()).startsWith("Every architecture");
        }
    }

    @Test
    void afterTheWallClockNoSearchTrialStartsAndTheProtocolRuns() {
        Experiment experiment = Laboratory.experiment(
                CELL, Laboratory.predictor(4), List.of(), new Budget(1000, 2, Duration.ofSeconds(10), 3));
        var lab = lab(experiment);
        Plan end = lab.run();
        assertThat(end.phase()).isEqualTo(Phase.SUCCEEDED);
        assertThat(lab.requests(Purpose.WARM_UP, Purpose.SEARCH)).hasSize(11);
        assertThat(end.summary().message()).startsWith("The time of budget.wallClock is used up.");
    }

    @Test
    void tooManyFailuresFailTheExperimentAndStopWhatRuns() {
        var lab = new Laboratory(
                Laboratory.experiment(CELL, RANDOM, 20, 2), r -> new TrialState.Failed("loss is NaN", 1), 1);
        Plan end = lab.run();
        assertThat(end.phase()).isEqualTo(Phase.FAILED);
        assertThat(end.summary().reason()).isEqualTo("TooManyFailures");
        assertThat(end.summary().message()).contains("4 trials failed").contains("loss is NaN");
        assertThat(end.stop()).hasSize(1);
        assertThat(end.start()).isEmpty();
    }

    @Test
    void whereNoMachineRunsTheTrainerTheSearchSoonEndsAndSaysWhy() {
        var lab = new Laboratory(
                Laboratory.experiment(CELL, RANDOM, List.of(), new Budget(20, 2, null, 10)),
                r -> new TrialState.Failed("there is no GPU", 1, true),
                1);

        Plan end = lab.run();

        assertThat(end.phase()).isEqualTo(Phase.FAILED);
        assertThat(end.summary().reason()).isEqualTo("TrainerUnavailable");
        assertThat(end.summary().message())
                .startsWith(
                        "The trainer could not do its work in 4 trials, whatever the architecture; the last one, trial ")
                .endsWith(": there is no GPU");
        assertThat(lab.trials()).as("the fourth ran when the third ended").hasSize(4);
    }

    @Test
    void aTrialOnABrokenMachineCostsNothingOfTheBudgetAndTeachesNothing() {
        var train = Laboratory.trainer(CELL);
        Experiment experiment =
                Laboratory.experiment(CELL, Laboratory.predictor(4), List.of(), new Budget(12, 2, null, 30));
        var broken = new Laboratory(
                experiment,
                r -> r.number() % 3 == 1 ? new TrialState.Failed("there is no GPU", 1, true) : train.apply(r),
                1);

        Plan end = broken.run();

        assertThat(end.phase()).isEqualTo(Phase.SUCCEEDED);
        assertThat(broken.trials().stream()
                        .filter(t -> List.of(Purpose.WARM_UP, Purpose.SEARCH)
                                .contains(t.request().purpose()))
                        .filter(t -> t.state() instanceof TrialState.Completed))
                .hasSize(12);
        assertThat(end.summary().comparison())
                .isNotEmpty()
                .allSatisfy(
                        e -> assertThat(e.numbers()).as(e.name()).isNotEmpty().noneMatch(n -> n % 3 == 1));
    }

    @Test
    void machinesThatFailAgainAndAgainEndTheSearchAsOtherFailuresDo() {
        var train = Laboratory.trainer(CELL);
        var lab = new Laboratory(
                Laboratory.experiment(CELL, RANDOM, 20, 2),
                r -> r.number() == 1 ? train.apply(r) : new TrialState.Failed("there is no GPU", 1, true),
                1);

        Plan end = lab.run();

        assertThat(end.summary().reason()).isEqualTo("TooManyFailures");
        assertThat(end.summary().message()).contains("4 trials failed").endsWith(": there is no GPU");
    }

    @Test
    void rejectedDataFailTheExperimentWithTheTrainersSentence() {
        var lab = new Laboratory(
                Laboratory.experiment(CELL, RANDOM, 20, 3), r -> new TrialState.Rejected("row 7 holds NaN", 1), 1);
        Plan end = lab.run();
        assertThat(end.phase()).isEqualTo(Phase.FAILED);
        assertThat(end.summary().reason()).isEqualTo("DataUnusable");
        assertThat(end.summary().message()).isEqualTo("row 7 holds NaN");
        assertThat(end.stop()).hasSize(2);
    }

    @Test
    void aSuspendedExperimentStartsNothing() {
        Experiment going = Laboratory.experiment(CELL, RANDOM, 20, 3);
        var suspended = new Experiment(
                going.name(),
                going.space(),
                going.objective(),
                going.constraints(),
                going.strategy(),
                going.epochs(),
                going.fidelity(),
                going.budget(),
                going.protocol(),
                going.seed(),
                true);
        Plan plan = lab(suspended).decide();
        assertThat(plan.phase()).isEqualTo(Phase.SUSPENDED);
        assertThat(plan.start()).isEmpty();
        assertThat(plan.stop()).isEmpty();
    }

    @Test
    void measuredLimitsAreLearnedAndOnlyFeasibleArchitecturesWin() {
        var limit = new Constraint("latencyMs", median());
        var lab = lab(Laboratory.experiment(CELL, Laboratory.predictor(8), List.of(limit), new Budget(30, 1, null, 3)));
        Plan end = lab.run();
        assertThat(end.phase()).isEqualTo(Phase.SUCCEEDED);
        assertThat(end.summary().comparison().getFirst().latencyMs()).isLessThanOrEqualTo(limit.max());
        long feasible = lab.requests(Purpose.SEARCH).stream()
                .filter(r -> r.prediction() != null)
                .filter(r -> CELL.cost(r.genotype()).macs() / 1e5 <= limit.max())
                .count();
        long chosen = lab.requests(Purpose.SEARCH).stream()
                .filter(r -> r.prediction() != null)
                .count();
        assertThat(chosen).isPositive();
        double share = new Candidates(CELL, List.of())
                .list().stream()
                        .mapToDouble(c -> c.cost().macs() / 1e5 <= limit.max() ? 1 : 0)
                        .average()
                        .orElseThrow();
        assertThat(feasible / (double) chosen).isGreaterThan(1.3 * share);
    }

    /** The trainer's latency goes by MACs here and that of the deployed network by parameters: a limit is on the one that it names. */
    @Test
    void aLimitOnTheLatencyAsDeployedIsKeptWhateverTheTrainersOwnIs() {
        double[] deployed = CELL.all()
                .mapToDouble(g -> CELL.cost(g).params() / 1e6)
                .sorted()
                .toArray();
        var limit = new Constraint("exportedLatencyMs", deployed[deployed.length / 4]);
        Experiment experiment =
                Laboratory.experiment(CELL, Laboratory.predictor(6), List.of(limit), new Budget(16, 1, null, 3));
        var lab = lab(experiment);

        Plan end = lab.run();

        assertThat(experiment.measuredCosts()).containsExactly("exportedLatencyMs");
        assertThat(end.phase()).isEqualTo(Phase.SUCCEEDED);
        assertThat(lab.requests(Purpose.FINALIST))
                .isNotEmpty()
                .allSatisfy(
                        r -> assertThat(CELL.cost(r.genotype()).params() / 1e6).isLessThanOrEqualTo(limit.max()));
        assertThat(lab.requests(Purpose.SEARCH))
                .as("it bars what was tried")
                .anySatisfy(
                        r -> assertThat(CELL.cost(r.genotype()).params() / 1e6).isGreaterThan(limit.max()));
    }

    @Test
    void aLimitThatNoTrialKeepsFailsTheExperimentWithTheSmallestMeasurement() {
        var limit = new Constraint("latencyMs", 1e-6);
        Plan end = lab(Laboratory.experiment(CELL, RANDOM, List.of(limit), new Budget(6, 2, null, 3)))
                .run();
        assertThat(end.phase()).isEqualTo(Phase.FAILED);
        assertThat(end.summary().reason()).isEqualTo("NoFeasibleArchitecture");
        assertThat(end.summary().message())
                .contains("latencyMs at most 1.000e-06")
                .contains("smallest measured");
    }

    @Test
    void whereNoArchitectureFitsTheDeviceTheEndSaysWhy() {
        var lab = new Laboratory(
                Laboratory.experiment(CELL, Laboratory.predictor(6), 8, 2),
                r -> new TrialState.Infeasible("more memory than its limit of 120Mi", 1),
                1);
        Plan end = lab.run();
        assertThat(end.phase()).isEqualTo(Phase.FAILED);
        assertThat(end.summary().reason()).isEqualTo("NoFeasibleArchitecture");
        assertThat(end.summary().message())
                .startsWith("None of the 8 architectures gave a result; the last one, trial ")
                .endsWith(": more memory than its limit of 120Mi");
    }

    @Test
    void architecturesThatDoNotFitTheDeviceAreNoFailures() {
        SearchSpace space = CELL;
        var lab = new Laboratory(
                Laboratory.experiment(space, Laboratory.predictor(6), 16, 2),
                r -> r.genotype().choices().getFirst() == 2
                        ? new TrialState.Infeasible("out of memory", 1)
                        : Laboratory.trainer(space).apply(r),
                1);
        Plan end = lab.run();
        assertThat(end.phase()).isEqualTo(Phase.SUCCEEDED);
        assertThat(end.summary().comparison().getFirst().genotype().choices().getFirst())
                .isNotEqualTo(2);
    }

    @Test
    void predictionsAreInUnitsOfTheObjective() {
        var lab = lab(Laboratory.experiment(CELL, Laboratory.predictor(8), 24, 1));
        lab.run();
        List<TrialRequest> predicted = lab.requests(Purpose.SEARCH).stream()
                .filter(r -> r.prediction() != null)
                .toList();
        assertThat(predicted).isNotEmpty().allSatisfy(r -> {
            assertThat(r.prediction().mean())
                    .isCloseTo(Laboratory.accuracy(CELL, r), org.assertj.core.data.Offset.offset(0.1));
            assertThat(r.prediction().sd()).isBetween(0.0, 0.2);
        });
    }

    @Test
    void theSurrogateOfALearnableObjectiveIsTrustedAndReported() {
        var lab = lab(Laboratory.experiment(CELL, Laboratory.predictor(10), 30, 1));
        Plan end = lab.run();
        assertThat(end.summary().predictor()).isNotNull();
        assertThat(end.summary().predictor().low()).isPositive();
        assertThat(end.summary().predictor().kendallTau()).isGreaterThan(0.5);
        assertThat(end.summary().exploresByEvolution()).isFalse();
    }

    @Test
    void whereTheObjectiveIsNoiseEvolutionExploresAndTheSummarySaysSo() {
        var lab = new Laboratory(
                Laboratory.experiment(CELL, Laboratory.predictor(20), 21, 1),
                r -> Laboratory.completed(new SplittableRandom(r.seed() + 3).nextDouble(), CELL, r),
                1);
        Plan end = lab.run();
        assertThat(end.summary().exploresByEvolution()).isTrue();
        assertThat(end.summary().predictor().low()).isNotPositive();
        assertThat(lab.requests(Purpose.SEARCH).getFirst().prediction()).isNull();
    }

    @Test
    void aSpaceThatIsTooLargeToListIsSearchedWithPredictions() {
        SearchSpace space = Spaces.preset("small-cnn", new Spaces.Task(1, 8, 8, 10), java.util.Map.of());
        var params = new Constraint("params", 100_000);
        for (List<Constraint> limits : List.of(List.of(params), List.of(params, new Constraint("latencyMs", 3)))) {
            var lab = lab(Laboratory.experiment(space, Laboratory.predictor(8), limits, new Budget(16, 2, null, 3)));
            Plan end = lab.run();
            assertThat(end.phase()).isEqualTo(Phase.SUCCEEDED);
            assertThat(lab.requests(Purpose.SEARCH).stream()
                            .filter(r -> r.prediction() != null)
                            .count())
                    .isGreaterThan(3);
            assertThat(lab.trials())
                    .allSatisfy(
                            t -> assertThat(space.cost(t.request().genotype()).params())
                                    .isLessThanOrEqualTo(100_000));
        }
    }

    @Test
    void lessIsBetterWhenTheObjectiveIsMinimised() {
        Experiment up = Laboratory.experiment(CELL, Laboratory.predictor(6), 16, 2);
        var down = new Experiment(
                up.name(),
                up.space(),
                new Experiment.Objective("loss", false),
                up.constraints(),
                up.strategy(),
                up.epochs(),
                up.fidelity(),
                up.budget(),
                new Protocol(true, 1, 2, 1, 0.9),
                up.seed(),
                false);
        var lab = new Laboratory(
                down,
                r -> {
                    var metrics = new java.util.HashMap<>(
                            Laboratory.completed(0.9, CELL, r).metrics());
                    metrics.put("loss", 2 - Laboratory.accuracy(CELL, r));
                    return new TrialState.Completed(metrics, 1);
                },
                1);
        Plan end = lab.run();
        double least = lab.requests(Purpose.WARM_UP, Purpose.SEARCH).stream()
                .mapToDouble(r -> 2 - Laboratory.accuracy(CELL, r))
                .min()
                .orElseThrow();
        assertThat(end.summary().best().value()).isCloseTo(least, org.assertj.core.data.Offset.offset(0.01));
    }

    private static Laboratory lab(Experiment experiment) {
        return new Laboratory(experiment, Laboratory.trainer(experiment.space()), 1);
    }

    private static double median() {
        return Statistics.median(
                CELL.all().mapToDouble(g -> CELL.cost(g).macs() / 1e5).toArray());
    }

    private static long unfinished(History history) {
        return history.trials().stream()
                .filter(t -> !(t.state() instanceof TrialState.Outcome))
                .count();
    }

    private static Set<String> hashes(List<TrialRequest> requests) {
        var hashes = new HashSet<String>();
        requests.forEach(r -> hashes.add(CELL.architectureHash(r.genotype())));
        return hashes;
    }
}
