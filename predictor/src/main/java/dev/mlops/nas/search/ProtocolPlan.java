package dev.mlops.nas.search;

import dev.mlops.nas.search.Ledger.Entry;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What the protocol wants trained once the search plans nothing more: the random arm first, because its best is retrained later,
 * then finalists, then references. Derived anew from the history each time.
 */
final class ProtocolPlan {
    /** A training of the protocol, without number and seed. */
    record Training(
            Purpose purpose, Genotype genotype, @Nullable String reference) {}

    private final Experiment experiment;
    private final Candidates candidates;
    private final Ledger ledger;
    private final List<Entry> arm = new ArrayList<>();
    private final List<Training> missing = new ArrayList<>();
    private boolean armComplete;

    /**
     * Plans.
     *
     * @param searchFinished whether every search trial has an outcome; before, only what does not depend on outcomes is wanted
     */
    ProtocolPlan(Experiment experiment, Candidates candidates, Ledger ledger, boolean searchFinished) {
        this.experiment = experiment;
        this.candidates = candidates;
        this.ledger = ledger;
        planArm();
        if (searchFinished) {
            planFinalists();
        }
        planReferences();
    }

    /** Trainings to start, in this order. */
    List<Training> missing() {
        return missing;
    }

    /** Whether nothing is left to start, and nothing of the protocol is unfinished. */
    boolean isComplete() {
        return missing.isEmpty() && ledger.unfinished().isEmpty();
    }

    /** The trials of random search, all in full and as many as the search's epochs pay for, as far as planned: warm-up draws, other search trials of the same architecture, own ones. */
    List<Entry> arm() {
        return arm;
    }

    /**
     * The search's best, best first. With several objectives those that cover the front of the highest fidelity, the one with the best
     * value first, and the best of the others where the front is shorter.
     */
    List<Entry> finalists() {
        List<Entry> ranked = ledger.ranked(ledger.search());
        Experiment.TradeOff tradeOff = experiment.objective().tradeOff();
        if (tradeOff == null || ranked.isEmpty()) {
            return ranked.stream().limit(experiment.protocol().finalists()).toList();
        }
        int highest = ranked.getFirst().request().epochs();
        List<Entry> compared =
                ranked.stream().filter(e -> e.request().epochs() == highest).toList();
        List<Pareto.Point> points =
                compared.stream().map(e -> ledger.point(e, tradeOff)).toList();
        Set<Entry> finalists = new LinkedHashSet<>();
        Pareto.covering(points, experiment.protocol().finalists()).forEach(i -> finalists.add(compared.get(i)));
        finalists.addAll(ranked);
        return finalists.stream().limit(experiment.protocol().finalists()).toList();
    }

    /** Trainings from scratch of a finalist. */
    List<Entry> retrained(Candidate finalist) {
        return ledger.of(Purpose.FINALIST).stream()
                .filter(e -> e.candidate().hash().equals(finalist.hash()))
                .toList();
    }

    /** The best of random search with its trainings from scratch, which are the finalist's where it is one. */
    List<Entry> randomRetrained(Candidate best) {
        List<Entry> shared = retrained(best);
        return shared.isEmpty()
                ? ledger.of(Purpose.RANDOM_FINALIST).stream()
                        .filter(e -> e.candidate().hash().equals(best.hash()))
                        .toList()
                : shared;
    }

    List<Entry> reference(String name) {
        return ledger.of(Purpose.REFERENCE).stream()
                .filter(e -> name.equals(e.request().reference()))
                .toList();
    }

    /** References that keep the analytic constraints. */
    List<SearchSpace.Reference> references() {
        return experiment.protocol().referenceSeeds() == 0
                ? List.of()
                : experiment.space().references().stream()
                        .filter(r -> candidates.admits(candidates.of(r.genotype())))
                        .toList();
    }

    /** References that would break an analytic constraint, and are never trained. */
    List<SearchSpace.Reference> barred() {
        return experiment.protocol().referenceSeeds() == 0
                ? List.of()
                : experiment.space().references().stream()
                        .filter(r -> !candidates.admits(candidates.of(r.genotype())))
                        .toList();
    }

    private void planArm() {
        if (!experiment.protocol().randomArm()) {
            return;
        }
        int full = experiment.epochs();
        Map<String, Entry> trained = new HashMap<>();
        for (Entry entry : ledger.entries()) {
            if (entry.request().epochs() < full) {
                continue;
            }
            switch (entry.request().purpose()) {
                case WARM_UP, SEARCH, RANDOM_ARM ->
                    trained.putIfAbsent(entry.candidate().hash(), entry);
                case PREPARATION, REFERENCE, FINALIST, RANDOM_FINALIST -> {}
            }
        }
        Set<String> drawn = new HashSet<>();
        for (Ledger.Contender contender : ledger.contenders()) {
            Entry entry = contender.first();
            boolean uniform = entry.request().purpose() == Purpose.WARM_UP
                    || experiment.strategy() instanceof Experiment.StrategyOptions.RandomSearch;
            if (uniform && entry.request().epochs() == full) {
                arm.add(entry);
                drawn.add(entry.candidate().hash());
            }
        }
        boolean complete = true;
        long draws = Math.ceilDiv(ledger.searchEpochs(), (long) full);
        for (int index = arm.size(); index < draws; index++) {
            Candidate draw = candidates.draw(drawn, Seeds.stream(experiment.seed(), "random arm", index));
            if (draw == null) {
                break;
            }
            drawn.add(draw.hash());
            Entry known = trained.get(draw.hash());
            if (known != null) {
                arm.add(known);
                complete &= known.isFinished();
            } else {
                missing.add(new Training(Purpose.RANDOM_ARM, draw.genotype(), null));
                complete = false;
            }
        }
        armComplete = complete;
    }

    private void planFinalists() {
        int seeds = experiment.protocol().finalistSeeds();
        List<Entry> finalists = finalists();
        for (Entry finalist : finalists) {
            int planned = retrained(finalist.candidate()).size();
            for (int i = planned; i < seeds; i++) {
                missing.add(new Training(Purpose.FINALIST, finalist.request().genotype(), null));
            }
        }
        Entry best = armComplete ? ledger.best(arm) : null;
        if (best == null
                || finalists.stream()
                        .anyMatch(f ->
                                f.candidate().hash().equals(best.candidate().hash()))) {
            return;
        }
        int planned = randomRetrained(best.candidate()).size();
        for (int i = planned; i < seeds; i++) {
            missing.add(new Training(Purpose.RANDOM_FINALIST, best.request().genotype(), null));
        }
    }

    private void planReferences() {
        for (SearchSpace.Reference reference : references()) {
            for (int i = reference(reference.name()).size();
                    i < experiment.protocol().referenceSeeds();
                    i++) {
                missing.add(new Training(Purpose.REFERENCE, reference.genotype(), reference.name()));
            }
        }
    }
}
