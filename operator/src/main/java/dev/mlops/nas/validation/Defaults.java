package dev.mlops.nas.validation;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Fills in what the user left out, as the API server does: a null counts as left out. Changes the value in place. */
final class Defaults {
    static void fill(@Nullable Object value, @Nullable Schema schema) {
        dropNulls(value, schema);
        fillIn(value, schema);
    }

    /** Nulls without a default vanish; in open parts of the schema they are the user's own business. */
    @SuppressWarnings("unchecked")
    private static void dropNulls(@Nullable Object value, @Nullable Schema schema) {
        if (schema == null) {
            return;
        }
        if (value instanceof Map<?, ?> map) {
            map.entrySet().removeIf(entry -> {
                Schema field = schema.field((String) entry.getKey());
                return entry.getValue() == null && field != null && field.defaultValue() == null;
            });
            ((Map<String, @Nullable Object>) map).forEach((name, child) -> dropNulls(child, schema.field(name)));
        } else if (value instanceof List<?> list) {
            list.forEach(item -> dropNulls(item, schema.items()));
        }
    }

    @SuppressWarnings("unchecked")
    private static void fillIn(@Nullable Object value, @Nullable Schema schema) {
        if (schema == null) {
            return;
        }
        if (value instanceof Map<?, ?>) {
            var map = (Map<String, @Nullable Object>) value;
            schema.properties().forEach((name, field) -> {
                Object standard = field.defaultValue();
                if (standard != null && map.get(name) == null) {
                    map.put(name, copy(standard));
                }
            });
            map.forEach((name, child) -> fillIn(child, schema.field(name)));
        } else if (value instanceof List<?> list) {
            list.forEach(item -> fillIn(item, schema.items()));
        }
    }

    private static @Nullable Object copy(@Nullable Object value) {
        if (value instanceof Map<?, ?> map) {
            var copy = new LinkedHashMap<Object, @Nullable Object>();
            map.forEach((name, child) -> copy.put(name, copy(child)));
            return copy;
        }
        if (value instanceof List<?> list) {
            var copy = new ArrayList<@Nullable Object>();
            list.forEach(item -> copy.add(copy(item)));
            return copy;
        }
        return value;
    }

    private Defaults() {}
}
