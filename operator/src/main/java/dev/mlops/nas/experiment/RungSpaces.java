package dev.mlops.nas.experiment;

import dev.mlops.nas.api.NasExperimentSpec;
import dev.mlops.nas.search.Experiment;
import dev.mlops.nas.search.Experiment.Resource;
import dev.mlops.nas.search.SearchSpace;
import dev.mlops.nas.search.SpaceException;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The space as a rung sees it: its decisions are the experiment's, its networks may be smaller ones in place of these. */
final class RungSpaces {
    private static final String FIELD = "evaluation.fidelity";

    /** The space whose graphs a trial of so much effort trains. */
    static SearchSpace of(Experiment experiment, NasExperimentSpec spec, int effort) {
        List<Integer> sides = resolution(experiment, spec, effort);
        return sides == null
                ? experiment.space().scaled(experiment.multipliers(effort))
                : ExperimentFactory.space(spec, List.of(spec.dataset().shape().getFirst(), sides.get(0), sides.get(1)));
    }

    /**
     * Height and width with as many pixels as the effort is of the full one, where pixels are what is cut; signals, of height 1, only
     * get shorter.
     */
    static @Nullable List<Integer> resolution(Experiment experiment, NasExperimentSpec spec, int effort) {
        if (experiment.fidelity().resource() != Resource.RESOLUTION || effort >= experiment.epochs()) {
            return null;
        }
        List<Integer> shape = spec.dataset().shape();
        double part = (double) effort / experiment.epochs();
        double side = shape.get(1) == 1 ? part : Math.sqrt(part);
        return List.of(scaled(shape.get(1), side), scaled(shape.get(2), side));
    }

    private static int scaled(int side, double part) {
        return Math.max(1, (int) Math.round(side * part));
    }

    /**
     * Refuses rungs that are no use, before anything is trained.
     *
     * @throws SpaceException if images are too small for the space at a rung, or two rungs train the same networks
     */
    static void check(Experiment experiment, NasExperimentSpec spec) {
        List<Integer> rungs = experiment.fidelity().rungs();
        List<Integer> distinct = experiment.distinctRungs();
        if (!distinct.equals(rungs)) {
            throw new SpaceException(FIELD, alike(experiment, rungs, distinct));
        }
        for (int rung : rungs) {
            try {
                of(experiment, spec, rung);
            } catch (SpaceException e) {
                throw new SpaceException(
                        FIELD,
                        "fidelity has a rung of %d of %d epochs, with images that are too small for the space: give higher rungs (%s)"
                                .formatted(rung, experiment.epochs(), e.getMessage()));
            }
        }
    }

    private static String alike(Experiment experiment, List<Integer> rungs, List<Integer> distinct) {
        String resource = experiment.fidelity().resource().name().toLowerCase(Locale.ROOT);
        String those = rungs.stream()
                .filter(rung -> !distinct.contains(rung))
                .map(String::valueOf)
                .collect(Collectors.joining(" and "));
        String refused =
                "fidelity cuts %s, but networks at %s of %d epochs are those of the next higher rung, as numbers are whole"
                        .formatted(resource, those, experiment.epochs());
        return distinct.stream().anyMatch(rung -> rung < experiment.epochs())
                ? refused + ": give rungs: " + distinct
                : refused + ": give lower rungs or another resource";
    }

    private RungSpaces() {}
}
