package dev.mlops.nas.report;

import dev.mlops.nas.search.Experiment;

/** How much a trial was given, in words. */
public final class Fidelities {
    /** Of a lower fidelity, as in "accuracy 0.9 after 4 of 20 epochs"; empty for a full training. */
    public static String less(Experiment experiment, int effort) {
        if (effort == 0) {
            return " with inherited weights";
        }
        return effort == experiment.epochs()
                ? ""
                : switch (experiment.fidelity().resource()) {
                    case EPOCHS -> " after %d of %d epochs".formatted(effort, experiment.epochs());
                    case DATA -> " on %s of the training data".formatted(part(experiment, effort));
                    case RESOLUTION -> " with about %s of the pixels".formatted(part(experiment, effort));
                };
    }

    /** Results of a lower fidelity and of the full one, as in "results after 4 epochs and after all 20". */
    static String both(Experiment experiment, int effort) {
        if (effort == 0) {
            return "results with inherited weights and after all %d epochs".formatted(experiment.epochs());
        }
        return switch (experiment.fidelity().resource()) {
            case EPOCHS -> "results after %d epochs and after all %d".formatted(effort, experiment.epochs());
            case DATA -> "results on %s of the training data and on all of it".formatted(part(experiment, effort));
            case RESOLUTION ->
                "results with about %s of the pixels and with all of them".formatted(part(experiment, effort));
        };
    }

    /** Where those of a rung went, as in "from 4 to 20 epochs". */
    static String step(Experiment experiment, int from, int to) {
        return switch (experiment.fidelity().resource()) {
            case EPOCHS -> "from %d to %d epochs".formatted(from, to);
            case DATA -> "from %s to %s of the training data".formatted(part(experiment, from), part(experiment, to));
            case RESOLUTION ->
                "from about %s to %s of the pixels".formatted(part(experiment, from), part(experiment, to));
        };
    }

    /** Of pixels it is about that part: sides are whole numbers. */
    private static String part(Experiment experiment, int effort) {
        double percent = 100.0 * effort / experiment.epochs();
        return percent < 1 ? "less than 1 %" : Math.round(percent) + " %";
    }

    private Fidelities() {}
}
