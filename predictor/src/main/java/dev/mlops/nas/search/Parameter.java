package dev.mlops.nas.search;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * One free parameter of a {@link ParameterSpace}.
 *
 * @param name unique in the space
 * @param values what it may be
 * @param when condition under which it is chosen at all, such as {@code moe == true && depth >= 4}; empty for always
 */
public record Parameter(String name, Values values, String when) {
    private static final int MOST_CHOICES = 256;
    private static final MathContext DIGITS = new MathContext(6);

    /** A finite list of values, written in full or as a range. */
    public sealed interface Values {}

    /** Values as text. */
    public record Choice(List<String> values) implements Values {
        /** Copies the values. */
        public Choice {
            values = List.copyOf(values);
        }
    }

    /** Whole numbers from min to max: in even steps, or each twice the one before where log is true (the step is 1 then). */
    public record Whole(int min, int max, int step, boolean log) implements Values {}

    /** So many numbers from min to max: at even distances, or at even ratios where log is true; rounded to 6 digits. */
    public record Real(double min, double max, int steps, boolean log) implements Values {}

    /** A number in its shortest form, the same for 0.5 and 0.50, 2 and 2.0. */
    public static String text(BigDecimal number) {
        BigDecimal shortest = number.stripTrailingZeros();
        return (shortest.scale() < 0 ? shortest.setScale(0) : shortest).toString();
    }

    /** The field that defines it. */
    String field() {
        return "searchSpace.parameters." + name;
    }

    /**
     * All values in order.
     *
     * @throws SpaceException when they are none, too many, not increasing, or written twice
     */
    List<String> choices() {
        return switch (values) {
            case Choice choice -> {
                Spaces.checkChoices(field() + ".choice", "choice", choice.values());
                yield limited(".choice", choice.values());
            }
            case Whole whole -> whole(whole);
            case Real real -> real(real);
        };
    }

    private List<String> limited(String part, List<String> choices) {
        if (choices.size() > MOST_CHOICES) {
            throw new SpaceException(
                    field() + part, name + " has " + choices.size() + " choices: give at most " + MOST_CHOICES);
        }
        return choices;
    }

    private List<String> whole(Whole range) {
        if (range.max() < range.min()) {
            throw new SpaceException(
                    field() + ".int.max", "max is " + range.max() + ": give at least min, which is " + range.min());
        }
        if (range.log() && (range.min() < 1 || range.step() != 1)) {
            throw new SpaceException(
                    field() + ".int.log",
                    "log doubles from min " + range.min()
                            + (range.min() < 1
                                    ? ": give a min of 1 or more"
                                    : ", so that step has no place: leave it out"));
        }
        Spaces.atLeast(field() + ".int.step", "step", range.step(), 1);
        var choices = new ArrayList<String>();
        long value = range.min();
        long last = value;
        while (value <= range.max() && choices.size() <= MOST_CHOICES) {
            choices.add(Long.toString(value));
            last = value;
            value = range.log() ? 2 * value : value + range.step();
        }
        limited(".int", choices);
        if (last != range.max()) {
            throw new SpaceException(
                    field() + ".int.max",
                    "max is " + range.max() + ", which is not reached from " + range.min()
                            + (range.log() ? " by doubling" : " in steps of " + range.step()) + ": give " + last
                            + " or "
                            + value);
        }
        return choices;
    }

    private List<String> real(Real range) {
        if (range.steps() < 2 || range.steps() > MOST_CHOICES) {
            throw new SpaceException(
                    field() + ".float.steps", "steps is " + range.steps() + ": give 2 to " + MOST_CHOICES);
        }
        if (!(range.max() > range.min())) {
            throw new SpaceException(
                    field() + ".float.max", "max is " + range.max() + ": give more than min, which is " + range.min());
        }
        if (range.log() && !(range.min() > 0)) {
            throw new SpaceException(field() + ".float.min", "min is " + range.min() + ", but log needs a min above 0");
        }
        List<String> choices = IntStream.range(0, range.steps())
                .mapToObj(i -> text(BigDecimal.valueOf(at(range, (double) i / (range.steps() - 1)))
                        .round(DIGITS)))
                .toList();
        if (choices.stream().distinct().count() < choices.size()) {
            throw new SpaceException(
                    field() + ".float.steps",
                    "steps is " + range.steps() + ", which puts values closer than 6 digits can tell: give fewer");
        }
        return choices;
    }

    private static double at(Real range, double part) {
        return range.log()
                ? range.min() * StrictMath.pow(range.max() / range.min(), part)
                : range.min() + part * (range.max() - range.min());
    }
}
