package dev.mlops.nas.search;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Counts the ways to put a cell together anew: what is built is laid, operation by operation, over the vertices of the finished
 * cell. Every way is one genotype and one isomorphism from its cell to this one, so that the genotypes are the ways divided by
 * {@link #symmetries}. Values are sums of the finished cell's vertices, sorted.
 */
final class Matching {
    private final CellGraph cell;
    private final int[] output;
    private final int[] joined;
    private final boolean[] taken;

    Matching(CellGraph cell) {
        this.cell = cell;
        this.output = array(cell.output());
        boolean joins = output.length == 1 && cell.operation(output[0]) == CellOperation.JOIN;
        this.joined = joins ? array(cell.sources(output[0])) : new int[0];
        this.taken = new boolean[cell.vertices()];
    }

    /** How the counting goes on with a value. */
    @FunctionalInterface
    interface Next {
        long ways(int[] value);
    }

    /** How the counting goes on from the cell's inputs. */
    @FunctionalInterface
    interface Start {
        long ways(List<int[]> inputs);
    }

    /** From the inputs in their order, and where they are alike in every order. */
    long ways(Start start) {
        List<int[]> inputs = new ArrayList<>();
        IntStream.range(0, cell.inputs()).forEach(i -> inputs.add(new int[] {i}));
        return cell.hasInputsAlike() && inputs.size() == 2
                ? start.ways(inputs) + start.ways(inputs.reversed())
                : start.ways(inputs);
    }

    /** Over every vertex that the operation on this value can be; a vertex with weights is taken once only. */
    long apply(CellOperation operation, int[] value, Next next) {
        if (operation == CellOperation.SKIP) {
            return next.ways(value);
        }
        long ways = 0;
        for (int v = cell.inputs(); v < taken.length; v++) {
            if (!cell.isOperation(v, operation, value) || taken[v]) {
                continue;
            }
            taken[v] = operation.hasWeights();
            ways += next.ways(new int[] {v});
            taken[v] = false;
        }
        return ways;
    }

    /** Over the channels of these values, one behind the other. */
    long join(List<int[]> values, Next next) {
        if (values.size() == 1) {
            return next.ways(values.getFirst());
        }
        var parts = new int[values.size()];
        for (int i = 0; i < parts.length; i++) {
            parts[i] = part(values.get(i));
        }
        Arrays.sort(parts);
        return apply(CellOperation.JOIN, parts, next);
    }

    /** The vertex of a value that is joined; -1 where there is none. */
    private int part(int[] value) {
        if (value.length == 1) {
            return value[0];
        }
        for (int v = cell.inputs(); v < taken.length; v++) {
            if (cell.isOperation(v, CellOperation.SUM, value)) {
                return v;
            }
        }
        return -1;
    }

    /** Whether the cell's output can have this value as one of its parts or summands. */
    boolean reachesOutput(int[] value) {
        return joined.length > 0 ? contains(joined, new int[] {part(value)}) : contains(output, value);
    }

    /** Whether a sum, sorted, has this one as a part. */
    static boolean contains(int[] sum, int[] value) {
        int at = 0;
        for (int vertex : sum) {
            at += at < value.length && value[at] == vertex ? 1 : 0;
        }
        return at == value.length;
    }

    /** 1 where the value is what the cell gives, else 0. */
    long end(int[] value) {
        return Arrays.equals(value, output) ? 1 : 0;
    }

    /** How many ways lay the cell over itself. */
    long symmetries() {
        return ways(inputs -> symmetries(new ArrayList<>(inputs)));
    }

    private long symmetries(List<int[]> images) {
        int vertex = images.size();
        if (vertex == cell.vertices()) {
            return end(image(cell.output(), images));
        }
        return apply(cell.operation(vertex), image(cell.sources(vertex), images), value -> {
            images.add(value);
            long ways = symmetries(images);
            images.removeLast();
            return ways;
        });
    }

    private static int[] image(List<Integer> vertices, List<int[]> images) {
        return sum(vertices.stream().map(images::get).toList());
    }

    static int[] sum(List<int[]> values) {
        int[] sum = new int[values.stream().mapToInt(v -> v.length).sum()];
        int end = 0;
        for (int[] value : values) {
            System.arraycopy(value, 0, sum, end, value.length);
            end += value.length;
        }
        Arrays.sort(sum);
        return sum;
    }

    /** The sum of two values. */
    static int[] sum(int[] a, int[] b) {
        var sum = new int[a.length + b.length];
        for (int i = 0, j = 0; i + j < sum.length; ) {
            boolean first = j == b.length || (i < a.length && a[i] <= b[j]);
            int at = i + j;
            sum[at] = first ? a[i++] : b[j++];
        }
        return sum;
    }

    private static int[] array(List<Integer> vertices) {
        return vertices.stream().mapToInt(Integer::intValue).toArray();
    }
}
