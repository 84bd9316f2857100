package dev.mlops.nas.search;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * An experiment that was run before, perhaps on other data: a warm start for the predictor. Only the order of its results counts.
 *
 * @param name for messages
 * @param results of its search
 */
public record Earlier(String name, List<Result> results) {
    /** Copies the results. */
    public Earlier {
        results = List.copyOf(results);
    }

    /**
     * An architecture with its result.
     *
     * @param decisions names and values, as {@link SearchSpace#describe} gives them
     * @param score the earlier objective as something to maximise
     */
    public record Result(Map<String, String> decisions, double score) {
        /** Copies the decisions. */
        public Result {
            decisions = Map.copyOf(decisions);
        }
    }

    /**
     * What a search has found so far: its results at the highest fidelity that at least half of its measured architectures have,
     * so that they compare.
     */
    public static Earlier of(Experiment experiment, History history) {
        List<Observation> measured = new Ledger(experiment, history, Candidates.of(experiment))
                .observations().stream().filter(Observation::isMeasured).toList();
        Map<Integer, Long> counts = measured.stream()
                .flatMap(o -> o.rungs().stream())
                .collect(Collectors.groupingBy(Observation.Rung::epochs, Collectors.counting()));
        int epochs = counts.entrySet().stream()
                .filter(e -> 2 * e.getValue() >= measured.size())
                .mapToInt(Map.Entry::getKey)
                .max()
                .orElse(0);
        List<Result> results = new ArrayList<>();
        for (Observation observation : measured) {
            for (Observation.Rung rung : observation.rungs()) {
                if (rung.epochs() == epochs) {
                    results.add(new Result(
                            experiment.space().describe(observation.candidate().genotype()), rung.score()));
                }
            }
        }
        return new Earlier(experiment.name(), results);
    }

    /** The results whose architectures exist in a space, by genotype. */
    List<Known> in(SearchSpace space) {
        return results.stream()
                .filter(r -> Double.isFinite(r.score()))
                .flatMap(r -> known(space, r))
                .toList();
    }

    private static Stream<Known> known(SearchSpace space, Result result) {
        try {
            return Stream.of(new Known(space.parse(result.decisions()), result.score()));
        } catch (SpaceException _) {
            // Another space made this architecture; this one has no name for it.
            return Stream.empty();
        }
    }

    /** What a search in a space can learn from it, as a sentence. */
    public String sentence(SearchSpace space) {
        int known = in(space).size();
        return known < Transfer.LEAST
                ? "nothing is learned from %s: it takes %d results whose architectures exist in this search space, and %s has %d"
                        .formatted(name, Transfer.LEAST, name, known)
                : "learning from %d results of %s".formatted(known, name)
                        + (known == results.size()
                                ? ""
                                : "; the architectures of %d others do not exist in this search space"
                                        .formatted(results.size() - known));
    }

    /** A result by genotype. */
    record Known(Genotype genotype, double score) {}
}
