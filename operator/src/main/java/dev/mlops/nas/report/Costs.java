package dev.mlops.nas.report;

import dev.mlops.nas.search.History.Trial;
import dev.mlops.nas.search.TrialState;
import java.util.ArrayList;
import java.util.Arrays;

/**
 * What a search has cost, with everything that came to nothing.
 *
 * @param trainings trials that have begun
 * @param infeasible of them: out of memory or device
 * @param failed of them: could not be built, diverged or gave up
 * @param stopped of them: ended by us
 * @param trainSeconds wall time of all of them, one after the other
 */
record Costs(int trainings, int infeasible, int failed, int stopped, double trainSeconds) {
    static Costs of(SearchRecord search) {
        int trainings = 0;
        int infeasible = 0;
        int failed = 0;
        int stopped = 0;
        for (Trial trial : search.history().trials()) {
            trainings += trial.state() instanceof TrialState.Pending ? 0 : 1;
            switch (trial.state()) {
                case TrialState.Infeasible i -> infeasible++;
                case TrialState.Failed f -> failed++;
                case TrialState.Rejected r -> failed++;
                case TrialState.Stopped s -> stopped++;
                case TrialState.Completed c -> {}
                case TrialState.Pending p -> {}
                case TrialState.Running r -> {}
            }
        }
        return new Costs(
                trainings, infeasible, failed, stopped, search.summary().trainSeconds());
    }

    static String sentence(SearchRecord search) {
        Costs costs = of(search);
        var lost = new ArrayList<String>();
        if (costs.failed > 0) {
            lost.add(costs.failed + " failed");
        }
        if (costs.infeasible > 0) {
            lost.add(costs.infeasible + " infeasible");
        }
        if (costs.stopped > 0) {
            lost.add(costs.stopped + " stopped");
        }
        return "%d trainings%s, training time %s, wall clock %s%s"
                .formatted(
                        costs.trainings,
                        lost.isEmpty() ? "" : " (" + String.join(", ", lost) + ", included)",
                        Figures.duration(costs.trainSeconds),
                        Figures.duration(search.wallClock()),
                        energy(search));
    }

    /** What the machine used for the trainings that tell; empty where none does. */
    private static String energy(SearchRecord search) {
        double[] joules = search.history().trials().stream()
                .mapToDouble(t -> Arms.metric(t, "energyJoules"))
                .filter(Double::isFinite)
                .toArray();
        return joules.length == 0
                ? ""
                : ", energy %sJ in %d of the trainings, which ran beside each other"
                        .formatted(Figures.count(Arrays.stream(joules).sum()), joules.length);
    }
}
