package dev.mlops.nas.validation;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.DumperOptions;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeId;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.nodes.Tag;
import org.yaml.snakeyaml.representer.Representer;
import org.yaml.snakeyaml.resolver.Resolver;

/**
 * Reads YAML as kubectl and the API server do, into what JSON can say: maps, lists, strings, whole numbers ({@code Long}),
 * other numbers ({@code Double}), booleans and null. The words yes, no, on and off are booleans and 5e-4 is a number, as they
 * are for kubectl; dates stay text. Keys written twice and files with several documents are refused.
 */
final class YamlDocument {
    /** The API server refuses larger requests. */
    private static final int MAX_CHARACTERS = 3 * 1024 * 1024;

    private static final int MAX_DEPTH = 60;
    private static final int MAX_VALUES = 100_000;

    /** Stands for a plain scalar without a tag of its own, whose type its text decides. */
    private static final Tag PLAIN = new Tag("!plain");

    private int values;

    /** The only document of a text. */
    static Map<String, Object> read(String text) throws InvalidExperimentException {
        if (new YamlDocument().convert(only(text), 0) instanceof Map<?, ?> map) {
            var object = new LinkedHashMap<String, Object>();
            map.forEach((key, value) -> object.put((String) key, value));
            return object;
        }
        throw new InvalidExperimentException(
                "", "the file holds no object with apiVersion, kind, metadata and spec at its top level");
    }

    private static Node only(String text) throws InvalidExperimentException {
        var documents = new ArrayList<Node>();
        try {
            for (Node node : yaml().composeAll(new java.io.StringReader(text))) {
                if (!isEmpty(node)) {
                    documents.add(node);
                }
            }
        } catch (MarkedYAMLException broken) {
            var mark = broken.getProblemMark();
            String where =
                    mark == null ? "" : "line %d, column %d: ".formatted(mark.getLine() + 1, mark.getColumn() + 1);
            throw new InvalidExperimentException("", "not YAML: " + where + broken.getProblem());
        } catch (YAMLException broken) {
            throw new InvalidExperimentException("", "not YAML: " + broken.getMessage());
        }
        if (documents.isEmpty()) {
            throw new InvalidExperimentException("", "the file is empty; it must hold one NasExperiment");
        }
        if (documents.size() > 1) {
            throw new InvalidExperimentException(
                    "",
                    "the file holds %d YAML documents (the second begins in line %d); it must hold one NasExperiment"
                            .formatted(documents.size(), line(documents.get(1))));
        }
        return documents.getFirst();
    }

    private static Yaml yaml() {
        var options = new LoaderOptions();
        options.setCodePointLimit(MAX_CHARACTERS);
        options.setNestingDepthLimit(MAX_DEPTH);
        // Aliases share their nodes here; what counts is what they grow to, and convert() counts that.
        options.setMaxAliasesForCollections(Integer.MAX_VALUE);
        var dumper = new DumperOptions();
        var resolver = new Resolver() {
            @Override
            public Tag resolve(NodeId kind, String value, boolean implicit) {
                return switch (kind) {
                    case scalar -> implicit ? PLAIN : Tag.STR;
                    case sequence -> Tag.SEQ;
                    case mapping, anchor -> Tag.MAP;
                };
            }
        };
        return new Yaml(new SafeConstructor(options), new Representer(dumper), dumper, options, resolver);
    }

    private static boolean isEmpty(Node node) {
        return node instanceof ScalarNode scalar && scalar.getTag().equals(PLAIN) && scalar(scalar.getValue()) == null;
    }

    private static int line(Node node) {
        return node.getStartMark().getLine() + 1;
    }

    private @Nullable Object convert(Node node, int depth) throws InvalidExperimentException {
        if (++values > MAX_VALUES || depth > MAX_DEPTH) {
            throw new InvalidExperimentException(
                    "",
                    "the file is larger than an experiment can be once its anchors are followed; at most %d values, %d levels deep, are allowed"
                            .formatted(MAX_VALUES, MAX_DEPTH));
        }
        return switch (node) {
            case MappingNode mapping -> convertMapping(mapping, depth);
            case SequenceNode sequence -> {
                var list = new ArrayList<@Nullable Object>();
                for (Node item : sequence.getValue()) {
                    list.add(convert(item, depth + 1));
                }
                yield list;
            }
            case ScalarNode scalar -> convertScalar(scalar);
            default -> throw new InvalidExperimentException("", "line %d: not readable".formatted(line(node)));
        };
    }

