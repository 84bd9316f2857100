package dev.mlops.nas.validation;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mlops.nas.devcluster.ControlPlane;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/** The real API server with our CRDs, asked strictly, as kubectl asks, but with the file's own bytes. */
final class ApiServer implements AutoCloseable {
    /** The object with its defaults, or the fields that the server refused ("" for the whole file), with its words. */
    record Answer(JsonNode object, Set<String> refused, String words) {}

    private static final String PATH = "/apis/nas.mlops.dev/v1alpha1/namespaces/default/nasexperiments";
    private static final Pattern UNKNOWN = Pattern.compile("unknown field \"([^\"]+)\"");
    private static final Pattern UNREADABLE = Pattern.compile("Go struct field ObjectMeta\\.(?:metadata\\.)?(\\w+)");

    /** Causes that name no field because others do. */
    private static final Pattern SUMMARY =
            Pattern.compile("some validation rules were not checked|must validate at least one schema");

    private final ControlPlane plane;
    private final KubernetesClient client;
    private final ObjectMapper mapper = new ObjectMapper();

    ApiServer(Path folder) throws Exception {
        plane = ControlPlane.start(folder);
        client = plane.client();
        try (Stream<Path> crds = Files.list(Path.of("..", "manifests", "crds"))
                .filter(f -> f.toString().endsWith("-v1.yml"))) {
            for (Path crd : crds.toList()) {
                client.resource(Files.readString(crd)).create();
            }
        }
        client.resources(CustomResourceDefinition.class)
                .withName("nasexperiments.nas.mlops.dev")
                .waitUntilCondition(
                        crd -> crd.getStatus() != null
                                && crd.getStatus().getConditions() != null
                                && crd.getStatus().getConditions().stream()
                                        .anyMatch(c -> c.getType().equals("Established")
                                                && c.getStatus().equals("True")),
                        60,
                        java.util.concurrent.TimeUnit.SECONDS);
        Awaitility.await()
                .atMost(Duration.ofMinutes(1))
                .until(() -> send("GET", PATH, "").code() == 200);
    }

    /** Asks to create what a file holds, without doing it. */
    Answer wouldCreate(String yaml) throws Exception {
        return answer(send("POST", PATH + "?dryRun=All&fieldValidation=Strict", yaml));
    }

    /** Creates the first object and asks to replace it by the second, without doing it. */
    Answer wouldReplace(String old, String yaml) throws Exception {
        var created = answer(send("POST", PATH + "?fieldValidation=Strict", old));
        String name = created.object().at("/metadata/name").asText();
        String version = created.object().at("/metadata/resourceVersion").asText();
        try {
            var replacement = (ObjectNode) new com.fasterxml.jackson.dataformat.yaml.YAMLMapper().readTree(yaml);
            replacement.withObject("/metadata").put("resourceVersion", version);
            return answer(
                    send("PUT", PATH + "/" + name + "?dryRun=All&fieldValidation=Strict", replacement.toString()));
        } finally {
            send("DELETE", PATH + "/" + name, "");
        }
    }

    private Answer answer(HttpResponse<byte[]> response) throws Exception {
        JsonNode body = mapper.readTree(response.body());
        if (response.isSuccessful()) {
            return new Answer(body, Set.of(), "");
        }
        String words = body.path("message").asText();
        var fields = new TreeSet<String>();
        for (JsonNode cause : body.at("/details/causes")) {
            if (!SUMMARY.matcher(cause.path("message").asText()).find()) {
                // CEL's paths have the keys of maps in brackets.
                fields.add(cause.path("field").asText().replace("<nil>", "").replaceAll("\\[([A-Za-z][^]]*)]", ".$1"));
            }
        }
        UNKNOWN.matcher(words).results().forEach(match -> fields.add(match.group(1)));
        UNREADABLE.matcher(words).results().forEach(match -> fields.add("metadata." + match.group(1)));
        if (fields.isEmpty()) {
            fields.add("");
        }
        return new Answer(body, fields, words);
    }

    private HttpResponse<byte[]> send(String method, String path, String body) throws Exception {
        HttpRequest request = client.getHttpClient()
                .newHttpRequestBuilder()
                .uri(client.getMasterUrl().toString().replaceFirst("/$", "") + path)
                .method(method, "application/yaml", body.isEmpty() && !method.equals("POST") ? null : body)
                .build();
        return client.getHttpClient().sendAsync(request, byte[].class).get();
    }

    @Override
    public void close() {
        client.close();
        plane.close();
    }
}
