package dev.mlops.nas.tracking;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mlops.nas.tracking.TrackingException.Scope;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * MLflow 2 and 3 by their REST API, version 2.0. A run carries its uid in the tag {@value #UID_TAG}; between "created" and
 * "recorded by the caller" nothing is lost, because the next call finds it. Thread-safe.
 */
public final class MlflowTracking implements Tracking {
    /** Tag by which runs are found again. */
    static final String UID_TAG = "nas.uid";

    /** Set where the server keeps artifacts elsewhere and does not pass them on. */
    static final String NO_ARTIFACTS_TAG = "nas.artifacts";

    private static final int BATCH = 1000;
    private static final int ENTRIES_PER_BATCH = 100;
    private static final int MAX_PARAM = 6000;
    private static final int MAX_TAG = 5000;
    private static final int MAX_KEY = 250;

    private static final int ROOTS_KEPT = 1000;

    private final MlflowHttp http;

    /** Where the artifacts of the runs that were opened last go, by run id; saves a call each. */
    private final Map<String, String> artifactRoots = Collections.synchronizedMap(new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, String> eldest) {
            return size() > ROOTS_KEPT;
        }
    });

    /**
     * @param address of the server, http or https
     * @param environment where {@code MLFLOW_TRACKING_USERNAME} and {@code MLFLOW_TRACKING_PASSWORD}, or
     *     {@code MLFLOW_TRACKING_TOKEN}, stand when the server wants them
     * @throws IllegalArgumentException with one sentence when the address is no http(s) address
     */
    public MlflowTracking(String address, Map<String, String> environment) {
        this.http = new MlflowHttp(address, environment);
    }

    MlflowTracking(String address, Map<String, String> environment, Duration callTimeout) {
        this.http = new MlflowHttp(address, environment, callTimeout);
    }

    /** The server's address, without credentials. */
    public URI address() {
        return http.base();
    }

    @Override
    public Run openExperiment(String experiment, RunSpec spec) throws TrackingException {
        return open(experimentId(experiment), spec, Map.of());
    }

    @Override
    public Run openTrial(Run parent, RunSpec spec) throws TrackingException {
        return open(parent.experimentId(), spec, Map.of("mlflow.parentRunId", parent.runId()));
    }

    @Override
    public void log(Run run, List<Point> points, Map<String, String> tags) throws TrackingException {
        List<Map.Entry<String, String>> pairs = List.copyOf(tags.entrySet());
        int tag = 0;
        int point = 0;
        while (point < points.size() || tag < pairs.size()) {
            ObjectNode body = forRun(run.runId());
            int lastTag = Math.min(pairs.size(), tag + ENTRIES_PER_BATCH);
            putPairs(body, "tags", pairs.subList(tag, lastTag), MAX_TAG);
            int lastPoint = Math.min(points.size(), point + BATCH - (lastTag - tag));
            putPoints(body, points.subList(point, lastPoint));
            http.post("runs/log-batch", body);
            tag = lastTag;
            point = lastPoint;
        }
    }

    private static void putPoints(ObjectNode body, List<Point> points) {
        var metrics = body.putArray("metrics");
        for (Point point : points) {
            ObjectNode metric = metrics.addObject()
                    .put("key", key(point.metric()))
                    .put("step", point.step())
                    .put("timestamp", point.time().toEpochMilli());
            // JSON has no such numbers; the server reads them as text
            if (Double.isFinite(point.value())) {
                metric.put("value", point.value());
            } else {
                metric.put("value", Double.toString(point.value()));
            }
        }
    }

    @Override
    public void storeArtifacts(Run run, Map<String, String> artifacts) throws TrackingException {
        if (artifacts.isEmpty()) {
            return;
        }
        String root = artifactRoots.get(run.runId());
        if (root == null) {
            root = get(run.runId()).path("info").path("artifact_uri").asText();
        }
        URI uri = URI.create(root);
        if (!"mlflow-artifacts".equals(uri.getScheme())) {
            log(
                    run,
                    List.of(),
                    Map.of(
                            NO_ARTIFACTS_TAG,
                            "not stored: the server keeps artifacts at %s and does not pass them on (start it with --serve-artifacts)"
                                    .formatted(root)));
            return;
        }
        for (var artifact : artifacts.entrySet()) {
            http.putArtifact(
                    uri.getRawPath().replaceFirst("^/+", "") + "/" + encode(artifact.getKey()), artifact.getValue());
        }
    }

    @Override
    public Map<String, Long> lastSteps(Run run) throws TrackingException {
        var steps = new HashMap<String, Long>();
        for (JsonNode metric : get(run.runId()).path("data").path("metrics")) {
            steps.put(metric.path("key").asText(), metric.path("step").asLong());
        }
        return steps;
    }

    @Override
    public void close(Run run, RunState state, Instant endedAt) throws TrackingException {
        http.post(
                "runs/update", forRun(run.runId()).put("status", state.name()).put("end_time", endedAt.toEpochMilli()));
    }

    @Override
    public void closeOpenTrials(Run parent, Instant endedAt) throws TrackingException {
        String filter = "tags.`mlflow.parentRunId` = '%s' and attributes.status = 'RUNNING'".formatted(parent.runId());
        for (JsonNode found = search(parent.experimentId(), filter);
                !found.isEmpty();
                found = search(parent.experimentId(), filter)) {
            for (JsonNode run : found) {
                close(run(run), RunState.KILLED, endedAt);
            }
        }
    }

    private Run open(String experimentId, RunSpec spec, Map<String, String> nesting) throws TrackingException {
        JsonNode found = search(experimentId, "tags.`%s` = '%s'".formatted(UID_TAG, spec.uid()));
        if (found.isEmpty()) {
            Run created = create(experimentId, spec, nesting);
            logParams(created, spec.params());
            return created;
        }
        JsonNode existing = found.get(0);
        Run run = run(existing);
        addMissing(run, existing.path("data"), spec);
        if (existing.path("info").path("status").asText().equals(RunState.KILLED.name())) {
            http.post("runs/update", forRun(run.runId()).put("status", "RUNNING"));
        }
        return run;
    }

    private Run create(String experimentId, RunSpec spec, Map<String, String> nesting) throws TrackingException {
        var tags = new LinkedHashMap<>(spec.tags());
        tags.putAll(nesting);
        tags.put(UID_TAG, spec.uid());
        ObjectNode body = object().put("experiment_id", experimentId)
                .put("run_name", spec.name())
                .put("start_time", spec.startedAt().toEpochMilli());
        putPairs(body, "tags", List.copyOf(tags.entrySet()), MAX_TAG);
        return run(http.post("runs/create", body).path("run"));
    }

    /** What a crash, or a newer version of us, left to be written. */
    private void addMissing(Run run, JsonNode data, RunSpec spec) throws TrackingException {
        Map<String, String> params = pairs(data.path("params"));
        Map<String, String> tags = pairs(data.path("tags"));
        var missing = new LinkedHashMap<String, String>();
        var changed = new LinkedHashMap<String, String>();
        spec.params().forEach((key, value) -> {
            String before = params.get(key(key));
            if (before == null) {
                missing.put(key, value);
            } else if (!before.equals(cut(value, MAX_PARAM))) {
                changed.put("changed." + key, value);
            }
        });
        changed.putAll(spec.tags());
        changed.entrySet().removeIf(e -> cut(e.getValue(), MAX_TAG).equals(tags.get(key(e.getKey()))));
        logParams(run, missing);
        log(run, List.of(), changed);
    }

    private void logParams(Run run, Map<String, String> params) throws TrackingException {
        List<Map.Entry<String, String>> all = List.copyOf(params.entrySet());
        for (int from = 0; from < all.size(); from += ENTRIES_PER_BATCH) {
            ObjectNode body = forRun(run.runId());
            putPairs(body, "params", all.subList(from, Math.min(all.size(), from + ENTRIES_PER_BATCH)), MAX_PARAM);
            http.post("runs/log-batch", body);
        }
    }

    private String experimentId(String name) throws TrackingException {
        JsonNode found = byName(name);
        if (found == null) {
            try {
                ObjectNode body = object().put("name", name);
                // without it MLflow 3 asks every visitor whether this is about language models
                body.putArray("tags")
                        .addObject()
                        .put("key", "mlflow.experimentKind")
                        .put("value", "custom_model_development");
                return http.post("experiments/create", body)
                        .path("experiment_id")
                        .asText();
            } catch (TrackingException e) {
                found = e.scope() == Scope.CALL ? byName(name) : null; // somebody else was faster
                if (found == null) {
                    throw e;
                }
            }
        }
        if (found.path("lifecycle_stage").asText().equals("deleted")) {
            throw new TrackingException(
                    Scope.SERVER,
                    "the experiment '%s' was deleted in MLflow at %s: restore it there, or name another one in tracking.mlflow.experiment"
                            .formatted(name, http.base()),
                    null);
        }
        return found.path("experiment_id").asText();
    }

    private @Nullable JsonNode byName(String name) throws TrackingException {
        try {
            return http.get("experiments/get-by-name", Map.of("experiment_name", name))
                    .path("experiment");
        } catch (TrackingException e) {
            if (e.scope() == Scope.CALL) {
                return null;
            }
            throw e;
        }
    }

    /** Oldest first, so that of two runs with one uid always the same is taken; at most 1,000. */
    private JsonNode search(String experimentId, String filter) throws TrackingException {
        ObjectNode body = object().put("filter", filter).put("max_results", 1000);
        body.putArray("experiment_ids").add(experimentId);
        body.putArray("order_by").add("attributes.start_time ASC");
        return http.post("runs/search", body).path("runs");
    }

    private JsonNode get(String runId) throws TrackingException {
        return http.get("runs/get", Map.of("run_id", runId)).path("run");
    }

    private Run run(JsonNode run) {
        String experimentId = run.path("info").path("experiment_id").asText();
        String runId = run.path("info").path("run_id").asText();
        artifactRoots.put(runId, run.path("info").path("artifact_uri").asText());
        // without the query MLflow 3 shows the menus for language models
        return new Run(
                experimentId,
                runId,
                "%s/#/experiments/%s/runs/%s?workflowType=machine_learning"
                        .formatted(http.base(), experimentId, runId));
    }

    private static Map<String, String> pairs(JsonNode array) {
        return array.valueStream()
                .collect(Collectors.toMap(
                        n -> n.path("key").asText(), n -> n.path("value").asText(), (a, _) -> a));
    }

    private static void putPairs(ObjectNode body, String field, List<Map.Entry<String, String>> pairs, int maxValue) {
        var array = body.putArray(field);
        pairs.forEach(e -> array.addObject().put("key", key(e.getKey())).put("value", cut(e.getValue(), maxValue)));
    }

    private static String encode(String path) {
        return Arrays.stream(path.split("/"))
                .map(part -> URLEncoder.encode(part, StandardCharsets.UTF_8).replace("+", "%20"))
                .collect(Collectors.joining("/"));
    }

    /** MLflow allows letters, digits and a few signs in names. */
    private static String key(String name) {
        return cut(name.replaceAll("[^\\w\\-. :/]", "_"), MAX_KEY);
    }

    private static String cut(String text, int length) {
        return text.length() <= length ? text : text.substring(0, length - 1) + "…";
    }

    private static ObjectNode forRun(String runId) {
        return object().put("run_id", runId);
    }

    private static ObjectNode object() {
        return JsonNodeFactory.instance.objectNode();
    }
}
