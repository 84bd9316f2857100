package dev.mlops.nas.search;

import dev.mlops.nas.search.Experiment.TradeOff;
import dev.mlops.nas.search.Ledger.Contender;
import dev.mlops.nas.search.Ledger.Entry;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Who goes on to the next rung. With a trusted predictor those of whom it foretells most there (of this rung while few have gone on):
 * it knows alike architectures and what became of those that went on, so that a lucky result does not go on; otherwise those whose
 * {@link Curve} promises most. With a trade-off the fronts go on one after the other, and of a front first those that cover it best (non-dominated
 * sorting with a spread within the front: Schmucker et al., "Multi-objective Asynchronous Successive Halving", 2021).
 */
final class Promoting implements Scheduler.Ranking {
    private static final int FEWEST = 3;

    private final Experiment experiment;
    private final Ledger ledger;
    private final @Nullable Levels levels;

    /**
     * Orders the ledger's trials.
     *
     * @param levels what a trusted predictor has learned; null without one
     */
    Promoting(Experiment experiment, Ledger ledger, @Nullable Levels levels) {
        this.experiment = experiment;
        this.ledger = ledger;
        this.levels = levels;
    }

    @Override
    public List<Entry> of(List<Entry> finished, int next) {
        List<Entry> feasible = ledger.ranked(finished);
        double[] worth = feasible.stream().mapToDouble(e -> worth(e, next)).toArray();
        TradeOff tradeOff = experiment.objective().tradeOff();
        List<Integer> order = tradeOff == null
                ? IntStream.range(0, worth.length)
                        .boxed()
                        .sorted(Comparator.comparingDouble(i -> -worth[i]))
                        .toList()
                : fronts(IntStream.range(0, worth.length)
                        .mapToObj(i -> new Pareto.Point(
                                worth[i],
                                ledger.point(feasible.get(i), tradeOff).costs()))
                        .toList());
        return order.stream().map(feasible::get).toList();
    }

    private double worth(Entry entry, int next) {
        return levels == null ? ledger.promise(entry) : levels.towards(entry.candidate(), next);
    }

    /** Front by front, each in the order in which it is covered best; twins of what covers it come after that. */
    private static List<Integer> fronts(List<Pareto.Point> points) {
        int[] fronts = Pareto.fronts(points);
        Set<Integer> order = new LinkedHashSet<>();
        for (int front = 0; front <= Arrays.stream(fronts).max().orElse(-1); front++) {
            int number = front;
            int[] members = IntStream.range(0, fronts.length)
                    .filter(i -> fronts[i] == number)
                    .toArray();
            List<Pareto.Point> own =
                    Arrays.stream(members).mapToObj(points::get).toList();
            Pareto.covering(own, own.size()).forEach(i -> order.add(members[i]));
            Arrays.stream(members).forEach(order::add);
        }
        return List.copyOf(order);
    }

    /** Rung by rung, where three or more went on. */
    List<Plan.Promotions> figures() {
        List<Integer> rungs = experiment.fidelity().rungs();
        List<Plan.Promotions> figures = new ArrayList<>();
        for (int rung = 0; rung + 1 < rungs.size(); rung++) {
            int from = rungs.get(rung);
            int to = rungs.get(rung + 1);
            List<Contender> both = ledger.contenders().stream()
                    .filter(c -> isMeasured(c.at(from)) && isMeasured(c.at(to)))
                    .toList();
            if (both.size() >= FEWEST) {
                figures.add(new Plan.Promotions(
                        from,
                        to,
                        both.size(),
                        levels != null,
                        tau(both, c -> ledger.promise(at(c, from)), to),
                        foretold(both, to)));
            }
        }
        return figures;
    }

    /** Of those that were foretold the result of the upper rung before they reached it; null where fewer than three were. */
    private @Nullable Double foretold(List<Contender> both, int to) {
        List<Contender> foretold = both.stream()
                .filter(c -> at(c, to).request().prediction() != null)
                .toList();
        return foretold.size() < FEWEST
                ? null
                : tau(
                        foretold,
                        c -> experiment
                                .objective()
                                .score(Objects.requireNonNull(
                                                at(c, to).request().prediction())
                                        .mean()),
                        to);
    }

    private double tau(List<Contender> contenders, ToDoubleFunction<Contender> order, int to) {
        return Statistics.kendallTau(
                contenders.stream().mapToDouble(order).toArray(),
                contenders.stream().mapToDouble(c -> ledger.score(at(c, to))).toArray());
    }

    private static Entry at(Contender contender, int epochs) {
        return Objects.requireNonNull(contender.at(epochs));
    }

    private boolean isMeasured(@Nullable Entry entry) {
        return entry != null && Double.isFinite(ledger.score(entry));
    }
}
