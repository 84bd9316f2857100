package dev.mlops.nas.validation;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What the API server asks of the metadata of every object: known fields, a name, well-formed labels and annotations. */
final class Metadata {
    private static final List<String> FIELDS = Arrays.stream(ObjectMeta.class.getDeclaredFields())
            .map(field -> field.getAnnotation(JsonProperty.class))
            .filter(Objects::nonNull)
            .map(JsonProperty::value)
            .toList();

    private static final Pattern SUBDOMAIN =
            Pattern.compile("[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*");
    private static final Pattern WORD = Pattern.compile("([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]");

    /** Fields that do not exist or have another type. */
    static List<Problem> shape(@Nullable Object metadata) {
        if (metadata == null) {
            return List.of();
        }
        if (!(metadata instanceof Map<?, ?> map)) {
            return List.of(new Problem("metadata", SchemaRules.show(metadata) + " must be an object with a name"));
        }
        var problems = new ArrayList<Problem>();
        map.forEach((name, value) -> {
            String field = "metadata." + name;
            if (!FIELDS.contains(name)) {
                problems.add(new Problem(
                        field,
                        "no such field"
                                + Names.nearest((String) name, FIELDS)
                                        .map(near -> "; did you mean %s?".formatted(near))
                                        .orElse("")));
            } else if (Stream.of("name", "namespace", "generateName").anyMatch(name::equals)
                    && value != null
                    && !(value instanceof String)) {
                problems.add(new Problem(field, SchemaRules.show(value) + " must be text; put it in quotes"));
            } else if (Stream.of("labels", "annotations").anyMatch(name::equals) && value != null) {
                problems.addAll(texts(field, value));
            }
        });
        return problems;
    }

    private static List<Problem> texts(String field, Object value) {
        if (!(value instanceof Map<?, ?> map)) {
            return List.of(new Problem(field, SchemaRules.show(value) + " must be an object of texts"));
        }
        return map.entrySet().stream()
                .filter(entry -> entry.getValue() != null && !(entry.getValue() instanceof String))
                .map(entry -> new Problem(
                        field,
                        "the value %s of %s must be text; put it in quotes"
                                .formatted(SchemaRules.show(entry.getValue()), entry.getKey())))
                .toList();
    }

    /** Values that are not allowed, in metadata of the right shape. */
    static List<Problem> values(@Nullable Object metadata) {
        Map<?, ?> map = metadata instanceof Map<?, ?> given ? given : Map.of();
        var problems = new ArrayList<Problem>();
        Object name = map.get("name");
        if (!hasName(metadata)) {
            problems.add(new Problem("metadata.name", "is required; it must be lower-case letters, digits and -"));
        } else if (name instanceof String text && !isSubdomain(text)) {
            problems.add(new Problem(
                    "metadata.name",
                    "%s is not allowed; it must be lower-case letters, digits and -, beginning and ending with a letter or digit"
                            .formatted(SchemaRules.show(name))));
        }
        if (map.get("labels") instanceof Map<?, ?> labels) {
            labels.forEach((key, value) -> {
                problems.addAll(key("metadata.labels", (String) key));
                if (value instanceof String text
                        && !text.isEmpty()
                        && (text.length() > 63 || !WORD.matcher(text).matches())) {
                    problems.add(new Problem(
                            "metadata.labels",
                            "the value %s of %s is not allowed; it must be at most 63 letters, digits, -, _ and ., beginning and ending with a letter or digit"
                                    .formatted(SchemaRules.show(text), key)));
                }
            });
        }
        if (map.get("annotations") instanceof Map<?, ?> annotations) {
            annotations.keySet().forEach(key -> problems.addAll(key("metadata.annotations", (String) key)));
        }
        return problems;
    }

    static boolean hasName(@Nullable Object metadata) {
        return metadata instanceof Map<?, ?> map && map.get("name") instanceof String name && !name.isEmpty();
    }

    private static boolean isSubdomain(String text) {
        return text.length() <= 253 && SUBDOMAIN.matcher(text).matches();
    }

    private static List<Problem> key(String field, String key) {
        int slash = key.indexOf('/');
        String word = key.substring(slash + 1);
        boolean prefixed = slash < 0 || isSubdomain(key.substring(0, slash));
        if (prefixed && word.length() <= 63 && WORD.matcher(word).matches()) {
            return List.of();
        }
        return List.of(new Problem(
                field,
                "the key %s is not allowed; it must be NAME or DOMAIN/NAME, the name at most 63 letters, digits, -, _ and ."
                        .formatted(SchemaRules.show(key))));
    }

    private Metadata() {}
}
