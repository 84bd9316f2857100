package dev.mlops.nas.validation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mlops.nas.api.NasExperiment;
import dev.mlops.nas.experiment.ExperimentFactory;
import dev.mlops.nas.search.Experiments;
import dev.mlops.nas.search.History;
import dev.mlops.nas.search.SpaceException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Local mode and the real API server say the same of every file in {@code experiments}. The first line of a bad file is the
 * comment {@code # FIELD: part of the local sentence}, with {@code file} for the whole file; a second line
 * {@code # API server accepts: WHY} or {@code # API server refuses elsewhere: WHY} marks what the server cannot see.
 */
class AgreementTest {
    private static final Path FILES = Path.of("src", "test", "resources", "experiments");

    @TempDir
    private static Path folder;

    private static ApiServer server;

    private final ExperimentReader reader = new ExperimentReader();
    private final ObjectMapper mapper = new ObjectMapper();

    @BeforeAll
    static void start() throws Exception {
        server = new ApiServer(folder);
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @ParameterizedTest
    @MethodSource("good")
    void bothAcceptAndFillInTheSameDefaults(Path file) throws Exception {
        var answer = server.wouldCreate(Files.readString(file));

        assertThat(answer.refused()).as(answer.words()).isEmpty();
        var experiment = reader.read(file);
        ExperimentFactory.create(experiment.getMetadata().getName(), experiment.getSpec());
        JsonNode ours = mapper.valueToTree(experiment);
        assertThat(withoutNulls(ours.get("spec")))
                .isEqualTo(plain(answer.object().get("spec")));
        for (String field : List.of("name", "labels", "annotations")) {
            assertThat(ours.at("/metadata/" + field)).isEqualTo(answer.object().at("/metadata/" + field));
        }
    }

    @ParameterizedTest
    @MethodSource("bad")
    void bothRefuseTheSameFields(Path file) throws Exception {
        String yaml = Files.readString(file);
        var problem = catchThrowableOfType(InvalidExperimentException.class, () -> reader.read(file));

        assertThat(problem).as("local mode accepts").isNotNull();
        assertThat(problem.problems())
                .anySatisfy(p -> expect(yaml.lines().toList().getFirst(), p));
        var answer = server.wouldCreate(yaml);
        if (yaml.contains("\n# API server accepts: ")) {
            assertThat(answer.refused()).isEmpty();
        } else {
            assertThat(answer.refused()).as("the API server accepts").isNotEmpty();
            if (!yaml.contains("\n# API server refuses elsewhere: ")) {
                assertThat(fields(problem)).as(answer.words()).isEqualTo(answer.refused());
            }
        }
    }

    @ParameterizedTest
    @MethodSource("updates")
    void bothAllowTheSameChanges(Path file) throws Exception {
        String yaml = Files.readString(file);
        var parts = yaml.split("(?m)^---\n");
        var answer = server.wouldReplace(parts[0], parts[1]);
        var old = reader.parse(parts[0]);
        var updated = reader.parse(parts[1]);
        String expected = yaml.lines().toList().getFirst();

        if (expected.equals("# accepted")) {
            assertThat(answer.refused()).as(answer.words()).isEmpty();
            reader.validateUpdate(old, updated);
        } else {
            var problem =
                    catchThrowableOfType(InvalidExperimentException.class, () -> reader.validateUpdate(old, updated));
            assertThat(problem).as("local mode accepts").isNotNull();
            assertThat(problem.problems()).anySatisfy(p -> expect(expected, p));
            assertThat(fields(problem)).as(answer.words()).isEqualTo(answer.refused());
        }
    }

    @ParameterizedTest
    @MethodSource("contradictory")
    void whatOnlyTheEngineSeesIsOneLineWithFileAndField(Path file) throws Exception {
        String yaml = Files.readString(file);
        assertThat(server.wouldCreate(yaml).refused()).isEmpty();
        var experiment = reader.read(file);

        var refused = catchThrowableOfType(SpaceException.class, () -> begin(experiment));

        assertThat(refused).as("the engine accepts").isNotNull();
        expect(yaml.lines().toList().getFirst(), Problem.of(refused));
        assertThat(Problem.of(refused).line(file)).startsWith(file + ": spec.").doesNotContain("\n");
    }

    private static void begin(NasExperiment experiment) {
        var search = ExperimentFactory.create(experiment.getMetadata().getName(), experiment.getSpec());
        Experiments.decide(search, new History(Instant.EPOCH, List.of()), Instant.EPOCH);
    }

    private static void expect(String comment, Problem problem) {
        String expected = comment.substring(2);
        int colon = expected.indexOf(": ");
        String field = expected.substring(0, colon).replaceFirst("^file$", "");
        assertThat(problem.field()).isEqualTo(field);
        assertThat(problem.sentence()).contains(expected.substring(colon + 2));
    }

    private static TreeSet<String> fields(InvalidExperimentException problem) {
        var fields = new TreeSet<String>();
        problem.problems().forEach(p -> fields.add(p.field()));
        return fields;
    }

    private JsonNode plain(JsonNode served) throws IOException {
        // Through the Java type, so that 1 and 1.0 of a number field are the same.
        return withoutNulls(mapper.valueToTree(mapper.treeToValue(served, dev.mlops.nas.api.NasExperimentSpec.class)));
    }

    private static JsonNode withoutNulls(JsonNode node) {
        if (node instanceof ObjectNode object) {
            object.removeIf(JsonNode::isNull);
        }
        node.forEach(AgreementTest::withoutNulls);
        return node;
    }

    static Stream<Path> good() throws IOException {
        return Stream.of(
                        files("good"),
                        yaml(Path.of("..", "examples")),
                        List.of(Path.of("..", "examples", "cluster", "digits.yaml")))
                .flatMap(List::stream);
    }

    static List<Path> bad() throws IOException {
        return files("bad");
    }

    static List<Path> contradictory() throws IOException {
        return files("contradictory");
    }

    static List<Path> updates() throws IOException {
        return files("update");
    }

    private static List<Path> files(String kind) throws IOException {
        return yaml(FILES.resolve(kind));
    }

    private static List<Path> yaml(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(f -> f.toString().endsWith(".yaml")).sorted().toList();
        }
    }
}
