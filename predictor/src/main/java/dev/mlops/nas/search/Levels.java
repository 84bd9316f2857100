package dev.mlops.nas.search;

import dev.mlops.nas.search.GaussianProcess.Normal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * What is foretold of the results of each rung, in its own units. Every rung has a Gaussian process on normal scores; above the
 * lowest it learns from the few that went on, and sees beside the features what the rung below foretells: recursive co-kriging
 * (Kennedy and O'Hagan, "Predicting the output from a complex computer code when fast approximations are available", Biometrika
 * 2000; Le Gratiet and Garnier 2014), without the assumption that one rung is linear in the other (Perdikaris et al. 2017).
 */
final class Levels {
    /** Results that the lowest rung needs. */
    private static final int FEWEST = 4;

    /** Results that a rung above another needs. */
    private static final int FEWEST_ABOVE = 6;

    /** What surrogates see of an architecture. */
    @FunctionalInterface
    private interface Inputs {
        Features.Vector of(Candidate candidate);
    }

    /**
     * What is learned of one rung.
     *
     * @param scale of its results
     * @param process on normal scores of what its trainings promise
     */
    private record Level(int epochs, Scale scale, Inputs inputs, GaussianProcess process) {
        static Level of(int epochs, List<Observation> measured, Inputs inputs, @Nullable KernelScales scales) {
            double[] promises = measured.stream()
                    .mapToDouble(o -> o.rungs().getLast().promise())
                    .toArray();
            var scale = new Scale(promises);
            return new Level(
                    epochs,
                    new Scale(measured.stream().mapToDouble(Observation::score).toArray()),
                    inputs,
                    GaussianProcess.fit(
                            measured.stream().map(o -> inputs.of(o.candidate())).toList(),
                            Arrays.stream(promises).map(scale::normal).toArray(),
                            scales));
        }

        Normal predict(Candidate candidate) {
            return process.predict(inputs.of(candidate));
        }
    }

    private final List<Level> levels = new ArrayList<>();

    /**
     * Learns.
     *
     * @param observations of the search; what has no result is passed over
     * @param scales of the kernel on the features, for the lowest rung
     */
    Levels(Candidates candidates, List<Observation> observations, KernelScales scales) {
        for (int epochs : rungs(observations)) {
            List<Observation> measured = Learned.thinned(observations.stream()
                    .filter(Observation::isMeasured)
                    .flatMap(o -> o.at(epochs).stream())
                    .toList());
            if (levels.isEmpty()) {
                if (measured.size() >= FEWEST) {
                    levels.add(Level.of(epochs, measured, candidates::features, scales));
                }
            } else if (measured.size() >= FEWEST_ABOVE) {
                Level below = levels.getLast();
                Map<String, Double> means = new ConcurrentHashMap<>();
                Inputs inputs = c -> candidates
                        .features(c)
                        .with(means.computeIfAbsent(
                                c.hash(), h -> below.predict(c).mean()));
                levels.add(Level.of(epochs, measured, inputs, null));
            }
        }
    }

    /** Whether too little is known of every rung. */
    boolean isEmpty() {
        return levels.isEmpty();
    }

    /** The result of an architecture after so many epochs, as something to maximise; null where too little is known of that rung. */
    TrialRequest.@Nullable Prediction foretell(Candidate candidate, int epochs) {
        return levels.stream()
                .filter(l -> l.epochs() == epochs)
                .findFirst()
                .map(l -> l.scale().prediction(l.predict(candidate)))
                .orElse(null);
    }

    /** The expected result after so many epochs, or of the next lower rung of which enough is known, as a normal score. */
    double towards(Candidate candidate, int epochs) {
        return levels.reversed().stream()
                .filter(l -> l.epochs() <= epochs)
                .findFirst()
                .orElse(levels.getFirst())
                .predict(candidate)
                .mean();
    }

    private static int[] rungs(List<Observation> observations) {
        return observations.stream()
                .flatMap(o -> o.rungs().stream())
                .mapToInt(Observation.Rung::epochs)
                .distinct()
                .sorted()
                .toArray();
    }
}
