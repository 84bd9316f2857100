package dev.mlops.nas.search;

import dev.mlops.nas.search.Experiment.StrategyOptions;
import java.util.List;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Reinforcement learning: a controller draws architectures and learns from their results by REINFORCE with an entropy bonus and a
 * moving average of the rewards as the baseline (Zoph and Le, "Neural Architecture Search with Reinforcement Learning", ICLR 2017).
 * The reward is the normal score of the rank among all trials, as evolution strategies shape theirs (Wierstra et al., "Natural
 * Evolution Strategies", JMLR 2014), so that the options mean the same for every metric. The controller is trained anew from the
 * history, in the order of numbers, whenever it is asked.
 */
record Reinforce(StrategyOptions.Reinforce options) implements Strategy {
    private static final int DRAWS = 200;

    @Override
    public List<Proposal> propose(Candidates candidates, List<Observation> observations, int count, long seed) {
        Controller controller = trained(candidates.space(), observations);
        return Strategy.oneByOne(
                observations, count, (known, taken) -> next(candidates, controller, known.size(), taken, seed));
    }

    private static @Nullable Proposal next(
            Candidates candidates, Controller controller, int number, Set<String> taken, long seed) {
        RandomGenerator random = Seeds.stream(seed, "controller", number);
        Candidate drawn = null;
        for (int i = 0; i < DRAWS; i++) {
            drawn = candidates.of(controller.sample(random));
            if (!taken.contains(drawn.hash()) && candidates.admits(drawn)) {
                return Proposal.chosen(drawn);
            }
        }
        // The controller is sure of what is trained already: what is near that, else anything.
        Candidate other = drawn == null ? null : candidates.mutation(drawn, taken, random);
        if (other == null) {
            other = candidates.draw(taken, random);
        }
        return other == null ? null : Proposal.chosen(other);
    }

    private Controller trained(SearchSpace space, List<Observation> observations) {
        var controller = new Controller(space);
        List<Observation> finished = observations.stream()
                .filter(o -> o.status() != Observation.Status.PENDING)
                .toList();
        double baseline = 0;
        for (Observation observation : finished) {
            double reward = reward(observation, finished);
            controller.learn(
                    observation.candidate().genotype(), reward - baseline, options.learningRate(), options.entropy());
            baseline += (1 - options.baselineDecay()) * (reward - baseline);
        }
        return controller;
    }

    /** The normal score of its rank; equal ones share the middle of their ranks. */
    private static double reward(Observation observation, List<Observation> finished) {
        int better = 0;
        int worse = 0;
        for (Observation other : finished) {
            better += beats(observation, other) ? 1 : 0;
            worse += beats(other, observation) ? 1 : 0;
        }
        return Statistics.normalQuantile((finished.size() + better - worse) / (2.0 * finished.size()));
    }

    private static boolean beats(Observation a, Observation b) {
        return a.isMeasured() && (!b.isMeasured() || a.isBetterThan(b));
    }
}
