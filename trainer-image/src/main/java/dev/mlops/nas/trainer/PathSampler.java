package dev.mlops.nas.trainer;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/** Chooses the paths through shared weights that a step trains. */
final class PathSampler {
    private final List<Integer> always;
    private final List<List<Integer>> deck;
    private final int drawn;
    private final SplittableRandom random;
    private int dealt;

    /**
     * Steps of {@code drawn} cards each.
     *
     * @param always paths of every step
     * @param deck groups of paths that are dealt in random order, all of them before any comes again
     */
    private PathSampler(List<Integer> always, List<List<Integer>> deck, int drawn, SplittableRandom random) {
        this.always = always;
        this.deck = new ArrayList<>(deck);
        this.drawn = drawn;
        this.random = random;
        this.dealt = deck.size();
    }

    /** One path a step (Guo et al. 2020), each as often as the others. */
    static PathSampler uniform(int paths, SplittableRandom random) {
        return new PathSampler(List.of(), groups(paths, 1), 1, random);
    }

    /** Paths that stand one behind the other and differ in all choices, so that each choice is trained once (Chu et al. 2021). */
    static PathSampler fair(int paths, int together, SplittableRandom random) {
        return new PathSampler(List.of(), groups(paths, together), 1, random);
    }

    /** The first two, which are the smallest and the largest, and others (Yu and Huang 2019). */
    static PathSampler sandwich(int paths, int pathsPerStep, SplittableRandom random) {
        var slices = IntStream.range(0, Math.min(2, paths)).boxed().toList();
        var between = groups(paths, 1).subList(slices.size(), paths);
        int others = Math.clamp(pathsPerStep - 2, 0, between.size());
        return new PathSampler(slices, between, others, random);
    }

    private static List<List<Integer>> groups(int paths, int together) {
        return IntStream.iterate(0, from -> from < paths, from -> from + together)
                .mapToObj(from -> IntStream.range(from, Math.min(paths, from + together))
                        .boxed()
                        .toList())
                .toList();
    }

    /** The paths of the next step. */
    List<Integer> next() {
        var paths = new ArrayList<>(always);
        for (int i = 0; i < drawn; i++) {
            paths.addAll(deal());
        }
        return paths;
    }

    private List<Integer> deal() {
        if (dealt == deck.size()) {
            for (int i = deck.size() - 1; i > 0; i--) {
                int j = random.nextInt(i + 1);
                var card = deck.get(i);
                deck.set(i, deck.get(j));
                deck.set(j, card);
            }
            dealt = 0;
        }
        return deck.get(dealt++);
    }
}
