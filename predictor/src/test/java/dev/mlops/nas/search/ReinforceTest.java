package dev.mlops.nas.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.mlops.nas.search.Experiment.StrategyOptions;
import dev.mlops.nas.search.Spaces.Task;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class ReinforceTest {
    private static final SearchSpace CELL = Laboratory.cell();
    private static final SearchSpace WIDE = Laboratory.cell("none", "skip", "conv1x1", "conv3x3");
    private static final SearchSpace CHAIN = Spaces.chain(
            new Spaces.ChainOptions(
                    4,
                    List.of(new Spaces.StageOptions(
                            "s1",
                            1,
                            List.of(0, 1),
                            List.of("conv", "mbconv"),
                            List.of(3),
                            List.of(1, 2),
                            List.of(4, 8),
                            List.of(false))),
                    List.of(0.0)),
            new Task(1, 8, 8, 2),
            Map.of());
    private static final StrategyOptions.Reinforce OPTIONS = new StrategyOptions.Reinforce(0.3, 0.03, 0.9);

    @Test
    void probabilitiesOfAllGenotypesSumToOneWhateverItLearned() {
        for (SearchSpace space : List.of(CELL, CHAIN)) {
            var controller = new Controller(space);
            var random = new SplittableRandom(1);
            for (int i = 0; i < 50; i++) {
                controller.learn(space.sample(random), random.nextDouble() - 0.3, 1, 0.1);
            }
            assertThat(space.all().mapToDouble(controller::probability).sum()).isCloseTo(1, within(1e-9));
        }
    }

    @Test
    void aRewardMakesAGenotypeLikelierAndAPunishmentLessLikely() {
        Genotype genotype = CHAIN.sample(new SplittableRandom(5));
        var rewarded = new Controller(CHAIN);
        var punished = new Controller(CHAIN);
        double before = rewarded.probability(genotype);
        rewarded.learn(genotype, 1, 0.3, 0);
        punished.learn(genotype, -1, 0.3, 0);
        assertThat(rewarded.probability(genotype)).isGreaterThan(before);
        assertThat(punished.probability(genotype)).isLessThan(before);
    }

    @Test
    void choicesThatAreGoodOnlyTogetherAreLearnedTogether() {
        var controller = new Controller(CELL);
        var random = new SplittableRandom(3);
        for (int i = 0; i < 2000; i++) {
            Genotype drawn = controller.sample(random);
            boolean equal = drawn.choices().get(0).equals(drawn.choices().get(1));
            controller.learn(drawn, equal ? 0.5 : -0.5, 0.3, 0.3);
        }
        double equal = 0;
        double least = 1;
        for (int choice = 0; choice < 3; choice++) {
            int same = choice;
            double probability = CELL.all()
                    .filter(g -> g.choices().get(0) == same && g.choices().get(1) == same)
                    .mapToDouble(controller::probability)
                    .sum();
            equal += probability;
            least = Math.min(least, probability);
        }
        assertThat(equal).isGreaterThan(0.8);
        assertThat(least).isGreaterThan(0.05);
    }

    @Test
    void theEntropyBonusKeepsItOpen() {
        var sure = new Controller(CELL);
        var open = new Controller(CELL);
        Genotype genotype = CELL.sample(new SplittableRandom(5));
        for (int i = 0; i < 100; i++) {
            sure.learn(genotype, 1, 0.3, 0);
            open.learn(genotype, 1, 0.3, 1);
        }
        assertThat(sure.probability(genotype)).isGreaterThan(0.9);
        assertThat(open.probability(genotype)).isLessThan(0.5);
    }

    @Test
    void itPrefersWhatWasRewardedWhateverTheMetricsScale() {
        List<Candidate> small = drawn(1);
        List<Candidate> large = drawn(1e6);
        assertThat(large).isEqualTo(small);
        double share = small.stream()
                .skip(100)
                .filter(c -> c.genotype().choices().getFirst() == 2)
                .count();
        assertThat(share).isGreaterThan(70);
    }

    @Test
    void whatBreaksALimitIsWorthLessThanWhatKeepsIt() {
        assertThat(chosenAfter(0.5)).isLessThan(chosenAfter(0) / 3);
    }

    /** How many of 40 proposals have a choice whose trials had better scores and this excess over a limit. */
    private static long chosenAfter(double excess) {
        var candidates = new Candidates(WIDE, List.of());
        List<Observation> known = new ArrayList<>();
        new RandomSearch().propose(candidates, List.of(), 100, 1).forEach(p -> {
            boolean better = p.candidate().genotype().choices().getFirst() == 2;
            known.add(measured(p.candidate(), better ? 2 : 1, better ? excess : 0));
        });
        return new Reinforce(OPTIONS)
                .propose(candidates, known, 40, 1).stream()
                        .filter(p -> p.candidate().genotype().choices().getFirst() == 2)
                        .count();
    }

    /** 200 trials of a search in which one choice of the first decision is worth more than the others. */
    private static List<Candidate> drawn(double scale) {
        var candidates = new Candidates(WIDE, List.of());
        List<Observation> known = new ArrayList<>();
        while (known.size() < 200) {
            Candidate next = new Reinforce(OPTIONS)
                    .propose(candidates, known, 1, 1)
                    .getFirst()
                    .candidate();
            double luck = new SplittableRandom(next.hash().hashCode()).nextDouble();
            double score = next.genotype().choices().getFirst() == 2 ? 1 + luck : luck;
            known.add(measured(next, scale * score, 0));
        }
        return known.stream().map(Observation::candidate).toList();
    }

    private static Observation measured(Candidate candidate, double score, double excess) {
        var rungs = List.of(new Observation.Rung(1, 1, score));
        return new Observation(candidate, Observation.Status.MEASURED, score, Map.of(), excess, 1, rungs);
    }
}
