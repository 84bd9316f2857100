package dev.mlops.nas.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.DoublePredicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import smile.base.cart.Loss;
import smile.data.DataFrame;
import smile.data.formula.Formula;
import smile.regression.GradientTreeBoost;
import smile.regression.RandomForest;

class TreeTest {
    private static final SearchSpace SPACE = Laboratory.cell("none", "skip", "conv1x1", "conv3x3");
    private static final int KNOWN = 100;
    private static final int PROBLEMS = 3;

    @Test
    void theFirstSplitIsTheBestOfAll() {
        List<Features.Vector> rows = rows(40);
        double[] targets = targets(rows, 1);
        Tree stump = Tree.grow(
                Bins.of(rows),
                IntStream.range(0, rows.size()).toArray(),
                targets,
                new Tree.Limits(1, 2, 3, Integer.MAX_VALUE),
                new SplittableRandom(0));
        assertThat(error(stump, rows, targets)).isCloseTo(leastStumpError(rows, targets, 3), within(1e-9));
    }

    @Test
    void aTreeWithoutLimitsKnowsEveryTargetThatFeaturesCanTellApart() {
        List<Features.Vector> rows = rows(60).stream()
                .collect(Collectors.toMap(v -> Arrays.toString(v.flat()), v -> v, (a, b) -> a, LinkedHashMap::new))
                .values()
                .stream()
                .toList();
        double[] targets = targets(rows, 1);
        Tree tree = Tree.grow(
                Bins.of(rows),
                IntStream.range(0, rows.size()).toArray(),
                targets,
                new Tree.Limits(100, rows.size(), 1, Integer.MAX_VALUE),
                new SplittableRandom(0));
        assertThat(error(tree, rows, targets)).isCloseTo(0, within(1e-9));
    }

    @Test
    void rowsThatWereNotGivenTeachNothing() {
        List<Features.Vector> rows = rows(80);
        double[] targets = targets(rows, 1);
        int[] half = IntStream.range(0, 40).toArray();
        double[] others = targets.clone();
        Arrays.fill(others, 40, 80, 1e6);
        Bins bins = Bins.of(rows);
        for (Features.Vector row : rows) {
            assertThat(Trees.boosting(bins, half, others).mean(row))
                    .isEqualTo(Trees.boosting(bins, half, targets).mean(row));
        }
    }

    @Test
    void ensemblesRankUnseenArchitecturesAsWellAsThoseOfSmile() {
        List<Features.Vector> rows = rows(300);
        int[] known = IntStream.range(0, KNOWN).toArray();
        Bins bins = Bins.of(rows);
        double forests = 0;
        double boostings = 0;
        for (int seed = 0; seed < PROBLEMS; seed++) {
            double[] targets = sums(rows, seed);
            DataFrame frame = frame(rows.subList(0, KNOWN), targets);
            DataFrame unseen = frame(rows.subList(KNOWN, 300), Arrays.copyOfRange(targets, KNOWN, 300));
            forests += tau(means(Trees.forest(bins, known, targets), rows), targets)
                    - tau(smileForest(frame).predict(unseen), targets);
            boostings += tau(means(Trees.boosting(bins, known, targets), rows), targets)
                    - tau(smileBoosting(frame).predict(unseen), targets);
        }
        assertThat(forests / PROBLEMS).isGreaterThan(-0.02);
        assertThat(boostings / PROBLEMS).isGreaterThan(-0.02);
    }

    private static RandomForest smileForest(DataFrame frame) {
        int columns = frame.schema().length() - 1;
        long[] seeds = LongStream.rangeClosed(1, 64).toArray();
        return RandomForest.fit(
                Formula.lhs("y"), frame, new RandomForest.Options(64, columns / 3, 20, KNOWN, 2, 1.0, seeds, null));
    }

    private static GradientTreeBoost smileBoosting(DataFrame frame) {
        return GradientTreeBoost.fit(
                Formula.lhs("y"), frame, new GradientTreeBoost.Options(Loss.ls(), 80, 4, 8, 2, 0.08, 0.8, null, null));
    }

    private static double[] means(Trees trees, List<Features.Vector> rows) {
        return rows.subList(KNOWN, rows.size()).stream()
                .mapToDouble(trees::mean)
                .toArray();
    }

    private static double tau(double[] predictions, double[] targets) {
        return Statistics.kendallTau(predictions, Arrays.copyOfRange(targets, KNOWN, targets.length));
    }

    private static DataFrame frame(List<Features.Vector> rows, double[] targets) {
        double[][] table = new double[rows.size()][];
        for (int i = 0; i < table.length; i++) {
            double[] flat = rows.get(i).flat();
            table[i] = Arrays.copyOf(flat, flat.length + 1);
            table[i][flat.length] = targets[i];
        }
        int last = table[0].length - 1;
        return DataFrame.of(
                table,
                IntStream.rangeClosed(0, last)
                        .mapToObj(c -> c == last ? "y" : "x" + c)
                        .toArray(String[]::new));
    }

    private static double error(Tree tree, List<Features.Vector> rows, double[] targets) {
        return IntStream.range(0, targets.length)
                .mapToDouble(i -> Math.pow(tree.predict(rows.get(i).flat()) - targets[i], 2))
                .sum();
    }

    /** By trying every value of every column. */
    private static double leastStumpError(List<Features.Vector> rows, double[] targets, int leafSize) {
        double least = Double.POSITIVE_INFINITY;
        for (int c = 0; c < rows.getFirst().groups().length; c++) {
            int column = c;
            double[] values = rows.stream().mapToDouble(r -> r.flat()[column]).toArray();
            for (double edge : values) {
                double[] low = part(values, targets, v -> v <= edge);
                double[] high = part(values, targets, v -> v > edge);
                if (low.length >= leafSize && high.length >= leafSize) {
                    least = Math.min(least, spread(low) + spread(high));
                }
            }
        }
        return least;
    }

    private static double[] part(double[] values, double[] targets, DoublePredicate in) {
        return IntStream.range(0, values.length)
                .filter(i -> in.test(values[i]))
                .mapToDouble(i -> targets[i])
                .toArray();
    }

    private static double spread(double[] values) {
        double mean = Statistics.mean(values);
        return Arrays.stream(values).map(v -> (v - mean) * (v - mean)).sum();
    }

    private static List<Features.Vector> rows(int count) {
        var candidates = new Candidates(SPACE, List.of());
        return IntStream.range(0, count)
                .mapToObj(i -> candidates.features(candidates.of(SPACE.sample(Seeds.stream(7, "tree", i)))))
                .toList();
    }

    /** Depend on products of features, with some noise. */
    private static double[] targets(List<Features.Vector> rows, double noise) {
        var random = new SplittableRandom(11);
        return rows.stream()
                .map(Features.Vector::flat)
                .mapToDouble(f -> f[1] + f[6] * f[11] - 2 * f[3] * f[15] + noise * random.nextGaussian())
                .toArray();
    }

    /** Weigh every feature at random, and products of two neighbours. */
    private static double[] sums(List<Features.Vector> rows, int seed) {
        var random = new SplittableRandom(seed);
        int columns = rows.getFirst().groups().length;
        double[] weights = random.doubles(2L * columns, -1, 1).toArray();
        return rows.stream()
                .map(Features.Vector::flat)
                .mapToDouble(f -> IntStream.range(1, columns)
                        .mapToDouble(c -> weights[c] * f[c] + weights[columns + c] * f[c - 1] * f[c])
                        .sum())
                .toArray();
    }
}
