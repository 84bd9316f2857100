package dev.mlops.nas.tracking;

import dev.mlops.nas.api.NasExperiment;
import dev.mlops.nas.contract.TrialFile;
import dev.mlops.nas.contract.TrialResult;
import dev.mlops.nas.contract.TrialResult.Epoch;
import dev.mlops.nas.experiment.ExperimentFactory;
import dev.mlops.nas.search.Experiment;
import dev.mlops.nas.search.Experiments;
import dev.mlops.nas.search.History;
import dev.mlops.nas.search.History.Trial;
import dev.mlops.nas.search.Plan;
import dev.mlops.nas.search.TrialRequest;
import dev.mlops.nas.search.TrialState;
import dev.mlops.nas.search.TrialState.Completed;
import dev.mlops.nas.search.TrialState.Failed;
import dev.mlops.nas.search.TrialState.Infeasible;
import dev.mlops.nas.search.TrialState.Running;
import dev.mlops.nas.tracking.Delivery.End;
import dev.mlops.nas.tracking.Delivery.Snapshot;
import dev.mlops.nas.tracking.Tracking.RunState;
import dev.mlops.nas.validation.ExperimentReader;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A search with the real engine and trainings that are made up: what a shell would have at each of its turns. */
final class ExampleSearch {
    private static final Instant START = Instant.parse("2026-01-05T09:00:00Z");

    private final Experiment experiment;
    private final TrackedSearch search;
    private final Map<Integer, TrackedTrial> trials = new LinkedHashMap<>();
    private Instant now = START;

    ExampleSearch(String uid, String experimentName, int trials, String moreSpec) throws Exception {
        NasExperiment yaml = new ExperimentReader().parse("""
                apiVersion: nas.mlops.dev/v1alpha1
                kind: NasExperiment
                metadata: {name: digits}
                spec:
                  dataset: {uri: data/digits.csv.gz, shape: [1, 8, 8], classes: 10}
                  searchSpace: {preset: small-cnn}
                  constraints:
                  - {metric: params, max: 100k}
                  budget: {trials: %d, parallelTrials: 2}
                """.formatted(trials) + moreSpec.indent(2));
        experiment = ExperimentFactory.create("digits", yaml.getSpec());
        search = new TrackedSearch(
                uid, experimentName, experiment, yaml.getSpec(), START, Map.of("nas.version", "test"));
    }

    TrackedSearch search() {
        return search;
    }

    /** Runs to the end; after each decision the snapshot is shown. */
    void run(Consumer<Snapshot> onTurn) {
        while (true) {
            Plan plan = plan();
            boolean ended = plan.phase() == Plan.Phase.SUCCEEDED || plan.phase() == Plan.Phase.FAILED;
            onTurn.accept(snapshot(
                    plan,
                    ended
                            ? new End(
                                    plan.phase() == Plan.Phase.SUCCEEDED ? RunState.FINISHED : RunState.FAILED,
                                    Map.of("report.md", "# digits\n"),
                                    now,
                                    false)
                            : null));
            if (ended) {
                return;
            }
            plan.start().forEach(this::start);
            onTurn.accept(snapshot(plan, null));
            trials.values().stream()
                    .filter(t -> t.state() instanceof Running)
                    .toList()
                    .forEach(this::finish);
        }
    }

    /** The snapshots of the whole search, in their order. */
    List<Snapshot> snapshots() {
        var snapshots = new ArrayList<Snapshot>();
        run(snapshots::add);
        return snapshots;
    }

    private Plan plan() {
        List<Trial> known = trials.values().stream()
                .map(t -> new Trial(t.request(), t.state()))
                .toList();
        return Experiments.decide(experiment, new History(START, known), now);
    }

    private Snapshot snapshot(Plan plan, @Nullable End end) {
        return new Snapshot(plan.phase(), plan.summary(), List.copyOf(trials.values()), end);
    }

    private void start(TrialRequest request) {
        trials.put(request.number(), new TrackedTrial(request, new Running(), null, now, null, false));
    }

    private void finish(TrackedTrial trial) {
        now = now.plusSeconds(9);
        TrialRequest request = trial.request();
        var random = new SplittableRandom(request.genotype().hashCode() * 31L + request.seed());
        TrialState state;
        TrialResult result = null;
        if (request.number() == 4) {
            state = new Failed("the loss is not a number after epoch 2", 3.5);
        } else if (request.number() == 7) {
            state = new Infeasible("out of memory: 2.1 GiB asked for, 2 GiB allowed", 1.2);
        } else {
            result = result(request, random);
            state = new Completed(result.metrics(), 8.7);
        }
        trials.put(request.number(), new TrackedTrial(request, state, result, trial.startedAt(), now, false));
    }

    private TrialResult result(TrialRequest request, SplittableRandom random) {
        var cost = experiment.space().cost(request.genotype());
        double accuracy = 0.93 + 0.012 * Math.log10(cost.params() / 1000.0) + 0.008 * random.nextDouble();
        var history = new ArrayList<Epoch>();
        for (int epoch = 1; epoch <= request.epochs(); epoch++) {
            double part = 1 - Math.exp(-epoch / 4.0);
            long time = now.minus(Duration.ofMillis(400L * (request.epochs() - epoch)))
                    .toEpochMilli();
            history.add(new Epoch(epoch, time, 2.3 * (1 - part) + 0.05, accuracy * part, 2.3 * (1 - part) + 0.1));
        }
        var metrics = new LinkedHashMap<String, Double>();
        metrics.put("accuracy", accuracy);
        metrics.put("loss", 0.1 + random.nextDouble() / 50);
        metrics.put("params", (double) cost.params());
        metrics.put("macs", (double) cost.macs());
        metrics.put("latencyMs", 0.2 + cost.macs() / 2e6);
        metrics.put("latencyP99Ms", 0.3 + cost.macs() / 1.8e6);
        metrics.put("trainSeconds", 8.1);
        metrics.put("validationExamples", 359.0);
        if (request.purpose().opensTest()) {
            metrics.put("testAccuracy", accuracy - 0.004);
            metrics.put("testExamples", 360.0);
        }
        return new TrialResult(
                TrialFile.VERSION,
                "digits-%05d".formatted(request.number()),
                0,
                metrics,
                request.epochs(),
                history,
                null,
                Map.of("device", "cpu", "threads", "1"));
    }

    /** Fills a server, to look at: address, experiment name, trials. */
    public static void main(String[] args) throws Exception {
        var example = new ExampleSearch(java.util.UUID.randomUUID().toString(), args[1], Integer.parseInt(args[2]), "");
        var tracking = new MlflowTracking(args[0], System.getenv());
        var delivery = new Delivery(new Tracker(tracking, example.search()), InstantSource.system());
        var spent = new long[1];
        var last = new Delivery.Outcome[1];
        example.run(snapshot -> {
            long started = System.nanoTime();
            do {
                last[0] = delivery.deliver(snapshot);
            } while (last[0].more());
            spent[0] += System.nanoTime() - started;
        });
        System.out.println(last[0].message() + "\n" + last[0].parent());
        System.out.printf(
                "%d trials, %.0f ms of delivery each%n",
                last[0].delivered().size(), spent[0] / 1e6 / last[0].delivered().size());
    }
}
