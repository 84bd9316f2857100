package dev.mlops.nas.search;

import dev.mlops.nas.search.Experiment.TradeOff;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/** Several objectives at once: the score, which is maximised, and costs, which are minimised. */
final class Pareto {
    /**
     * A measured architecture, or any such figures.
     *
     * @param costs as many and in the order of {@link TradeOff#metrics()}
     */
    record Point(double score, List<Double> costs) {
        /** Copies the costs. */
        Point {
            costs = List.copyOf(costs);
        }

        /** With these costs. */
        Point(double score, double... costs) {
            this(score, Arrays.stream(costs).boxed().toList());
        }

        /** At least as good in all, and better in one. */
        boolean dominates(Point other) {
            boolean better = score > other.score;
            for (int i = 0; i < costs.size(); i++) {
                if (costs.get(i) > other.costs.get(i)) {
                    return false;
                }
                better |= costs.get(i) < other.costs.get(i);
            }
            return better && score >= other.score;
        }

        boolean isFinite() {
            return costs.stream().allMatch(Double::isFinite);
        }
    }

    /** The point of a measured architecture; a cost that was not reported is infinite. */
    static Point point(Observation observation, TradeOff tradeOff) {
        return point(observation.candidate(), observation.score(), observation.metrics(), tradeOff);
    }

    /** The same of a candidate with its score and what else was measured. */
    static Point point(Candidate candidate, double score, Map<String, Double> metrics, TradeOff tradeOff) {
        return new Point(
                score,
                tradeOff.metrics().stream()
                        .map(metric -> cost(candidate, metrics, metric))
                        .toList());
    }

    private static double cost(Candidate candidate, Map<String, Double> metrics, String metric) {
        double cost = Experiment.isAnalytic(metric)
                ? candidate.cost().value(metric)
                : metrics.getOrDefault(metric, Double.POSITIVE_INFINITY);
        return Double.isNaN(cost) ? Double.POSITIVE_INFINITY : cost;
    }

