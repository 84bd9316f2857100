package dev.mlops.nas.search;

import dev.mlops.nas.search.Experiment.Constraint;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
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
    private final History history;
    private final List<Entry> entries;
    private final List<Entry> withoutMachine;

    Ledger(Experiment experiment, History history, Candidates candidates) {
        this.experiment = experiment;
        this.history = history;
        Map<Boolean, List<Entry>> byMachine = history.trials().stream()
                .filter(t -> t.request().purpose().hasArchitecture())
                .map(t -> new Entry(
                        t.request(), t.state(), candidates.of(t.request().genotype())))
                .collect(Collectors.partitioningBy(Ledger::blamesMachine));
        this.entries = List.copyOf(byMachine.getOrDefault(false, List.of()));
        this.withoutMachine = List.copyOf(byMachine.getOrDefault(true, List.of()));
    }

    private static boolean blamesMachine(Entry entry) {
        return entry.state() instanceof TrialState.Failed failed && failed.machine();
    }

    /** Trials that failed for want of a machine; their architectures are as if never tried. */
    List<Entry> withoutMachine() {
        return withoutMachine;
    }

    /** Whether any trial came to something, be it a failure of its own: there is a machine that runs the trainer. */
    boolean hasMachine() {
        return entries.stream().anyMatch(Entry::isFinished)
                || history.trials().stream().anyMatch(t -> t.state() instanceof TrialState.Completed);
    }

    /** The trial that prepares the search; null before it is planned. */
    History.@Nullable Trial preparation() {
        return history.trials().stream()
                .filter(t -> t.request().purpose() == Purpose.PREPARATION)
                .findFirst()
                .orElse(null);
    }

    /** Architectures that the preparation came to; empty before, and where it is of another kind. */
    List<TrialState.Derived> derived() {
        History.Trial trial = preparation();
        return trial != null && trial.state() instanceof TrialState.Completed completed
                ? completed.derived()
                : List.of();
    }

    /** Trials that have an architecture, but for those that tell nothing of it. */
    List<Entry> entries() {
        return entries;
    }

    List<Entry> of(Purpose purpose) {
        return entries.stream().filter(e -> e.request().purpose() == purpose).toList();
    }

    /**
     * An architecture that the search has started.
     *
     * @param trainings in the order of numbers, which is that of fidelities
     */
    record Contender(List<Entry> trainings) {
        Entry first() {
            return trainings.getFirst();
        }

        /** The training of so many epochs; null where there is none. */
        @Nullable
        Entry at(int epochs) {
            return trainings.stream()
                    .filter(e -> e.request().epochs() == epochs)
                    .findFirst()
                    .orElse(null);
        }

        boolean isFinished() {
            return trainings.stream().allMatch(Entry::isFinished);
        }
    }

    /** The architectures of the search, in the order in which they were started. */
    List<Contender> contenders() {
        var byHash = new LinkedHashMap<String, List<Entry>>();
        search().forEach(e -> byHash.computeIfAbsent(e.candidate().hash(), h -> new ArrayList<>())
                .add(e));
        return byHash.values().stream().map(Contender::new).toList();
    }

    /** Epochs of the preparation and all search trials; a training that goes on costs only what it adds. */
    long searchEpochs() {
        return preparationEpochs()
                + search().stream()
                        .mapToLong(e -> experiment.paidEpochs(e.request(), history))
                        .sum();
    }

    /** Epochs of the preparation, as far as is known; 0 without one. */
    long preparationEpochs() {
        Preparation preparation = experiment.preparation();
        if (preparation == null) {
            return 0;
        }
        History.Trial trial = preparation();
        return trial != null && trial.state() instanceof TrialState.Completed completed
                ? preparation.paidEpochs(completed.metrics())
                : preparation.paidEpochs();
    }

    /** Trials of the search itself, promoted ones included, in the order of numbers. */
    List<Entry> search() {
        return entries.stream()
                .filter(e ->
                        e.request().purpose() == Purpose.WARM_UP || e.request().purpose() == Purpose.SEARCH)
                .toList();
    }

    int nextNumber() {
        return history.trials().isEmpty()
                ? 1
                : history.trials().getLast().request().number() + 1;
    }

    List<Integer> unfinished() {
        return history.trials().stream()
                .filter(t -> !(t.state() instanceof TrialState.Outcome))
                .map(t -> t.request().number())
                .toList();
    }

    static int finished(List<Entry> entries) {
        return (int) entries.stream().filter(Entry::isFinished).count();
    }

    /** Trials that failed, or ended well without the objective, in the order of numbers. */
    List<Entry> failures() {
        return Stream.concat(entries.stream().filter(this::isFailure), withoutMachine.stream())
                .sorted(Comparator.comparingInt(e -> e.request().number()))
                .toList();
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
        return history.trials().stream()
                .map(History.Trial::state)
                .filter(TrialState.Rejected.class::isInstance)
                .map(TrialState.Rejected.class::cast)
                .findFirst();
    }

    double seconds() {
        return history.trials().stream().mapToDouble(t -> seconds(t.state())).sum();
    }

    private static double seconds(TrialState state) {
        return state instanceof TrialState.Outcome outcome ? outcome.seconds() : 0;
    }

    List<Observation> observations() {
        return contenders().stream().map(this::observation).toList();
    }

    /** An architecture is known by its highest result; a promotion that is pending or came to nothing leaves that as it is. */
    private Observation observation(Contender contender) {
        List<Entry> measured =
                contender.trainings().stream().filter(this::isMeasured).toList();
        Entry shown = measured.isEmpty() ? contender.first() : measured.getLast();
        return new Observation(
                shown.candidate(),
                status(shown),
                measured.isEmpty() ? Double.NaN : score(shown),
                shown.state() instanceof TrialState.Completed completed ? completed.metrics() : Map.of(),
                measured.isEmpty() ? Double.NaN : excess(List.of(shown)),
                shown.request().epochs(),
                measured.stream()
                        .map(e -> new Observation.Rung(e.request().epochs(), seconds(e.state()), score(e), promise(e)))
                        .toList());
    }

    /** For each fidelity below full training; those with fewer than three architectures are left out. */
    List<Plan.RankingNoise> rankingNoise() {
        String metric = experiment.objective().metric();
        Map<String, List<Entry>> full = entries.stream()
                .filter(e -> e.request().epochs() == experiment.epochs() && isMeasured(e))
                .collect(Collectors.groupingBy(e -> e.candidate().hash(), LinkedHashMap::new, Collectors.toList()));
        List<Plan.RankingNoise> noise = new ArrayList<>();
        if (experiment.inherits()) {
            String inherited = "shared" + metric.substring(0, 1).toUpperCase(Locale.ROOT) + metric.substring(1);
            addNoise(
                    noise,
                    0,
                    full.values().stream()
                            .map(trained -> new double[] {mean(trained, inherited), mean(trained, metric)})
                            .filter(pair -> Double.isFinite(pair[0]))
                            .toList());
            return noise;
        }
        for (int epochs : experiment.fidelity().rungs()) {
            List<double[]> pairs = new ArrayList<>();
            for (Contender contender : epochs == experiment.epochs() ? List.<Contender>of() : contenders()) {
                Entry low = contender.at(epochs);
                List<Entry> trained = full.get(contender.first().candidate().hash());
                if (low != null && isMeasured(low) && trained != null) {
                    pairs.add(new double[] {low.metric(metric), mean(trained, metric)});
                }
            }
            addNoise(noise, epochs, pairs);
        }
        return noise;
    }

    private void addNoise(List<Plan.RankingNoise> noise, int epochs, List<double[]> pairs) {
        if (pairs.size() > 2) {
            double[] low = pairs.stream().mapToDouble(p -> p[0]).toArray();
            double[] full = pairs.stream().mapToDouble(p -> p[1]).toArray();
            Statistics.Interval interval =
                    Statistics.kendallInterval(low, full, experiment.protocol().confidence());
            noise.add(new Plan.RankingNoise(
                    epochs, Statistics.kendallTau(low, full), interval.low(), interval.high(), pairs.size()));
        }
    }

    private boolean isMeasured(Entry entry) {
        return Double.isFinite(entry.metric(experiment.objective().metric()));
    }

    /** The objective of a trial as something to maximise; NaN where there is none. */
    double score(Entry entry) {
        return experiment.objective().score(entry.metric(experiment.objective().metric()));
    }

    /**
     * By what a trial is chosen to go on, in the units of the score: what its {@link Curve} says where it was broken off, otherwise
     * its score; NaN where there is none.
     */
    double promise(Entry entry) {
        boolean brokenOff = experiment.fidelity().resource() == Experiment.Resource.EPOCHS
                && entry.request().epochs() < experiment.epochs();
        return brokenOff && entry.state() instanceof TrialState.Completed completed
                ? Curve.promise(
                        score(entry),
                        completed.curve().stream()
                                .mapToDouble(experiment.objective()::score)
                                .toArray())
                : score(entry);
    }

    /** The point of a measured trial. */
    Pareto.Point point(Entry entry, Experiment.TradeOff tradeOff) {
        return Pareto.point(
                entry.candidate(),
                score(entry),
                entry.state() instanceof TrialState.Completed completed ? completed.metrics() : Map.of(),
                tradeOff);
    }

    private Observation.Status status(Entry entry) {
        return switch (entry.state()) {
            case TrialState.Pending pending -> Observation.Status.PENDING;
            case TrialState.Running running -> Observation.Status.PENDING;
            case TrialState.Infeasible infeasible -> Observation.Status.INFEASIBLE;
            case TrialState.Failed failed -> Observation.Status.FAILED;
            case TrialState.Rejected rejected -> Observation.Status.FAILED;
            case TrialState.Stopped stopped -> Observation.Status.FAILED;
            case TrialState.Completed completed ->
                isMeasured(entry) ? Observation.Status.MEASURED : Observation.Status.FAILED;
        };
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

    /**
     * Feasible trials of the list, best first; equal ones in the order of numbers; each architecture once. Results are compared
     * within a fidelity, and what was promoted stands before what was not.
     */
    List<Entry> ranked(List<Entry> trials) {
        var seen = new java.util.HashSet<String>();
        return trials.stream()
                .filter(e -> isMeasured(e) && excess(List.of(e)) == 0)
                .sorted(Comparator.comparingInt((Entry e) -> -e.request().epochs())
                        .thenComparingDouble(e -> -score(e))
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
