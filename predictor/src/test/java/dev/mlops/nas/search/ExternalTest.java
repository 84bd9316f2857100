package dev.mlops.nas.search;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mlops.nas.search.Experiment.Budget;
import dev.mlops.nas.search.Experiment.Constraint;
import dev.mlops.nas.search.Experiment.StrategyOptions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class ExternalTest {
    private static final SearchSpace CELL = Laboratory.cell("none", "skip", "conv1x1", "conv3x3");
    private static final Experiment EXPERIMENT =
            Laboratory.experiment(CELL, new StrategyOptions.External(), List.of(), new Budget(6, 3, null, 3));
    private static final History EMPTY = new History(Laboratory.START, List.of());

    @Test
    void thePlanAsksForWhatIsFreeAndShowsWhatIsKnown() {
        Plan first = Experiments.decide(EXPERIMENT, EMPTY, Laboratory.START);
        assertThat(first.start()).isEmpty();
        assertThat(first.question()).isEqualTo(new Question(3, List.of()));

        List<Map<String, String>> named = named(3);
        Plan planned = decide(EMPTY, named);
        assertThat(planned.question()).isNull();
        assertThat(planned.start()).extracting(r -> CELL.describe(r.genotype())).containsExactlyElementsOf(named);

        Plan next = Experiments.decide(EXPERIMENT, history(planned, 1), Laboratory.START);
        Question question = java.util.Objects.requireNonNull(next.question());
        assertThat(question.count()).isEqualTo(1);
        assertThat(question.known()).extracting(Question.Known::number).containsExactly(1, 2, 3);
        assertThat(question.known())
                .extracting(Question.Known::state)
                .containsExactly(Question.State.MEASURED, Question.State.PENDING, Question.State.PENDING);
        assertThat(question.known().getFirst().value()).isEqualTo(0.75);
        assertThat(question.known().getFirst().decisions()).isEqualTo(named.getFirst());
    }

    @Test
    void afterARestartInTheMiddleOnlyWhatIsMissingIsAskedFor() {
        Plan planned = decide(EMPTY, named(3));
        List<History.Trial> started = List.of(new History.Trial(planned.start().getFirst(), new TrialState.Pending()));
        Plan again = Experiments.decide(EXPERIMENT, new History(Laboratory.START, started), Laboratory.START);
        assertThat(again.question()).isNotNull();
        assertThat(again.question().count()).isEqualTo(2);
        assertThat(again.question().known()).hasSize(1);
    }

    @Test
    void anAnswerThatCannotBeUsedStartsNothingAndIsToldInOneSentence() {
        List<Map<String, String>> named = named(4);
        refuses(named, "the external strategy was asked for 3 architectures at most, but named 4");
        refuses(List.of(named.get(0), named.get(0)), "the external strategy named sha256-");
        refuses(List.of(named.get(0), named.get(0)), " twice");
        refuses(
                List.of(with(named.get(0), "edge0-1", "conv9x9")),
                "decision edge0-1 is \"conv9x9\": give none or skip");
        refuses(List.of(with(named.get(0), "edge7-9", "skip")), "decision \"edge7-9\" is unknown");
        Map<String, String> missing = new HashMap<>(named.get(0));
        missing.remove("edge0-1");
        refuses(List.of(missing), "decision edge0-1 is missing");

        Plan none = Experiments.decide(EXPERIMENT, EMPTY, new Answer.None("nobody is there"), Laboratory.START);
        assertThat(none.summary().reason()).isEqualTo("StrategyUnavailable");
        assertThat(none.summary().message()).startsWith("nobody is there; ");
        assertThat(none.question()).isNotNull();
    }

    @Test
    void whatIsTrainedAlreadyOrBreaksALimitIsRefused() {
        Plan planned = decide(EMPTY, named(3));
        Plan twice = Experiments.decide(
                EXPERIMENT, history(planned, 1), new Answer.Architectures(List.of(named(3).get(1))), Laboratory.START);
        assertThat(twice.start()).isEmpty();
        assertThat(twice.summary().message()).contains("which the search has started already");

        Candidates candidates = Candidates.of(EXPERIMENT);
        double params = candidates.of(CELL.parse(named(1).getFirst())).cost().params();
        Experiment limited = Laboratory.experiment(
                CELL,
                new StrategyOptions.External(),
                List.of(new Constraint("params", params - 1)),
                new Budget(6, 3, null, 3));
        Plan broken = Experiments.decide(limited, EMPTY, new Answer.Architectures(named(1)), Laboratory.START);
        assertThat(broken.summary().message()).contains("which breaks constraints[0]: params is ");
    }

    @Test
    void valuesOfInactiveDecisionsDoNotCount() {
        SearchSpace chain = Spaces.chain(
                new Spaces.ChainOptions(
                        4,
                        List.of(new Spaces.StageOptions(
                                "s1",
                                1,
                                List.of(1),
                                List.of("conv", "mbconv"),
                                List.of(3),
                                List.of(1, 2),
                                List.of(4, 8),
                                List.of(false))),
                        List.of(0.0)),
                new Spaces.Task(1, 8, 8, 2),
                Map.of());
        Experiment experiment =
                Laboratory.experiment(chain, new StrategyOptions.External(), List.of(), new Budget(4, 1, null, 3));
        var answer =
                new Answer.Architectures(List.of(Map.of("s1.operator", "conv", "s1.expansion", "2", "s1.width", "8")));
        Plan plan = Experiments.decide(experiment, EMPTY, answer, Laboratory.START);
        assertThat(plan.start()).hasSize(1);
        assertThat(chain.describe(plan.start().getFirst().genotype())).doesNotContainKey("s1.expansion");
    }

    @Test
    void anEmptyAnswerEndsTheSearch() {
        Plan planned = decide(EMPTY, named(3));
        Plan over = Experiments.decide(
                EXPERIMENT, history(planned, 3), new Answer.Architectures(List.of()), Laboratory.START);
        assertThat(over.summary().searchTotal()).isEqualTo(3);
        assertThat(over.phase()).isEqualTo(Plan.Phase.FINALIZING);
    }

    @Test
    void partOfAnAnswerStartsItsTrialsAndNothingElseAndTheRestIsAskedFor() {
        Plan part = decide(EMPTY, named(3).subList(0, 2));
        assertThat(part.start()).extracting(TrialRequest::purpose).containsExactly(Purpose.SEARCH, Purpose.SEARCH);
        assertThat(part.summary().message()).startsWith("0 of 6 architectures trained");
        Plan next = Experiments.decide(EXPERIMENT, history(part, 0), Laboratory.START);
        assertThat(next.start()).isEmpty();
        assertThat(next.question()).isNotNull();
    }

    @Test
    void anEmptyFirstAnswerEndsTheExperimentAndSaysWhoNamedNothing() {
        Plan over = decide(EMPTY, List.of());
        assertThat(over.phase()).isEqualTo(Plan.Phase.FAILED);
        assertThat(over.summary().message())
                .isEqualTo("The external strategy named no more architectures. Nothing was trained.");
    }

    private static Plan decide(History history, List<Map<String, String>> named) {
        return Experiments.decide(EXPERIMENT, history, new Answer.Architectures(named), Laboratory.START);
    }

    private static void refuses(List<Map<String, String>> named, String sentence) {
        Plan plan = decide(EMPTY, named);
        assertThat(plan.start()).isEmpty();
        assertThat(plan.question()).isNotNull();
        assertThat(plan.summary().reason()).isEqualTo("StrategyUnavailable");
        assertThat(plan.summary().message()).contains(sentence);
    }

    /** The first trials are done, the others run. */
    private static History history(Plan plan, int done) {
        List<History.Trial> trials = new ArrayList<>();
        for (TrialRequest request : plan.start()) {
            trials.add(new History.Trial(
                    request,
                    trials.size() < done ? Laboratory.completed(0.75, CELL, request) : new TrialState.Running()));
        }
        return new History(Laboratory.START, trials);
    }

    private static Map<String, String> with(Map<String, String> decisions, String name, String value) {
        Map<String, String> changed = new HashMap<>(decisions);
        changed.put(name, value);
        return changed;
    }

    private static List<Map<String, String>> named(int count) {
        var candidates = new Candidates(CELL, List.of());
        return new RandomSearch()
                .propose(candidates, List.of(), count, new SplittableRandom(1).nextLong()).stream()
                        .map(p -> CELL.describe(p.candidate().genotype()))
                        .toList();
    }
}
