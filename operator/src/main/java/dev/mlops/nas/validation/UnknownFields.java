package dev.mlops.nas.validation;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Finds fields that the schema does not have, and what the user may have meant by them. */
final class UnknownFields {
    private final Schema root;
    private final List<Problem> problems = new ArrayList<>();

    private UnknownFields(Schema root) {
        this.root = root;
    }

    /** The unknown fields of an object, its metadata aside. */
    static List<Problem> find(Map<String, Object> object, Schema root) {
        var search = new UnknownFields(root);
        object.forEach((name, value) -> {
            if (!name.equals("apiVersion") && !name.equals("kind") && !name.equals("metadata")) {
                search.field("", name, value, root);
            }
        });
        return search.problems;
    }

    private void field(String path, String name, @Nullable Object value, Schema schema) {
        String child = path.isEmpty() ? name : path + "." + name;
        Schema known = schema.field(name);
        if (known != null) {
            visit(child, value, known);
        } else if (!schema.isOpen()) {
            problems.add(new Problem(child, "no such field" + suggestion(path, name, schema)));
        }
    }

    private void visit(String path, @Nullable Object value, Schema schema) {
        if (value instanceof Map<?, ?> map) {
            map.forEach((name, child) -> field(path, (String) name, child, schema));
        } else if (value instanceof List<?> list && schema.items() != null) {
            for (int i = 0; i < list.size(); i++) {
                visit(path + "[" + i + "]", list.get(i), schema.items());
            }
        }
    }

    private String suggestion(String path, String name, Schema schema) {
        if (schema.properties().isEmpty()) {
            return "; %s must be %s".formatted(path, SchemaRules.article(schema));
        }
        return Names.nearest(name, schema.properties().keySet())
                .map(near -> "; did you mean %s?".formatted(near))
                .or(() -> elsewhere(name).map(there -> "; did you mean %s?".formatted(there)))
                .orElseGet(() -> "; allowed here are "
                        + String.join(", ", schema.properties().keySet()));
    }

    private Optional<String> elsewhere(String name) {
        Schema spec = root.field("spec");
        return spec == null ? Optional.empty() : search("spec", name, spec);
    }

    private static Optional<String> search(String path, String name, Schema schema) {
        if (schema.properties().containsKey(name)) {
            return Optional.of(path + "." + name);
        }
        return schema.properties().entrySet().stream()
                .flatMap(entry -> search(path + "." + entry.getKey(), name, entry.getValue()).stream())
                .findFirst();
    }
}
