package dev.mlops.nas.search;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A strategy outside the engine. What it answered is checked as a whole: one architecture that may not be trained makes all of
 * them void, since its author has to know.
 *
 * @param answer to the question of the plan before; null where it was not asked yet
 */
record External(@Nullable Answer answer) implements Strategy {
    /** The answer's architectures, or why they cannot be used: a sentence without its full stop. */
    sealed interface Reading {
        record Usable(List<Candidate> candidates) implements Reading {}

        record Unusable(String why) implements Reading {}

        /** Not asked yet. */
        record Open() implements Reading {}
    }

    @Override
    public List<Proposal> propose(Candidates candidates, List<Observation> observations, int count, long seed) {
        return switch (read(candidates, observations, count)) {
            case Reading.Usable(var usable) ->
                usable.stream().map(Proposal::chosen).toList();
            case Reading.Unusable _, Reading.Open _ -> List.of();
        };
    }

    /** Reads the answer for as many architectures as were asked for. */
    Reading read(Candidates candidates, List<Observation> observations, int count) {
        return switch (answer) {
            case null -> new Reading.Open();
            case Answer.None(String why) -> new Reading.Unusable(why);
            case Answer.Architectures(var named) -> read(candidates, observations, count, named);
        };
    }

    private static Reading read(
            Candidates candidates, List<Observation> observations, int count, List<Map<String, String>> named) {
        if (named.size() > count) {
            return new Reading.Unusable("the external strategy was asked for %d architectures at most, but named %d"
                    .formatted(count, named.size()));
        }
        Set<String> started = RandomSearch.taken(observations);
        Set<String> taken = new HashSet<>(started);
        List<Candidate> usable = new ArrayList<>();
        for (Map<String, String> decisions : named) {
            Candidate candidate;
            try {
                candidate = candidates.of(candidates.space().parse(active(candidates.space(), decisions)));
            } catch (SpaceException unknown) {
                return new Reading.Unusable(
                        "the external strategy named no architecture of the space: " + unknown.getMessage());
            }
            String says = "the external strategy named " + candidate.hash();
            if (!candidates.admits(candidate)) {
                return new Reading.Unusable(says + ", which breaks " + candidates.broken(candidate));
            }
            if (!taken.add(candidate.hash())) {
                return new Reading.Unusable(says
                        + (started.contains(candidate.hash()) ? ", which the search has started already" : " twice"));
            }
            usable.add(candidate);
        }
        return new Reading.Usable(usable);
    }

    /** Without the values of decisions that the others make inactive; wrong names and values stay for {@code parse} to refuse. */
    private static Map<String, String> active(SearchSpace space, Map<String, String> named) {
        List<Decision> decisions = space.decisions();
        Map<String, String> kept = new HashMap<>(named);
        Genotype chosen = space.choose((decision, before) -> {
            Decision asked = decisions.get(decision);
            return Math.max(0, asked.choices().indexOf(named.getOrDefault(asked.name(), "")));
        });
        for (int i = 0; i < decisions.size(); i++) {
            if (chosen.choices().get(i) < 0) {
                kept.remove(decisions.get(i).name());
            }
        }
        return kept;
    }
}
