package dev.mlops.nas.search;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * The decisions of a space with their conditions: counts, draws, lists, names and checks genotypes. Knows nothing of
 * architectures. Decisions come in parts that do not depend on each other, so that counting stays exact and fast.
 */
final class Decisions {
    /** A decision is active when an earlier one of its part (by its place there) is active and has one of these choices. */
    record Condition(int on, Set<Integer> choices) {
        Condition {
            choices = Set.copyOf(choices);
        }
    }

    /**
     * A decision is active while fewer than the most of the earlier decisions among these (by their places in its part) have this
     * choice.
     */
    record Quota(Set<Integer> on, int choice, int most) {
        Quota {
            on = Set.copyOf(on);
        }
    }

    /** A decision, active when all conditions hold and no quota is used up. */
    record Conditional(Decision decision, List<Condition> conditions, List<Quota> quotas) {
        Conditional {
            conditions = List.copyOf(conditions);
            quotas = List.copyOf(quotas);
        }

        Conditional(Decision decision, List<Condition> conditions) {
            this(decision, conditions, List.of());
        }
    }

    private final List<Decision> all;
    private final List<Part> parts;
    private final Map<String, String> fixed;

    /**
     * Lays the parts one behind the other.
     *
     * @param fixed names and values of what has only one choice; {@link #parse} accepts them
     */
    Decisions(List<List<Conditional>> parts, Map<String, String> fixed) {
        var laid = new ArrayList<Part>();
        int offset = 0;
        for (List<Conditional> part : parts) {
            laid.add(new Part(offset, part));
            offset += part.size();
        }
        this.parts = List.copyOf(laid);
        this.all =
                parts.stream().flatMap(List::stream).map(Conditional::decision).toList();
        this.fixed = Map.copyOf(fixed);
    }

    /** Names of decisions that are active in no genotype. */
    List<String> unreachable() {
        return parts.stream().flatMap(Part::unreachable).toList();
    }

    List<Decision> all() {
        return all;
    }

    /** What makes a decision active, in words; empty where it always is. */
    String needs(int decision) {
        return partOf(decision).needs(decision);
    }

    BigInteger size() {
        return parts.stream().map(p -> BigInteger.valueOf(p.size)).reduce(BigInteger.ONE, BigInteger::multiply);
    }

    boolean contains(Genotype genotype) {
        if (genotype.choices().size() != all.size()) {
            return false;
        }
        int[] choices = array(genotype);
        for (Part part : parts) {
            for (int i = part.offset; i < part.end(); i++) {
                int from = part.active(i, choices) ? 0 : -1;
                int to = from == 0 ? all.get(i).choices().size() : 0;
                if (choices[i] < from || choices[i] >= to) {
                    return false;
                }
            }
        }
        return true;
    }

    /** Uniform over the genotypes: parts are independent, and within a part the draw is over its combinations. */
    Genotype sample(RandomGenerator random) {
        int[] choices = new int[all.size()];
        for (Part part : parts) {
            part.write(random.nextLong(part.size), choices);
        }
        return genotype(choices);
    }

    /** What the chooser chooses where decisions are active. */
    Genotype choose(SearchSpace.Chooser chooser) {
        int[] choices = new int[all.size()];
        List<Integer> before = new ArrayList<>();
        for (Part part : parts) {
            for (int i = part.offset; i < part.end(); i++) {
                choices[i] = part.active(i, choices) ? chooser.choose(i, Collections.unmodifiableList(before)) : -1;
                before.add(choices[i]);
            }
        }
        return genotype(choices);
    }

    /** In the order of the decisions, the first choices first. */
    Stream<Genotype> stream() {
        return StreamSupport.stream(
                Spliterators.spliteratorUnknownSize(
                        new Odometer(),
                        Spliterator.ORDERED | Spliterator.DISTINCT | Spliterator.IMMUTABLE | Spliterator.NONNULL),
                false);
    }

    /**
     * All that differ in the value of one decision. Decisions that it switches on take every value, so that being a neighbour
     * is mutual; only where these would be more than 1,000 for one value, they vary one at a time around their middle choices.
     */
    List<Genotype> neighbours(Genotype genotype) {
        int[] choices = array(genotype);
        var found = new ArrayList<Genotype>();
        for (Part part : parts) {
            for (int i = part.offset; i < part.end(); i++) {
                for (int c = 0; choices[i] >= 0 && c < all.get(i).choices().size(); c++) {
                    if (c != choices[i]) {
                        int[] changed = choices.clone();
                        changed[i] = c;
                        part.completions(i + 1, choices, changed).forEach(done -> found.add(genotype(done)));
                    }
                }
            }
        }
        return found;
    }

