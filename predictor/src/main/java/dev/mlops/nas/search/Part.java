package dev.mlops.nas.search;

import dev.mlops.nas.search.Decisions.Condition;
import dev.mlops.nas.search.Decisions.Conditional;
import dev.mlops.nas.search.Decisions.Quota;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Decisions that depend on no others; their place in the whole list starts at the offset. Counts its combinations once: what is
 * left from a decision on depends only on which conditions of later decisions the earlier ones fulfil.
 */
final class Part {
    private static final int STATES = 100_000;
    private static final int COMPLETIONS = 1_000;

    final int offset;
    final long size;
    private final List<Conditional> entries;
    private final boolean[] branches;
    private final boolean[] reached;
    private final List<List<Condition>> open = new ArrayList<>();
    private final List<List<Quota>> openQuotas = new ArrayList<>();
    private final List<Map<State, Long>> counts = new ArrayList<>();
    private int states;

    /** What earlier decisions mean to those from one on: which conditions they fulfil, and how much they use of each quota. */
    private record State(BitSet fulfilled, List<Integer> used) {}

    Part(int offset, List<Conditional> entries) {
        this.offset = offset;
        this.entries = List.copyOf(entries);
        this.branches = new boolean[entries.size()];
        this.reached = new boolean[entries.size()];
        for (Conditional entry : entries) {
            entry.conditions().forEach(c -> branches[c.on()] = true);
            entry.quotas().forEach(q -> q.on().forEach(on -> branches[on] = true));
        }
        for (int i = 0; i < entries.size(); i++) {
            int here = i;
            open.add(entries.subList(i, entries.size()).stream()
                    .flatMap(e -> e.conditions().stream())
                    .filter(c -> c.on() < here)
                    .distinct()
                    .toList());
            openQuotas.add(entries.subList(i, entries.size()).stream()
                    .flatMap(e -> e.quotas().stream())
                    .distinct()
                    .toList());
            counts.add(new HashMap<>());
        }
        try {
            this.size = fill(offset, new int[end()]);
        } catch (ArithmeticException tooMany) {
            throw new SpaceException(
                    "searchSpace",
                    "decisions that depend on each other, from " + name(0) + " to " + name(entries.size() - 1)
                            + ", have more than 9.2e18 combinations: give fewer choices or conditions");
        }
    }

    private String name(int entry) {
        return entries.get(entry).decision().name();
    }

    int end() {
        return offset + entries.size();
    }

    boolean active(int i, int[] choices) {
        for (Condition condition : entries.get(i - offset).conditions()) {
            if (!holds(condition, choices)) {
                return false;
            }
        }
        for (Quota quota : entries.get(i - offset).quotas()) {
            if (used(quota, i, choices) >= quota.most()) {
                return false;
            }
        }
        return true;
    }

    /** How many of the decisions before this one have the quota's choice. */
    private int used(Quota quota, int before, int[] choices) {
        int used = 0;
        for (int on : quota.on()) {
            used += offset + on < before && choices[offset + on] == quota.choice() ? 1 : 0;
        }
        return used;
    }

    private boolean holds(Condition condition, int[] choices) {
        return condition.choices().contains(choices[offset + condition.on()]);
    }

    /** The decisions that no combination makes active. */
    Stream<String> unreachable() {
        return IntStream.range(0, reached.length).filter(i -> !reached[i]).mapToObj(this::name);
    }

    String needs(int i) {
        Conditional entry = entries.get(i - offset);
        Stream<String> conditions = entry.conditions().stream().map(c -> {
            Decision on = entries.get(c.on()).decision();
            return on.name() + " "
                    + c.choices().stream().sorted().map(on.choices()::get).collect(Collectors.joining(" or "));
        });
        Stream<String> quotas = entry.quotas().stream()
                .map(q -> "fewer than " + q.most() + " of the decisions before it to be "
                        + entry.decision().choices().get(q.choice()));
        return Stream.concat(conditions, quotas).collect(Collectors.joining(" and "));
    }

