package dev.mlops.nas.search;

import dev.mlops.nas.search.Spaces.Task;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** How free parameters become a graph; each kind knows its parameters by name, and has a default for those that are not given. */
public enum NetworkKind {
    /** {@link Mlp}: a multilayer perceptron on the example as a vector. */
    MLP("Mlp"),
    /** {@link Transformer}: an encoder on the example as a sequence of positions or patches. */
    TRANSFORMER("Transformer"),
    /** {@link Signal}: convolutions along time, then recurrent layers. */
    SIGNAL("Signal");

    private final String text;

    NetworkKind(String text) {
        this.text = text;
    }

    /**
     * A parameter that a kind of network takes.
     *
     * @param name of the parameter
     * @param fallback value where it is not given, or not chosen in a genotype
     * @param values allowed texts; empty for numbers
     * @param least smallest number
     * @param most largest number
     * @param whole whether numbers are whole
     */
    record Setting(String name, String fallback, List<String> values, double least, double most, boolean whole) {
        static Setting whole(String name, int fallback, int least, int most) {
            return new Setting(name, Integer.toString(fallback), List.of(), least, most, true);
        }

        static Setting rate(String name) {
            return new Setting(name, "0", List.of(), 0, 0.9, false);
        }

        static Setting factor(String name, double least, double most) {
            return new Setting(name, "1", List.of(), least, most, false);
        }

        static Setting oneOf(String name, String... values) {
            return new Setting(name, values[0], List.of(values), 0, 0, false);
        }

        static Setting flag(String name) {
            return oneOf(name, "false", "true");
        }

        boolean takes(String value) {
            if (!values.isEmpty()) {
                return values.contains(value);
            }
            try {
                double number = Double.parseDouble(value);
                return number >= least && number <= most && (!whole || value.matches("\\d+"));
            } catch (NumberFormatException _) {
                return false;
            }
        }

        String allowed() {
            return !values.isEmpty()
                    ? String.join(", ", values)
                    : whole
                            ? "whole numbers from %.0f to %.0f".formatted(least, most)
                            : "numbers from " + least + " to " + most;
        }
    }

    /** As users write it. */
    public String text() {
        return text;
    }

    /** What it takes on these data. */
    List<Setting> settings(Task task) {
        return switch (this) {
            case MLP -> Mlp.settings(task);
            case TRANSFORMER -> Transformer.SETTINGS;
            case SIGNAL -> Signal.SETTINGS;
        };
    }

    /** What it takes where nothing else is given, by name. */
    Map<String, String> defaults(Task task) {
        return settings(task).stream().collect(Collectors.toUnmodifiableMap(Setting::name, Setting::fallback));
    }

    /** What multipliers make of the numbers that they scale: of each choice of the settings, which are given by name. */
    List<Integer> sizes(Function<String, List<Integer>> choices, Multipliers by) {
        Stream<Integer> widths = switch (this) {
            case MLP -> choices.apply("width").stream().map(by::channels);
            case TRANSFORMER ->
                choices.apply("heads").stream()
                        .flatMap(heads -> choices.apply("width").stream().map(width -> by.channels(width, heads)));
            case SIGNAL ->
                Stream.of("filters", "units").map(choices).flatMap(List::stream).map(by::channels);
        };
        Stream<String> depths = switch (this) {
            case MLP, TRANSFORMER -> Stream.of("depth");
            case SIGNAL -> Stream.of("convolutions", "layers");
        };
        return Stream.concat(widths, depths.map(choices).flatMap(List::stream).map(by::repeats))
                .toList();
    }

    /** The network of values that its settings allow. */
    Network network(NetworkValues values) {
        return switch (this) {
            case MLP -> Mlp.of(values);
            case TRANSFORMER -> Transformer.of(values);
            case SIGNAL -> Signal.of(values);
        };
    }

    /** The names of all parameters, for messages. */
    String names(Task task) {
        return settings(task).stream().map(Setting::name).collect(Collectors.joining(", "));
    }

    /** All kinds, for messages. */
    static String all() {
        return Arrays.stream(values()).map(NetworkKind::text).collect(Collectors.joining(", "));
    }
}
