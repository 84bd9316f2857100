package dev.mlops.nas.search;

import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/**
 * Where the lowest of the {@link LiveMotifs} can lie in a cell. A value is a sum of the cell's vertices, sorted.
 *
 * <p>What one motif makes with weights reaches others through its result only, so that all that reads it must be in the motif, or be
 * able to read the result. That leaves few places.
 */
final class Placements {
    private static final int INPUT = -1;

    private final LiveMotifs motifs;
    private final CellGraph cell;
    private final int[][] sources;
    private final int[][] users;
    private final int[] output;
    private final Map<IntBuffer, int[]> readers = new HashMap<>();
    private final Map<IntBuffer, List<Placement>> fresh = new HashMap<>();

    /** A motif in one place. */
    static final class Placement {
        private final Motif motif;
        private final int[] laid;
        private final BitSet weights;
        private final int[] value;
        private final long ways;

        private Placement(Motif motif, int[] laid, BitSet weights, int[] value, long ways) {
            this.motif = motif;
            this.laid = laid;
            this.weights = weights;
            this.value = value;
            this.ways = ways;
        }

        Motif motif() {
            return motif;
        }

        /** Vertices that its operations are. */
        int[] laid() {
            return laid;
        }

        /** Those of them with weights. */
        BitSet weights() {
            return weights;
        }

        /** Its result. */
        int[] value() {
            return value;
        }

        /** To put the same motif into this place, by other wirings or in another order. */
        long ways() {
            return ways;
        }
    }

    /** What a motif computes: operations, each on a sum of earlier ones, by their numbers, and of the input; and its result. */
    static final class Motif {
        private final CellOperation[] operations;
        private final int[][] sources;
        private final int[] result;
        private final Map<IntBuffer, List<Placement>> places = new HashMap<>();

        private Motif(CellOperation[] operations, int[][] sources, int[] result) {
            this.operations = operations;
            this.sources = sources;
            this.result = result;
        }
    }

    private record Place(BitSet laid, IntBuffer value) {}

    Placements(LiveMotifs motifs, CellGraph cell) {
        this.motifs = motifs;
        this.cell = cell;
        this.output = array(cell.output());
        this.sources = IntStream.range(0, cell.vertices())
                .mapToObj(v -> array(cell.sources(v)))
                .toArray(int[][]::new);
        this.users = IntStream.range(0, sources.length)
                .mapToObj(v -> operations().filter(u -> isIn(v, sources[u])).toArray())
                .toArray(int[][]::new);
        operations()
                .forEach(v -> readers.computeIfAbsent(
                        IntBuffer.wrap(sources[v]),
                        sum -> operations()
                                .filter(u -> Arrays.equals(sources[u], sources[v]))
                                .toArray()));
    }

    private IntStream operations() {
        return IntStream.range(cell.inputs(), sources.length);
    }

    static int[] array(List<Integer> vertices) {
        return vertices.stream().mapToInt(Integer::intValue).toArray();
    }

    private static boolean isIn(int vertex, int[] value) {
        return Arrays.binarySearch(value, vertex) >= 0;
    }

    private boolean hasWeights(int vertex) {
        return cell.operation(vertex).hasWeights();
    }

    /** Operations on exactly this sum. */
    private int[] readers(int[] value) {
        return readers.getOrDefault(IntBuffer.wrap(value), CellGraph.Builder.ZERO);
    }

    /** Whether something in the cell can have this value as one of its summands, or as all of them. */
    boolean fits(int[] value) {
        if (Matching.contains(output, value)) {
            return true;
        }
        for (int[] sum : sources) {
            if (Matching.contains(sum, value)) {
                return true;
            }
        }
        return false;
    }

    /**
     * Whether all that reads the value of a node is laid, or a later node may come to the same: it must then get what nobody makes
     * twice, inputs and operations with weights, from nodes that hold nothing else than the value does.
     *
     * @param lost what is not there but in these nodes
     */
    boolean isRead(int node, int[][] values, int[] laid, IntPredicate lost) {
        int[] value = values[node];
        for (int reader : readers(value)) {
            if (laid[reader] == 0) {
                return mayComeAgain(node, values, lost);
            }
        }
        return true;
    }

