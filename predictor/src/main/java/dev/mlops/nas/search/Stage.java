package dev.mlops.nas.search;

import dev.mlops.nas.search.Block.Operator;
import dev.mlops.nas.search.Decisions.Condition;
import dev.mlops.nas.search.Decisions.Conditional;
import dev.mlops.nas.search.Spaces.StageOptions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.LongBinaryOperator;
import java.util.function.ToLongFunction;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** One stage of a chain: its decisions, and the blocks that a genotype gives it. */
final class Stage {
    /** Choices of one property, and the decision between them; -1 where there is only one choice. */
    private record Slot<T>(List<T> choices, int decision) {
        T value(Genotype genotype) {
            return choices.get(decision < 0 ? 0 : genotype.choices().get(decision));
        }

        /** The same decision between other values, which may be alike. */
        Slot<T> map(UnaryOperator<T> change) {
            return new Slot<>(choices.stream().map(change).toList(), decision);
        }
    }

    private final StageOptions options;
    private final int height;
    private final int width;
    private final List<Conditional> decisions;
    private final Map<String, String> fixed;
    private final Slot<Integer> depth;
    private final Slot<Operator> operator;
    private final Slot<Integer> kernel;
    private final Slot<Integer> expansion;
    private final Slot<Integer> channels;
    private final Slot<Boolean> skip;

    /**
     * A stage whose options have been checked.
     *
     * @param offset place of its first decision in a genotype
     * @param height of the image before it
     * @param width of the image before it
     */
    Stage(StageOptions options, List<Operator> operators, int offset, int height, int width) {
        this.options = options;
        this.height = height;
        this.width = width;
        this.decisions = new ArrayList<>();
        this.fixed = new LinkedHashMap<>();
        this.depth = slot("depth", options.depth(), offset, List.of());
        List<Condition> exists = depth.decision() < 0
                ? List.of()
                : conditions(
                        0,
                        options.depth(),
                        options.depth().stream().filter(d -> d > 0).toList());
        int operatorAt = decisions.size();
        this.operator = slot("operator", operators, offset, exists);
        this.kernel = slot("kernel", options.kernels(), offset, exists);
        var expands = new ArrayList<>(exists);
        if (operator.decision() >= 0) {
            expands.addAll(conditions(operatorAt, operators, List.of(Operator.MBCONV)));
        }
        this.expansion = slot("expansion", options.expansions(), offset, expands);
        this.channels = slot("width", options.widths(), offset, exists);
        this.skip = slot("skip", options.skips(), offset, exists);
    }

    private Stage(Stage full, Multipliers by) {
        this.options = full.options;
        this.height = full.height;
        this.width = full.width;
        this.decisions = full.decisions;
        this.fixed = full.fixed;
        this.depth = full.depth.map(by::repeats);
        this.operator = full.operator;
        this.kernel = full.kernel;
        this.expansion = full.expansion;
        this.channels = full.channels.map(by::channels);
        this.skip = full.skip;
    }

    private <T> Slot<T> slot(String property, List<T> choices, int offset, List<Condition> conditions) {
        String name = options.name() + "." + property;
        List<String> texts = choices.stream().map(Stage::text).toList();
        if (choices.size() == 1) {
            fixed.put(name, texts.getFirst());
            return new Slot<>(choices, -1);
        }
        decisions.add(new Conditional(new Decision(name, texts), conditions));
        return new Slot<>(choices, offset + decisions.size() - 1);
    }

    private static String text(Object choice) {
        return choice instanceof Operator operator ? operator.text() : choice.toString();
    }

    /** None where every choice is a right one. */
    private static <T> List<Condition> conditions(int on, List<T> choices, List<T> right) {
        if (right.size() == choices.size()) {
            return List.of();
        }
        Set<Integer> indices = IntStream.range(0, choices.size())
                .filter(i -> right.contains(choices.get(i)))
                .boxed()
                .collect(Collectors.toSet());
        return List.of(new Condition(on, indices));
    }

    /** The same decisions over fewer and narrower blocks. */
    Stage scaled(Multipliers by) {
        return new Stage(this, by);
    }

    /** Depths and widths. */
    Stream<Integer> sizes() {
        return Stream.concat(depth.choices().stream(), channels.choices().stream());
    }

    String name() {
        return options.name();
    }

    List<Conditional> decisions() {
        return decisions;
    }

    /** Names and values of what has one choice only. */
    Map<String, String> fixed() {
        return fixed;
    }

