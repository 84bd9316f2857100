package dev.mlops.nas.report;

import dev.mlops.nas.search.Experiment.Constraint;
import dev.mlops.nas.search.History.Trial;
import dev.mlops.nas.search.Purpose;
import dev.mlops.nas.search.TrialState.Completed;
import dev.mlops.nas.search.TrialState.Outcome;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** What the two arms of the protocol, the search and random search, had found after each training. */
final class Arms {
    static final Set<Purpose> SEARCH = Set.of(Purpose.WARM_UP, Purpose.SEARCH);

    /** The warm-up is drawn at random and counts for both arms, as in the comparison. */
    static final Set<Purpose> RANDOM = Set.of(Purpose.WARM_UP, Purpose.RANDOM_ARM);

    /** Whether a training has all the epochs that the search gives: what has fewer is never compared with it. */
    static boolean isHighest(SearchRecord search, Trial trial) {
        return trial.request().epochs() == search.experiment().fidelity().highest();
    }

    /**
     * The best objective so far within the limits, after the arm has paid the epochs of one, two, … trainings of the highest rung;
     * NaN before the first result of that rung.
     */
    static List<Double> bestSoFar(SearchRecord search, Set<Purpose> arm) {
        var objective = search.experiment().objective();
        int highest = search.experiment().fidelity().highest();
        var curve = new ArrayList<Double>();
        double best = Double.NaN;
        long epochs = 0;
        for (Trial trial : search.history().trials()) {
            if (!arm.contains(trial.request().purpose()) || !(trial.state() instanceof Outcome)) {
                continue;
            }
            // Evaluations with inherited weights cost all the same.
            epochs += highest == 0 ? 1 : search.experiment().paidEpochs(trial.request(), search.history());
            double value =
                    isHighest(search, trial) && isWithinLimits(search, trial) ? value(search, trial) : Double.NaN;
            if (!Double.isNaN(value) && (Double.isNaN(best) || objective.score(value) > objective.score(best))) {
                best = value;
            }
            int paid = (int) Math.ceilDiv(epochs, Math.max(1L, highest));
            while (curve.size() < paid) {
                curve.add(best);
            }
            curve.set(paid - 1, best);
        }
        return curve;
    }

    /** Whether random search trained something that may be compared with the search's own results. */
    static boolean hasRandomArm(SearchRecord search) {
        return search.history().trials().stream()
                .anyMatch(t -> t.request().purpose() == Purpose.RANDOM_ARM && isHighest(search, t));
    }

    /** The objective on validation; NaN where there is none. */
    static double value(SearchRecord search, Trial trial) {
        return trial.request().purpose().hasArchitecture()
                ? metric(trial, search.experiment().objective().metric())
                : Double.NaN;
    }

    static double metric(Trial trial, String name) {
        return trial.state() instanceof Completed completed
                ? completed.metrics().getOrDefault(name, Double.NaN)
                : Double.NaN;
    }

    static boolean isWithinLimits(SearchRecord search, Trial trial) {
        if (!(trial.state() instanceof Completed completed)) {
            return false;
        }
        var cost = search.experiment().space().cost(trial.request().genotype());
        for (Constraint constraint : search.experiment().constraints()) {
            Double value = constraint.isAnalytic()
                    ? Double.valueOf((double) cost.value(constraint.metric()))
                    : completed.metrics().get(constraint.metric());
            if (value != null && value > constraint.max()) {
                return false;
            }
        }
        return true;
    }

    private Arms() {}
}
