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

/** Two objectives at once: the score, which is maximised, and a cost, which is minimised. */
final class Pareto {
    /** A measured architecture, or any two figures. */
    record Point(double score, double cost) {
        /** At least as good in both, and better in one. */
        boolean dominates(Point other) {
            return score >= other.score && cost <= other.cost && (score > other.score || cost < other.cost);
        }
    }

    /** The point of a measured architecture; a cost that was not reported is infinite. */
    static Point point(Observation observation, TradeOff tradeOff) {
        return point(observation.candidate(), observation.score(), observation.metrics(), tradeOff);
    }

    /** The same of a candidate with its score and what else was measured. */
    static Point point(Candidate candidate, double score, Map<String, Double> metrics, TradeOff tradeOff) {
        double cost = tradeOff.isAnalytic()
                ? candidate.cost().value(tradeOff.metric())
                : metrics.getOrDefault(tradeOff.metric(), Double.POSITIVE_INFINITY);
        return new Point(score, Double.isNaN(cost) ? Double.POSITIVE_INFINITY : cost);
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
                .thenComparingDouble(i -> points.get(i).cost()));
        for (int i = 0; i < order.size(); i++) {
            for (int j = 0; j < i; j++) {
                if (points.get(order.get(j)).dominates(points.get(order.get(i)))) {
                    fronts[order.get(i)] = Math.max(fronts[order.get(i)], fronts[order.get(j)] + 1);
                }
            }
        }
        return fronts;
    }

    /** How far the neighbours on the front are, as part of the front's extent (Deb et al. 2002); infinite at its ends. */
    static double[] crowding(List<Point> front) {
        double[] distance = new double[front.size()];
        Integer[] order = new Integer[front.size()];
        Arrays.setAll(order, i -> i);
        Arrays.sort(
                order,
                Comparator.comparingDouble((Integer i) -> front.get(i).cost())
                        .thenComparingDouble(i -> front.get(i).score()));
        Point first = front.get(order[0]);
        Point last = front.get(order[order.length - 1]);
        for (int i = 0; i < order.length; i++) {
            if (i == 0 || i == order.length - 1) {
                distance[order[i]] = Double.POSITIVE_INFINITY;
                continue;
            }
            Point before = front.get(order[i - 1]);
            Point after = front.get(order[i + 1]);
            distance[order[i]] = part(after.cost() - before.cost(), last.cost() - first.cost())
                    + part(Math.abs(after.score() - before.score()), Math.abs(last.score() - first.score()));
        }
        return distance;
    }

    private static double part(double difference, double extent) {
        return extent > 0 && Double.isFinite(extent) ? difference / extent : 0;
    }

    /**
     * The area that the points dominate, up to the reference point (Zitzler and Thiele 1998), in units of the score times units of
     * the cost; what is not better than the reference in both counts nothing.
     */
    static double hypervolume(List<Point> points, Point reference) {
        List<Point> sorted = points.stream()
                .filter(p -> p.score() > reference.score() && p.cost() < reference.cost())
                .sorted(Comparator.comparingDouble(Point::cost))
                .toList();
        double area = 0;
        double height = reference.score();
        for (Point point : sorted) {
            if (point.score() > height) {
                area += (reference.cost() - point.cost()) * (point.score() - height);
                height = point.score();
            }
        }
        return area;
    }

    /**
     * Points of the first front that cover it best: the one with the highest score, then always the one that adds the largest area
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
        List<Point> covered = new ArrayList<>();
        while (chosen.size() < count && !open.isEmpty()) {
            ToDoubleFunction<Integer> worth = chosen.isEmpty()
                    ? i -> points.get(i).score()
                    : i -> hypervolume(with(covered, points.get(i)), reference);
            Integer next = Collections.max(open, Comparator.comparingDouble(worth));
            open.remove(next);
            chosen.add(next);
            covered.add(points.get(next));
        }
        return chosen;
    }

    private static List<Point> with(List<Point> points, Point added) {
        List<Point> all = new ArrayList<>(points);
        all.add(added);
        return all;
    }

    private static Point worst(List<Point> points) {
        return new Point(
                points.stream().mapToDouble(Point::score).min().orElse(Double.NaN),
                points.stream().mapToDouble(Point::cost).max().orElse(Double.NaN));
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
                    && Double.isFinite(point(observation, tradeOff).cost())) {
                compared.add(i);
            }
        }
        List<Point> points =
                compared.stream().map(i -> point(observations.get(i), tradeOff)).toList();
        Point early = worst(points.subList(0, Math.min(Plan.Front.REFERENCE, points.size())));
        double limit = experiment.constraints().stream()
                .filter(c -> c.metric().equals(tradeOff.metric()))
                .mapToDouble(Experiment.Constraint::max)
                .min()
                .orElse(early.cost());
        var reference = new Point(early.score(), limit);
        int[] fronts = fronts(points);
        List<Plan.Front.Point> shown = new ArrayList<>();
        for (int i = 0; i < fronts.length; i++) {
            if (fronts[i] == 0 && points.indexOf(points.get(i)) == i) {
                Ledger.Entry first = contenders.get(compared.get(i)).first();
                shown.add(new Plan.Front.Point(
                        first.request().number(),
                        first.request().genotype(),
                        experiment.objective().score(points.get(i).score()),
                        points.get(i).cost(),
                        test.applyAsDouble(first.candidate())));
            }
        }
        shown.sort(Comparator.comparingDouble(Plan.Front.Point::cost));
        return new Plan.Front(
                tradeOff.metric(),
                shown,
                hypervolume(points, reference),
                experiment.objective().score(reference.score()),
                reference.cost());
    }

    private Pareto() {}
}
