package dev.mlops.nas.search;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mlops.nas.search.Plan.Phase;
import dev.mlops.nas.search.Preparation.Sampling;
import dev.mlops.nas.search.Preparation.SharedWeights;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

class PreparationTest {
    private static final SearchSpace CELL = Laboratory.cell();
    private static final SharedWeights SHARED = new SharedWeights(15, Sampling.UNIFORM, 32);

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

    private static Experiment prepared() {
        return Laboratory.experiment(CELL, Laboratory.predictor(4), 12, 3).preparedBy(SHARED);
    }

    private static Laboratory lab(Experiment experiment, TrialState.Outcome outcome) {
        Function<TrialRequest, TrialState.Outcome> trainer = Laboratory.trainer(CELL);
        return new Laboratory(experiment, r -> r.purpose() == Purpose.PREPARATION ? outcome : trainer.apply(r), 1);
    }
}
