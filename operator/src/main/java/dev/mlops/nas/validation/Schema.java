package dev.mlops.nas.validation;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A structural schema of the CRD: what one value may be, and the schemas of what it holds. */
final class Schema {
    private static final Set<String> KNOWN = Set.of(
            "additionalProperties",
            "anyOf",
            "default",
            "description",
            "enum",
            "items",
            "maxItems",
            "maxLength",
            "maxProperties",
            "maximum",
            "minItems",
            "minLength",
            "minProperties",
            "minimum",
            "pattern",
            "properties",
            "required",
            "type",
            "x-kubernetes-int-or-string",
            "x-kubernetes-list-map-keys",
            "x-kubernetes-list-type",
            "x-kubernetes-preserve-unknown-fields",
            "x-kubernetes-validations");

    /**
     * A CEL rule.
     *
     * @param rule true when all is well
     * @param message what to say otherwise
     * @param messageExpression CEL that says it better, with the values; null for none
     * @param fieldPath the field that is to blame, below the value; empty for the value itself
     */
    record Rule(String rule, String message, @Nullable String messageExpression, String fieldPath) {
        boolean comparesWithOld() {
            return rule.contains("oldSelf");
        }
    }

    private final Map<String, Object> keywords;
    private final Map<String, Schema> properties = new TreeMap<>();
    private final @Nullable Schema items;
    private final @Nullable Schema additional;
    private final List<Rule> rules = new ArrayList<>();

    /** Throws where the schema says something that these classes do not understand: better no answer than a wrong one. */
    @SuppressWarnings("unchecked")
    Schema(Map<String, Object> keywords) {
        this.keywords = keywords;
        for (String keyword : keywords.keySet()) {
            if (!KNOWN.contains(keyword)) {
                throw new IllegalStateException("the CRD uses " + keyword + ", which local validation does not know");
            }
        }
        if (keywords.containsKey("anyOf") && !isIntOrString()) {
            throw new IllegalStateException("the CRD uses anyOf beyond int-or-string");
        }
        ((Map<String, Object>) keywords.getOrDefault("properties", Map.of()))
                .forEach((name, schema) -> properties.put(name, new Schema((Map<String, Object>) schema)));
        items = keywords.get("items") instanceof Map<?, ?> map ? new Schema((Map<String, Object>) map) : null;
        additional = keywords.get("additionalProperties") instanceof Map<?, ?> map
                ? new Schema((Map<String, Object>) map)
                : null;
        for (Object rule : (List<Object>) keywords.getOrDefault("x-kubernetes-validations", List.of())) {
            var map = (Map<String, String>) rule;
            String text = map.getOrDefault("rule", "");
            rules.add(new Rule(
                    text,
                    map.getOrDefault("message", "failed rule: " + text),
                    map.get("messageExpression"),
                    map.getOrDefault("fieldPath", "")));
        }
    }

    /** object, array, string, integer, number or boolean; empty for int-or-string. */
    String type() {
        return (String) keywords.getOrDefault("type", "");
    }

    Map<String, Schema> properties() {
        return properties;
    }

    @Nullable
    Schema items() {
        return items;
    }

    /** Schema of the values of a map with free keys. */
    @Nullable
    Schema additional() {
        return additional;
    }

    List<Rule> rules() {
        return rules;
    }

    boolean isIntOrString() {
        return Boolean.TRUE.equals(keywords.get("x-kubernetes-int-or-string"));
    }

    /** Whether fields without a schema are kept. */
    boolean isOpen() {
        return Boolean.TRUE.equals(keywords.get("x-kubernetes-preserve-unknown-fields"));
    }

    @Nullable
    Object defaultValue() {
        return keywords.get("default");
    }

    List<?> required() {
        return (List<?>) keywords.getOrDefault("required", List.of());
    }

    List<?> allowed() {
        return (List<?>) keywords.getOrDefault("enum", List.of());
    }

    @Nullable
    Number bound(String keyword) {
        return (Number) keywords.get(keyword);
    }

    @Nullable
    String pattern() {
        return (String) keywords.get("pattern");
    }

    /** The schema of a field, by name. */
    @Nullable
    Schema field(String name) {
        Schema property = properties.get(name);
        return property == null ? additional : property;
    }
}