    /** What the decisions from this one on need to know of earlier ones. */
    private State state(int i, int[] choices) {
        List<Condition> conditions = open.get(i - offset);
        var fulfilled = new BitSet(conditions.size());
        for (int c = 0; c < conditions.size(); c++) {
            fulfilled.set(c, holds(conditions.get(c), choices));
        }
        return new State(
                fulfilled,
                openQuotas.get(i - offset).stream()
                        .map(q -> used(q, i, choices))
                        .toList());
    }

    /** Combinations of the decisions from this one on; overwrites those choices and notes the number for {@link #count}. */
    private long fill(int from, int[] choices) {
        if (from == end()) {
            return 1;
        }
        State state = state(from, choices);
        Long known = counts.get(from - offset).get(state);
        if (known != null) {
            return known;
        }
        if (++states > STATES) {
            throw new SpaceException(
                    "searchSpace",
                    "the conditions of decisions from " + name(0) + " to " + name(entries.size() - 1)
                            + " tie too many of them together to be counted: give fewer conditions");
        }
        long sum = 0;
        if (!active(from, choices)) {
            choices[from] = -1;
            sum = fill(from + 1, choices);
        } else {
            reached[from - offset] = true;
            for (int c = 0; c < (branches[from - offset] ? values(from) : 1); c++) {
                choices[from] = c;
                sum = Math.addExact(sum, fill(from + 1, choices));
            }
            sum = branches[from - offset] ? sum : Math.multiplyExact(sum, values(from));
        }
        counts.get(from - offset).put(state, sum);
        return sum;
    }

    private long count(int from, int[] choices) {
        return from == end() ? 1 : counts.get(from - offset).getOrDefault(state(from, choices), 0L);
    }

    /** Writes the combination with this number, 0 to size - 1. */
    void write(long number, int[] choices) {
        long left = number;
        for (int i = offset; i < end(); i++) {
            if (!active(i, choices)) {
                choices[i] = -1;
                continue;
            }
            for (int c = 0; c < values(i); c++) {
                choices[i] = c;
                long below = count(i + 1, choices);
                if (!branches[i - offset]) {
                    choices[i] = (int) (left / below);
                    left %= below;
                    break;
                }
                if (left < below) {
                    break;
                }
                left -= below;
            }
        }
    }

    /**
     * What fits the decisions before this one: decisions that stay active keep their choices, those that become active take all
     * values; when that is too much, one of them at a time.
     */
    List<int[]> completions(int from, int[] before, int[] choices) {
        var found = new ArrayList<int[]>();
        if (complete(from, before, choices.clone(), found)) {
            return found;
        }
        int[] middle = middle(from, before, choices, -1, 0);
        var few = new ArrayList<>(List.of(middle));
        for (int i = from; i < end(); i++) {
            for (int c = 0; before[i] < 0 && middle[i] >= 0 && c < values(i); c++) {
                if (c != middle[i]) {
                    few.add(middle(from, before, choices, i, c));
                }
            }
        }
        return few;
    }

    /** Whether the list holds all; false as soon as they are too many. */
    private boolean complete(int from, int[] before, int[] choices, List<int[]> found) {
        if (from == end()) {
            found.add(choices.clone());
            return found.size() <= COMPLETIONS;
        }
        if (!active(from, choices) || before[from] >= 0) {
            choices[from] = active(from, choices) ? before[from] : -1;
            return complete(from + 1, before, choices, found);
        }
        for (int c = 0; c < values(from); c++) {
            choices[from] = c;
            if (!complete(from + 1, before, choices, found)) {
                return false;
            }
        }
        return true;
    }

    /** New decisions take their middle choice, except one. */
    private int[] middle(int from, int[] before, int[] choices, int except, int choice) {
        int[] done = choices.clone();
        for (int i = from; i < end(); i++) {
            if (!active(i, done)) {
                done[i] = -1;
            } else if (before[i] >= 0) {
                done[i] = before[i];
            } else {
                done[i] = i == except ? choice : values(i) / 2;
            }
        }
        return done;
    }

    private int values(int i) {
        return entries.get(i - offset).decision().choices().size();
    }
}
