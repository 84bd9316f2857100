package dev.mlops.nas.search;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.junit.jupiter.api.Test;

class LocalSearchTest {
    private static final SearchSpace SPACE = Laboratory.cell("none", "skip", "conv1x1", "conv3x3");
    private static final int DRAWS = 5;

    private final Candidates candidates = new Candidates(SPACE, List.of());
    private final LocalSearch search = new LocalSearch(new Experiment.StrategyOptions.LocalSearch(DRAWS));
    private final List<Observation> known = new ArrayList<>();

    @Test
    void itTakesNeighboursOfTheBestUntilNoneIsLeftAndThenDrawsAnew() {
        run(400, LocalSearchTest::bumps);

        Observation best = known.getFirst();
        int moves = 0;
        int restarts = 0;
        int draws = DRAWS;
        for (Observation next : known.subList(1, known.size())) {
            if (--draws > 0) {
                best = next.score() > best.score() ? next : best;
                continue;
            }
            if (!hashesAround(best).contains(next.candidate().hash())) {
                assertThat(hashes()).containsAll(hashesAround(best));
                restarts++;
                draws = DRAWS;
                best = next;
            } else if (next.score() > best.score()) {
                best = next;
                moves++;
            }
        }
        assertThat(moves).isGreaterThan(5);
        assertThat(restarts).isGreaterThan(1);
    }

    @Test
    void whileNeighboursRunItDrawsAndALateResultTakesUpTheClimb() {
        run(DRAWS, LocalSearchTest::bumps);
        Observation best =
                known.stream().reduce((a, b) -> b.isBetterThan(a) ? b : a).orElseThrow();
        List<String> around = hashesAround(best);
        around.removeAll(hashes());
        for (Proposal proposal : search.propose(candidates, known, around.size() + 2, 3)) {
            known.add(Observation.pending(proposal.candidate(), 1));
        }
        assertThat(hashes().subList(DRAWS, DRAWS + around.size())).containsExactlyInAnyOrderElementsOf(around);
        assertThat(around).doesNotContainAnyElementsOf(hashes().subList(DRAWS + around.size(), known.size()));

        Candidate late = known.get(DRAWS + 1).candidate();
        known.set(DRAWS + 1, measured(late, best.score() + 1));
        Candidate next = search.propose(candidates, known, 1, 3).getFirst().candidate();
        assertThat(hashesAround(measured(late, 0))).contains(next.hash());
    }

    private void run(int trials, ToDoubleFunction<Candidate> score) {
        while (known.size() < trials) {
            Candidate next = search.propose(candidates, known, 1, 3).getFirst().candidate();
            known.add(measured(next, score.applyAsDouble(next)));
        }
    }

    private static Observation measured(Candidate candidate, double score) {
        var rungs = List.of(new Observation.Rung(1, 1, score));
        return new Observation(candidate, Observation.Status.MEASURED, score, Map.of(), 0, 1, rungs);
    }

    private List<String> hashes() {
        return known.stream().map(o -> o.candidate().hash()).toList();
    }

    private List<String> hashesAround(Observation centre) {
        return new ArrayList<>(candidates.neighbours(centre.candidate()).stream()
                .map(Candidate::hash)
                .distinct()
                .toList());
    }

    /** A landscape with several tops. */
    private static double bumps(Candidate candidate) {
        return Math.sin(candidate.cost().params() / 400.0) + candidate.cost().macs() * 1e-7;
    }
}