    /**
     * The number of the front of each point, from 0 (dominated by none): those of a front are dominated by points of earlier
     * fronts only (non-dominated sorting, Deb et al. 2002).
     */
    static int[] fronts(List<Point> points) {
        int[] fronts = new int[points.size()];
        // In this order a point is dominated by earlier ones only.
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < points.size(); i++) {
            order.add(i);
        }
        order.sort(Comparator.comparingDouble((Integer i) -> -points.get(i).score())
                .thenComparing(i -> points.get(i).costs(), Pareto::compare));
        for (int i = 0; i < order.size(); i++) {
            for (int j = 0; j < i; j++) {
                if (points.get(order.get(j)).dominates(points.get(order.get(i)))) {
                    fronts[order.get(i)] = Math.max(fronts[order.get(i)], fronts[order.get(j)] + 1);
                }
            }
        }
        return fronts;
    }

    /** One cost after the other. */
    private static int compare(List<Double> costs, List<Double> others) {
        for (int i = 0; i < costs.size(); i++) {
            int order = Double.compare(costs.get(i), others.get(i));
            if (order != 0) {
                return order;
            }
        }
        return 0;
    }

    /**
     * How far the neighbours on the front are, objective by objective as part of the front's extent, summed (Deb et al. 2002);
     * infinite at its ends.
     */
    static double[] crowding(List<Point> front) {
        double[] distance = new double[front.size()];
        int costs = front.getFirst().costs().size();
        for (int objective = 0; objective <= costs; objective++) {
            int cost = objective - 1;
            ToDoubleFunction<Point> value =
                    objective == 0 ? Point::score : p -> p.costs().get(cost);
            double[] values = front.stream().mapToDouble(value).toArray();
            Integer[] order = new Integer[values.length];
            Arrays.setAll(order, i -> i);
            Arrays.sort(order, Comparator.comparingDouble(i -> values[i]));
            int last = order.length - 1;
            double extent = values[order[last]] - values[order[0]];
            distance[order[0]] = Double.POSITIVE_INFINITY;
            distance[order[last]] = Double.POSITIVE_INFINITY;
            for (int i = 1; i < last; i++) {
                distance[order[i]] += part(values[order[i + 1]] - values[order[i - 1]], extent);
            }
        }
        return distance;
    }

    private static double part(double difference, double extent) {
        return extent > 0 && Double.isFinite(extent) ? difference / extent : 0;
    }

    /**
     * The volume that the points dominate, up to the reference point (Zitzler and Thiele 1998), in units of the score times units of
     * the costs; what is not better than the reference in all counts nothing. With several costs it is cut into slices by the last
     * of them (Knowles 2002).
     */
    static double hypervolume(List<Point> points, Point reference) {
        List<Point> inside = points.stream()
                .filter(p -> p.score() > reference.score()
                        && IntStream.range(0, p.costs().size())
                                .allMatch(i ->
                                        p.costs().get(i) < reference.costs().get(i)))
                .toList();
        int last = reference.costs().size() - 1;
        // Slices are many, and what is dominated adds to none.
        return volume(last == 0 ? inside : first(inside), reference, last);
    }

    /** Those that none dominates. */
    static List<Point> first(List<Point> points) {
        int[] fronts = fronts(points);
        return IntStream.range(0, fronts.length)
                .filter(i -> fronts[i] == 0)
                .mapToObj(points::get)
                .toList();
    }

    /** The volume by the score and the costs up to a number. */
    private static double volume(List<Point> points, Point reference, int cost) {
        List<Point> sorted = points.stream()
                .sorted(Comparator.comparingDouble(p -> p.costs().get(cost)))
                .toList();
        double end = reference.costs().get(cost);
        double volume = 0;
        double height = reference.score();
        for (int i = 0; i < sorted.size(); i++) {
            Point point = sorted.get(i);
            double from = point.costs().get(cost);
            if (cost > 0) {
                double to = i + 1 < sorted.size() ? sorted.get(i + 1).costs().get(cost) : end;
                volume += to > from ? (to - from) * volume(sorted.subList(0, i + 1), reference, cost - 1) : 0;
            } else if (point.score() > height) {
                volume += (end - from) * (point.score() - height);
                height = point.score();
            }
        }
        return volume;
    }

    /**
     * Points of the first front that cover it best: the one with the highest score, then always the one that adds the largest volume
     * (greedy subset selection, Guerreiro et al. 2016) up to the worst of all points, then those that add none.
     *
     * @return indices of points, at most {@code count}
     */
    static List<Integer> covering(List<Point> points, int count) {
        var reference = worst(points);
        int[] fronts = fronts(points);
        Set<Integer> open = new LinkedHashSet<>();
        for (int i = 0; i < fronts.length; i++) {
            if (fronts[i] == 0 && points.indexOf(points.get(i)) == i) {
                open.add(i);
            }
        }
        List<Integer> chosen = new ArrayList<>();
        var cover = new Cover(points, reference);
        while (chosen.size() < count && !open.isEmpty()) {
            Integer next = chosen.isEmpty()
                    ? Collections.max(
                            open, Comparator.comparingDouble(i -> points.get(i).score()))
                    : cover.furthest(open);
            open.remove(next);
            chosen.add(next);
            cover.add(next);
        }
        return chosen;
    }

    /** Chosen points, and what the others may add: never more than they would have added before, so that few are looked at again. */
    private static final class Cover {
        /** Rounding of volumes, as part of them. */
        private static final double ROUNDING = 1e-9;

        private final List<Point> points;
        private final Point reference;
        private final double[] most;
        private final List<Point> covered = new ArrayList<>();
        private double volume;

        Cover(List<Point> points, Point reference) {
            this.points = points;
            this.reference = reference;
            this.most = new double[points.size()];
            Arrays.fill(most, Double.POSITIVE_INFINITY);
        }

        void add(int point) {
            covered.add(points.get(point));
            volume = hypervolume(covered, reference);
        }

        /** The one with which the volume is largest; of equal ones the first. */
        Integer furthest(Set<Integer> open) {
            List<Integer> order = open.stream()
                    .sorted(Comparator.comparingDouble(i -> -most[i]))
                    .toList();
            Integer best = order.getFirst();
            double largest = Double.NEGATIVE_INFINITY;
            for (Integer i : order) {
                if (volume + most[i] < largest * (1 - ROUNDING)) {
                    break;
                }
                double all = hypervolume(with(covered, points.get(i)), reference);
                most[i] = all - volume;
                if (all > largest || (all == largest && i < best)) {
                    best = i;
                    largest = all;
                }
            }
            return best;
        }
    }

    private static List<Point> with(List<Point> points, Point added) {
        List<Point> all = new ArrayList<>(points);
        all.add(added);
        return all;
    }

    /** The least score and the largest costs. */
    static Point worst(List<Point> points) {
        int costs = points.isEmpty() ? 0 : points.getFirst().costs().size();
        return new Point(
                points.stream().mapToDouble(Point::score).min().orElse(Double.NaN),
                IntStream.range(0, costs)
                        .mapToObj(i -> points.stream()
                                .mapToDouble(p -> p.costs().get(i))
                                .max()
                                .orElseThrow())
                        .toList());
    }

    /** What the search has reached so far. */
    static Plan.Front front(
            Experiment experiment,
            List<Ledger.Contender> contenders,
            List<Observation> observations,
            TradeOff tradeOff,
            ToDoubleFunction<Candidate> test) {
        int highest = observations.stream()
                .filter(Observation::isFeasible)
                .mapToInt(Observation::epochs)
                .max()
                .orElse(0);
        List<Integer> compared = new ArrayList<>();
        for (int i = 0; i < observations.size(); i++) {
            Observation observation = observations.get(i);
            if (observation.isFeasible()
                    && observation.epochs() == highest
                    && point(observation, tradeOff).isFinite()) {
                compared.add(i);
            }
        }
        List<Point> points =
                compared.stream().map(i -> point(observations.get(i), tradeOff)).toList();
        Point early = worst(points.subList(0, Math.min(Plan.Front.REFERENCE, points.size())));
        var reference = new Point(early.score(), limits(experiment, tradeOff, early));
        int[] fronts = fronts(points);
        List<Plan.Front.Point> shown = new ArrayList<>();
        for (int i = 0; i < fronts.length; i++) {
            if (fronts[i] == 0 && points.indexOf(points.get(i)) == i) {
                Ledger.Entry first = contenders.get(compared.get(i)).first();
                shown.add(new Plan.Front.Point(
                        first.request().number(),
                        first.request().genotype(),
                        experiment.objective().score(points.get(i).score()),
                        points.get(i).costs(),
                        test.applyAsDouble(first.candidate())));
            }
        }
        shown.sort(Comparator.comparing(Plan.Front.Point::costs, Pareto::compare));
        return new Plan.Front(
                tradeOff.metrics(),
                shown,
                points.isEmpty() ? 0 : hypervolume(points, reference),
                experiment.objective().score(reference.score()),
                reference.costs());
    }

    /** The limit of each cost, or the largest of the early ones. */
    private static List<Double> limits(Experiment experiment, TradeOff tradeOff, Point early) {
        return IntStream.range(0, early.costs().size())
                .mapToObj(i -> experiment.constraints().stream()
                        .filter(c -> c.metric().equals(tradeOff.metrics().get(i)))
                        .mapToDouble(Experiment.Constraint::max)
                        .min()
                        .orElse(early.costs().get(i)))
                .toList();
    }

    private Pareto() {}
}