    /**
     * A neighbour with another hash: one active decision takes another value, decisions that it switches on are drawn.
     *
     * @throws SpaceException when the whole space is one architecture
     */
    Genotype mutate(Genotype genotype, RandomGenerator random, Function<Genotype, String> hash) {
        String own = hash.apply(genotype);
        for (int attempt = 0; attempt < 64; attempt++) {
            Genotype child = step(genotype, random);
            if (!hash.apply(child).equals(own)) {
                return child;
            }
        }
        List<Genotype> others = neighbours(genotype).stream()
                .filter(n -> !hash.apply(n).equals(own))
                .toList();
        if (!others.isEmpty()) {
            return others.get(random.nextInt(others.size()));
        }
        for (int attempt = 0; attempt < 10_000; attempt++) {
            Genotype child = sample(random);
            if (!hash.apply(child).equals(own)) {
                return child;
            }
        }
        throw new SpaceException(
                "searchSpace", "searchSpace holds one architecture only: give a list another entry that changes it");
    }

    /** A decision that is active in both parents takes the value of either; one that is active in neither is drawn. */
    Genotype crossover(Genotype a, Genotype b, RandomGenerator random) {
        return choose((decision, before) -> {
            int first = a.choices().get(decision);
            int second = b.choices().get(decision);
            if (first < 0 && second < 0) {
                return random.nextInt(all.get(decision).choices().size());
            }
            return first < 0 || (second >= 0 && random.nextBoolean()) ? second : first;
        });
    }

    private Genotype step(Genotype genotype, RandomGenerator random) {
        int[] choices = array(genotype);
        int[] active =
                IntStream.range(0, choices.length).filter(i -> choices[i] >= 0).toArray();
        int at = active[random.nextInt(active.length)];
        int other = random.nextInt(all.get(at).choices().size() - 1);
        choices[at] = other >= choices[at] ? other + 1 : other;
        Part part = partOf(at);
        for (int i = at + 1; i < part.end(); i++) {
            if (!part.active(i, choices)) {
                choices[i] = -1;
            } else if (choices[i] < 0) {
                choices[i] = random.nextInt(all.get(i).choices().size());
            }
        }
        return genotype(choices);
    }

    Map<String, String> describe(Genotype genotype) {
        var values = new LinkedHashMap<String, String>();
        for (int i = 0; i < all.size(); i++) {
            int choice = genotype.choices().get(i);
            if (choice >= 0) {
                values.put(all.get(i).name(), all.get(i).choices().get(choice));
            }
        }
        return values;
    }

    /** The inverse of {@link #describe}; the exception's field is {@code decisions}. */
    Genotype parse(Map<String, String> values) {
        for (var entry : values.entrySet()) {
            checkName(entry.getKey(), entry.getValue());
        }
        int[] choices = new int[all.size()];
        for (Part part : parts) {
            for (int i = part.offset; i < part.end(); i++) {
                choices[i] = choice(part, i, choices, values);
            }
        }
        return genotype(choices);
    }

    private void checkName(String name, String value) {
        String only = fixed.get(name);
        if (only != null && !only.equals(value)) {
            throw new SpaceException(
                    "decisions", "decision " + name + " is " + quoted(value) + ", but the space allows only " + only);
        }
        if (only == null && all.stream().noneMatch(d -> d.name().equals(name))) {
            throw new SpaceException(
                    "decisions",
                    "decision " + quoted(name) + " is unknown: the space has "
                            + all.stream().map(Decision::name).collect(Collectors.joining(", ")));
        }
    }

    private int choice(Part part, int i, int[] choices, Map<String, String> values) {
        Decision decision = all.get(i);
        String value = values.get(decision.name());
        if (!part.active(i, choices)) {
            if (value != null) {
                throw new SpaceException(
                        "decisions",
                        "decision " + decision.name() + " has no effect here and must be left out: it needs "
                                + part.needs(i));
            }
            return -1;
        }
        int choice = value == null ? -1 : decision.choices().indexOf(value);
        if (choice < 0) {
            throw new SpaceException(
                    "decisions",
                    "decision " + decision.name() + (value == null ? " is missing" : " is " + quoted(value)) + ": give "
                            + String.join(" or ", decision.choices()));
        }
        return choice;
    }

    private static String quoted(String text) {
        return "\"" + text + "\"";
    }

    private Part partOf(int decision) {
        return parts.stream()
                .filter(p -> decision >= p.offset && decision < p.end())
                .findFirst()
                .orElseThrow();
    }

    private static Genotype genotype(int[] choices) {
        return new Genotype(Arrays.stream(choices).boxed().toList());
    }

    private static int[] array(Genotype genotype) {
        return genotype.choices().stream().mapToInt(Integer::intValue).toArray();
    }

    /** Counts through the parts' combinations, the last part fastest. */
    private final class Odometer implements Iterator<Genotype> {
        private final long[] numbers = new long[parts.size()];
        private boolean more = true;

        @Override
        public boolean hasNext() {
            return more;
        }

        @Override
        public Genotype next() {
            if (!more) {
                throw new NoSuchElementException();
            }
            int[] choices = new int[all.size()];
            for (int p = 0; p < numbers.length; p++) {
                parts.get(p).write(numbers[p], choices);
            }
            int turning = numbers.length - 1;
            while (turning >= 0 && ++numbers[turning] == parts.get(turning).size) {
                numbers[turning--] = 0;
            }
            more = turning >= 0;
            return genotype(choices);
        }
    }
}
