package dev.mlops.nas.search;

import dev.mlops.nas.search.TrialState.Derived;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Proposes what to train next. A function of its arguments alone, so that a restarted search goes on where it was: the n-th
 * trial follows from the trials before it, however many are planned at a time.
 */
sealed interface Strategy
        permits RandomSearch,
                QuasiRandom,
                RegularizedEvolution,
                LocalSearch,
                Reinforce,
                Nsga2,
                External,
                Differentiable,
                PredictorSearch {
    /**
     * Proposes architectures that are new to the search.
     *
     * @param candidates what may be trained
     * @param observations the search so far, in the order of the trials' numbers; pending ones included
     * @param count how many at most; fewer only when nothing new was found
     * @param seed of the experiment
     */
    List<Proposal> propose(Candidates candidates, List<Observation> observations, int count, long seed);

    /**
     * The strategy of an experiment.
     *
     * @param answer of a strategy outside the engine; null for others, and before it was asked
     * @param derived architectures that the experiment's preparation came to
     * @throws IllegalArgumentException if the strategy needs a trade-off and the objective has none
     */
    static Strategy of(Experiment experiment, @Nullable Answer answer, List<Derived> derived) {
        Experiment.TradeOff tradeOff = experiment.objective().tradeOff();
        return switch (experiment.strategy()) {
            case Experiment.StrategyOptions.RandomSearch() -> new RandomSearch();
            case Experiment.StrategyOptions.QuasiRandom() -> new QuasiRandom();
            case Experiment.StrategyOptions.Evolution evolution -> new RegularizedEvolution(evolution);
            case Experiment.StrategyOptions.LocalSearch search -> new LocalSearch(search);
            case Experiment.StrategyOptions.Reinforce reinforce -> new Reinforce(reinforce);
            case Experiment.StrategyOptions.Nsga2 nsga2 -> {
                if (tradeOff == null) {
                    throw new IllegalArgumentException("NSGA-II is for an objective with a trade-off");
                }
                yield new Nsga2(nsga2, tradeOff);
            }
            case Experiment.StrategyOptions.External() -> new External(answer);
            case Experiment.StrategyOptions.Differentiable() -> new Differentiable(derived);
            case Experiment.StrategyOptions.Predictor options ->
                new PredictorSearch(options, experiment.constraints(), tradeOff);
        };
    }

    /** Proposes one architecture. */
    @FunctionalInterface
    interface Next {
        /**
         * The next proposal; null when nothing new was found.
         *
         * @param known the search so far, proposals that are not trials yet included
         * @param taken hashes of what is known
         */
        @Nullable
        Proposal after(List<Observation> known, Set<String> taken);
    }

    /** Proposals one after the other, each with those before it pending, as if they had been planned one at a time. */
    static List<Proposal> oneByOne(List<Observation> observations, int count, Next next) {
        List<Observation> known = new ArrayList<>(observations);
        Set<String> taken = RandomSearch.taken(observations);
        List<Proposal> proposals = new ArrayList<>();
        while (proposals.size() < count) {
            Proposal proposal = next.after(known, taken);
            if (proposal == null) {
                break;
            }
            proposals.add(proposal);
            taken.add(proposal.candidate().hash());
            known.add(Observation.pending(proposal.candidate(), 0));
        }
        return proposals;
    }
}
