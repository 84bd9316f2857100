package dev.mlops.nas.search;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mlops.nas.search.Plan.Phase;
import dev.mlops.nas.search.Preparation.Sampling;
import dev.mlops.nas.search.Preparation.SharedWeights;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

class PreparationTest {
    private static final SearchSpace CELL = Laboratory.cell();
    private static final SharedWeights SHARED = new SharedWeights(15, Sampling.UNIFORM, 1, List.of());

    @Test
    void nothingElseStartsBeforeThePreparationIsDone() {
        var lab = lab(prepared(), new TrialState.Completed(Map.of("sharedPaths", 32.0), 60));

        Plan first = lab.decide();

        assertThat(first.phase()).isEqualTo(Phase.PREPARING);
        assertThat(first.start())
                .containsExactly(new TrialRequest(
                        1, Purpose.PREPARATION, Genotype.NONE, 15, Seeds.training(7, 1), null, null, null));
        lab.start(first);
        Plan waiting = lab.decide();
        assertThat(waiting.phase()).isEqualTo(Phase.PREPARING);
        assertThat(waiting.start()).isEmpty();
        lab.finishOne();
        assertThat(lab.decide().start())
                .hasSize(3)
                .allSatisfy(r -> assertThat(r.purpose()).isEqualTo(Purpose.WARM_UP));
    }

    @Test
    void thePreparationIsPaidForAndIsNoArchitectureOfTheBudget() {
        var lab = lab(prepared(), new TrialState.Completed(Map.of("sharedPaths", 32.0), 60));

        Plan end = lab.run();

        assertThat(end.phase()).isEqualTo(Phase.SUCCEEDED);
        assertThat(lab.requests(Purpose.PREPARATION)).hasSize(1);
        assertThat(lab.requests(Purpose.WARM_UP, Purpose.SEARCH)).hasSize(12);
        assertThat(end.summary().searchDone()).isEqualTo(12);
        assertThat(end.summary().totalTrainings()).isEqualTo(lab.trials().size());
        assertThat(end.summary().trainSeconds())
                .isEqualTo(60 + 2.0 * (lab.trials().size() - 1));
    }

    @Test
    void randomSearchGetsWhatThePreparationCost() {
        var lab = lab(prepared(), new TrialState.Completed(Map.of("sharedPaths", 32.0), 60));
        lab.run();

        // 12 architectures of 5 epochs and 15 epochs of preparation; four draws are the warm-up, others the search may
        // have met.
        var ledger = new Ledger(prepared(), new History(Laboratory.START, lab.trials()), Candidates.of(prepared()));
        var protocol = new ProtocolPlan(prepared(), Candidates.of(prepared()), ledger, true);
        assertThat(protocol.arm()).hasSize(15);
    }

    @Test
    void theSameHistoryGivesTheSamePlanAgain() {
        var lab = lab(prepared(), new TrialState.Completed(Map.of("sharedPaths", 32.0), 60));
        lab.run();
        for (int i = lab.steps().size() - 1; i >= 0; i--) {
            Laboratory.Step step = lab.steps().get(i);
            assertThat(Experiments.decide(prepared(), step.history(), Laboratory.START.plus(Duration.ofSeconds(i))))
                    .isEqualTo(step.plan());
        }
    }

    @Test
    void aPreparationThatComesToNothingEndsTheExperimentWithItsReason() {
        for (TrialState.Outcome outcome : List.of(
                new TrialState.Failed("the loss is NaN", 9),
                new TrialState.Infeasible("the loss is NaN", 9),
                new TrialState.Stopped("the loss is NaN", 9))) {
            var lab = lab(prepared(), outcome);

            Plan end = lab.run();

            assertThat(end.phase()).isEqualTo(Phase.FAILED);
            assertThat(end.summary().reason()).isEqualTo("PreparationFailed");
            assertThat(end.summary().message())
                    .isEqualTo("Trial 1, which prepares the search, came to nothing: the loss is NaN");
            assertThat(lab.trials()).hasSize(1);
            assertThat(end.summary().trainSeconds()).isEqualTo(9);
        }
    }

