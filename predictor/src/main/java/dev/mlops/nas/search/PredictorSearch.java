package dev.mlops.nas.search;

import dev.mlops.nas.search.Experiment.Constraint;
import dev.mlops.nas.search.Experiment.StrategyOptions;
import dev.mlops.nas.search.Experiment.StrategyOptions.Evolution;
import dev.mlops.nas.search.Experiment.TradeOff;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Surrogates learn from every measured trial and choose the next one by constrained expected improvement, of the score or of the
 * Pareto front, after a warm-up of uniform random draws. While their cross-validated Kendall tau has an interval that touches zero,
 * evolution explores instead.
 *
 * @param tradeOff further objectives; null without any
 */
record PredictorSearch(
        Experiment.StrategyOptions.Predictor options,
        List<Constraint> constraints,
        @Nullable TradeOff tradeOff) implements Strategy {
    private static final int LEAST = 4;

    /** What is known of the surrogates. */
    record Quality(Plan.PredictorQuality figures, boolean trusted) {}

    @Override
    public List<Proposal> propose(Candidates candidates, List<Observation> observations, int count, long seed) {
        return Strategy.oneByOne(observations, count, (known, taken) -> next(candidates, known, taken, seed));
    }

    private @Nullable Proposal next(Candidates candidates, List<Observation> known, Set<String> taken, long seed) {
        boolean warm = known.size() < options.warmUp();
        Learned learned = warm ? null : learned(candidates, known);
        if (learned == null) {
            // Half of the warm-up stays random: earlier experiments may mislead, and the random arm needs its draws.
            Transfer transfer = known.size() % 2 == 0 ? candidates.transfer() : null;
            Candidate told = transfer == null
                    ? null
                    : transfer.choose(candidates, taken, Seeds.stream(seed, "told", known.size()));
            if (told != null) {
                return Proposal.chosen(told);
            }
            Candidate drawn = candidates.draw(taken, Seeds.stream(seed, "draw", known.size()));
            return drawn == null ? null : warm ? Proposal.drawn(drawn) : Proposal.chosen(drawn);
        }
        if (!learned.ensemble().validation().trusted()) {
            // The warm-up was the random population: evolution goes on from it.
            int population = Math.min(options.fallback().population(), options.warmUp());
            int sample = Math.min(options.fallback().sample(), population);
            Strategy evolution = tradeOff == null
                    ? new RegularizedEvolution(new Evolution(population, sample))
                    : new Nsga2(new StrategyOptions.Nsga2(population), tradeOff);
            List<Proposal> evolved = evolution.propose(candidates, known, 1, seed);
            return evolved.isEmpty() ? null : evolved.getFirst();
        }
        return new Acquisition(candidates, learned, known, taken, tradeOff, Seeds.stream(seed, "choose", known.size()))
                .choose();
    }

    /** Cross-validated quality; null before the first fit. */
    @Nullable
    Quality quality(Candidates candidates, List<Observation> observations) {
        Learned learned = observations.size() < options.warmUp() ? null : learned(candidates, observations);
        if (learned == null) {
            return null;
        }
        Ensemble.Validation validation = learned.ensemble().validation();
        List<String> names = validation.weights().entrySet().stream()
                .map(e -> String.format(Locale.ROOT, "%s %.0f%%", name(e.getKey()), 100 * e.getValue()))
                .toList();
        return new Quality(
                new Plan.PredictorQuality(
                        names.size() == 1 ? name(validation.strongest()) : String.join(" + ", names),
                        validation.tau(),
                        validation.interval().low(),
                        validation.interval().high(),
                        validation.trials()),
                validation.trusted());
    }

    /** What the surrogates say of other architectures, as normal scores; null before the first fit. */
    double @Nullable [] predictions(Candidates candidates, List<Observation> observations, List<Candidate> others) {
        Learned learned = learned(candidates, observations);
        return learned == null
                ? null
                : others.stream()
                        .mapToDouble(c -> learned.ensemble()
                                .predict(candidates.features(c), learned.process())
                                .mean())
                        .toArray();
    }

    /** What is learned after the warm-up; null before, and while it ranks no better than chance. */
    @Nullable
    Learned trusted(Candidates candidates, List<Observation> observations) {
        Learned learned = observations.size() < options.warmUp() ? null : learned(candidates, observations);
        return learned == null || !learned.ensemble().validation().trusted() ? null : learned;
    }

    static String name(Experiment.SurrogateKind kind) {
        return switch (kind) {
            case RANDOM_FOREST -> "RandomForest";
            case GRADIENT_BOOSTING -> "GradientBoosting";
            case GAUSSIAN_PROCESS -> "GaussianProcess";
        };
    }

    private @Nullable Learned learned(Candidates candidates, List<Observation> observations) {
        List<Observation> finished = observations.stream()
                .filter(o -> o.isMeasured() || o.status() == Observation.Status.INFEASIBLE)
                .toList();
        if (finished.stream().filter(Observation::isMeasured).count() < LEAST) {
            return null;
        }
        return candidates
                .memory()
                .of(
                        Arrays.asList(options.surrogates(), constraints, tradeOff, finished),
                        () -> Learned.from(candidates, options.surrogates(), constraints, tradeOff, finished));
    }
}
