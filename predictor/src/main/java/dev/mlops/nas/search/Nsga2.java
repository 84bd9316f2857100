package dev.mlops.nas.search;

import dev.mlops.nas.search.Experiment.StrategyOptions;
import dev.mlops.nas.search.Experiment.TradeOff;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * NSGA-II for the objective and one or more costs (Deb et al., "A Fast and Elitist Multiobjective Genetic Algorithm: NSGA-II", IEEE
 * Transactions on Evolutionary Computation 2002), one child at a time (Durillo et al. 2009), so that no slot waits for a
 * generation. The population is the best of all measured trials: those that keep the measured constraints first, then by front,
 * then by crowding. A child is a crossover of two winners of binary tournaments, mutated in one decision.
 */
record Nsga2(StrategyOptions.Nsga2 options, TradeOff tradeOff) implements Strategy {
    /** A member with its place: the lower the better. */
    private record Member(Observation observation, double excess, int front, double crowding) {}

    private static final Comparator<Member> PLACE = Comparator.comparingDouble(Member::excess)
            .thenComparingInt(Member::front)
            .thenComparingDouble(m -> -m.crowding());

    @Override
    public List<Proposal> propose(Candidates candidates, List<Observation> observations, int count, long seed) {
        List<Member> population = population(observations);
        return Strategy.oneByOne(
                observations, count, (known, taken) -> next(candidates, population, known.size(), taken, seed));
    }

    private @Nullable Proposal next(
            Candidates candidates, List<Member> population, int number, Set<String> taken, long seed) {
        if (number >= options.population() && !population.isEmpty()) {
            RandomGenerator random = Seeds.stream(seed, "nsga2", number);
            Genotype child =
                    candidates.space().crossover(winner(population, random), winner(population, random), random);
            Candidate mutated = candidates.mutation(candidates.of(child), taken, random);
            if (mutated != null) {
                return Proposal.chosen(mutated);
            }
        }
        Candidate drawn = candidates.draw(taken, Seeds.stream(seed, "draw", number));
        if (drawn == null) {
            return null;
        }
        return number >= options.population() ? Proposal.chosen(drawn) : Proposal.drawn(drawn);
    }

    private static Genotype winner(List<Member> population, RandomGenerator random) {
        // Members stand in the order of their places.
        int first = random.nextInt(population.size());
        int second = random.nextInt(population.size());
        return population.get(Math.min(first, second)).observation().candidate().genotype();
    }

    private List<Member> population(List<Observation> observations) {
        List<Observation> measured =
                observations.stream().filter(Observation::isMeasured).toList();
        List<Pareto.Point> points =
                measured.stream().map(o -> Pareto.point(o, tradeOff)).toList();
        int[] fronts = Pareto.fronts(points);
        List<Member> members = new ArrayList<>();
        int last = java.util.Arrays.stream(fronts).max().orElse(-1);
        for (int front = 0; front <= last; front++) {
            List<Integer> indices = new ArrayList<>();
            for (int i = 0; i < fronts.length; i++) {
                if (fronts[i] == front) {
                    indices.add(i);
                }
            }
            double[] crowding =
                    Pareto.crowding(indices.stream().map(points::get).toList());
            for (int i = 0; i < indices.size(); i++) {
                Observation observation = measured.get(indices.get(i));
                members.add(new Member(observation, observation.excess(), front, crowding[i]));
            }
        }
        return members.stream().sorted(PLACE).limit(options.population()).toList();
    }
}
