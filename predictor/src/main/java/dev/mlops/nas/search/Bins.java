package dev.mlops.nas.search;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Features of known architectures, column by column, each value as the number of its bin. Trees look for splits between bins, which
 * takes one pass over the rows and no sorting (Ke et al., "LightGBM: A Highly Efficient Gradient Boosting Decision Tree", NeurIPS
 * 2017). A column has a bin for every value, or where there are too many, bins with about as many different values each; columns
 * that are the same for all are left out.
 */
final class Bins {
    /** At most so many in a column. */
    static final int MOST = 64;

    private final double[][] rows;
    private final int[] columns;
    private final double[][] edges; // by place in columns: the upper end of every bin but the last
    private final byte[][] bins; // by place in columns, then by row

    private Bins(double[][] rows, int[] columns, double[][] edges, byte[][] bins) {
        this.rows = rows;
        this.columns = columns;
        this.edges = edges;
        this.bins = bins;
    }

    static Bins of(List<Features.Vector> rows) {
        double[][] flat = rows.stream().map(Features.Vector::flat).toArray(double[][]::new);
        int[] all = IntStream.range(0, flat[0].length).toArray();
        double[][] values = Arrays.stream(all)
                .mapToObj(c -> Arrays.stream(flat).mapToDouble(row -> row[c]).toArray())
                .toArray(double[][]::new);
        double[][] edges = Arrays.stream(values).map(Bins::edges).toArray(double[][]::new);
        int[] telling = Arrays.stream(all).filter(c -> edges[c].length > 0).toArray();
        return new Bins(
                flat,
                telling,
                Arrays.stream(telling).mapToObj(c -> edges[c]).toArray(double[][]::new),
                Arrays.stream(telling).mapToObj(c -> bins(values[c], edges[c])).toArray(byte[][]::new));
    }

    /** In the middle between neighbouring values. */
    private static double[] edges(double[] values) {
        double[] distinct = Arrays.stream(values).sorted().distinct().toArray();
        int count = Math.min(MOST, distinct.length);
        return IntStream.range(1, count)
                .map(bin -> (int) ((long) bin * distinct.length / count))
                .mapToDouble(first -> (distinct[first - 1] + distinct[first]) / 2)
                .toArray();
    }

    private static byte[] bins(double[] values, double[] edges) {
        byte[] bins = new byte[values.length];
        for (int row = 0; row < bins.length; row++) {
            int place = Arrays.binarySearch(edges, values[row]);
            bins[row] = (byte) (place < 0 ? -place - 1 : place);
        }
        return bins;
    }

    /** All features of a row. */
    double[] row(int row) {
        return rows[row];
    }

    /** How many columns tell rows apart. */
    int width() {
        return columns.length;
    }

    /** Number of such a column among the features. */
    int column(int place) {
        return columns[place];
    }

    /** How many bins such a column has. */
    int count(int place) {
        return edges[place].length + 1;
    }

    /** The largest value that counts to a bin or those below it. */
    double edge(int place, int bin) {
        return edges[place][bin];
    }

    /** The bin of each row. */
    byte[] of(int place) {
        return bins[place];
    }
}
