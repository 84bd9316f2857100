package dev.mlops.nas.search;

import dev.mlops.nas.search.Spaces.LevelOptions;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Genotypes of motifs in motifs in which nothing is without effect: in every motif all edges but none lie between its first node and
 * its last, nodes without edges come last, motifs are numbered in the order in which the level above first uses them, and those that
 * it does not use have no edges. Every cell that something passes has some of these; counted and drawn from the last level down,
 * motif after motif and edge after edge.
 *
 * <p>A cell with operations on its edges is one level of one motif.
 */
final class LiveMotifs {
    /** Larger ones take seconds for one cell, or more. */
    private static final int MOST_OPERATIONS = 36;

    private static final int MOST_NODES = 5;
    private static final int MOST_NODES_ALONE = 6;

    private final List<LevelOptions> levels;
    private final List<CellOperation> primitives;
    private final List<Integer> passing;
    /** For each level the wirings with one number of nodes in use and of edges. */
    private final List<List<Wired>> wirings;

    private final Map<State, BigInteger> ways = new HashMap<>();

    /** The ways to wire so many nodes between a motif's first and last with so many edges. */
    private record Wired(int nodes, int edges, Wiring wiring) {}

    /**
     * How far the drawing is.
     *
     * @param level counted from 0 for the lowest
     * @param motifs of the level that are still to be drawn
     * @param edges of the motif before these that still need a choice
     * @param known choices that an edge has, without the one motif that is the next in use
     */
    private record State(int level, int motifs, int edges, int known) {}

    /** Those of a space; null where it is too large to count how many are one cell. */
    static @Nullable LiveMotifs of(List<LevelOptions> levels, List<CellOperation> primitives) {
        int most = levels.size() == 1 ? MOST_NODES_ALONE : MOST_NODES;
        return levels.stream().allMatch(level -> level.nodes() <= most)
                        && HierarchicalSpace.mostOperations(levels) <= MOST_OPERATIONS
                ? new LiveMotifs(levels, primitives)
                : null;
    }

    private LiveMotifs(List<LevelOptions> levels, List<CellOperation> primitives) {
        this.levels = levels;
        this.primitives = primitives;
        this.passing = IntStream.range(0, primitives.size())
                .filter(i -> primitives.get(i) != CellOperation.NONE)
                .boxed()
                .toList();
        this.wirings = IntStream.range(0, levels.size()).mapToObj(this::wirings).toList();
        ways(start());
    }

    private List<Wired> wirings(int level) {
        int between = levels.get(level).nodes() - 2;
        int all = NodeCellSpace.edges(between + 2);
        if (!mayMiss(level)) {
            return List.of(new Wired(between, all, new Wiring(between, all, all)));
        }
        var wirings = new ArrayList<Wired>();
        for (int nodes = 0; nodes <= between; nodes++) {
            for (int edges = 1; edges <= NodeCellSpace.edges(nodes + 2); edges++) {
                wirings.add(new Wired(nodes, edges, new Wiring(nodes, edges, edges)));
            }
        }
        return wirings;
    }

    /** Whether an edge of this level can hold nothing. */
    boolean mayMiss(int level) {
        return level > 0 || primitives.contains(CellOperation.NONE);
    }

    /** Whether a primitive passes on what it gets. */
    boolean maySkip() {
        return primitives.contains(CellOperation.SKIP);
    }

    List<LevelOptions> levels() {
        return levels;
    }

    /** Indices of the primitives that pass something. */
    List<Integer> passing() {
        return passing;
    }

    CellOperation primitive(int choice) {
        return primitives.get(choice);
    }

    private State start() {
        return new State(levels.size() - 1, 1, 0, known(levels.size() - 1));
    }

    /** Choices that an edge of a level has before any is in use. */
    private int known(int level) {
        return level == 0 ? passing.size() : 0;
    }

    private int most(int level) {
        return level == 0 ? passing.size() : levels.get(level - 1).motifs();
    }

    /** How many there are. */
    BigInteger count() {
        return ways(start());
    }

    /** How many of them are this cell. */
    long alike(CellGraph cell) {
        return new MotifMatching(this, cell).count();
    }

    private BigInteger ways(State state) {
        BigInteger known = ways.get(state);
        if (known == null) {
            known = counted(state);
            ways.put(state, known);
        }
        return known;
    }

