package dev.mlops.nas.search;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mlops.nas.search.Spaces.Task;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class QuasiRandomTest {
    private static final int SEEDS = 20;

    /** A space with conditions, far too large to be listed. */
    private static final SearchSpace CHAIN = Spaces.preset("small-cnn", new Task(1, 16, 16, 10), Map.of());

    @Test
    void itTriesEveryChoiceSoonerThanRandomSearch() {
        for (SearchSpace space : List.of(CHAIN, Laboratory.cell())) {
            assertThat(missing(space, new QuasiRandom())).isLessThan(missing(space, new RandomSearch()));
        }
    }

    @Test
    void noTwoOfItsArchitecturesAreAsNearAsInRandomSearch() {
        for (SearchSpace space : List.of(CHAIN, Laboratory.cell())) {
            assertThat(nearest(space, new QuasiRandom())).isGreaterThan(nearest(space, new RandomSearch()) * 6 / 5);
        }
    }

    @Test
    void resultsDoNotMatter() {
        var candidates = new Candidates(CHAIN, List.of());
        List<Observation> pending = trials(candidates, new QuasiRandom(), 5, 1);
        List<Observation> failed = pending.stream()
                .map(o -> new Observation(
                        o.candidate(), Observation.Status.FAILED, Double.NaN, Map.of(), Double.NaN, 1, List.of()))
                .toList();
        assertThat(new QuasiRandom().propose(candidates, failed, 3, 1))
                .isEqualTo(new QuasiRandom().propose(candidates, pending, 3, 1));
    }

    /** Choices of the space that a dozen trials do not try, summed over the seeds. */
    private static int missing(SearchSpace space, Strategy strategy) {
        var candidates = new Candidates(space, List.of());
        int choices =
                space.decisions().stream().mapToInt(d -> d.choices().size()).sum();
        int missing = 0;
        for (int seed = 0; seed < SEEDS; seed++) {
            var tried = new HashSet<List<Integer>>();
            for (Observation trial : trials(candidates, strategy, 12, seed)) {
                List<Integer> chosen = trial.candidate().genotype().choices();
                IntStream.range(0, chosen.size())
                        .filter(i -> chosen.get(i) >= 0)
                        .forEach(i -> tried.add(List.of(i, chosen.get(i))));
            }
            missing += choices - tried.size();
        }
        return missing;
    }

    /** Decisions in which the two nearest of a dozen trials differ, summed over the seeds. */
    private static int nearest(SearchSpace space, Strategy strategy) {
        var candidates = new Candidates(space, List.of());
        int sum = 0;
        for (int seed = 0; seed < SEEDS; seed++) {
            List<Observation> trials = trials(candidates, strategy, 12, seed);
            int nearest = Integer.MAX_VALUE;
            for (int i = 0; i < trials.size(); i++) {
                for (int j = 0; j < i; j++) {
                    nearest = Math.min(nearest, differing(trials.get(i), trials.get(j)));
                }
            }
            sum += nearest;
        }
        return sum;
    }

    private static int differing(Observation a, Observation b) {
        List<Integer> first = a.candidate().genotype().choices();
        List<Integer> second = b.candidate().genotype().choices();
        return (int) IntStream.range(0, first.size())
                .filter(i -> !first.get(i).equals(second.get(i)))
                .count();
    }

    private static List<Observation> trials(Candidates candidates, Strategy strategy, int count, long seed) {
        return strategy.propose(candidates, List.of(), count, seed).stream()
                .map(p -> Observation.pending(p.candidate(), 1))
                .toList();
    }
}
