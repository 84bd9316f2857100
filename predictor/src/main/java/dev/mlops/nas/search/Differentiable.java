package dev.mlops.nas.search;

import dev.mlops.nas.search.Experiment.StrategyOptions;
import dev.mlops.nas.search.TrialState.Derived;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Differentiable search (Liu, Simonyan, Yang, "DARTS: Differentiable Architecture Search", ICLR 2019): a preparation has trained a graph
 * with all choices open, and what it derived is trained first, in its order. With budget left, {@link LocalSearch} goes on from the
 * best of these.
 *
 * @param derived by the preparation; usable in the space
 */
record Differentiable(List<Derived> derived) implements Strategy {
    Differentiable {
        derived = List.copyOf(derived);
    }

    @Override
    public List<Proposal> propose(Candidates candidates, List<Observation> observations, int count, long seed) {
        List<Proposal> proposals = new ArrayList<>();
        Set<String> taken = RandomSearch.taken(observations);
        List<Candidate> first = first(candidates);
        for (Candidate candidate : first) {
            if (proposals.size() < count && taken.add(candidate.hash())) {
                proposals.add(Proposal.chosen(candidate));
            }
        }
        if (proposals.size() < count) {
            List<Observation> known = new ArrayList<>(observations);
            proposals.forEach(p -> known.add(Observation.pending(p.candidate(), 0)));
            var climb = new LocalSearch(new StrategyOptions.LocalSearch(Math.max(1, first.size())));
            climb.propose(candidates, known, count - proposals.size(), seed)
                    .forEach(p -> proposals.add(Proposal.chosen(p.candidate())));
        }
        return proposals;
    }

    /** The derived architectures that may be trained, each once. */
    private List<Candidate> first(Candidates candidates) {
        List<Candidate> first = new ArrayList<>();
        Set<String> seen = new HashSet<>();
        for (Derived architecture : derived) {
            Candidate candidate = candidates.of(Relaxation.closed(candidates.space(), architecture.choices()));
            if (candidates.admits(candidate) && seen.add(candidate.hash())) {
                first.add(candidate);
            }
        }
        return first;
    }

    /** Why these cannot be candidates: a sentence without its full stop; null where they can. */
    static @Nullable String unusable(SearchSpace space, List<Derived> derived) {
        if (derived.isEmpty()) {
            return "the trainer derived no architecture";
        }
        for (Derived architecture : derived) {
            try {
                Relaxation.closed(space, architecture.choices());
            } catch (IllegalArgumentException e) {
                return "the trainer derived %s, which is no architecture of the space"
                        .formatted(architecture.choices());
            }
        }
        return null;
    }
}
