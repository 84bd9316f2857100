package dev.mlops.nas.search;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Uniform random search without repetition. */
record RandomSearch() implements Strategy {
    @Override
    public List<Proposal> propose(Candidates candidates, List<Observation> observations, int count, long seed) {
        Set<String> taken = taken(observations);
        List<Proposal> proposals = new ArrayList<>();
        while (proposals.size() < count) {
            int number = observations.size() + proposals.size();
            Candidate candidate = candidates.draw(taken, Seeds.stream(seed, "draw", number));
            if (candidate == null) {
                break;
            }
            taken.add(candidate.hash());
            proposals.add(Proposal.drawn(candidate));
        }
        return proposals;
    }

    static Set<String> taken(List<Observation> observations) {
        var taken = new HashSet<String>();
        observations.forEach(o -> taken.add(o.candidate().hash()));
        return taken;
    }
}
