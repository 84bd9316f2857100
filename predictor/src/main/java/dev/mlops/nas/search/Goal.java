package dev.mlops.nas.search;

import dev.mlops.nas.search.Experiment.TradeOff;
import dev.mlops.nas.search.GaussianProcess.Normal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** What a candidate may add to what the search has. */
sealed interface Goal {
    /** The expected gain from an architecture whose score is foretold, as normal scores. */
    double gain(Candidate candidate, Normal prediction);

    /** The same, quickly and up to a monotone function, where only the mean is known. */
    double sketch(Candidate candidate, double mean);

    /** The best trials, whose neighbours are worth a look, best first. */
    List<Observation> parents(List<Observation> known);

    /** Expected improvement (Jones et al. 1998). */
    static double improvement(Normal prediction, double over) {
        double z = (prediction.mean() - over) / prediction.sd();
        return prediction.sd() * (z * Statistics.normalCdf(z) + Statistics.normalDensity(z));
    }

    /**
     * A better score than any so far.
     *
     * @param incumbent the best posterior mean of the feasible trials, so that a lucky measurement does not set the bar; null
     *     while none is feasible, when any counts
     */
    record Improvement(@Nullable Double incumbent) implements Goal {
        @Override
        public double gain(Candidate candidate, Normal prediction) {
            return incumbent == null ? 1 : improvement(prediction, incumbent);
        }

        @Override
        public double sketch(Candidate candidate, double mean) {
            return mean;
        }

        @Override
        public List<Observation> parents(List<Observation> known) {
            return known.stream()
                    .filter(Observation::isMeasured)
                    .sorted(Comparator.comparingDouble(Observation::excess).thenComparingDouble(o -> -o.score()))
                    .toList();
        }
    }

    /**
     * A larger volume below the Pareto front: expected hypervolume improvement (Emmerich et al. 2006), of a score that is foretold and
     * the logarithms of costs that are known or foretold closely. The costs of the front's points cut the space of costs into cells;
     * over each the front has one height, and the gain is the sum of the cells' volumes at higher costs than the candidate's, times the
     * expected improvement over their heights.
     */
    final class FrontImprovement implements Goal {
        /** Doubt in a sketch, in normal scores. */
        private static final double DOUBT = 0.3;

        /** How far the volume reaches beyond the worst, as part of the range (Ishibuchi et al. 2018). */
        private static final double MARGIN = 0.1;

        /** Cells, at most: with several costs only the least crowded points of the front cut the space. */
        private static final int CELLS = 1_000;

        /**
         * A part of the space of costs.
         *
         * @param from the lower ends, of each cost
         * @param to the upper ends
         * @param height index of the front's height there
         */
        @SuppressWarnings("ArrayRecordComponent") // never compared; read for every candidate
        private record Cell(double[] from, double[] to, int height) {
            double volumeAbove(double[] costs) {
                double volume = 1;
                for (int i = 0; i < costs.length; i++) {
                    double side = to[i] - Math.max(costs[i], from[i]);
                    if (side <= 0) {
                        return 0;
                    }
                    volume *= side;
                }
                return volume;
            }
        }

        private final TradeOff tradeOff;
        private final Function<Candidate, double[]> costs;
        private final double[] heights;
        private final List<Cell> cells = new ArrayList<>();

        /**
         * The front as it is believed to be.
         *
         * @param believed the feasible trials: posterior mean of the score, logarithms of the costs
         * @param costs the logarithms of a candidate's costs
         */
        FrontImprovement(TradeOff tradeOff, List<Pareto.Point> believed, Function<Candidate, double[]> costs) {
            this.tradeOff = tradeOff;
            this.costs = costs;
            List<Pareto.Point> finite =
                    believed.stream().filter(Pareto.Point::isFinite).toList();
            double low = finite.stream().mapToDouble(Pareto.Point::score).min().orElse(0);
            double high = finite.stream().mapToDouble(Pareto.Point::score).max().orElse(0);
            double floor = low - MARGIN * (high - low);
            List<Pareto.Point> front = front(finite, tradeOff.metrics().size());
            this.heights = DoubleStream.concat(
                            DoubleStream.of(floor),
                            front.stream().mapToDouble(Pareto.Point::score).filter(s -> s > floor))
                    .sorted()
                    .distinct()
                    .toArray();
            if (!finite.isEmpty()) {
                int count = tradeOff.metrics().size();
                cut(front, cuts(front, finite), 0, new double[count], new double[count]);
            }
        }

