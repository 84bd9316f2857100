package dev.mlops.nas.search;

import dev.mlops.nas.search.Decisions.Conditional;
import dev.mlops.nas.search.Spaces.Task;
import dev.mlops.nas.search.Stage.Row;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntToLongFunction;
import java.util.function.LongBinaryOperator;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Stages one after the other: a 3x3 convolution with batch norm and ReLU, the stages, global average pooling, dropout, dense.
 *
 * <p>Decisions per stage, named {@code s1.depth}, {@code s1.operator}, {@code s1.kernel}, {@code s1.expansion},
 * {@code s1.width} and {@code s1.skip} for a stage s1, and {@code head.dropout}; what has one choice only is no decision. Where
 * the depth is 0, the rest of the stage is inactive; the expansion is active for mbconv only. All blocks of a stage are alike;
 * the first has the stage's stride. A skip adds a block's input to its result where both have the same shape.
 *
 * <p>Two genotypes are the same architecture when they give the same blocks in a row, whatever stage they come from.
 */
public final class ChainSpace implements DecisionSpace {
    private static final int STEM_KERNEL = 3;

    private final int stemWidth;
    private final List<Stage> stages;
    private final List<Double> dropouts;
    private final Task task;
    private final Decisions decisions;
    private final List<Reference> references;
    private final Map<Entry, Set<Map.Entry<Row, Long>>> rows = new ConcurrentHashMap<>();

    /** A stage and the channels before it. */
    private record Entry(Stage stage, int channels) {}

    /** Everything has been checked by {@link Spaces#chain}. */
    ChainSpace(
            int stemWidth,
            List<Stage> stages,
            List<Double> dropouts,
            Task task,
            Decisions decisions,
            List<Reference> references) {
        this.stemWidth = stemWidth;
        this.stages = List.copyOf(stages);
        this.dropouts = List.copyOf(dropouts);
        this.task = task;
        this.decisions = decisions;
        this.references = List.copyOf(references);
    }

    static Decisions decisions(List<Stage> stages, List<Double> dropouts) {
        var parts = new ArrayList<List<Conditional>>();
        var fixed = new HashMap<String, String>();
        for (Stage stage : stages) {
            parts.add(stage.decisions());
            fixed.putAll(stage.fixed());
        }
        List<String> rates = dropouts.stream().map(Object::toString).toList();
        if (rates.size() == 1) {
            fixed.put("head.dropout", rates.getFirst());
        } else {
            parts.add(List.of(new Conditional(new Decision("head.dropout", rates), List.of())));
        }
        return new Decisions(parts, fixed);
    }

    @Override
    public Decisions table() {
        return decisions;
    }

    @Override
    public String architectureHash(Genotype genotype) {
        String blocks = blocks(genotype).stream().map(Block::layers).collect(Collectors.joining());
        return Fingerprint.of("chain " + task + " " + stemWidth + " " + blocks + dropout(genotype));
    }

    @Override
    public Cost cost(Genotype genotype) {
        int channels = stemWidth;
        long params = 0;
        long macs = 0;
        long activations = activationsBefore();
        for (Block block : blocks(genotype)) {
            params += block.params();
            macs += block.macs();
            activations = Math.max(activations, block.activations());
            channels = block.out();
        }
        activations = Math.max(activations, activationsAfter(channels));
        return new Cost(
                params + paramsOutside(channels), macs + macsOutside(channels), activations * Activations.BYTES);
    }

    /** Stages add up and meet in their channels only: the cheapest way to each width, stage by stage. */
    @Override
    public Cost smallest() {
        long activations = smallest(Block::activations, Math::max, this::activationsAfter);
        return new Cost(
                smallest(Block::params, Long::sum, this::paramsOutside),
                smallest(Block::macs, Long::sum, this::macsOutside),
                Math.max(activations, activationsBefore()) * Activations.BYTES);
    }

    private long smallest(ToLongFunction<Block> cost, LongBinaryOperator join, IntToLongFunction outside) {
        Map<Integer, Long> cheapest = Map.of(stemWidth, 0L);
        for (Stage stage : stages) {
            cheapest = stage.cheapest(cheapest, cost, join);
        }
        return cheapest.entrySet().stream()
                .mapToLong(e -> join.applyAsLong(e.getValue(), outside.applyAsLong(e.getKey())))
                .min()
                .orElseThrow();
    }

