package dev.mlops.nas.tracking;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mlops.nas.api.NasApi;
import dev.mlops.nas.contract.TrialResult;
import dev.mlops.nas.contract.TrialResult.Epoch;
import dev.mlops.nas.search.Drawings;
import dev.mlops.nas.search.Experiment;
import dev.mlops.nas.search.Genotype;
import dev.mlops.nas.search.Graph;
import dev.mlops.nas.search.TrialRequest;
import dev.mlops.nas.search.TrialState.Completed;
import dev.mlops.nas.search.TrialState.Failed;
import dev.mlops.nas.search.TrialState.Infeasible;
import dev.mlops.nas.search.TrialState.Outcome;
import dev.mlops.nas.search.TrialState.Rejected;
import dev.mlops.nas.search.TrialState.Stopped;
import dev.mlops.nas.tracking.Tracking.Point;
import dev.mlops.nas.tracking.Tracking.RunState;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What the run of a trial shows: a function from records to names and values. */
final class TrialContent {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** Fidelity, purpose and seed, and one param per active decision. */
    static Map<String, String> params(Experiment experiment, TrialRequest request) {
        var params = new LinkedHashMap<String, String>();
        params.put("purpose", purpose(request));
        switch (experiment.fidelity().resource()) {
            case EPOCHS -> params.put("epochs", String.valueOf(request.epochs()));
            case DATA -> params.put("data_fraction", part(experiment, request));
            case RESOLUTION -> params.put("pixel_fraction", part(experiment, request));
            case WIDTH -> params.put("width_multiplier", part(experiment, request));
            case DEPTH -> params.put("depth_multiplier", part(experiment, request));
        }
        params.put("seed", String.valueOf(request.seed()));
        if (request.reference() != null) {
            params.put("reference", request.reference());
        }
        if (request.purpose().hasArchitecture()) {
            experiment.space().describe(request.genotype()).forEach((decision, value) -> {
                String name = params.containsKey(decision) ? "decision." + decision : decision;
                params.put(name, value);
            });
        }
        return params;
    }

    private static String part(Experiment experiment, TrialRequest request) {
        return SearchContent.number(experiment.part(request.epochs()));
    }

    static Map<String, String> openTags(Experiment experiment, TrialRequest request) {
        var tags = new LinkedHashMap<String, String>();
        tags.put("mlflow.source.name", "nas-operator");
        tags.put("mlflow.source.type", "PROJECT");
        tags.put("nas.kind", "trial");
        tags.put("nas.experiment", experiment.name());
        tags.put("nas.trial", NasApi.trialName(experiment.name(), request.number()));
        tags.put("nas.purpose", purpose(request));
        if (request.purpose().hasArchitecture()) {
            tags.put("nas.architecture", experiment.space().architectureHash(request.genotype()));
        }
        return tags;
    }