    private Map<String, @Nullable Object> convertMapping(MappingNode node, int depth)
            throws InvalidExperimentException {
        var map = new LinkedHashMap<String, @Nullable Object>();
        var merged = new LinkedHashMap<String, @Nullable Object>();
        for (NodeTuple entry : node.getValue()) {
            if (entry.getKeyNode() instanceof ScalarNode key
                    && key.getTag().equals(PLAIN)
                    && key.getValue().equals("<<")) {
                merge(merged, convert(entry.getValueNode(), depth + 1), line(key));
                continue;
            }
            String key = key(entry.getKeyNode());
            if (map.containsKey(key)) {
                throw new InvalidExperimentException(
                        "",
                        "line %d: the key %s is written twice in the same object"
                                .formatted(line(entry.getKeyNode()), key));
            }
            map.put(key, convert(entry.getValueNode(), depth + 1));
        }
        merged.forEach(map::putIfAbsent);
        return map;
    }

    private static void merge(Map<String, @Nullable Object> into, @Nullable Object value, int line)
            throws InvalidExperimentException {
        List<?> sources = value instanceof List<?> list ? list : java.util.Collections.singletonList(value);
        for (Object source : sources) {
            if (!(source instanceof Map<?, ?> map)) {
                throw new InvalidExperimentException("", "line %d: << can merge objects only".formatted(line));
            }
            map.forEach((k, v) -> into.putIfAbsent((String) k, v));
        }
    }

    private static String key(Node node) throws InvalidExperimentException {
        Object key = node instanceof ScalarNode scalar ? convertScalar(scalar) : null;
        if (key == null) {
            throw new InvalidExperimentException("", "line %d: a key must be text".formatted(line(node)));
        }
        return key.toString();
    }

    private static @Nullable Object convertScalar(ScalarNode node) throws InvalidExperimentException {
        if (node.getTag().equals(Tag.STR)) {
            return node.getValue();
        }
        Object value = scalar(node.getValue());
        if (value instanceof Double number && !Double.isFinite(number)) {
            throw new InvalidExperimentException(
                    "", "line %d: %s is not a number that JSON can hold".formatted(line(node), node.getValue()));
        }
        boolean fits = node.getTag().equals(PLAIN)
                || node.getTag().equals(tag(value))
                || (node.getTag().equals(Tag.FLOAT) && value instanceof Long);
        if (!fits) {
            throw new InvalidExperimentException(
                    "",
                    "line %d: the tag %s does not fit %s"
                            .formatted(line(node), node.getTag().getValue(), node.getValue()));
        }
        return value;
    }

    private static Tag tag(@Nullable Object value) {
        return switch (value) {
            case null -> Tag.NULL;
            case Boolean _ -> Tag.BOOL;
            case Long _ -> Tag.INT;
            case Double _ -> Tag.FLOAT;
            default -> Tag.STR;
        };
    }

    /** What a plain scalar means to the YAML library of kubectl. */
    static @Nullable Object scalar(String text) {
        return switch (text) {
            case "", "~", "null", "Null", "NULL" -> null;
            case "true", "True", "TRUE", "y", "Y", "yes", "Yes", "YES", "on", "On", "ON" -> true;
            case "false", "False", "FALSE", "n", "N", "no", "No", "NO", "off", "Off", "OFF" -> false;
            case ".nan", ".NaN", ".NAN" -> Double.NaN;
            case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF" -> Double.POSITIVE_INFINITY;
            case "-.inf", "-.Inf", "-.INF" -> Double.NEGATIVE_INFINITY;
            default -> number(text);
        };
    }

    private static Object number(String text) {
        String plain = text.replace("_", "");
        if (!plain.matches("[-+]?[.0-9].*") || text.startsWith("_")) {
            return text;
        }
        BigInteger whole = whole(plain);
        if (whole != null) {
            return whole.bitLength() < 64 ? (Object) whole.longValue() : (Object) whole.doubleValue();
        }
        if (plain.matches("[-+]?(\\.[0-9]+|[0-9]+(\\.[0-9]*)?)([eE][-+]?[0-9]+)?")) {
            double number = Double.parseDouble(plain);
            return number == Math.rint(number) && Math.abs(number) < 0x1p63 ? (Object) (long) number : (Object) number;
        }
        return text;
    }

    /** Decimal, 0x, 0b, 0o and the leading zero of octal numbers; null when the text is none of these or too large for 64 bits. */
    private static @Nullable BigInteger whole(String text) {
        boolean negative = text.startsWith("-");
        String digits = negative || text.startsWith("+") ? text.substring(1) : text;
        String lower = digits.toLowerCase(java.util.Locale.ROOT);
        BigInteger magnitude;
        if (lower.matches("0x[0-9a-f]+")) {
            magnitude = new BigInteger(lower.substring(2), 16);
        } else if (lower.matches("0b[01]+")) {
            magnitude = new BigInteger(lower.substring(2), 2);
        } else if (lower.matches("0o?[0-7]+")) {
            magnitude = new BigInteger(lower.replace("o", ""), 8);
        } else if (lower.matches("0|[1-9][0-9]*")) {
            magnitude = new BigInteger(lower);
        } else {
            return null;
        }
        return magnitude.bitLength() > 64 ? null : negative ? magnitude.negate() : magnitude;
    }
}
