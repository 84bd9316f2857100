package dev.mlops.nas.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mlops.nas.search.Experiment.StrategyOptions;
import dev.mlops.nas.search.Plan.Phase;
import dev.mlops.nas.search.Preparation.OpenChoices;
import dev.mlops.nas.search.Preparation.Order;
import dev.mlops.nas.search.TrialState.Derived;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class DifferentiableTest {
    private static final SearchSpace CELL = Laboratory.cell();
    private static final int CHOICES = CELL.decisions().size();

    @Test
    void whatWasDerivedIsTrainedFirstAndThenNeighboursOfTheBest() {
        var lab = lab(experiment(), List.of(all(1), all(2), all(1), all(0)));

        Plan end = lab.run();

        assertThat(end.phase()).isEqualTo(Phase.SUCCEEDED);
        List<TrialRequest> search = lab.requests(Purpose.SEARCH);
        assertThat(search).hasSize(9);
        assertThat(search.subList(0, 3))
                .extracting(r -> r.genotype().choices())
                .containsExactly(all(1).choices(), all(2).choices(), all(0).choices());
        List<Genotype> first =
                search.subList(0, 3).stream().map(TrialRequest::genotype).toList();
        assertThat(search.subList(3, 6)).allMatch(r -> first.stream().anyMatch(f -> distance(f, r.genotype()) == 1));
    }

    @Test
    void theSameHistoryGivesTheSamePlanAgain() {
        var lab = lab(experiment(), List.of(all(1), all(2)));
        lab.run();
        for (int i = lab.steps().size() - 1; i >= 0; i--) {
            Laboratory.Step step = lab.steps().get(i);
            assertThat(Experiments.decide(experiment(), step.history(), Laboratory.START.plus(Duration.ofSeconds(i))))
                    .isEqualTo(step.plan());
        }
    }

    @Test
    void whatIsNoArchitectureOfTheSpaceEndsTheExperimentWithASentence() {
        assertThat(message(List.of())).endsWith("came to nothing: the trainer derived no architecture");
        assertThat(message(List.of(new Derived(List.of(1), 0.9))))
                .endsWith("came to nothing: the trainer derived [1], which is no architecture of the space");
        assertThat(message(List.of(all(99)))).endsWith("which is no architecture of the space");
    }

    @Test
    void aPassOverOpenChoicesIsPaidAtWhatItCosts() {
        // All five operations on each edge, where an architecture has one: 3x3 convolutions on a fifth of them.
        SearchSpace space = Spaces.preset("nb201-cell", new Spaces.Task(3, 32, 32, 10), Map.of());
        var open = OpenChoices.of(space, 50, 8, Order.FIRST);
        assertThat(open.networks()).isBetween(3.5, 6.0);
        assertThat(open.paidEpochs()).isEqualTo(Math.round(50 * open.networks()));
        assertThat(open.paidEpochs(Map.of("trainedEpochs", 20.0))).isEqualTo(Math.round(20 * open.networks()));
        assertThat(open.paidEpochs(Map.of("trainedEpochs", 9e9))).isEqualTo(open.paidEpochs());
        // Of second order, one half of the training part is passed once and the other four times.
        assertThat(OpenChoices.of(space, 50, 8, Order.SECOND).paidEpochs())
                .isEqualTo(Math.round(50 * 2.5 * open.networks()));
    }

    @Test
    void aNetworkThatIsTooLargeWithAllChoicesOpenIsRefused() {
        var options = new Spaces.CellOptions(
                6, List.of("skip", "sepconv3x3", "sepconv5x5", "dilconv3x3", "conv3x3"), 3, 10, 8);
        SearchSpace space = Spaces.cell(options, new Spaces.Task(3, 32, 32, 10), Map.of());

        assertThatThrownBy(() -> OpenChoices.of(space, 50, 8, Order.FIRST))
                .isInstanceOf(SpaceException.class)
                .hasMessageMatching(
                        "strategy.name is Differentiable, but with all choices open the network has \\d+ nodes:"
                                + " give searchSpace fewer cells, nodes or operations, for at most 4600");
    }

    @Test
    void randomSearchGetsWhatAPreparationCostThatStoppedEarly() {
        assertThat(randomDraws(Map.of("relaxedAccuracy", 0.9)))
                .isEqualTo(randomDraws(Map.of("relaxedAccuracy", 0.9, "trainedEpochs", 5.0)) + 3);
    }

    /** How many architectures the random arm compares: one for each five epochs of search and preparation. */
    private static int randomDraws(Map<String, Double> metrics) {
        var trainer = Laboratory.trainer(CELL);
        var prepared = new TrialState.Completed(metrics, 60, List.of(all(1)), List.of());
        var lab =
                new Laboratory(experiment(), r -> r.purpose() == Purpose.PREPARATION ? prepared : trainer.apply(r), 1);
        lab.run();
        var candidates = Candidates.of(experiment());
        var ledger = new Ledger(experiment(), new History(Laboratory.START, lab.trials()), candidates);
        return new ProtocolPlan(experiment(), candidates, ledger, true).arm().size();
    }

    private static String message(List<Derived> derived) {
        Plan end = lab(experiment(), derived).run();
        assertThat(end.phase()).isEqualTo(Phase.FAILED);
        assertThat(end.summary().reason()).isEqualTo("PreparationFailed");
        return end.summary().message();
    }

    private static Derived all(int choice) {
        return new Derived(IntStream.range(0, CHOICES).mapToObj(i -> choice).toList(), 0.9);
    }

    private static long distance(Genotype a, Genotype b) {
        return IntStream.range(0, CHOICES)
                .filter(i -> !a.choices().get(i).equals(b.choices().get(i)))
                .count();
    }

    private static Experiment experiment() {
        return Laboratory.experiment(CELL, new StrategyOptions.Differentiable(), 9, 2)
                .preparedBy(new OpenChoices(10, 4, Order.FIRST, 3));
    }

    private static Laboratory lab(Experiment experiment, List<Derived> derived) {
        Function<TrialRequest, TrialState.Outcome> trainer = Laboratory.trainer(CELL);
        var prepared = new TrialState.Completed(Map.of("relaxedAccuracy", 0.9), 60, derived, List.of());
        return new Laboratory(experiment, r -> r.purpose() == Purpose.PREPARATION ? prepared : trainer.apply(r), 1);
    }
}
