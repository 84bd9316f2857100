package dev.mlops.nas.validation;

import com.google.re2j.Pattern;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Checks a value, defaults filled in, against the schema: types, bounds, patterns, allowed words, required fields. */
final class SchemaRules {
    private final List<Problem> problems = new ArrayList<>();
    private boolean blocking;

    /** Checks one value and all that it holds. */
    void check(String path, @Nullable Object value, Schema schema) {
        if (!hasType(value, schema)) {
            block(
                    path,
                    "%s is %s; it must be %s%s"
                            .formatted(show(value), kind(value), article(schema), hint(value, schema)));
            return;
        }
        if (!schema.allowed().isEmpty() && !schema.allowed().contains(value)) {
            block(path, "%s is not allowed; %s".formatted(show(value), choices(value, schema)));
        }
        switch (value) {
            case Map<?, ?> map -> checkFields(path, map, schema);
            case List<?> list -> checkItems(path, list, schema);
            case String text -> checkText(path, text, schema);
            case Number number -> checkNumber(path, number, schema);
            case null, default -> {}
        }
    }

    List<Problem> problems() {
        return problems;
    }

    /** Whether the value is so wrong that CEL rules would stumble over it; the API server then leaves them out. */
    boolean isBlocking() {
        return blocking;
    }

    private void checkFields(String path, Map<?, ?> map, Schema schema) {
        for (Object name : schema.required()) {
            if (!map.containsKey(name)) {
                Schema field = schema.field((String) name);
                block(
                        join(path, (String) name),
                        "is required" + (field == null ? "" : "; it must be " + article(field)));
            }
        }
        checkSize(path, map.size(), "entries", "minProperties", "maxProperties", schema);
        map.forEach((name, child) -> {
            Schema field = schema.field((String) name);
            if (field != null) {
                check(join(path, (String) name), child, field);
            }
        });
    }

    private void checkItems(String path, List<?> list, Schema schema) {
        checkSize(path, list.size(), "entries", "minItems", "maxItems", schema);
        if (schema.items() != null) {
            for (int i = 0; i < list.size(); i++) {
                check(path + "[" + i + "]", list.get(i), schema.items());
            }
        }
    }

    private void checkText(String path, String text, Schema schema) {
        checkSize(path, text.codePointCount(0, text.length()), "characters", "minLength", "maxLength", schema);
        String pattern = schema.pattern();
        if (pattern != null && !Pattern.compile(pattern).matcher(text).find()) {
            problems.add(new Problem(path, "%s does not match the pattern %s".formatted(show(text), pattern)));
        }
    }

    private void checkSize(String path, int size, String unit, String least, String most, Schema schema) {
        Number minimum = schema.bound(least);
        Number maximum = schema.bound(most);
        if (maximum != null && size > maximum.longValue()) {
            block(path, "has %d %s; at most %s are allowed".formatted(size, unit, plain(maximum)));
        } else if (minimum != null && size < minimum.longValue()) {
            problems.add(
                    new Problem(path, "has %d %s; at least %s must be given".formatted(size, unit, plain(minimum))));
        }
    }

    private void checkNumber(String path, Number number, Schema schema) {
        Number minimum = schema.bound("minimum");
        Number maximum = schema.bound("maximum");
        boolean tooSmall = minimum != null && number.doubleValue() < minimum.doubleValue();
        boolean tooLarge = maximum != null && number.doubleValue() > maximum.doubleValue();
        if (tooSmall || tooLarge) {
            problems.add(new Problem(
                    path,
                    "%s is too %s; it must be %s"
                            .formatted(plain(number), tooSmall ? "small" : "large", range(schema))));
        }
    }

    private void block(String path, String sentence) {
        blocking = true;
        problems.add(new Problem(path, sentence));
    }

    private static String join(String path, String name) {
        return path.isEmpty() ? name : path + "." + name;
    }

    private static boolean hasType(@Nullable Object value, Schema schema) {
        if (schema.isIntOrString()) {
            return value instanceof Long || value instanceof String;
        }
        return switch (schema.type()) {
            case "object" -> value instanceof Map;
            case "array" -> value instanceof List;
            case "string" -> value instanceof String;
            case "boolean" -> value instanceof Boolean;
            case "integer" -> value instanceof Long;
            case "number" -> value instanceof Number;
            default -> true;
        };
    }

    private static String kind(@Nullable Object value) {
        return switch (value) {
            case null -> "null";
            case Map<?, ?> _ -> "an object";
            case List<?> _ -> "a list";
            case String _ -> "text";
            case Boolean _ -> "true or false";
            case Long _ -> "a whole number";
            default -> "a number";
        };
    }

    /** Where quotes make or mar the type, says so. */
    private static String hint(@Nullable Object value, Schema schema) {
        boolean asksForText = schema.isIntOrString() || schema.type().equals("string");
        if (asksForText && (value instanceof Number || value instanceof Boolean)) {
            return "; put it in quotes";
        }
        boolean asksForNumber = schema.type().equals("integer") || schema.type().equals("number");
        boolean isQuotedNumber = value instanceof String text && YamlDocument.scalar(text) instanceof Number;
        return asksForNumber && isQuotedNumber ? "; write it without quotes" : "";
    }

    /** What the schema asks for, in words. */
    static String article(Schema schema) {
        if (schema.isIntOrString()) {
            return "a whole number or text";
        }
        if (!schema.allowed().isEmpty()) {
            return "one of " + join(schema.allowed());
        }
        return switch (schema.type()) {
            case "object" -> "an object";
            case "array" -> "a list" + (schema.items() == null ? "" : " of " + plural(schema.items()));
            case "string" -> "text";
            case "boolean" -> "true or false";
            case "integer" -> "a whole number" + bounds(schema);
            default -> "a number" + bounds(schema);
        };
    }

    private static String plural(Schema schema) {
        return switch (schema.type()) {
            case "object" -> "objects";
            case "array" -> "lists";
            case "" -> "values";
            case "string" -> schema.allowed().isEmpty() ? "texts" : join(schema.allowed());
            case "boolean" -> "true or false";
            case "integer" -> "whole numbers" + bounds(schema);
            default -> "numbers" + bounds(schema);
        };
    }

    private static String bounds(Schema schema) {
        String range = range(schema);
        return range.isEmpty() ? "" : " " + range;
    }

    private static String range(Schema schema) {
        Number minimum = schema.bound("minimum");
        Number maximum = schema.bound("maximum");
        if (minimum != null && maximum != null) {
            return "from %s to %s".formatted(plain(minimum), plain(maximum));
        }
        return minimum != null ? "at least " + plain(minimum) : maximum != null ? "at most " + plain(maximum) : "";
    }

    private static String choices(@Nullable Object value, Schema schema) {
        List<String> words = schema.allowed().stream().map(String::valueOf).toList();
        return "allowed are " + join(words)
                + Names.nearest(String.valueOf(value), words)
                        .map(near -> "; did you mean %s?".formatted(near))
                        .orElse("");
    }

    private static String join(List<?> words) {
        return words.stream().map(String::valueOf).collect(Collectors.joining(", "));
    }

    private static String plain(Number number) {
        return number instanceof Long
                ? number.toString()
                : BigDecimal.valueOf(number.doubleValue()).stripTrailingZeros().toPlainString();
    }

    /** The value as the user would recognise it, shortened. */
    static String show(@Nullable Object value) {
        String text = value instanceof String ? "\"" + value + "\"" : String.valueOf(value);
        return text.length() <= 80 ? text : text.substring(0, 77) + "...";
    }
}
