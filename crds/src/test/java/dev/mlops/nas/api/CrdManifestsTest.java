package dev.mlops.nas.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class CrdManifestsTest {
    private static final Path EXPERIMENTS = Path.of("..", "manifests", "crds", "nasexperiments.nas.mlops.dev-v1.yml");

    @Test
    void everyFieldThatUsersWriteIsDescribed() throws IOException {
        var missing = new ArrayList<String>();
        collectUndescribed("spec", version().at("/schema/openAPIV3Schema/properties/spec"), missing);

        assertThat(missing).as("fields without @param in the javadoc").isEmpty();
    }

    @Test
    void everyWholeNumberThatUsersWriteFitsItsJavaType() throws IOException {
        var unbounded = new ArrayList<String>();
        collectUnbounded("spec", version().at("/schema/openAPIV3Schema/properties/spec"), unbounded);

        assertThat(unbounded).as("integers without a maximum").isEmpty();
    }

    @Test
    void theColumnsTellTheStoryInOrder() throws IOException {
        assertThat(version().at("/additionalPrinterColumns").findValuesAsText("name"))
                .containsExactly("Phase", "Trials", "Best", "Best-Trial", "Tau", "Cost", "Age", "Message");
    }

    @Test
    void boundsAreWholeBecauseTheApiServerCutsTheRestOff() throws IOException {
        var schema = version().at("/schema/openAPIV3Schema/properties/spec");

        assertThat(schema.findValues("minimum")).allMatch(bound -> bound.asDouble() == Math.rint(bound.asDouble()));
        assertThat(schema.findValues("maximum")).allMatch(bound -> bound.asDouble() == Math.rint(bound.asDouble()));
    }

    private static JsonNode version() throws IOException {
        return new YAMLMapper().readTree(Files.readString(EXPERIMENTS)).at("/spec/versions/0");
    }

    private static void collectUndescribed(String path, JsonNode schema, List<String> missing) {
        if (!schema.has("description") && !path.endsWith("[]")) {
            missing.add(path);
        }
        schema.path("properties").forEachEntry((name, field) -> collectUndescribed(path + "." + name, field, missing));
        if (schema.has("items")) {
            collectUndescribed(path + "[]", schema.get("items"), missing);
        }
    }

    private static void collectUnbounded(String path, JsonNode schema, List<String> unbounded) {
        if (schema.path("type").asText().equals("integer") && !schema.has("maximum")) {
            unbounded.add(path);
        }
        schema.path("properties").forEachEntry((name, field) -> collectUnbounded(path + "." + name, field, unbounded));
        if (schema.has("items")) {
            collectUnbounded(path + "[]", schema.get("items"), unbounded);
        }
    }
}
