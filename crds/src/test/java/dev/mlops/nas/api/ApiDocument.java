package dev.mlops.nas.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The reference of the API for users, in Markdown, made of the CRD: one table per object, its rules below. */
final class ApiDocument {
    private static final String HEAD = """
            # NasExperiment, field by field

            <!-- Made of the CRD by `mvn -pl crds test-compile exec:java@generate`; change the Java types instead. -->

            An experiment is one YAML file, the same for `kubectl apply -f FILE` and `./nas run FILE`. Only the dataset and the
            search space must be given; everything else has the default that stands in the tables. Both ways check the file by the
            rules below and answer with the field, its value and what is allowed.

            ```yaml
            apiVersion: nas.mlops.dev/v1alpha1
            kind: NasExperiment
            metadata:
              name: digits
            spec:
              dataset: {uri: data/digits.csv.gz, shape: [1, 8, 8], classes: 10}
              searchSpace: {preset: small-cnn}
            ```

            """;

    private final StringBuilder text = new StringBuilder(HEAD);

    static void write(Path crd, Path file) throws IOException {
        JsonNode root = new YAMLMapper().readTree(Files.readString(crd)).at("/spec/versions/0/schema/openAPIV3Schema");
        var document = new ApiDocument();
        document.rules(root);
        document.text.append('\n');
        document.section("spec", root.at("/properties/spec"));
        document.section("status", root.at("/properties/status"));
        Files.createDirectories(file.toAbsolutePath().getParent());
        Files.writeString(file, document.text.toString().stripTrailing() + "\n");
    }

    private void section(String path, JsonNode object) {
        var inner = new ArrayList<Runnable>();
        text.append("## `").append(path).append("`\n\n");
        text.append(object.path("description").asText()).append("\n\n");
        boolean isSpec = path.startsWith("spec");
        text.append(
                isSpec
                        ? "| field | type | default | allowed | meaning |\n|---|---|---|---|---|\n"
                        : "| field | type | meaning |\n|---|---|---|\n");
        List<String> required = new ArrayList<>();
        object.path("required").forEach(name -> required.add(name.asText()));
        object.path("properties").forEachEntry((name, field) -> {
            text.append("| `%s` | %s |".formatted(name, type(field)));
            if (isSpec) {
                text.append(" %s | %s |".formatted(standard(field, required.contains(name)), allowed(field)));
            }
            text.append(" %s |\n".formatted(cell(field.path("description").asText())));
            JsonNode held = held(field);
            if (held.has("properties")) {
                String member = field.has("items") ? "[]" : field.has("additionalProperties") ? ".NAME" : "";
                inner.add(() -> section(path + "." + name + member, held));
            }
        });
        text.append('\n');
        int before = text.length();
        rules(object);
        object.path("properties").forEachEntry(this::fieldRules);
        if (text.length() > before) {
            text.append('\n');
        }
        inner.forEach(Runnable::run);
    }

    /** What a list or a map holds; else the field itself. */
    private static JsonNode held(JsonNode field) {
        return field.has("items")
                ? field.get("items")
                : field.has("additionalProperties") ? field.get("additionalProperties") : field;
    }

    /** Rules about the object or its fields; that it cannot be changed stands where the object is a field. */
    private void rules(JsonNode object) {
        for (JsonNode rule : object.path("x-kubernetes-validations")) {
            String field = rule.path("fieldPath").asText();
            if (!isFixed(rule)) {
                String subject = field.isEmpty() ? "" : "`" + field.substring(1) + "` ";
                text.append("- %s%s.\n".formatted(subject, rule.path("message").asText()));
            }
        }
    }

    private void fieldRules(String name, JsonNode field) {
        for (JsonNode rule : field.path("x-kubernetes-validations")) {
            if (isFixed(rule) || !field.has("properties")) {
                text.append("- `%s` %s.\n".formatted(name, rule.path("message").asText()));
            }
        }
    }

    private static boolean isFixed(JsonNode rule) {
        return rule.path("rule").asText().equals(Rules.FIXED);
    }

    private static String type(JsonNode field) {
        if (field.path("x-kubernetes-int-or-string").asBoolean()) {
            return "whole number or text";
        }
        return switch (field.path("type").asText()) {
            case "" -> "value";
            case "array" -> "list of " + type(field.path("items"));
            case "object" ->
                field.has("additionalProperties") ? "map of " + type(field.path("additionalProperties")) : "object";
            case "string" -> "text";
            case "integer" -> "whole number";
            case "boolean" -> "true or false";
            default -> "number";
        };
    }

    private static String standard(JsonNode field, boolean required) {
        if (required) {
            return "**required**";
        }
        JsonNode standard = field.path("default");
        boolean isShown = !standard.isMissingNode() && !standard.isObject();
        String shown = standard.isNumber()
                ? standard.decimalValue().stripTrailingZeros().toPlainString()
                : standard.toString().replace("\"", "");
        return isShown ? "`" + shown + "`" : "";
    }

    private static String allowed(JsonNode field) {
        var parts = new ArrayList<String>();
        JsonNode held = field.has("items") ? field.get("items") : field;
        if (field.has("items") && field.has("maxItems")) {
            parts.add(range(field, "minItems", "maxItems") + " entries");
        }
        if (held.has("enum")) {
            var words = new ArrayList<String>();
            held.get("enum").forEach(word -> words.add("`" + word.asText() + "`"));
            parts.add(String.join(", ", words));
        }
        if (held.has("minimum") || held.has("maximum")) {
            parts.add(range(held, "minimum", "maximum"));
        }
        if (held.has("maxLength")) {
            parts.add(range(held, "minLength", "maxLength") + " characters");
        }
        return String.join("; ", parts);
    }

    private static String range(JsonNode schema, String least, String most) {
        String from = schema.has(least) ? whole(schema.get(least)) : "0";
        return schema.has(most) ? "%s to %s".formatted(from, whole(schema.get(most))) : "at least " + from;
    }

    private static String whole(JsonNode number) {
        return String.valueOf(number.asLong());
    }

    private static String cell(String text) {
        return text.replace("|", "\\|").replace("<", "&lt;");
    }
}
