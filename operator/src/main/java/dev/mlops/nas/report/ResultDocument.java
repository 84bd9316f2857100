package dev.mlops.nas.report;

import dev.mlops.nas.api.NasApi;
import dev.mlops.nas.search.History.Trial;
import dev.mlops.nas.search.Plan;
import dev.mlops.nas.search.Plan.Entrant;
import dev.mlops.nas.search.Plan.Front;
import dev.mlops.nas.search.Plan.Incumbent;
import dev.mlops.nas.search.ScoreStudy;
import dev.mlops.nas.search.SearchSpace;
import dev.mlops.nas.search.TrialState;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The result of a search as a document for programs: maps, lists, texts and numbers; what is unknown is left out. */
public final class ResultDocument {
    /** The whole document. */
    public static Map<String, Object> of(SearchRecord search) {
        var summary = search.summary();
        var document = new LinkedHashMap<String, Object>();
        document.put("experiment", search.experiment().name());
        document.put("phase", search.phase().name());
        document.put("reason", summary.reason());
        document.put("message", summary.message());
        if (summary.best() != null) {
            document.put("best", best(search, summary.best()));
        }
        document.put(
                "comparison",
                summary.comparison().stream().map(e -> entrant(search, e)).toList());
        if (summary.predictor() != null) {
            var quality = new LinkedHashMap<String, Object>();
            quality.put("surrogate", summary.predictor().surrogate());
            put(quality, "kendallTau", summary.predictor().kendallTau());
            put(quality, "low", summary.predictor().low());
            put(quality, "high", summary.predictor().high());
            quality.put("trials", summary.predictor().trials());
            quality.put("exploresByEvolution", summary.exploresByEvolution());
            document.put("predictor", quality);
        }
        if (summary.front() != null) {
            document.put("front", front(search, summary.front()));
        }
        put(document, "rankCorrelation", summary.rankCorrelation());
        document.put(
                "rankingNoise",
                summary.rankingNoise().stream()
                        .map(n -> Map.of(
                                "epochs", n.epochs(),
                                "kendallTau", n.kendallTau(),
                                "low", n.low(),
                                "high", n.high(),
                                "architectures", n.architectures()))
                        .toList());
        document.put(
                "promotions",
                summary.promotions().stream().map(ResultDocument::promotions).toList());
        if (search.spec().evaluation().scores()) {
            document.put("scores", ScoreStudy.rankings(search.experiment(), search.history()));
        }
        document.put("cost", cost(search));
        document.put(
                "trials",
                search.history().trials().stream().map(t -> trial(search, t)).toList());
        document.put("environment", search.environment());
        return document;
    }

    private static Map<String, Object> promotions(Plan.Promotions promotions) {
        var map = new LinkedHashMap<String, Object>();
        map.put("from", promotions.from());
        map.put("to", promotions.to());
        map.put("architectures", promotions.architectures());
        map.put("byPredictor", promotions.byPredictor());
        put(map, "kendallTauOfResults", promotions.tauOfResults());
        put(map, "kendallTauOfForetold", promotions.tauOfForetold());
        return map;
    }

    private static Map<String, Object> best(SearchRecord search, Incumbent best) {
        SearchSpace space = search.experiment().space();
        var map = new LinkedHashMap<String, Object>();
        map.put("trial", NasApi.trialName(search.experiment().name(), best.number()));
        put(map, search.experiment().objective().metric(), best.value());
        map.put("architecture", space.architectureHash(best.genotype()));
        map.put("decisions", space.describe(best.genotype()));
        costs(
                map,
                space.cost(best.genotype()).params(),
                space.cost(best.genotype()).macs());
        return map;
    }

    /** None where the search space has no network. */
    private static void costs(Map<String, Object> map, long params, long macs) {
        if (params > 0) {
            map.put("params", params);
            map.put("macs", macs);
        }
    }

