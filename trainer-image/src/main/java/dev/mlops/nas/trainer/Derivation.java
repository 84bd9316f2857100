package dev.mlops.nas.trainer;

import dev.mlops.nas.contract.TrialFile.Mixture;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Closes mixtures, the heaviest first: each to one of its choices; where mixtures of a node compete, so many as may stay, the others to
 * nothing. What is heaviest has the largest product of weights, so that the first is what DARTS derives: the strongest edges of each
 * node, and the strongest operation of each.
 */
final class Derivation {
    private static final Comparator<Option> HEAVIEST =
            Comparator.comparingDouble(Option::weight).reversed();

    private final int size;
    private final List<Group> groups;

    /** Mixtures that are closed together, and how. */
    private record Group(List<Integer> members, List<Option> options) {}

    /** A choice for each member of a group, and the logarithm of its weight. */
    private record Option(List<Integer> choices, double weight) {}

    /** An option of each group, by its place. */
    private record Pick(List<Integer> places, double weight) {}

    /**
     * Ways to close mixtures.
     *
     * @param shares the weights of each one's choices
     */
    Derivation(List<Mixture> mixtures, double[][] shares) {
        this.size = mixtures.size();
        Map<String, List<Integer>> members = new LinkedHashMap<>();
        for (int m = 0; m < size; m++) {
            var mixture = mixtures.get(m);
            members.computeIfAbsent(
                            mixture.node() == null ? "mixture " + mixture.name() : "node " + mixture.node(),
                            n -> new ArrayList<>())
                    .add(m);
        }
        this.groups = members.values().stream()
                .map(m -> new Group(m, options(m, keep(mixtures.get(m.getFirst())), shares)))
                .toList();
    }

    private static int keep(Mixture mixture) {
        return mixture.keep() == null ? 1 : mixture.keep();
    }

    private static List<Option> options(List<Integer> members, int keep, double[][] shares) {
        var options = new ArrayList<>(List.of(new Option(List.of(), 0)));
        for (int i = 0; i < members.size(); i++) {
            var longer = new ArrayList<Option>();
            int left = members.size() - i - 1;
            for (var option : options) {
                long kept = option.choices().stream().filter(c -> c >= 0).count();
                if (kept + left >= Math.min(keep, members.size())) {
                    longer.add(with(option, -1, 0));
                }
                var weights = shares[members.get(i)];
                for (int c = 0; c < weights.length && kept < keep; c++) {
                    longer.add(with(option, c, Math.log(weights[c])));
                }
            }
            options = longer;
        }
        options.sort(HEAVIEST);
        return options;
    }

    private static Option with(Option option, int choice, double weight) {
        var choices = new ArrayList<>(option.choices());
        choices.add(choice);
        return new Option(choices, option.weight() + weight);
    }

    /** The choices of the heaviest ways, at most so many; fewer only where there are no more. */
    List<List<Integer>> heaviest(int count) {
        var waiting = new PriorityQueue<>(Comparator.comparingDouble(Pick::weight)
                .reversed()
                .thenComparing(Pick::places, (a, b) -> Arrays.compare(array(a), array(b))));
        Set<List<Integer>> seen = new HashSet<>();
        add(waiting, seen, groups.stream().map(g -> 0).toList());
        var found = new ArrayList<List<Integer>>();
        while (found.size() < count && !waiting.isEmpty()) {
            var pick = waiting.remove();
            found.add(choices(pick));
            for (int g = 0; g < groups.size(); g++) {
                var next = new ArrayList<>(pick.places());
                next.set(g, next.get(g) + 1);
                if (next.get(g) < groups.get(g).options().size()) {
                    add(waiting, seen, next);
                }
            }
        }
        return found;
    }

    private void add(PriorityQueue<Pick> waiting, Set<List<Integer>> seen, List<Integer> places) {
        if (seen.add(places)) {
            double weight = IntStream.range(0, groups.size())
                    .mapToDouble(g -> groups.get(g).options().get(places.get(g)).weight())
                    .sum();
            waiting.add(new Pick(places, weight));
        }
    }

    private List<Integer> choices(Pick pick) {
        var choices = new Integer[size];
        for (int g = 0; g < groups.size(); g++) {
            var group = groups.get(g);
            var option = group.options().get(pick.places().get(g));
            for (int i = 0; i < group.members().size(); i++) {
                choices[group.members().get(i)] = option.choices().get(i);
            }
        }
        return List.of(choices);
    }

    private static int[] array(List<Integer> values) {
        return values.stream().mapToInt(Integer::intValue).toArray();
    }
}