    int heightAfter() {
        return Layers.strided(height, options.stride());
    }

    int widthAfter() {
        return Layers.strided(width, options.stride());
    }

    /** The blocks, without those that do nothing. */
    List<Block> blocks(Genotype genotype, int channelsBefore) {
        int count = depth.value(genotype);
        if (count == 0) {
            return List.of();
        }
        Operator chosen = operator.value(genotype);
        int expand = chosen == Operator.MBCONV ? expansion.value(genotype) : 1;
        return row(
                count,
                new Kind(chosen, kernel.value(genotype), expand, channels.value(genotype), skip.value(genotype)),
                channelsBefore);
    }

    /** What all blocks of the stage are, as it was chosen. */
    private record Kind(Operator operator, int kernel, int expansion, int out, boolean residual) {}

    /**
     * Blocks in a row.
     *
     * @param layers as a text
     * @param out channels after them
     */
    record Row(String layers, int out) {}

    /** All rows that the stage can have, each with the number of choices that give it. */
    Map<Row, Long> rows(int channelsBefore) {
        var rows = new HashMap<Row, Long>();
        for (int count : depth.choices()) {
            if (count == 0) {
                rows.merge(new Row("", channelsBefore), 1L, Long::sum);
                continue;
            }
            kinds().forEach(kind -> {
                List<Block> blocks = row(count, kind, channelsBefore);
                String layers = blocks.stream().map(Block::layers).collect(Collectors.joining());
                int out = blocks.isEmpty() ? channelsBefore : blocks.getLast().out();
                rows.merge(new Row(layers, out), 1L, Long::sum);
            });
        }
        return rows;
    }

    private Stream<Kind> kinds() {
        return operator.choices().stream()
                .flatMap(each -> kernel.choices().stream()
                        .flatMap(side -> (each == Operator.MBCONV ? expansion.choices() : List.of(1))
                                .stream()
                                        .flatMap(expand -> channels.choices().stream()
                                                .flatMap(out -> skip.choices().stream()
                                                        .map(residual ->
                                                                new Kind(each, side, expand, out, residual))))));
    }

    /** So many blocks of a kind, without those that do nothing. */
    private List<Block> row(int count, Kind kind, int channelsBefore) {
        var blocks = new ArrayList<Block>();
        int in = channelsBefore;
        for (int i = 0; i < count; i++) {
            Block block = block(i, kind.operator(), kind.kernel(), kind.expansion(), in, kind.out(), kind.residual());
            if (!block.isIdentity()) {
                blocks.add(block);
            }
            in = block.out();
        }
        return blocks;
    }

    private Block block(int index, Operator chosen, int side, int expand, int in, int out, boolean residual) {
        return index == 0
                ? new Block(chosen, side, expand, in, out, options.stride(), residual, height, width)
                : new Block(chosen, side, expand, in, out, 1, residual, heightAfter(), widthAfter());
    }

    /** Joins the cheapest way through this stage to the cheapest ways before it; keys are channels. */
    Map<Integer, Long> cheapest(Map<Integer, Long> before, ToLongFunction<Block> cost, LongBinaryOperator join) {
        var after = new TreeMap<Integer, Long>();
        before.forEach((in, spent) -> {
            if (depth.choices().contains(0)) {
                after.merge(in, spent, Math::min);
            }
            int least = depth.choices().stream()
                    .filter(d -> d > 0)
                    .min(Integer::compare)
                    .orElseThrow();
            for (int out : channels.choices()) {
                after.merge(out, join.applyAsLong(spent, cheapest(least, in, out, cost, join)), Math::min);
            }
        });
        return after;
    }

    private long cheapest(int count, int in, int out, ToLongFunction<Block> cost, LongBinaryOperator join) {
        long best = Long.MAX_VALUE;
        for (Operator each : operator.choices()) {
            for (int side : kernel.choices()) {
                for (int expand : each == Operator.MBCONV ? expansion.choices() : List.of(1)) {
                    for (boolean residual : skip.choices()) {
                        long all = cost.applyAsLong(block(0, each, side, expand, in, out, residual));
                        for (int i = 1; i < count; i++) {
                            long next = cost.applyAsLong(block(i, each, side, expand, out, out, residual));
                            all = join.applyAsLong(all, next);
                        }
                        best = Math.min(best, all);
                    }
                }
            }
        }
        return best;
    }
}
