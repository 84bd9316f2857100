package dev.mlops.nas.search;

import dev.mlops.nas.search.Experiment.StrategyOptions;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Local search (White, Nolen and Savani, "Exploring the Loss Landscape in Neural Architecture Search", UAI 2021): from the best of
 * a few random draws to its neighbours, in random order, and on from the first that is better; where none is, anew from other
 * draws. The history is read in the order of the trials' numbers, so that it alone determines where the search stands; a late
 * result that is better takes up its climb again.
 */
record LocalSearch(StrategyOptions.LocalSearch options) implements Strategy {
    @Override
    public List<Proposal> propose(Candidates candidates, List<Observation> observations, int count, long seed) {
        return Strategy.oneByOne(observations, count, (known, taken) -> next(candidates, known, taken, seed));
    }

    private @Nullable Proposal next(Candidates candidates, List<Observation> known, Set<String> taken, long seed) {
        int number = known.size();
        Climb climb = new Climb(candidates);
        known.forEach(climb::add);
        if (climb.hasStarted() && !climb.isOver()) {
            List<Candidate> neighbours = List.copyOf(climb.left.values());
            return Proposal.chosen(
                    neighbours.get(Seeds.stream(seed, "neighbour", number).nextInt(neighbours.size())));
        }
        Candidate drawn = candidates.draw(taken, Seeds.stream(seed, "draw", number));
        if (drawn == null) {
            return null;
        }
        return number < options.draws() ? Proposal.drawn(drawn) : Proposal.chosen(drawn);
    }

    /** Where the search stands: the best of this climb, and which neighbours of it no trial has yet. */
    private final class Climb {
        private final Candidates candidates;
        private final Set<String> planned = new LinkedHashSet<>();
        private final Map<String, Candidate> left = new LinkedHashMap<>();
        private int members;
        private @Nullable Observation top;

        Climb(Candidates candidates) {
            this.candidates = candidates;
        }

        void add(Observation observation) {
            if (isOver()) {
                members = 0;
                top = null;
            }
            members++;
            planned.add(observation.candidate().hash());
            left.remove(observation.candidate().hash());
            if (observation.isMeasured() && (top == null || observation.isBetterThan(top))) {
                top = observation;
                left.clear();
                candidates.neighbours(top.candidate()).forEach(n -> left.putIfAbsent(n.hash(), n));
                left.keySet().removeAll(planned);
            }
        }

        /** Whether the draws are made, and one of them has a result. */
        boolean hasStarted() {
            return members >= options.draws() && top != null;
        }

        /** Whether all neighbours of the best have a trial. */
        boolean isOver() {
            return hasStarted() && left.isEmpty();
        }
    }
}