    @Test
    void aPreparationWhoseDataIsUnusableEndsTheExperimentAsEveryTrialDoes() {
        Plan end = lab(prepared(), new TrialState.Rejected("row 7 has no label", 1))
                .run();

        assertThat(end.summary().reason()).isEqualTo("DataUnusable");
        assertThat(end.summary().message()).isEqualTo("row 7 has no label");
    }

    @Test
    void searchTrialsInheritAndTheRestIsTrainedFromScratch() {
        var lab = inheriting(0.9);

        Plan end = lab.run();

        assertThat(lab.requests(Purpose.WARM_UP, Purpose.SEARCH))
                .hasSize(12)
                .allSatisfy(r -> assertThat(r.epochs()).isZero());
        assertThat(lab.requests(Purpose.RANDOM_ARM, Purpose.FINALIST, Purpose.REFERENCE, Purpose.RANDOM_FINALIST))
                .allSatisfy(r -> assertThat(r.epochs()).isEqualTo(5));
        assertThat(lab.requests(Purpose.RANDOM_ARM)).as("15 of 5 epochs").hasSize(3);
        assertThat(end.summary().totalTrainings()).isEqualTo(lab.trials().size());
        assertThat(lab.steps().getFirst().plan().summary().totalTrainings())
                .isGreaterThanOrEqualTo(lab.trials().size());
    }

    @Test
    void whatInheritedWeightsAreWorthIsMeasuredOnAllThatIsTrainedInFull() {
        Plan good = inheriting(1).run();
        Plan.RankingNoise noise = good.summary().rankingNoise().getFirst();
        assertThat(noise.epochs()).isZero();
        assertThat(noise.kendallTau()).isGreaterThan(0.7);
        assertThat(noise.architectures())
                .as("finalists, random draws, references")
                .isBetween(5, 9);
        assertThat(good.summary().message())
                .contains("Inherited weights rank like full training with Kendall tau ")
                .doesNotContain("chance");

        assertThat(inheriting(-1).run().summary().message()).contains("not distinguishable from chance");
    }

    /** A laboratory where inherited weights rank as full training does, or the other way round. */
    private static Laboratory inheriting(double worth) {
        Experiment plain = prepared();
        var experiment = new Experiment(
                plain.name(),
                CELL,
                plain.objective(),
                plain.constraints(),
                plain.strategy(),
                plain.epochs(),
                Experiment.Fidelity.inherited(),
                plain.budget(),
                plain.protocol(),
                plain.seed(),
                false,
                List.of(),
                SHARED);
        return new Laboratory(
                experiment,
                r -> {
                    if (r.purpose() == Purpose.PREPARATION) {
                        return new TrialState.Completed(Map.of("sharedPaths", 32.0), 60);
                    }
                    TrialState.Completed completed = Laboratory.completed(Laboratory.accuracy(CELL, r), CELL, r);
                    var metrics = new HashMap<>(completed.metrics());
                    metrics.put(
                            r.epochs() == 0 ? "accuracy" : "sharedAccuracy",
                            0.5 + worth * (metrics.get("accuracy") - 0.5));
                    return new TrialState.Completed(metrics, completed.seconds());
                },
                1);
    }

    private static Experiment prepared() {
        return Laboratory.experiment(CELL, Laboratory.predictor(4), 12, 3).preparedBy(SHARED);
    }

    private static Laboratory lab(Experiment experiment, TrialState.Outcome outcome) {
        Function<TrialRequest, TrialState.Outcome> trainer = Laboratory.trainer(CELL);
        return new Laboratory(experiment, r -> r.purpose() == Purpose.PREPARATION ? outcome : trainer.apply(r), 1);
    }
}
