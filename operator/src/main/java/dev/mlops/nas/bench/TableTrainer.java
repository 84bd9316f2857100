package dev.mlops.nas.bench;

import dev.mlops.nas.search.ArchitectureTable;
import dev.mlops.nas.search.Experiment;
import dev.mlops.nas.search.TrialRequest;
import dev.mlops.nas.search.TrialState;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Trains nothing: looks results up in a table. Where a column stands for each of several training seeds, a trial's seed chooses
 * among them. A trial that continues another pays the epochs that it adds.
 */
final class TableTrainer {
    /**
     * Where results stand.
     *
     * @param full columns with the objective after a full training, one per training seed
     * @param test columns with the objective on the test split after a full training, in the same order
     * @param rungs column with the objective by epochs, for every lower rung of the experiment
     * @param scale what numbers of these columns are multiplied with
     * @param testExamples size of the test part; 0 where it is not known
     * @param secondsPerEpoch virtual time of an epoch
     * @param failures part of the trainings that fail, half-way
     */
    record Results(
            List<String> full,
            List<String> test,
            Map<Integer, String> rungs,
            double scale,
            int testExamples,
            double secondsPerEpoch,
            double failures) {}

    private final Experiment experiment;
    private final ArchitectureTable table;
    private final Results results;
    private final Map<Integer, Integer> epochs = new HashMap<>();

    TableTrainer(Experiment experiment, ArchitectureTable table, Results results) {
        this.experiment = experiment;
        this.table = table;
        this.results = results;
    }

    /** The outcome of a trial, known at its start. */
    TrialState.Outcome train(TrialRequest request) {
        epochs.put(request.number(), request.epochs());
        Integer before = request.continues() == null ? null : epochs.get(request.continues());
        double seconds = results.secondsPerEpoch() * (request.epochs() - (before == null ? 0 : before));
        var luck = new SplittableRandom(request.seed() * 31 + request.epochs());
        if (luck.nextDouble() < results.failures()) {
            return new TrialState.Failed("a simulated failure", seconds / 2);
        }
        int seed = Math.floorMod(request.seed(), results.full().size());
        String column =
                results.rungs().getOrDefault(request.epochs(), results.full().get(seed));
        Map<String, Double> metrics = new HashMap<>();
        metrics.put(experiment.objective().metric(), value(request, column));
        for (String cost : experiment.measuredCosts()) {
            metrics.put(cost, table.value(request.genotype(), cost));
        }
        if (request.purpose().opensTest()) {
            metrics.put(
                    experiment.objective().testMetric(),
                    value(request, results.test().get(seed % results.test().size())));
            if (results.testExamples() > 0) {
                metrics.put("testExamples", (double) results.testExamples());
            }
        }
        return new TrialState.Completed(metrics, seconds);
    }

    private double value(TrialRequest request, String column) {
        return results.scale() * table.value(request.genotype(), column);
    }
}
