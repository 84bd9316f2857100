package dev.mlops.nas.search;

import java.util.List;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Fills the space evenly, whatever the results: each trial is the one of many uniform draws that keeps the greatest distance to
 * those before it (Mitchell, "Spectrally Optimal Sampling for Distribution Ray Tracing", SIGGRAPH 1991), by the criterion of Morris
 * and Mitchell ("Exploratory Designs for Computational Experiments", Journal of Statistical Planning and Inference 1995), which also
 * counts how many are near. The distance of two architectures is the part of their decisions that differ, of those that are active
 * in either, so that decisions that few architectures have neither draw nor repel.
 */
record QuasiRandom() implements Strategy {
    private static final int DRAWS = 64;

    /** Exponent of the criterion: the larger, the more the nearest counts alone. */
    private static final int NEARNESS = 8;

    @Override
    public List<Proposal> propose(Candidates candidates, List<Observation> observations, int count, long seed) {
        return Strategy.oneByOne(observations, count, (known, taken) -> next(candidates, known, taken, seed));
    }

    private static @Nullable Proposal next(
            Candidates candidates, List<Observation> known, Set<String> taken, long seed) {
        RandomGenerator random = Seeds.stream(seed, "quasi-random", known.size());
        Candidate best = null;
        double least = Double.POSITIVE_INFINITY;
        for (int i = 0; i < DRAWS; i++) {
            Candidate drawn = candidates.draw(taken, random);
            if (drawn == null) {
                break;
            }
            double crowd = crowd(drawn, known, least);
            if (crowd < least) {
                best = drawn;
                least = crowd;
            }
        }
        return best == null ? null : Proposal.chosen(best);
    }

    /** The criterion of Morris and Mitchell: large where others are near. Stops where it is known to be above the least. */
    private static double crowd(Candidate candidate, List<Observation> known, double least) {
        double sum = 0;
        for (Observation other : known) {
            double nearness =
                    1 / distance(candidate.genotype(), other.candidate().genotype());
            double power = nearness;
            for (int i = 1; i < NEARNESS; i++) {
                power *= nearness;
            }
            sum += power;
            if (sum >= least) {
                return sum;
            }
        }
        return sum;
    }

    /** From 0 to 1; above 0 for genotypes that differ. */
    private static double distance(Genotype a, Genotype b) {
        int active = 0;
        int differing = 0;
        for (int i = 0; i < a.choices().size(); i++) {
            int first = a.choices().get(i);
            int second = b.choices().get(i);
            active += first >= 0 || second >= 0 ? 1 : 0;
            differing += first == second ? 0 : 1;
        }
        return (double) differing / active;
    }
}