        private static List<Pareto.Point> front(List<Pareto.Point> points, int costs) {
            List<Pareto.Point> front = Pareto.first(points).stream().distinct().toList();
            int most = costs == 1 ? front.size() : (int) StrictMath.pow(CELLS, 1.0 / costs) - 1;
            return front.size() <= most ? front : spread(front, most);
        }

        /** The least crowded, the ends among them. */
        private static List<Pareto.Point> spread(List<Pareto.Point> front, int most) {
            double[] crowding = Pareto.crowding(front);
            return IntStream.range(0, crowding.length)
                    .boxed()
                    .sorted(Comparator.comparingDouble(i -> -crowding[i]))
                    .limit(most)
                    .map(front::get)
                    .toList();
        }

        /** For each cost the ends of the intervals: from below all, over those of the front, to beyond the largest of all. */
        private static List<double[]> cuts(List<Pareto.Point> front, List<Pareto.Point> all) {
            List<double[]> cuts = new ArrayList<>();
            for (int i = 0; i < all.getFirst().costs().size(); i++) {
                int cost = i;
                ToDoubleFunction<Pareto.Point> value = p -> p.costs().get(cost);
                double least = all.stream().mapToDouble(value).min().orElseThrow();
                double most = all.stream().mapToDouble(value).max().orElseThrow();
                cuts.add(DoubleStream.concat(
                                DoubleStream.of(Double.NEGATIVE_INFINITY, most + MARGIN * (most - least)),
                                front.stream().mapToDouble(value))
                        .sorted()
                        .distinct()
                        .toArray());
            }
            return cuts;
        }

        private void cut(List<Pareto.Point> front, List<double[]> cuts, int cost, double[] from, double[] to) {
            if (cost == cuts.size()) {
                double height = front.stream()
                        .filter(p ->
                                IntStream.range(0, cost).allMatch(i -> p.costs().get(i) <= from[i]))
                        .mapToDouble(Pareto.Point::score)
                        .reduce(heights[0], Math::max);
                cells.add(new Cell(from.clone(), to.clone(), Arrays.binarySearch(heights, height)));
                return;
            }
            double[] ends = cuts.get(cost);
            for (int i = 0; i + 1 < ends.length; i++) {
                from[cost] = ends[i];
                to[cost] = ends[i + 1];
                cut(front, cuts, cost + 1, from, to);
            }
        }

        @Override
        public double gain(Candidate candidate, Normal prediction) {
            if (cells.isEmpty()) {
                return 1;
            }
            double[] from = costs.apply(candidate);
            double[] volumes = new double[heights.length];
            for (Cell cell : cells) {
                volumes[cell.height()] += cell.volumeAbove(from);
            }
            double sum = 0;
            for (int i = 0; i < heights.length; i++) {
                if (volumes[i] > 0) {
                    sum += volumes[i] * improvement(prediction, heights[i]);
                }
            }
            return sum;
        }

        @Override
        public double sketch(Candidate candidate, double mean) {
            return gain(candidate, new Normal(mean, DOUBT));
        }

        @Override
        public List<Observation> parents(List<Observation> known) {
            List<Observation> measured =
                    known.stream().filter(Observation::isMeasured).toList();
            int[] fronts = Pareto.fronts(
                    measured.stream().map(o -> Pareto.point(o, tradeOff)).toList());
            List<Integer> order = new ArrayList<>();
            for (int i = 0; i < fronts.length; i++) {
                order.add(i);
            }
            order.sort(Comparator.comparingDouble((Integer i) -> measured.get(i).excess())
                    .thenComparingInt(i -> fronts[i])
                    .thenComparingDouble(i -> -measured.get(i).score()));
            return order.stream().map(measured::get).toList();
        }
    }
}
