package dev.mlops.nas.search;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Regularized evolution: a random population, then mutations of the best of a random sample, while the oldest dies (Real et al.,
 * "Regularized Evolution for Image Classifier Architecture Search", AAAI 2019). The population is the last measured trials by
 * number, so that the history alone determines it.
 */
record RegularizedEvolution(Experiment.StrategyOptions.Evolution options) implements Strategy {
    @Override
    public List<Proposal> propose(Candidates candidates, List<Observation> observations, int count, long seed) {
        Set<String> taken = RandomSearch.taken(observations);
        List<Observation> alive =
                observations.stream().filter(Observation::isMeasured).toList();
        List<Observation> population = alive.subList(Math.max(0, alive.size() - options.population()), alive.size());
        List<Proposal> proposals = new ArrayList<>();
        while (proposals.size() < count) {
            int number = observations.size() + proposals.size();
            Proposal proposal = next(candidates, population, taken, number, seed);
            if (proposal == null) {
                break;
            }
            taken.add(proposal.candidate().hash());
            proposals.add(proposal);
        }
        return proposals;
    }

    private @Nullable Proposal next(
            Candidates candidates, List<Observation> population, Set<String> taken, int number, long seed) {
        // The random population is complete when so many are planned; a child needs one measured parent at least.
        if (number >= options.population() && !population.isEmpty()) {
            RandomGenerator random = Seeds.stream(seed, "evolve", number);
            Candidate child = candidates.mutation(parent(population, random), taken, random);
            if (child != null) {
                return Proposal.chosen(child);
            }
        }
        Candidate candidate = candidates.draw(taken, Seeds.stream(seed, "draw", number));
        if (candidate == null) {
            return null;
        }
        return number >= options.population() ? Proposal.chosen(candidate) : Proposal.drawn(candidate);
    }

    private Candidate parent(List<Observation> population, RandomGenerator random) {
        Observation best = null;
        for (int i = 0; i < options.sample(); i++) {
            Observation drawn = population.get(random.nextInt(population.size()));
            if (best == null || drawn.isBetterThan(best)) {
                best = drawn;
            }
        }
        return java.util.Objects.requireNonNull(best).candidate();
    }
}