    private static Map<String, Object> front(SearchRecord search, Front front) {
        var map = new LinkedHashMap<String, Object>();
        map.put(
                "architectures",
                front.points().stream().map(p -> point(search, front, p)).toList());
        put(map, "hypervolume", front.hypervolume());
        var reference = new LinkedHashMap<String, Object>();
        put(reference, search.experiment().objective().metric(), front.referenceValue());
        putAll(reference, front.byMetric(front.referenceCosts()));
        map.put("reference", reference);
        return map;
    }

    private static void putAll(Map<String, Object> map, Map<String, Double> costs) {
        costs.forEach((metric, cost) -> put(map, metric, cost));
    }

    private static Map<String, Object> point(SearchRecord search, Front front, Front.Point point) {
        var map = new LinkedHashMap<String, Object>();
        map.put("trial", NasApi.trialName(search.experiment().name(), point.number()));
        put(map, search.experiment().objective().metric(), point.value());
        putAll(map, front.byMetric(point.costs()));
        put(map, "test", point.test());
        map.put("decisions", search.experiment().space().describe(point.genotype()));
        return map;
    }

    private static Map<String, Object> entrant(SearchRecord search, Entrant entrant) {
        var map = new LinkedHashMap<String, Object>();
        map.put("entrant", entrant.name());
        map.put("trials", entrant.numbers());
        put(map, "validation", entrant.validation());
        put(map, "test", entrant.test());
        put(map, "seedSd", entrant.seedSd());
        put(map, "low", entrant.low());
        put(map, "high", entrant.high());
        costs(map, entrant.params(), entrant.macs());
        put(map, "latencyMs", entrant.latencyMs());
        put(map, Content.EXPORTED_LATENCY, Content.mean(search, entrant, Content.EXPORTED_LATENCY));
        if (entrant.verdict() != null) {
            map.put("verdict", entrant.verdict());
        }
        return map;
    }

    private static Map<String, Object> cost(SearchRecord search) {
        Costs costs = Costs.of(search);
        var map = new LinkedHashMap<String, Object>();
        map.put("trainings", costs.trainings());
        map.put("failed", costs.failed());
        map.put("infeasible", costs.infeasible());
        map.put("stopped", costs.stopped());
        map.put("trainSeconds", costs.trainSeconds());
        map.put("wallClockSeconds", search.wallClock().toMillis() / 1000.0);
        return map;
    }

    private static Map<String, Object> trial(SearchRecord search, Trial trial) {
        var request = trial.request();
        var map = new LinkedHashMap<String, Object>();
        map.put("number", request.number());
        map.put("purpose", request.purpose().name());
        if (request.reference() != null) {
            map.put("reference", request.reference());
        }
        if (request.purpose().hasArchitecture()) {
            map.put("decisions", search.experiment().space().describe(request.genotype()));
        }
        map.put("epochs", request.epochs());
        if (request.continues() != null) {
            map.put("continues", request.continues());
        }
        map.put("seed", request.seed());
        if (request.prediction() != null) {
            put(map, "predictedMean", request.prediction().mean());
            put(map, "predictedSd", request.prediction().sd());
        }
        map.put("state", trial.state().getClass().getSimpleName());
        if (trial.state() instanceof TrialState.Outcome outcome) {
            map.put("seconds", outcome.seconds());
        }
        switch (trial.state()) {
            case TrialState.Completed c -> map.put("metrics", new java.util.TreeMap<>(c.metrics()));
            case TrialState.Failed f -> map.put("message", f.reason());
            case TrialState.Infeasible i -> map.put("message", i.reason());
            case TrialState.Rejected r -> map.put("message", r.reason());
            case TrialState.Stopped s -> map.put("message", s.reason());
            case TrialState.Pending p -> {}
            case TrialState.Running r -> {}
        }
        return map;
    }

    private static void put(Map<String, Object> map, String name, @Nullable Double value) {
        if (value != null && Double.isFinite(value)) {
            map.put(name, value);
        }
    }

    private ResultDocument() {}
}