    /** Parameters of the first convolution and the last layer. */
    private long paramsOutside(int lastChannels) {
        return 9L * task.channels() * stemWidth + 2L * stemWidth + (lastChannels + 1L) * task.classes();
    }

    private long macsOutside(int lastChannels) {
        return 9L * task.channels() * stemWidth * task.height() * task.width() + (long) lastChannels * task.classes();
    }

    /** Numbers alive at once in the first convolution and what follows it. */
    private long activationsBefore() {
        long pixels = (long) task.height() * task.width();
        return pixels * stemWidth + pixels * Math.max(stemWidth, task.channels());
    }

    /** Numbers alive at once in the last layers; dropout on the pooled channels needs no more than pooling does. */
    private long activationsAfter(int lastChannels) {
        long pixels = (long) stages.getLast().heightAfter() * stages.getLast().widthAfter();
        return lastChannels + Math.max(lastChannels * pixels, task.classes());
    }

    /** The ways to cut the row of layers into stages, each times the choices that give the stage its layers. */
    @Override
    public OptionalLong multiplicity(Genotype representative) {
        String layers = blocks(representative).stream().map(Block::layers).collect(Collectors.joining());
        var ways = new long[layers.length() + 1];
        var channels = new int[ways.length];
        ways[0] = 1;
        channels[0] = stemWidth;
        for (Stage stage : stages) {
            var after = new long[ways.length];
            for (int from = 0; from < ways.length; from++) {
                for (var row : ways[from] == 0 ? Set.<Map.Entry<Row, Long>>of() : rows(stage, channels[from])) {
                    if (layers.startsWith(row.getKey().layers(), from)) {
                        int to = from + row.getKey().layers().length();
                        after[to] += ways[from] * row.getValue();
                        channels[to] = row.getKey().out();
                    }
                }
            }
            ways = after;
        }
        return OptionalLong.of(ways[layers.length()]);
    }

    private Set<Map.Entry<Row, Long>> rows(Stage stage, int channelsBefore) {
        return rows.computeIfAbsent(
                new Entry(stage, channelsBefore),
                e -> e.stage().rows(e.channels()).entrySet());
    }

    private List<Block> blocks(Genotype genotype) {
        checked(genotype);
        var blocks = new ArrayList<Block>();
        int channels = stemWidth;
        for (Stage stage : stages) {
            blocks.addAll(stage.blocks(genotype, channels));
            channels = blocks.isEmpty() ? stemWidth : blocks.getLast().out();
        }
        return blocks;
    }

    /** By stage and operator, so that architectures share the weights of blocks that stand in for each other. */
    private static String name(Stage stage, Block block, int number) {
        return "%s-%s%d".formatted(stage.name(), block.operator().text(), number);
    }

    private double dropout(Genotype genotype) {
        return dropouts.get(dropouts.size() == 1 ? 0 : genotype.choices().getLast());
    }

    @Override
    public List<Reference> references() {
        return references;
    }

    @Override
    public ChainSpace scaled(Multipliers by) {
        return new ChainSpace(
                by.channels(stemWidth),
                stages.stream().map(s -> s.scaled(by)).toList(),
                dropouts,
                task,
                decisions,
                references);
    }

    @Override
    public List<Integer> sizes() {
        return Stream.concat(Stream.of(stemWidth), stages.stream().flatMap(Stage::sizes))
                .toList();
    }

    @Override
    public Graph graph(Genotype genotype) {
        var graph = new GraphBuilder();
        String last = graph.input(task);
        last = graph.conv("stem.conv", last, stemWidth, STEM_KERNEL, 1, 1);
        last = graph.relu("stem.relu", graph.batchNorm("stem.norm", last));
        int channels = stemWidth;
        for (Stage stage : stages) {
            int number = 0;
            for (Block block : stage.blocks(genotype, channels)) {
                last = block.addTo(graph, name(stage, block, ++number), last);
                channels = block.out();
            }
        }
        last = graph.globalAvgPool("head.pool", last);
        if (dropout(genotype) > 0) {
            last = graph.dropout("head.dropout", last, dropout(genotype));
        }
        graph.dense("head.logits", last, task.classes());
        return graph.build();
    }
}
