package dev.mlops.nas.search;

import dev.mlops.nas.search.Experiment.Constraint;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The history, read for one experiment. */
final class Ledger {
    /** A trial with its architecture. */
    record Entry(TrialRequest request, TrialState state, Candidate candidate) {
        boolean isFinished() {
            return state instanceof TrialState.Outcome;
        }

        /** A metric of a completed trial; NaN where there is none. */
        double metric(String name) {
            return state instanceof TrialState.Completed completed
                    ? completed.metrics().getOrDefault(name, Double.NaN)
                    : Double.NaN;
        }
    }

    private final Experiment experiment;
    private final List<Entry> entries = new ArrayList<>();

    Ledger(Experiment experiment, History history, Candidates candidates) {
        this.experiment = experiment;
        for (History.Trial trial : history.trials()) {
            entries.add(new Entry(
                    trial.request(),
                    trial.state(),
                    candidates.of(trial.request().genotype())));
        }
    }

    List<Entry> entries() {
        return entries;
    }

    List<Entry> of(Purpose purpose) {
        return entries.stream().filter(e -> e.request().purpose() == purpose).toList();
    }

    /** Trials of the search itself, in the order of numbers. */
    List<Entry> search() {
        return entries.stream()
                .filter(e ->
                        e.request().purpose() == Purpose.WARM_UP || e.request().purpose() == Purpose.SEARCH)
                .toList();
    }

    int nextNumber() {
        return entries.isEmpty() ? 1 : entries.getLast().request().number() + 1;
    }

    List<Integer> unfinished() {
        return entries.stream()
                .filter(e -> !e.isFinished())
                .map(e -> e.request().number())
                .toList();
    }

    static int finished(List<Entry> entries) {
        return (int) entries.stream().filter(Entry::isFinished).count();
    }

    /** Trials that failed, or ended well without the objective. */
    List<Entry> failures() {
        return entries.stream().filter(this::isFailure).toList();
    }

    private boolean isFailure(Entry entry) {
        return switch (entry.state()) {
            case TrialState.Failed failed -> true;
            case TrialState.Completed completed ->
                !Double.isFinite(entry.metric(experiment.objective().metric()));
            case TrialState.Pending pending -> false;
            case TrialState.Running running -> false;
            case TrialState.Infeasible infeasible -> false;
            case TrialState.Rejected rejected -> false;
            case TrialState.Stopped stopped -> false;
        };
    }

    Optional<TrialState.Rejected> rejection() {
        return entries.stream()
                .map(Entry::state)
                .filter(TrialState.Rejected.class::isInstance)
                .map(TrialState.Rejected.class::cast)
                .findFirst();
    }

    double seconds() {
        return entries.stream()
                .map(Entry::state)
                .filter(TrialState.Outcome.class::isInstance)
                .mapToDouble(s -> ((TrialState.Outcome) s).seconds())
                .sum();
    }

    List<Observation> observations() {
        return search().stream().map(this::observation).toList();
    }

    private Observation observation(Entry entry) {
        double value = entry.metric(experiment.objective().metric());
        Observation.Status status = switch (entry.state()) {
            case TrialState.Pending pending -> Observation.Status.PENDING;
            case TrialState.Running running -> Observation.Status.PENDING;
            case TrialState.Infeasible infeasible -> Observation.Status.INFEASIBLE;
            case TrialState.Failed failed -> Observation.Status.FAILED;
            case TrialState.Rejected rejected -> Observation.Status.FAILED;
            case TrialState.Stopped stopped -> Observation.Status.FAILED;
            case TrialState.Completed completed ->
                Double.isFinite(value) ? Observation.Status.MEASURED : Observation.Status.FAILED;
        };
        boolean measured = status == Observation.Status.MEASURED;
        return new Observation(
                entry.candidate(),
                status,
                measured ? experiment.objective().score(value) : Double.NaN,
                entry.state() instanceof TrialState.Completed completed ? completed.metrics() : Map.of(),
                measured ? excess(List.of(entry)) : Double.NaN);
    }

    /** By how much measured constraints are broken by the mean over trainings of one architecture; unreported counts as broken. */
    double excess(List<Entry> trainings) {
        double sum = 0;
        for (Constraint constraint : experiment.constraints()) {
            if (!constraint.isAnalytic()) {
                double mean = mean(trainings, constraint.metric());
                sum += Double.isNaN(mean) ? 1 : Math.max(0, mean / constraint.max() - 1);
            }
        }
        return sum;
    }

    /** Mean of a metric over the completed trainings that report it; NaN where none does. */
    static double mean(List<Entry> trainings, String metric) {
        return Statistics.mean(values(trainings, metric));
    }

    static double[] values(List<Entry> trainings, String metric) {
        return trainings.stream()
                .mapToDouble(e -> e.metric(metric))
                .filter(Double::isFinite)
                .toArray();
    }

    /** Feasible trials of the list, best first; equal ones in the order of numbers; each architecture once. */
    List<Entry> ranked(List<Entry> trials) {
        String metric = experiment.objective().metric();
        var seen = new java.util.HashSet<String>();
        return trials.stream()
                .filter(e -> Double.isFinite(e.metric(metric)) && excess(List.of(e)) == 0)
                .sorted(Comparator.comparingDouble(
                                (Entry e) -> -experiment.objective().score(e.metric(metric)))
                        .thenComparingInt(e -> e.request().number()))
                .filter(e -> seen.add(e.candidate().hash()))
                .toList();
    }

    /** The best feasible one of the list; null where there is none. */
    @Nullable
    Entry best(List<Entry> trials) {
        List<Entry> ranked = ranked(trials);
        return ranked.isEmpty() ? null : ranked.getFirst();
    }
}
