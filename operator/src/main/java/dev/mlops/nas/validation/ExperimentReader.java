package dev.mlops.nas.validation;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.mlops.nas.api.NasApi;
import dev.mlops.nas.api.NasExperiment;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Reads experiments from the YAML that {@code kubectl apply} takes, validates them by the schema and the CEL rules of the CRD
 * and fills in its defaults. Problems come in the order in which the API server finds them: unknown fields first, then
 * types and bounds, then rules.
 */
public final class ExperimentReader {
    private static final String CRD = "/dev/mlops/nas/crds/nasexperiments.nas.mlops.dev-v1.yml";
    private static final String KIND = "NasExperiment";
    private static final List<String> SPACE_FIELDS = List.of("searchSpace", "dataset", "strategy");

    private final ObjectMapper mapper = new ObjectMapper();
    private final CelRules rules = new CelRules();
    private final Schema schema = crd();

    /**
     * The experiment in a file, complete and valid.
     *
     * @throws InvalidExperimentException with one sentence per problem
     */
    public NasExperiment read(Path file) throws InvalidExperimentException {
        return parse(text(file));
    }

    /** The same for text at hand. */
    public NasExperiment parse(String yaml) throws InvalidExperimentException {
        return complete(YamlDocument.read(yaml));
    }

    /**
     * A search space for benchmarks: a whole experiment, or only {@code searchSpace}, {@code dataset} (shape and classes; 3x32x32
     * and 10 where absent) and {@code strategy} at the top level.
     *
     * @throws InvalidExperimentException with one sentence per problem
     */
    public NasExperiment readSpace(Path file) throws InvalidExperimentException {
        Map<String, Object> object = YamlDocument.read(text(file));
        if (object.containsKey("kind") || object.containsKey("apiVersion")) {
            return complete(object);
        }
        var spec = new LinkedHashMap<String, Object>();
        spec.put("dataset", Map.of("shape", List.of(3L, 32L, 32L), "classes", 10L));
        for (var entry : object.entrySet()) {
            if (!SPACE_FIELDS.contains(entry.getKey())) {
                refuse(List.of(new Problem(entry.getKey(), "is not known here; allowed are " + SPACE_FIELDS)));
            }
            spec.put(entry.getKey(), entry.getValue());
        }
        if (spec.get("dataset") instanceof Map<?, ?> given) {
            var dataset = new LinkedHashMap<String, Object>();
            dataset.put("uri", "none");
            given.forEach((key, value) -> dataset.put(key.toString(), value));
            spec.put("dataset", dataset);
        }
        var whole = new LinkedHashMap<String, Object>();
        whole.put("apiVersion", NasApi.API_VERSION);
        whole.put("kind", KIND);
        whole.put("metadata", new LinkedHashMap<String, Object>(Map.of("name", "bench")));
        whole.put("spec", spec);
        return complete(whole);
    }

    private NasExperiment complete(Map<String, Object> object) throws InvalidExperimentException {
        checkKind(object);
        var unknown = new ArrayList<>(UnknownFields.find(object, schema));
        unknown.addAll(Metadata.shape(object.get("metadata")));
        refuse(unknown);
        object.remove("status");
        Defaults.fill(object, schema);
        refuse(problems(object));
        return typed(object);
    }

    /**
     * Whether an experiment may be replaced by another version of itself, both complete and valid alone.
     *
     * @throws InvalidExperimentException where a field differs that must stay as it is
     */
    public void validateUpdate(NasExperiment old, NasExperiment updated) throws InvalidExperimentException {
        refuse(rules.check(tree(updated), tree(old), schema));
    }

    private List<Problem> problems(Map<String, Object> object) {
        var problems = new ArrayList<>(Metadata.values(object.get("metadata")));
        var structure = new SchemaRules();
        structure.check("", object, schema);
        problems.addAll(structure.problems());
        if (!structure.isBlocking() && Metadata.hasName(object.get("metadata"))) {
            problems.addAll(rules.check(object, null, schema));
        }
        return problems;
    }

    private NasExperiment typed(Map<String, Object> object) {
        try {
            return mapper.readValue(mapper.writeValueAsBytes(object), NasExperiment.class);
        } catch (IOException mismatch) {
            throw new IllegalStateException("the CRD allows what the Java types cannot hold", mismatch);
        }
    }

    private Map<String, Object> tree(NasExperiment experiment) {
        Map<String, Object> tree = mapper.convertValue(experiment, new TypeReference<>() {});
        tree.remove("status");
        Defaults.fill(tree, schema);
        return tree;
    }

    private static void checkKind(Map<String, Object> object) throws InvalidExperimentException {
        var problems = new ArrayList<Problem>();
        expect("apiVersion", NasApi.API_VERSION, object, problems);
        expect("kind", KIND, object, problems);
        refuse(problems);
    }

    private static void expect(String field, String value, Map<String, Object> object, List<Problem> problems) {
        Object given = object.get(field);
        if (given == null) {
            problems.add(new Problem(field, "is required; it must be " + value));
        } else if (!given.equals(value)) {
            problems.add(new Problem(field, "%s is not allowed; it must be %s".formatted(given, value)));
        }
    }

    private static void refuse(List<Problem> problems) throws InvalidExperimentException {
        if (!problems.isEmpty()) {
            throw new InvalidExperimentException(problems);
        }
    }

    private static String text(Path file) throws InvalidExperimentException {
        if (Files.isDirectory(file)) {
            throw new InvalidExperimentException("", "this is a folder; give the path of one YAML file");
        }
        if (!Files.exists(file)) {
            throw new InvalidExperimentException("", "there is no such file");
        }
        try {
            return Files.readString(file);
        } catch (CharacterCodingException _) {
            throw new InvalidExperimentException("", "not YAML: the file is not text in UTF-8");
        } catch (IOException failed) {
            throw new InvalidExperimentException("", "cannot be read: " + failed.getMessage());
        }
    }

    private static Schema crd() {
        try (InputStream in = ExperimentReader.class.getResourceAsStream(CRD)) {
            String text = new String(Objects.requireNonNull(in, CRD).readAllBytes(), StandardCharsets.UTF_8);
            Map<String, Object> spec = object(YamlDocument.read(text).get("spec"));
            List<?> versions = (List<?>) Objects.requireNonNull(spec.get("versions"));
            Map<String, Object> version = object(versions.getFirst());
            return new Schema(object(object(version.get("schema")).get("openAPIV3Schema")));
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        } catch (InvalidExperimentException broken) {
            throw new IllegalStateException("the packaged CRD is not readable", broken);
        }
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> object(@Nullable Object value) {
        return (Map<String, Object>) Objects.requireNonNull(value);
    }
}
