package dev.mlops.nas.report;

import dev.mlops.nas.search.Experiment;

/** How much a trial was given, in words. */
public final class Fidelities {
    /** Of a lower fidelity, as in "accuracy 0.9 after 4 of 20 epochs"; empty for a full training. */
    public static String less(Experiment experiment, int effort) {
        if (effort == 0) {
            return " with inherited weights";
        }
        String of = whole(experiment);
        return effort == experiment.epochs()
                ? ""
                : switch (experiment.fidelity().resource()) {
                    case EPOCHS -> " after %d of %d %s".formatted(effort, experiment.epochs(), of);
                    case DATA -> " on %s of %s".formatted(part(experiment, effort), of);
                    case RESOLUTION, WIDTH, DEPTH -> " with about %s of %s".formatted(part(experiment, effort), of);
                };
    }

    /** Results of a lower fidelity and of the full one, as in "results after 4 epochs and after all 20". */
    static String both(Experiment experiment, int effort) {
        if (effort == 0) {
            return "results with inherited weights and after all %d epochs".formatted(experiment.epochs());
        }
        String of = whole(experiment);
        return switch (experiment.fidelity().resource()) {
            case EPOCHS -> "results after %d %s and after all %d".formatted(effort, of, experiment.epochs());
            case DATA -> "results on %s of %s and on all of it".formatted(part(experiment, effort), of);
            case RESOLUTION, WIDTH, DEPTH ->
                "results with about %s of %s and with all".formatted(part(experiment, effort), of);
        };
    }

    /** Where those of a rung went, as in "from 4 to 20 epochs". */
    static String step(Experiment experiment, int from, int to) {
        String of = whole(experiment);
        return switch (experiment.fidelity().resource()) {
            case EPOCHS -> "from %d to %d %s".formatted(from, to, of);
            case DATA -> "from %s to %s of %s".formatted(part(experiment, from), part(experiment, to), of);
            case RESOLUTION, WIDTH, DEPTH ->
                "from about %s to %s of %s".formatted(part(experiment, from), part(experiment, to), of);
        };
    }

    /** What is cut. */
    private static String whole(Experiment experiment) {
        return switch (experiment.fidelity().resource()) {
            case EPOCHS -> "epochs";
            case DATA -> "the training data";
            case RESOLUTION -> "the pixels";
            case WIDTH -> "the width";
            case DEPTH -> "the depth";
        };
    }

    /** Of pixels, widths and depths it is about that part: these are whole numbers. */
    private static String part(Experiment experiment, int effort) {
        double part = experiment.part(effort);
        return part < 0.01 ? "less than 1 %" : Math.round(100 * part) + " %";
    }

    private Fidelities() {}
}
