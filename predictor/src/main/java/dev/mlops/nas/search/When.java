package dev.mlops.nas.search;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.IntPredicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * One comparison of a parameter's condition: {@code name == value}, {@code name != value}, {@code name >= number},
 * {@code name <= number}, or {@code name in [value, value]}. Values may stand in single quotes.
 */
record When(String name, String operator, List<String> values) {
    private static final String VALUE = "('[^']*'|[^\\s'\\[\\],&|=!<>]+)";
    private static final Pattern COMPARISON = Pattern.compile("([A-Za-z_][\\w.]*)\\s*(==|!=|>=|<=)\\s*" + VALUE);
    private static final Pattern MEMBERSHIP =
            Pattern.compile("([A-Za-z_][\\w.]*)\\s+in\\s+\\[\\s*(" + VALUE + "(?:\\s*,\\s*" + VALUE + ")*)\\s*]");

    /**
     * The comparisons of a condition, joined by {@code &&}.
     *
     * @param field for the exception
     */
    static List<When> parse(String field, String text) {
        var comparisons = new ArrayList<When>();
        for (String part : text.split("&&", -1)) {
            comparisons.add(comparison(field, text, part.strip()));
        }
        return comparisons;
    }

    private static When comparison(String field, String text, String part) {
        Matcher comparison = COMPARISON.matcher(part);
        if (comparison.matches()) {
            return new When(comparison.group(1), comparison.group(2), List.of(unquoted(comparison.group(3))));
        }
        Matcher membership = MEMBERSHIP.matcher(part);
        if (membership.matches()) {
            List<String> values = Arrays.stream(membership.group(2).split(","))
                    .map(v -> unquoted(v.strip()))
                    .toList();
            return new When(membership.group(1), "in", values);
        }
        throw new SpaceException(
                field,
                "when is \"" + text
                        + "\": give comparisons such as width == 64, width != 64, width >= 64, width <= 64 or"
                        + " width in [32, 64], joined by &&");
    }

    private static String unquoted(String value) {
        return value.startsWith("'") ? value.substring(1, value.length() - 1) : value;
    }

    /**
     * The places of the choices for which it holds.
     *
     * @throws SpaceException when it names a value that is none of the choices, or compares what is no number
     */
    Set<Integer> holding(String field, List<String> choices) {
        IntPredicate holds = switch (operator) {
            case "==", "in" -> {
                Set<Integer> places = places(field, choices);
                yield places::contains;
            }
            case "!=" -> {
                Set<Integer> places = places(field, choices);
                yield i -> !places.contains(i);
            }
            default -> {
                BigDecimal bound = number(field, values.getFirst());
                yield i -> {
                    int order = number(field, choices.get(i)).compareTo(bound);
                    return operator.equals(">=") ? order >= 0 : order <= 0;
                };
            }
        };
        return IntStream.range(0, choices.size()).filter(holds).boxed().collect(Collectors.toSet());
    }

    private Set<Integer> places(String field, List<String> choices) {
        return values.stream().map(v -> place(field, v, choices)).collect(Collectors.toSet());
    }

    private int place(String field, String value, List<String> choices) {
        for (int i = 0; i < choices.size(); i++) {
            if (choices.get(i).equals(value) || same(choices.get(i), value)) {
                return i;
            }
        }
        throw new SpaceException(
                field,
                "when compares " + name + " with \"" + value + "\", which it never is: it has "
                        + String.join(", ", choices));
    }

    private static boolean same(String a, String b) {
        try {
            return new BigDecimal(a).compareTo(new BigDecimal(b)) == 0;
        } catch (NumberFormatException _) {
            return false;
        }
    }

    private BigDecimal number(String field, String value) {
        try {
            return new BigDecimal(value);
        } catch (NumberFormatException _) {
            throw new SpaceException(
                    field,
                    "when compares " + name + " by " + operator + ", but \"" + value + "\" is no number: use == or in");
        }
    }
}