    private static String purpose(TrialRequest request) {
        return request.purpose().name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    static RunState state(Outcome outcome) {
        return switch (outcome) {
            case Completed _ -> RunState.FINISHED;
            case Infeasible _, Failed _, Rejected _ -> RunState.FAILED;
            case Stopped _ -> RunState.KILLED;
        };
    }

    static Map<String, String> endTags(Outcome outcome, @Nullable TrialResult result) {
        var tags = new LinkedHashMap<String, String>();
        tags.put("nas.outcome", outcome.getClass().getSimpleName());
        String reason = switch (outcome) {
            case Completed _ -> null;
            case Infeasible o -> o.reason();
            case Failed o -> o.reason();
            case Rejected o -> o.reason();
            case Stopped o -> o.reason();
        };
        if (reason != null) {
            tags.put("nas.message", reason);
            tags.put(
                    "mlflow.note.content",
                    "**%s**: %s".formatted(outcome.getClass().getSimpleName(), SearchContent.escape(reason)));
        }
        if (result != null) {
            result.environment().forEach((name, value) -> tags.put("nas.environment." + name, value));
        }
        return tags;
    }

    /** Results, costs, prediction and its error at step 0, which MLflow draws as bars; the history at its own epochs and times. */
    static List<Point> points(
            Experiment experiment,
            TrialRequest request,
            Outcome outcome,
            @Nullable TrialResult result,
            Instant endedAt) {
        var metrics = new LinkedHashMap<String, Double>();
        if (experiment.space().hasNetwork() && request.purpose().hasArchitecture()) {
            var cost = experiment.space().cost(request.genotype());
            metrics.put("params", (double) cost.params());
            metrics.put("macs", (double) cost.macs());
        }
        metrics.put("seconds", outcome.seconds());
        if (outcome instanceof Completed completed) {
            metrics.putAll(completed.metrics());
        }
        if (request.prediction() != null) {
            metrics.put("predicted", request.prediction().mean());
            metrics.put("predictedSd", request.prediction().sd());
            Double value = outcome instanceof Completed c
                    ? c.metrics().get(experiment.objective().metric())
                    : null;
            if (value != null) {
                metrics.put("predictionError", request.prediction().mean() - value);
            }
        }
        var points = new ArrayList<Point>();
        List<Epoch> history = result == null ? List.of() : result.history();
        for (Epoch epoch : history) {
            Instant time = Instant.ofEpochMilli(epoch.timeMs());
            points.add(new Point("epoch/train_loss", epoch.trainLoss(), epoch.epoch(), time));
            points.add(new Point("epoch/val_loss", epoch.loss(), epoch.epoch(), time));
            measured(epoch)
                    .forEach((name, value) -> points.add(new Point("epoch/val_" + name, value, epoch.epoch(), time)));
            if (epoch.more() != null) {
                epoch.more()
                        .forEach((name, value) -> points.add(new Point("epoch/" + name, value, epoch.epoch(), time)));
            }
        }
        metrics.forEach((name, value) -> {
            if (Double.isFinite(value)) {
                points.add(new Point(name, value, 0, endedAt));
            }
        });
        return points;
    }

    /** What a trainer measured of an epoch besides losses, by the end of the metric's name. */
    private static Map<String, Double> measured(Epoch epoch) {
        var metrics = new LinkedHashMap<String, Double>();
        put(metrics, "accuracy", epoch.accuracy());
        put(metrics, "macro_f1", epoch.macroF1());
        put(metrics, "auc", epoch.auc());
        put(metrics, "rmse", epoch.rmse());
        put(metrics, "r2", epoch.r2());
        return metrics;
    }

    private static void put(Map<String, Double> metrics, String name, @Nullable Double value) {
        if (value != null) {
            metrics.put(name, value);
        }
    }

    /** The architecture as JSON and as a drawing; file name to text, each name beginning with the prefix. */
    static Map<String, String> artifacts(Experiment experiment, Genotype genotype, String prefix) {
        return Map.of(
                prefix + "architecture.json", architecture(experiment, genotype),
                prefix + "architecture.svg", Drawings.svg(experiment.space(), genotype));
    }

    /** The architecture as JSON: decisions, cost, and the graph in the words of the trial contract. */
    static String architecture(Experiment experiment, Genotype genotype) {
        ObjectNode json = JSON.createObjectNode();
        json.put("architecture", experiment.space().architectureHash(genotype));
        if (experiment.space().hasNetwork()) {
            var cost = experiment.space().cost(genotype);
            json.put("params", cost.params()).put("macs", cost.macs());
        }
        json.set("decisions", JSON.valueToTree(experiment.space().describe(genotype)));
        json.set("genotype", JSON.valueToTree(genotype.choices()));
        Graph graph = experiment.space().graph(genotype);
        json.set("graph", JSON.valueToTree(graph.nodes()));
        return json.toPrettyString() + "\n";
    }

    private TrialContent() {}
}
