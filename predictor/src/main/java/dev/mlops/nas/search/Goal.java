package dev.mlops.nas.search;

import dev.mlops.nas.search.Experiment.TradeOff;
import dev.mlops.nas.search.GaussianProcess.Normal;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.ToDoubleFunction;
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
     * A larger area below the Pareto front: expected hypervolume improvement (Emmerich et al. 2006), of a score that is foretold and
     * the logarithm of a cost that is known or foretold closely. It is then the sum, over the steps of the front at higher costs, of
     * their widths times the expected improvement over their heights.
     */
    final class FrontImprovement implements Goal {
        /** Doubt in a sketch, in normal scores. */
        private static final double DOUBT = 0.3;

        /** How far the area reaches beyond the worst, as part of the range (Ishibuchi et al. 2018). */
        private static final double MARGIN = 0.1;

        private final TradeOff tradeOff;
        private final ToDoubleFunction<Candidate> cost;
        private final List<Pareto.Point> steps = new ArrayList<>();
        private final double end;

        /**
         * The front as it is believed to be.
         *
         * @param believed the feasible trials: posterior mean of the score, logarithm of the cost
         * @param cost the logarithm of a candidate's cost
         */
        FrontImprovement(TradeOff tradeOff, List<Pareto.Point> believed, ToDoubleFunction<Candidate> cost) {
            this.tradeOff = tradeOff;
            this.cost = cost;
            List<Pareto.Point> finite = believed.stream()
                    .filter(p -> Double.isFinite(p.cost()))
                    .sorted(Comparator.comparingDouble(Pareto.Point::cost))
                    .toList();
            double low = finite.stream().mapToDouble(Pareto.Point::score).min().orElse(0);
            double high = finite.stream().mapToDouble(Pareto.Point::score).max().orElse(0);
            double height = low - MARGIN * (high - low);
            steps.add(new Pareto.Point(height, Double.NEGATIVE_INFINITY));
            for (Pareto.Point point : finite) {
                if (point.score() > height) {
                    height = point.score();
                    steps.add(point);
                }
            }
            this.end = finite.isEmpty()
                    ? Double.POSITIVE_INFINITY
                    : finite.getLast().cost()
                            + MARGIN
                                    * (finite.getLast().cost()
                                            - finite.getFirst().cost());
        }

        @Override
        public double gain(Candidate candidate, Normal prediction) {
            if (Double.isInfinite(end)) {
                return 1;
            }
            double from = cost.applyAsDouble(candidate);
            double sum = 0;
            for (int i = 0; i < steps.size(); i++) {
                double to = i + 1 < steps.size() ? steps.get(i + 1).cost() : end;
                double width = to - Math.max(from, steps.get(i).cost());
                if (width > 0) {
                    sum += width * improvement(prediction, steps.get(i).score());
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
