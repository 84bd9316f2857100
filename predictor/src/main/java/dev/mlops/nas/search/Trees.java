package dev.mlops.nas.search;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
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

    private final List<Node> roots;
    private final StructType schema;
    private final double base;
    private final double weight;

    private Trees(RegressionTree[] trees, StructType schema, double base, double weight) {
        this.roots = Arrays.stream(trees).map(RegressionTree::root).toList();
        this.schema = schema;
        this.base = base;
        this.weight = weight;
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
        return new Trees(forest.trees(), inputs(columns), 0, 1.0 / FOREST);
    }

    static Trees boosting(List<Features.Vector> rows, double[] targets) {
        DataFrame data = data(rows, targets);
        int columns = data.schema().length() - 1;
        var options = new GradientTreeBoost.Options(Loss.ls(), BOOSTS, 4, 8, 2, SHRINKAGE, 0.8, null, null);
        MathEx.setSeed(1);
        GradientTreeBoost boosting = GradientTreeBoost.fit(Formula.lhs("y"), data, options);
        return new Trees(boosting.trees(), inputs(columns), Statistics.mean(targets), SHRINKAGE);
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
        Tuple tuple = Tuple.of(schema, row.flat());
        double sum = 0;
        double squares = 0;
        for (Node root : roots) {
            double output = ((RegressionNode) root.predict(tuple)).output();
            sum += output;
            squares += output * output;
        }
        int n = roots.size();
        double spread = base == 0 && weight == 1.0 / n ? Math.sqrt(Math.max(0, squares / n - sum / n * (sum / n))) : 0;
        return new GaussianProcess.Normal(base + weight * sum, spread);
    }

    @Override
    public double mean(Features.Vector row) {
        return predict(row).mean();
    }
}
