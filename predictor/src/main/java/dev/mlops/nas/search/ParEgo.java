package dev.mlops.nas.search;

import dev.mlops.nas.search.Experiment.TradeOff;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The predictor with a second objective: each trial weighs score and cost anew, at random, by the augmented Chebyshev function, and
 * the surrogates learn that one number (ParEGO: Knowles, IEEE Transactions on Evolutionary Computation 2006). Both objectives
 * enter by their ranks, so that no unit weighs more than the other.
 */
record ParEgo(PredictorSearch predictor, TradeOff tradeOff) implements Strategy {
    private static final int WEIGHTS = 11;
    private static final double AUGMENTATION = 0.05;

    @Override
    public List<Proposal> propose(Candidates candidates, List<Observation> observations, int count, long seed) {
        return Strategy.oneByOne(observations, count, (known, taken) -> {
            double weight = Seeds.stream(seed, "weight", known.size()).nextInt(WEIGHTS) / (WEIGHTS - 1.0);
            List<Proposal> one = predictor.propose(candidates, scalar(known, weight), 1, seed);
            // The prediction is of the weighted sum, which nobody measures.
            return one.isEmpty()
                    ? null
                    : new Proposal(one.getFirst().candidate(), one.getFirst().uniform(), null);
        });
    }

    /** The same trials, scored by both objectives. */
    private List<Observation> scalar(List<Observation> observations, double weight) {
        List<Observation> measured =
                observations.stream().filter(Observation::isMeasured).toList();
        double[] scores =
                sorted(measured.stream().mapToDouble(Observation::score).toArray());
        double[] costs = sorted(measured.stream()
                .mapToDouble(o -> -Pareto.point(o, tradeOff).cost())
                .toArray());
        List<Observation> scalar = new ArrayList<>();
        for (Observation observation : observations) {
            if (!observation.isMeasured()) {
                scalar.add(observation);
                continue;
            }
            double first = weight * loss(scores, observation.score());
            double second = (1 - weight)
                    * loss(costs, -Pareto.point(observation, tradeOff).cost());
            double score = -Math.max(first, second) - AUGMENTATION * (first + second);
            scalar.add(new Observation(
                    observation.candidate(),
                    observation.status(),
                    score,
                    observation.metrics(),
                    observation.excess(),
                    observation.epochs(),
                    List.of(new Observation.Rung(observation.epochs(), 0, score))));
        }
        return scalar;
    }

    private static double[] sorted(double[] values) {
        Arrays.sort(values);
        return values;
    }

    /** The part of the values that are better, from 0 to 1. */
    private static double loss(double[] sorted, double value) {
        int above = 0;
        for (int i = sorted.length - 1; i >= 0 && sorted[i] > value; i--) {
            above++;
        }
        return (double) above / sorted.length;
    }
}
