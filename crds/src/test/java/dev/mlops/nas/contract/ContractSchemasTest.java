package dev.mlops.nas.contract;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import dev.mlops.nas.contract.TrialFile.DatasetRef;
import dev.mlops.nas.contract.TrialFile.Folders;
import dev.mlops.nas.contract.TrialFile.GraphNode;
import dev.mlops.nas.contract.TrialFile.Recipe;
import dev.mlops.nas.contract.TrialFile.Split;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ContractSchemasTest {
    private static final TrialFile FILE = new TrialFile(
            TrialFile.VERSION,
            "digits",
            "digits-00001",
            List.of(
                    new GraphNode("in", "input", Map.of(), List.of(), List.of(1, 8, 8)),
                    new GraphNode("out", "dense", Map.of("units", 10.0), List.of("in"), List.of(10))),
            Map.of("s1.depth", "1"),
            new DatasetRef("d.csv", "csv", null, -1, null, List.of(1, 8, 8), 10, new Split(0.6, 0.2, 0.2)),
            20,
            7,
            0,
            new Recipe("adamw", 0.003, "cosine", 64, 0.0005, 60),
            false,
            new Folders("/data", "/checkpoints/2", "/checkpoints/1", "/checkpoints/2/model"));

    private static final TrialResult RESULT = new TrialResult(
            TrialFile.VERSION,
            "digits-00001",
            0,
            Map.of("accuracy", 0.98),
            20,
            List.of(new TrialResult.Epoch(1, 1_700_000_000_000L, 0.5, 0.9, 0.4)),
            null,
            Map.of("device", "cpu"));

    private final ObjectMapper mapper = new ObjectMapper();

    @Test
    void whatTheOperatorWritesFitsTheSchemaOfTrialFiles() {
        assertThat(schema("trial-file").validate(mapper.valueToTree(FILE))).isEmpty();
    }

    @Test
    void whatATrainerWritesFitsTheSchemaOfResults() {
        assertThat(schema("trial-result").validate(mapper.valueToTree(RESULT))).isEmpty();
    }

    @Test
    void architecturesToScoreAndTheirScoresFitTheSchemas() {
        var scoring =
                new TrialFile.Scoring(List.of(new TrialFile.Architecture("a", FILE.graph())), "/out/scores.json", 30);
        var asked = new TrialFile(
                FILE.contractVersion(),
                FILE.experiment(),
                FILE.trial(),
                List.of(),
                Map.of(),
                FILE.dataset(),
                1,
                7,
                0,
                FILE.recipe(),
                false,
                FILE.folders(),
                true,
                null,
                scoring,
                null,
                null,
                null);
        var scores = new ScoreFile(
                TrialFile.VERSION,
                List.of(
                        new ScoreFile.Scored("a", Map.of("synflow", 12.5), null),
                        new ScoreFile.Scored("b", Map.of(), "Node x cannot be built.")));

        assertThat(schema("trial-file").validate(mapper.valueToTree(asked))).isEmpty();
        assertThat(schema("score-file").validate(mapper.valueToTree(scores))).isEmpty();
    }

    @Test
    void weightsToShareAndTheirHeirsFitTheSchema() {
        for (var sharing : new TrialFile.Sharing[] {new TrialFile.Sharing("list.json.gz", "fair", 5), null}) {
            var asked = new TrialFile(
                    FILE.contractVersion(),
                    FILE.experiment(),
                    FILE.trial(),
                    sharing == null ? FILE.graph() : List.of(),
                    Map.of(),
                    FILE.dataset(),
                    sharing == null ? 0 : 100,
                    7,
                    0,
                    FILE.recipe(),
                    false,
                    new Folders("/data", "/checkpoints/2", null, null, "/checkpoints/1"),
                    null,
                    true,
                    null,
                    null,
                    sharing,
                    null);

            assertThat(schema("trial-file").validate(mapper.valueToTree(asked))).isEmpty();
        }
    }

    @Test
    void openChoicesAndTheArchitecturesDerivedFromThemFitTheSchemas() {
        var mixture = new TrialFile.Mixture("edge0-2", List.of("none", "skip"), "node2", 2);
        var asked = new TrialFile(
                FILE.contractVersion(),
                FILE.experiment(),
                FILE.trial(),
                List.of(),
                Map.of(),
                FILE.dataset(),
                30,
                7,
                0,
                FILE.recipe(),
                false,
                FILE.folders(),
                null,
                null,
                null,
                new TrialFile.Relaxed(FILE.graph(), List.of(mixture), 8),
                null,
                null);
        var result = new TrialResult(
                TrialFile.VERSION,
                "digits-00001",
                0,
                Map.of("relaxedAccuracy", 0.98),
                1,
                List.of(new TrialResult.Epoch(
                        1, 1_700_000_000_000L, 0.5, 0.9, 0.4, null, null, null, null, Map.of("skipShare", 0.5))),
                null,
                Map.of(),
                List.of(new TrialResult.Derived(List.of(1, -1), 0.97)));

        assertThat(schema("trial-file").validate(mapper.valueToTree(asked))).isEmpty();
        assertThat(schema("trial-result").validate(mapper.valueToTree(result))).isEmpty();
    }

    @Test
    void aTrialFileWithoutGraphOrOfAnotherVersionIsRefused() {
        ObjectNode file = mapper.valueToTree(FILE);
        file.remove("graph");
        file.put("contractVersion", "nas.mlops.dev/trial/v2");
        file.withObject("/dataset").put("classes", "ten");

        assertThat(schema("trial-file").validate(file))
                .extracting(message -> message.getInstanceLocation() + " " + message.getType())
                .containsExactlyInAnyOrder("$ required", "$.contractVersion const", "$.dataset.classes type");
    }

    @Test
    void theContractMayGrowWithoutBreakingOldTrainers() {
        ObjectNode result = mapper.valueToTree(RESULT);
        result.put("powerWatts", 30);

        assertThat(schema("trial-result").validate(result)).isEmpty();
    }

    private static JsonSchema schema(String name) {
        return JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012)
                .getSchema(TrialFile.class.getResourceAsStream(name + ".schema.json"));
    }
}
