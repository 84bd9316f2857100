package dev.mlops.nas.validation;

import com.google.common.base.Splitter;
import dev.cel.bundle.Cel;
import dev.cel.bundle.CelFactory;
import dev.cel.common.CelValidationException;
import dev.cel.common.types.SimpleType;
import dev.cel.extensions.CelExtensions;
import dev.cel.parser.CelStandardMacro;
import dev.cel.runtime.CelEvaluationException;
import dev.cel.runtime.CelRuntime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Evaluates the CEL rules of a schema ({@code x-kubernetes-validations}). Rules that compare with {@code oldSelf} count on
 * updates only, for fields that exist on both sides and are not in a list.
 */
final class CelRules {
    private final Cel cel = CelFactory.standardCelBuilder()
            .setStandardMacros(CelStandardMacro.STANDARD_MACROS)
            .addVar("self", SimpleType.DYN)
            .addVar("oldSelf", SimpleType.DYN)
            .addCompilerLibraries(CelExtensions.strings(), CelExtensions.sets(dev.cel.common.CelOptions.DEFAULT))
            .addRuntimeLibraries(CelExtensions.strings(), CelExtensions.sets(dev.cel.common.CelOptions.DEFAULT))
            .build();

    private final Map<String, CelRuntime.Program> programs = new ConcurrentHashMap<>();

    /** The problems of an object whose values have the right types; the old object is null on creation. */
    List<Problem> check(Map<String, Object> object, @Nullable Map<String, Object> old, Schema schema) {
        var problems = new ArrayList<Problem>();
        visit("", object, old, schema, problems);
        return problems;
    }

    private void visit(
            String path, @Nullable Object value, @Nullable Object old, Schema schema, List<Problem> problems) {
        if (value == null) {
            return;
        }
        for (Schema.Rule rule : schema.rules()) {
            if (!rule.comparesWithOld() || old != null) {
                evaluate(path, value, old, schema, rule, problems);
            }
        }
        if (value instanceof Map<?, ?> map) {
            map.forEach((name, child) -> {
                Schema field = schema.field((String) name);
                if (field != null) {
                    Object before = old instanceof Map<?, ?> oldMap ? oldMap.get(name) : null;
                    visit(join(path, (String) name), child, before, field, problems);
                }
            });
        } else if (value instanceof List<?> list && schema.items() != null) {
            for (int i = 0; i < list.size(); i++) {
                visit(path + "[" + i + "]", list.get(i), null, schema.items(), problems);
            }
        }
    }

    private void evaluate(
            String path, Object value, @Nullable Object old, Schema schema, Schema.Rule rule, List<Problem> problems) {
        var variables = new HashMap<String, Object>();
        variables.put("self", typed(value, schema));
        if (old != null) {
            variables.put("oldSelf", typed(old, schema));
        }
        String blamed =
                rule.fieldPath().isEmpty() ? path : join(path, rule.fieldPath().substring(1));
        try {
            if (!Boolean.TRUE.equals(program(rule.rule()).eval(variables))) {
                problems.add(new Problem(blamed, culprit(value, rule) + message(rule, variables)));
            }
        } catch (CelEvaluationException failed) {
            problems.add(new Problem(blamed, "%s (%s)".formatted(rule.message(), failed.getMessage())));
        }
    }

    /** The value that is to blame, for the beginning of the sentence; empty for whole objects and for fields left out. */
    private static String culprit(Object value, Schema.Rule rule) {
        Object blamed = value;
        for (String name : Splitter.on('.').omitEmptyStrings().split(rule.fieldPath())) {
            blamed = blamed instanceof Map<?, ?> map ? map.get(name) : null;
        }
        boolean isShort = switch (blamed) {
            case null -> false;
            case Map<?, ?> _ -> false;
            case List<?> list -> list.stream().noneMatch(Map.class::isInstance);
            default -> true;
        };
        return isShort ? SchemaRules.show(blamed) + " " : "";
    }

    private String message(Schema.Rule rule, Map<String, Object> variables) {
        if (rule.messageExpression() == null) {
            return rule.message();
        }
        try {
            return program(rule.messageExpression()).eval(variables) instanceof String text && !text.isBlank()
                    ? text
                    : rule.message();
        } catch (CelEvaluationException _) {
            return rule.message();
        }
    }

    private CelRuntime.Program program(String expression) {
        return programs.computeIfAbsent(expression, text -> {
            try {
                return cel.createProgram(cel.compile(text).getAst());
            } catch (CelValidationException | CelEvaluationException broken) {
                throw new IllegalStateException("a rule of the CRD does not compile: " + text, broken);
            }
        });
    }

    /** The value as CEL sees it through the schema: a number field holds a double even where a whole number was written. */
    private static Object typed(Object value, @Nullable Schema schema) {
        if (schema == null) {
            return value;
        }
        return switch (value) {
            case Map<?, ?> map -> {
                var copy = new HashMap<String, Object>();
                map.forEach((name, child) -> {
                    if (child != null) {
                        copy.put((String) name, typed(child, schema.field((String) name)));
                    }
                });
                yield copy;
            }
            case List<?> list ->
                list.stream().map(item -> typed(item, schema.items())).toList();
            case Integer number -> typed(number.longValue(), schema);
            case Long number when schema.type().equals("number") -> number.doubleValue();
            default -> value;
        };
    }

    private static String join(String path, String name) {
        return path.isEmpty() ? name : path + "." + name;
    }
}