    private static boolean mayComeAgain(int node, int[][] values, IntPredicate lost) {
        for (int v : values[node]) {
            if (lost.test(v) && !isInPart(v, node, values)) {
                return false;
            }
        }
        return true;
    }

    /** Whether a later node holds the vertex, and nothing else than this node does. */
    private static boolean isInPart(int vertex, int node, int[][] values) {
        for (int later = node + 1; later < values.length; later++) {
            if (isIn(vertex, values[later]) && Matching.contains(values[node], values[later])) {
                return true;
            }
        }
        return false;
    }

    /** Whether everything laid that nobody makes twice is part of a later node's value where something still needs it. */
    boolean isUsed(int node, int[][] values, int[] laid) {
        for (int v = 0; v < laid.length; v++) {
            if (isUnique(v, laid) && isNeeded(v, laid) && !isIn(v, node + 1, values)) {
                return false;
            }
        }
        return true;
    }

    /** Whether the vertex is an input, or an operation with weights that is laid. */
    boolean isUnique(int vertex, int[] laid) {
        return vertex < cell.inputs() || (laid[vertex] > 0 && hasWeights(vertex));
    }

    private boolean isNeeded(int vertex, int[] laid) {
        for (int user : users[vertex]) {
            if (laid[user] == 0) {
                return true;
            }
        }
        return isIn(vertex, output);
    }

    private static boolean isIn(int vertex, int from, int[][] values) {
        for (int i = from; i < values.length; i++) {
            if (isIn(vertex, values[i])) {
                return true;
            }
        }
        return false;
    }

    /** In how many ways a motif is the whole cell. */
    long whole(int[] input) {
        var all = new BitSet();
        operations().forEach(all::set);
        return new Building(input, true).places().getOrDefault(new Place(all, IntBuffer.wrap(output)), 0L);
    }

    /** All motifs, in every place; those with the same result in a row. */
    List<Placement> fresh(int[] input) {
        return fresh.computeIfAbsent(IntBuffer.wrap(input), in -> {
            var byValue = new LinkedHashMap<IntBuffer, List<Placement>>();
            new Building(input, false)
                    .places()
                    .forEach((place, ways) -> byValue.computeIfAbsent(place.value(), v -> new ArrayList<>())
                            .add(placement(motif(place, input), place, ways)));
            return byValue.values().stream().flatMap(List::stream).toList();
        });
    }

    /** The same motif on another value, in every place. */
    List<Placement> again(Motif motif, int[] input) {
        return motif.places.computeIfAbsent(IntBuffer.wrap(input), in -> {
            var places = new LinkedHashMap<Place, Long>();
            lay(motif, input, new int[motif.operations.length], 0, places);
            return places.entrySet().stream()
                    .map(e -> placement(motif, e.getKey(), e.getValue()))
                    .toList();
        });
    }

    private Placement placement(Motif motif, Place place, long ways) {
        var weights = new BitSet();
        place.laid().stream().filter(this::hasWeights).forEach(weights::set);
        return new Placement(
                motif, place.laid().stream().toArray(), weights, place.value().array(), ways);
    }

    private Motif motif(Place place, int[] input) {
        int[] laid = place.laid().stream().toArray();
        return new Motif(
                Arrays.stream(laid).mapToObj(cell::operation).toArray(CellOperation[]::new),
                Arrays.stream(laid)
                        .mapToObj(v -> within(laid, sources[v], input))
                        .toArray(int[][]::new),
                within(laid, place.value().array(), input));
    }

    /** A value as a sum of places in a motif, and of as many times its input as is left. */
    private static int[] within(int[] laid, int[] value, int[] input) {
        int[] places = Arrays.stream(value)
                .map(v -> Arrays.binarySearch(laid, v))
                .filter(at -> at >= 0)
                .toArray();
        var all = new int[places.length + (value.length - places.length) / input.length];
        Arrays.fill(all, INPUT);
        System.arraycopy(places, 0, all, 0, places.length);
        return all;
    }

