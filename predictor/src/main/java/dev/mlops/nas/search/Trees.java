package dev.mlops.nas.search;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import smile.base.cart.InternalNode;
import smile.base.cart.Loss;
import smile.base.cart.Node;
import smile.base.cart.RegressionNode;
import smile.data.DataFrame;
import smile.data.Tuple;
import smile.data.formula.Formula;
import smile.data.type.StructType;
import smile.math.MathEx;
import smile.regression.GradientTreeBoost;
import smile.regression.RandomForest;
import smile.regression.RegressionTree;

/**
 * Smile's tree ensembles on all features in a row: a random forest (Breiman 2001), the mean of its trees, or gradient boosting
 * (Friedman 2001), a constant plus the shrunk sum of its trees. Every tree has its own seed, so that the number of threads does
 * not matter.
 */
final class Trees implements Surrogate {
    private static final int FOREST = 64;
    private static final int BOOSTS = 80;
    private static final double SHRINKAGE = 0.08;
    private static final int LEAF = -1;

    private final int[] roots;
    private final int[] columns; // that a node asks, LEAF in leaves
    private final double[] values; // up to which a node goes on to the next one; what a leaf says
    private final int[] others; // the node for larger values
    private final double base;
    private final double weight;

    private Trees(RegressionTree[] trees, int width, double base, double weight) {
        var flat = new Flat(width);
        this.roots = Arrays.stream(trees).mapToInt(t -> flat.add(t.root())).toArray();
        this.columns = flat.columns.stream().mapToInt(Integer::intValue).toArray();
        this.values = flat.values.stream().mapToDouble(Double::doubleValue).toArray();
        this.others = flat.others.stream().mapToInt(Integer::intValue).toArray();
        this.base = base;
        this.weight = weight;
    }

    /** The nodes of many trees one after the other, each before those below it: asking them follows no objects. */
    private static final class Flat {
        private final List<Integer> columns = new ArrayList<>();
        private final List<Double> values = new ArrayList<>();
        private final List<Integer> others = new ArrayList<>();
        private final double[] probe;
        private final Tuple probed;

        Flat(int width) {
            this.probe = new double[width];
            this.probed = Tuple.of(inputs(width), probe);
        }

        int add(Node node) {
            int at = columns.size();
            switch (node) {
                case InternalNode inner -> {
                    columns.add(inner.feature());
                    values.add(threshold(inner));
                    others.add(0);
                    add(inner.trueChild());
                    others.set(at, add(inner.falseChild()));
                }
                case RegressionNode leaf -> {
                    columns.add(LEAF);
                    values.add(leaf.output());
                    others.add(0);
                }
                default -> throw new IllegalArgumentException("a regression tree has no " + node.getClass());
            }
            return at;
        }

        /** The largest number that goes on to the first child: Smile keeps it to itself, so that it is found by bisection. */
        private double threshold(InternalNode node) {
            long low = ordered(Double.NEGATIVE_INFINITY);
            long high = ordered(Double.POSITIVE_INFINITY);
            while (low + 1 < high) {
                long middle = (low >> 1) + (high >> 1) + (low & high & 1);
                probe[node.feature()] = number(middle);
                if (node.branch(probed)) {
                    low = middle;
                } else {
                    high = middle;
                }
            }
            return number(low);
        }

        /** Whole numbers in the order of the numbers that they stand for. */
        private static long ordered(double number) {
            long bits = Double.doubleToLongBits(number);
            return bits ^ (bits >> 63 & Long.MAX_VALUE);
        }

        private static double number(long ordered) {
            return Double.longBitsToDouble(ordered ^ (ordered >> 63 & Long.MAX_VALUE));
        }
    }

    static Trees forest(List<Features.Vector> rows, double[] targets) {
        DataFrame data = data(rows, targets);
        int columns = data.schema().length() - 1;
        var options = new RandomForest.Options(
                FOREST,
                Math.max(1, columns / 3),
                20,
                Math.max(4, rows.size()),
                2,
                1.0,
                LongStream.range(1, FOREST + 1L).toArray(),
                null);
        RandomForest forest = RandomForest.fit(Formula.lhs("y"), data, options);
        return new Trees(forest.trees(), columns, 0, 1.0 / FOREST);
    }

    static Trees boosting(List<Features.Vector> rows, double[] targets) {
        DataFrame data = data(rows, targets);
        int columns = data.schema().length() - 1;
        var options = new GradientTreeBoost.Options(Loss.ls(), BOOSTS, 4, 8, 2, SHRINKAGE, 0.8, null, null);
        MathEx.setSeed(1);
        GradientTreeBoost boosting = GradientTreeBoost.fit(Formula.lhs("y"), data, options);
        return new Trees(boosting.trees(), columns, Statistics.mean(targets), SHRINKAGE);
    }

    private static DataFrame data(List<Features.Vector> rows, double[] targets) {
        double[][] table = new double[rows.size()][];
        for (int i = 0; i < table.length; i++) {
            double[] flat = rows.get(i).flat();
            table[i] = Arrays.copyOf(flat, flat.length + 1);
            table[i][flat.length] = targets[i];
        }
        int columns = table[0].length - 1;
        String[] names = IntStream.rangeClosed(0, columns)
                .mapToObj(c -> c == columns ? "y" : "x" + c)
                .toArray(String[]::new);
        return DataFrame.of(table, names);
    }

    private static StructType inputs(int columns) {
        String[] names = IntStream.range(0, columns).mapToObj(c -> "x" + c).toArray(String[]::new);
        return DataFrame.of(new double[1][columns], names).schema();
    }

    @Override
    public GaussianProcess.Normal predict(Features.Vector row) {
        double[] flat = row.flat();
        double sum = 0;
        double squares = 0;
        for (int root : roots) {
            double output = leaf(flat, root);
            sum += output;
            squares += output * output;
        }
        int n = roots.length;
        double spread = base == 0 && weight == 1.0 / n ? Math.sqrt(Math.max(0, squares / n - sum / n * (sum / n))) : 0;
        return new GaussianProcess.Normal(base + weight * sum, spread);
    }

    private double leaf(double[] row, int root) {
        int at = root;
        while (columns[at] != LEAF) {
            at = row[columns[at]] <= values[at] ? at + 1 : others[at];
        }
        return values[at];
    }

    @Override
    public double mean(Features.Vector row) {
        return predict(row).mean();
    }
}