    private BigInteger counted(State state) {
        if (state.edges() > 0) {
            BigInteger old = ways(old(state)).multiply(BigInteger.valueOf(state.known()));
            return state.known() < most(state.level()) ? old.add(ways(fresh(state))) : old;
        }
        if (state.motifs() > 0) {
            return wirings.get(state.level()).stream()
                    .map(wired -> ways(state, wired))
                    .reduce(BigInteger.ZERO, BigInteger::add);
        }
        return state.level() == 0 ? BigInteger.ONE : ways(below(state));
    }

    private BigInteger ways(State state, Wired wired) {
        return BigInteger.valueOf(wired.wiring().count()).multiply(ways(wired(state, wired)));
    }

    private static State old(State state) {
        return new State(state.level(), state.motifs(), state.edges() - 1, state.known());
    }

    private static State fresh(State state) {
        return new State(state.level(), state.motifs(), state.edges() - 1, state.known() + 1);
    }

    private static State wired(State state, Wired wired) {
        return new State(state.level(), state.motifs() - 1, wired.edges(), state.known());
    }

    private State below(State state) {
        return new State(state.level() - 1, state.known(), 0, known(state.level() - 1));
    }

    /** One of them, all alike likely: the choices of all edges, from the lowest level up, motif by motif, by target, then source. */
    List<Integer> draw(RandomGenerator random) {
        List<List<Integer>> choices = new ArrayList<>();
        State state = start();
        while (true) {
            int level = state.level();
            int motifs = state.motifs();
            var ofLevel = new ArrayList<Integer>();
            while (state.motifs() > 0) {
                state = motif(state, ofLevel, random);
            }
            int unused = levels.get(level).motifs() - motifs;
            int edges = NodeCellSpace.edges(levels.get(level).nodes());
            ofLevel.addAll(Collections.nCopies(unused * edges, nothing(level)));
            choices.addFirst(ofLevel);
            if (level == 0) {
                return choices.stream().flatMap(List::stream).toList();
            }
            state = below(state);
        }
    }

    /** The choice of an edge without effect. */
    private int nothing(int level) {
        return level == 0 ? Math.max(0, primitives.indexOf(CellOperation.NONE)) : 0;
    }

    /** Draws the next motif of a level. */
    private State motif(State state, List<Integer> choices, RandomGenerator random) {
        Wired wired = wired(state, random);
        int[] sources = wired.wiring().draw(random);
        int last = levels.get(state.level()).nodes() - 1;
        State next = wired(state, wired);
        for (int to = 1; to <= last; to++) {
            int from = to == last ? sources[wired.nodes() + 1] : to <= wired.nodes() ? sources[to] : 0;
            for (int source = 0; source < to; source++) {
                if ((from >> source & 1) == 0) {
                    choices.add(nothing(state.level()));
                    continue;
                }
                State old = old(next);
                int choice = below(ways(next), random)
                        .divide(ways(old))
                        .min(BigInteger.valueOf(next.known()))
                        .intValue();
                choices.add(state.level() == 0 ? passing.get(choice) : Integer.valueOf(choice + 1));
                next = choice < next.known() ? old : fresh(next);
            }
        }
        return next;
    }

    private Wired wired(State state, RandomGenerator random) {
        BigInteger number = below(ways(state), random);
        for (Wired wired : wirings.get(state.level())) {
            BigInteger these = ways(state, wired);
            if (number.compareTo(these) < 0) {
                return wired;
            }
            number = number.subtract(these);
        }
        throw new IllegalStateException("the ways of " + state + " do not add up");
    }

    /** Uniform from 0 to below a bound. */
    private static BigInteger below(BigInteger bound, RandomGenerator random) {
        if (bound.bitLength() < Long.SIZE) {
            return BigInteger.valueOf(random.nextLong(bound.longValue()));
        }
        while (true) {
            BigInteger drawn = new BigInteger(1, bytes(bound.bitLength(), random));
            if (drawn.compareTo(bound) < 0) {
                return drawn;
            }
        }
    }

    private static byte[] bytes(int bits, RandomGenerator random) {
        var bytes = new byte[(bits + 7) / 8];
        random.nextBytes(bytes);
        bytes[0] &= (byte) (0xff >> (8 * bytes.length - bits));
        return bytes;
    }
}