    private void lay(Motif motif, int[] input, int[] images, int next, Map<Place, Long> places) {
        if (next == images.length) {
            int[] value = image(motif.result, images, input);
            var laid = new BitSet();
            Arrays.stream(images).forEach(laid::set);
            if (fits(value) && isClosed(laid, value)) {
                places.merge(new Place(laid, IntBuffer.wrap(value)), 1L, Long::sum);
            }
            return;
        }
        for (int v : readers(image(motif.sources[next], images, input))) {
            boolean isTaken = hasWeights(v) && Arrays.stream(images, 0, next).anyMatch(i -> i == v);
            if (cell.operation(v) == motif.operations[next] && !isTaken) {
                images[next] = v;
                lay(motif, input, images, next + 1, places);
            }
        }
    }

    private static int[] image(int[] within, int[] images, int[] input) {
        int[] image = CellGraph.Builder.ZERO;
        for (int place : within) {
            image = Matching.sum(image, place == INPUT ? input : new int[] {images[place]});
        }
        return image;
    }

    /** Whether all that reads what only this motif makes is in it, or can read it as part of the result. */
    private boolean isClosed(BitSet laid, int[] result) {
        var own = new BitSet();
        return laid.stream().allMatch(v -> {
            own.set(v, hasWeights(v) || Arrays.stream(sources[v]).anyMatch(own::get));
            return !own.get(v) || isClosed(v, laid, result);
        });
    }

    private boolean isClosed(int vertex, BitSet laid, int[] result) {
        boolean isPassed = isIn(vertex, result);
        for (int user : users[vertex]) {
            if (!laid.get(user) && !(isPassed && Matching.contains(sources[user], result))) {
                return false;
            }
        }
        return !isIn(vertex, output) || (isPassed && Matching.contains(output, result));
    }

    /** Lays a motif of primitives, source by source. */
    private final class Building {
        private final Map<Place, Long> places = new LinkedHashMap<>();
        private final int[] input;
        private final boolean whole;
        private final int[] laid = new int[sources.length];
        private int[][] sums = {};

        Building(int[] input, boolean whole) {
            this.input = input;
            this.whole = whole;
        }

        Map<Place, Long> places() {
            int most = motifs.levels().getFirst().nodes() - 2;
            for (int between = motifs.mayMiss(0) ? 0 : most; between <= most; between++) {
                sums = new int[between + 2][];
                Arrays.fill(sums, CellGraph.Builder.ZERO);
                sums[0] = input;
                source(0);
            }
            return places;
        }

        private void source(int source) {
            if (source == sums.length - 1) {
                end(sums[source]);
            } else if (sums[source].length > 0) {
                edge(source, source + 1, false);
            }
        }

        private void edge(int source, int target, boolean any) {
            if (target == sums.length) {
                if (any && isDone(source)) {
                    source(source + 1);
                }
                return;
            }
            if (motifs.mayMiss(0)) {
                edge(source, target + 1, any);
            }
            if (motifs.maySkip()) {
                add(source, target, sums[source]);
            }
            for (int v : readers(sums[source])) {
                if (laid[v] == 0 || !hasWeights(v)) {
                    laid[v]++;
                    add(source, target, new int[] {v});
                    laid[v]--;
                }
            }
        }

        private void add(int source, int target, int[] value) {
            int[] before = sums[target];
            int[] sum = Matching.sum(before, value);
            if (fits(sum)) {
                sums[target] = sum;
                edge(source, target + 1, true);
                sums[target] = before;
            }
        }

        /** Whether nothing waits for a node that neither a later one nor another motif can stand in for. */
        private boolean isDone(int node) {
            if (whole) {
                return isRead(node, sums, laid, v -> isUnique(v, laid)) && isUsed(node, sums, laid);
            }
            return isRead(node, sums, laid, v -> laid[v] > 0 && hasWeights(v));
        }

        private void end(int[] value) {
            var set = new BitSet();
            operations().filter(v -> laid[v] > 0).forEach(set::set);
            if (isClosed(set, value)) {
                places.merge(new Place(set, IntBuffer.wrap(value)), 1L, Long::sum);
            }
        }
    }
}
