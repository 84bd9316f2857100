package dev.mlops.nas.tracking;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/** Reads back what a server has of one experiment, as lines that two searches with the same trials have in common. */
final class Contents {
    private final MlflowHttp http;
    private final String experiment;

    Contents(URI server, String experiment) {
        this.http = new MlflowHttp(server.toString(), Map.of());
        this.experiment = experiment;
    }

    /** Every run by its name; two runs of one name fail. */
    Map<String, JsonNode> runs() throws TrackingException {
        String id = http.get("experiments/get-by-name", Map.of("experiment_name", experiment))
                .path("experiment")
                .path("experiment_id")
                .asText();
        var body = JsonNodeFactory.instance.objectNode().put("max_results", 1000);
        body.putArray("experiment_ids").add(id);
        var runs = new TreeMap<String, JsonNode>();
        for (JsonNode run : http.post("runs/search", body).path("runs")) {
            String name = run.path("info").path("run_name").asText();
            if (runs.put(name, run) != null) {
                throw new AssertionError("two runs named " + name);
            }
        }
        return runs;
    }

    /** Status, params, tags, every point of every metric, and the artifacts, without ids that the server chose. */
    List<String> lines() throws TrackingException {
        var lines = new TreeSet<String>();
        Map<String, JsonNode> runs = runs();
        for (var named : runs.entrySet()) {
            String name = named.getKey();
            JsonNode info = named.getValue().path("info");
            JsonNode data = named.getValue().path("data");
            lines.add("%s status %s from %s to %s"
                    .formatted(
                            name,
                            info.path("status").asText(),
                            info.path("start_time").asText(),
                            info.path("end_time").asText()));
            data.path("params").forEach(p -> lines.add(name + " param " + p));
            data.path("tags").forEach(t -> {
                if (!t.path("key").asText().matches("nas.uid|mlflow.parentRunId")) {
                    lines.add(name + " tag " + t);
                }
            });
            for (JsonNode metric : data.path("metrics")) {
                String key = metric.path("key").asText();
                lines.add("%s metric %s %s"
                        .formatted(name, key, history(info.path("run_id").asText(), key)));
            }
            for (String artifact : artifacts(info.path("run_id").asText())) {
                lines.add(name + " artifact " + artifact);
            }
        }
        return List.copyOf(lines);
    }

    /** "step=value@time" of every point that is stored. */
    List<String> history(String runId, String metric) throws TrackingException {
        var points = new ArrayList<String>();
        http.get("metrics/get-history", Map.of("run_id", runId, "metric_key", metric))
                .path("metrics")
                .forEach(p -> points.add("%s=%s@%s"
                        .formatted(
                                p.path("step").asText("0"),
                                p.path("value").asText(),
                                p.path("timestamp").asText())));
        return points;
    }

    List<String> artifacts(String runId) throws TrackingException {
        var files = new ArrayList<String>();
        http.get("artifacts/list", Map.of("run_id", runId))
                .path("files")
                .forEach(f -> files.add(
                        f.path("path").asText() + " " + f.path("file_size").asText()));
        return files;
    }
}
