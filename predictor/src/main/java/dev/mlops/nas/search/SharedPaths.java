package dev.mlops.nas.search;

import dev.mlops.nas.search.Preparation.Sampling;
import dev.mlops.nas.search.Preparation.SharedWeights;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;

/** Draws the architectures that shared weights are trained on; a function of the experiment alone. */
public final class SharedPaths {
    private static final int SANDWICH = 4;

    /** So often a group of paths is drawn anew because one of them breaks a limit. */
    private static final int TRIES = 50;

    /**
     * The preparation with its paths.
     *
     * @param experiment whose space, limits and seed count
     * @param architectures how many to draw; fewer where the space has no more. With {@link Sampling#SANDWICH} the smallest and the
     *     largest are added to them
     * @throws SpaceException if the space has no networks
     */
    public static SharedWeights draw(Experiment experiment, int epochs, Sampling sampling, int architectures) {
        if (!experiment.space().hasNetwork()) {
            throw new SpaceException(
                    "evaluation.weightSharing",
                    "evaluation.weightSharing needs networks: give searchSpace.network, or leave it out");
        }
        Candidates candidates = Candidates.of(experiment);
        int together = most(experiment.space());
        return switch (sampling) {
            case UNIFORM -> new SharedWeights(epochs, sampling, 1, uniform(experiment, candidates, architectures));
            case SANDWICH -> {
                List<Genotype> drawn = uniform(experiment, candidates, architectures);
                yield new SharedWeights(epochs, sampling, SANDWICH, betweenSlices(candidates, drawn));
            }
            case FAIR ->
                new SharedWeights(epochs, sampling, together, fair(experiment, candidates, together, architectures));
        };
    }

    /** The most choices that a decision has. */
    private static int most(SearchSpace space) {
        return space.decisions().stream()
                .mapToInt(d -> d.choices().size())
                .max()
                .orElse(1);
    }

    private static List<Genotype> uniform(Experiment experiment, Candidates candidates, int architectures) {
        List<Genotype> paths = new ArrayList<>();
        Set<String> drawn = new HashSet<>();
        for (int i = 0; i < architectures; i++) {
            Candidate draw = candidates.draw(drawn, Seeds.stream(experiment.seed(), "shared weights", i));
            if (draw == null) {
                break;
            }
            drawn.add(draw.hash());
            paths.add(draw.genotype());
        }
        return paths;
    }

    /** The smallest and the largest architecture that keep the limits, then those of the draws that are others. */
    private static List<Genotype> betweenSlices(Candidates candidates, List<Genotype> drawn) {
        if (drawn.isEmpty()) {
            return drawn;
        }
        Map<String, Genotype> paths = new LinkedHashMap<>();
        for (int direction : new int[] {1, -1}) {
            Genotype slice = Smallest.among(candidates.space(), drawn, g -> size(candidates, g, direction));
            paths.put(candidates.of(slice).hash(), slice);
        }
        drawn.forEach(path -> paths.putIfAbsent(candidates.of(path).hash(), path));
        return List.copyOf(paths.values());
    }

    /** By parameters; of two with as many, one that passes nothing on comes last, and one that breaks a limit comes last of all. */
    private static long size(Candidates candidates, Genotype genotype, int direction) {
        Candidate candidate = candidates.of(genotype);
        if (!candidates.admits(candidate)) {
            return Long.MAX_VALUE;
        }
        boolean isDead = candidates.space().graph(genotype).nodes().stream()
                .anyMatch(node -> node.operator().equals("zero"));
        return 2L * direction * candidate.cost().params() + (isDead ? 1 : 0);
    }

    private static List<Genotype> fair(Experiment experiment, Candidates candidates, int together, int architectures) {
        List<Genotype> paths = new ArrayList<>();
        for (int group = 0; group < Math.ceilDiv(architectures, together); group++) {
            SplittableRandom random = Seeds.stream(experiment.seed(), "fair shared weights", group);
            List<Genotype> drawn = group(experiment.space(), together, random);
            for (int i = 1; i < TRIES && !drawn.stream().allMatch(g -> candidates.admits(candidates.of(g))); i++) {
                drawn = group(experiment.space(), together, random);
            }
            // Where limits leave no such group, weights beyond them are trained as well: that is fair too.
            paths.addAll(drawn);
        }
        return paths;
    }

    private static List<Genotype> group(SearchSpace space, int together, SplittableRandom random) {
        List<int[]> turns = space.decisions().stream()
                .map(d -> turns(d.choices().size(), together, random))
                .toList();
        List<Genotype> group = new ArrayList<>();
        for (int i = 0; i < together; i++) {
            int turn = i;
            group.add(space.choose((decision, before) -> turns.get(decision)[turn]));
        }
        return group;
    }

    /** All choices in random order, again and again. */
    private static int[] turns(int choices, int length, SplittableRandom random) {
        int[] turns = new int[length];
        int[] order = new int[choices];
        for (int from = 0; from < length; from += choices) {
            for (int i = 0; i < choices; i++) {
                int j = random.nextInt(i + 1);
                order[i] = order[j];
                order[j] = i;
            }
            System.arraycopy(order, 0, turns, from, Math.min(choices, length - from));
        }
        return turns;
    }

    private SharedPaths() {}
}
