package dev.mlops.nas.search;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * Ensembles of regression trees: a random forest (Breiman 2001), the mean of trees on draws with repetition, or stochastic gradient
 * boosting (Friedman 2002), a constant plus the shrunk sum of small trees, each of which fits on a part of the rows what those
 * before it left. Every tree of a forest has its own seed, so that the number of threads does not matter.
 */
final class Trees implements Surrogate {
    private static final int FOREST = 64;
    private static final int BOOSTS = 80;
    private static final double SHRINKAGE = 0.08;
    private static final double PART = 0.8;

    private final List<Tree> trees;
    private final double base;
    private final double weight;

    private Trees(List<Tree> trees, double base, double weight) {
        this.trees = trees;
        this.base = base;
        this.weight = weight;
    }

    /** A forest on some rows of a table; targets by number of the row. */
    static Trees forest(Bins bins, int[] rows, double[] targets) {
        var limits = new Tree.Limits(20, rows.length, 2, Math.max(1, bins.width() / 3));
        List<Tree> trees = IntStream.range(0, FOREST)
                .parallel()
                .mapToObj(t -> {
                    var random = new SplittableRandom(t);
                    int[] bag = random.ints(rows.length, 0, rows.length)
                            .map(i -> rows[i])
                            .toArray();
                    return Tree.grow(bins, bag, targets, limits, random);
                })
                .toList();
        return new Trees(trees, 0, 1.0 / FOREST);
    }

    /** Boosted trees on some rows of a table; targets by number of the row. */
    static Trees boosting(Bins bins, int[] rows, double[] targets) {
        var limits = new Tree.Limits(4, 8, 2, bins.width());
        double base = Statistics.mean(
                Arrays.stream(rows).mapToDouble(row -> targets[row]).toArray());
        double[] rest = Arrays.stream(targets).map(t -> t - base).toArray();
        var random = new SplittableRandom(0);
        int[] order = rows.clone();
        int part = Math.max(1, (int) (PART * rows.length));
        List<Tree> trees = new ArrayList<>();
        for (int t = 0; t < BOOSTS; t++) {
            shuffle(order, part, random);
            Tree tree = Tree.grow(bins, Arrays.copyOf(order, part), rest, limits, random);
            for (int row : rows) {
                rest[row] -= SHRINKAGE * tree.predict(bins.row(row));
            }
            trees.add(tree);
        }
        return new Trees(List.copyOf(trees), base, SHRINKAGE);
    }

    /** Puts so many numbers, drawn without repetition, first. */
    private static void shuffle(int[] numbers, int first, SplittableRandom random) {
        for (int i = 0; i < first; i++) {
            int j = random.nextInt(i, numbers.length);
            int drawn = numbers[j];
            numbers[j] = numbers[i];
            numbers[i] = drawn;
        }
    }

    @Override
    public GaussianProcess.Normal predict(Features.Vector row) {
        double[] flat = row.flat();
        double sum = 0;
        double squares = 0;
        for (Tree tree : trees) {
            double output = tree.predict(flat);
            sum += output;
            squares += output * output;
        }
        int n = trees.size();
        double spread = base == 0 && weight == 1.0 / n ? Math.sqrt(Math.max(0, squares / n - sum / n * (sum / n))) : 0;
        return new GaussianProcess.Normal(base + weight * sum, spread);
    }

    @Override
    public double mean(Features.Vector row) {
        return predict(row).mean();
    }
}
