package dev.mlops.nas.search;

import dev.mlops.nas.search.CellLayers.Activation;
import dev.mlops.nas.search.Decisions.Condition;
import dev.mlops.nas.search.Decisions.Conditional;
import dev.mlops.nas.search.Layers.Window;
import dev.mlops.nas.search.Relaxation.Mixture;
import dev.mlops.nas.search.Spaces.DartsCellOptions;
import dev.mlops.nas.search.Spaces.StackOptions;
import dev.mlops.nas.search.Spaces.Task;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.SequencedMap;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Two kinds of cells, normal and reduction, whose nodes choose their inputs: Zoph et al., "Learning Transferable Architectures",
 * CVPR 2018; Liu, Simonyan, Yang, "DARTS: Differentiable Architecture Search", ICLR 2019.
 *
 * <p>Nodes 0 and 1 are the results of the two cells before, brought to the cell's width by ReLU, 1x1 convolution and batch norm;
 * the last node is the output. Every other node chooses its inputs among the earlier ones, {@code normal.node2.inputs} such as
 * {@code 0+1}, and an operation for each in their order, {@code normal.node2.op1}; it adds them up. The output joins the channels of
 * these nodes, or adds them. In a reduction cell operations on the inputs have stride 2; a skip is a 1x1 convolution there (the
 * paper halves with two convolutions of half the width, as costly).
 *
 * <p>The network is a 3x3 convolution of three times the width, stages of normal cells with a reduction cell between them that
 * halves the sides and doubles the width, global average pooling, dense. Cells that no later cell reads are not there.
 *
 * <p>Two genotypes are the same architecture when their cells are, see {@link CellGraph}.
 */
public final class DartsCellSpace implements OpenSpace {
    private static final String NORMAL = "normal";
    private static final String REDUCTION = "reduction";
    private static final int STEM = 3;

    private final DartsCellOptions options;
    private final List<CellOperation> operations;
    private final Task task;
    private final Decisions decisions;
    private final List<Reference> references;

    /** Everything fits together: {@link CellChecks} has checked it. */
    DartsCellSpace(
            DartsCellOptions options,
            List<CellOperation> operations,
            Task task,
            Decisions decisions,
            List<Reference> references) {
        this.options = options;
        this.operations = List.copyOf(operations);
        this.task = task;
        this.decisions = decisions;
        this.references = List.copyOf(references);
    }

    private static List<String> kinds(StackOptions stack) {
        return stack.stages() > 1 ? List.of(NORMAL, REDUCTION) : List.of(NORMAL);
    }

    static Decisions decisions(DartsCellOptions options) {
        var parts = new ArrayList<List<Conditional>>();
        var fixed = new HashMap<String, String>();
        for (String kind : kinds(options.stack())) {
            for (int node = 2; node < options.nodes() - 1; node++) {
                String name = kind + ".node" + node;
                List<List<Integer>> sets = inputs(options, node);
                var part = new ArrayList<Conditional>();
                if (sets.size() > 1) {
                    List<String> texts = sets.stream().map(DartsCellSpace::text).toList();
                    part.add(new Conditional(new Decision(name + ".inputs", texts), List.of()));
                } else {
                    fixed.put(name + ".inputs", text(sets.getFirst()));
                }
                int most = sets.stream().mapToInt(List::size).max().orElseThrow();
                for (int k = 1; k <= most; k++) {
                    part.add(
                            new Conditional(new Decision(name + ".op" + k, options.operations()), conditions(sets, k)));
                }
                parts.add(part);
            }
        }
        return new Decisions(parts, fixed);
    }

    /** The sets of inputs that a node may have: pairs of earlier nodes, or single ones, or both. */
    private static List<List<Integer>> inputs(DartsCellOptions options, int node) {
        var sets = new ArrayList<List<Integer>>();
        for (int first = 0; first < node; first++) {
            if (options.inputs().contains(1)) {
                sets.add(List.of(first));
            }
            for (int second = first + 1; second < node && options.inputs().contains(2); second++) {
                sets.add(List.of(first, second));
            }
        }
        return sets;
    }

    private static String text(List<Integer> inputs) {
        return inputs.stream().map(Object::toString).collect(Collectors.joining("+"));
    }

    /** The operation with this number needs so many inputs. */
    private static List<Condition> conditions(List<List<Integer>> sets, int operation) {
        Set<Integer> enough = IntStream.range(0, sets.size())
                .filter(s -> sets.get(s).size() >= operation)
                .boxed()
                .collect(Collectors.toSet());
        return enough.size() == sets.size() ? List.of() : List.of(new Condition(0, enough));
    }

    /**
     * Designs that the options allow, by name: separable convolutions in a row beside skips (Chollet 2017), and the second-order
     * cells of the DARTS paper.
     */
    static Map<String, Map<String, String>> designs(DartsCellOptions options) {
        var designs = new LinkedHashMap<String, Map<String, String>>();
        if (options.nodes() != 7 || !options.inputs().contains(2)) {
            return designs;
        }
        Set<String> operations = Set.copyOf(options.operations());
        if (operations.containsAll(Set.of("skip", "sepconv3x3", "maxpool3x3"))) {
            var rest = List.of("1+2 skip sepconv3x3", "2+3 skip sepconv3x3", "3+4 skip sepconv3x3");
            designs.put(
                    "xception-like", design(options, "0+1 skip sepconv3x3", rest, "0+1 maxpool3x3 sepconv3x3", rest));
        }
        if (operations.containsAll(Set.of("skip", "sepconv3x3", "dilconv3x3", "maxpool3x3"))) {
            designs.put(
                    "darts-v2-like",
                    design(
                            options,
                            "0+1 sepconv3x3 sepconv3x3",
                            List.of("0+1 sepconv3x3 sepconv3x3", "0+1 skip sepconv3x3", "0+2 skip dilconv3x3"),
                            "0+1 maxpool3x3 maxpool3x3",
                            List.of("1+2 maxpool3x3 skip", "0+2 maxpool3x3 skip", "1+2 maxpool3x3 skip")));
        }
        return designs;
    }

    private static Map<String, String> design(
            DartsCellOptions options,
            String normalFirst,
            List<String> normal,
            String reductionFirst,
            List<String> reduction) {
        var values = new LinkedHashMap<String, String>();
        for (String kind : kinds(options.stack())) {
            boolean isNormal = kind.equals(NORMAL);
            var nodes = new ArrayList<>(List.of(isNormal ? normalFirst : reductionFirst));
            nodes.addAll(isNormal ? normal : reduction);
            for (int i = 0; i < nodes.size(); i++) {
                List<String> words = List.of(nodes.get(i).split(" "));
                String name = kind + ".node" + (i + 2);
                values.put(name + ".inputs", words.get(0));
                values.put(name + ".op1", words.get(1));
                values.put(name + ".op2", words.get(2));
            }
        }
        return values;
    }

    @Override
    public Decisions table() {
        return decisions;
    }

    @Override
    public List<CellOperation> operations() {
        return operations;
    }

    @Override
    public SequencedMap<String, CellGraph> cells(Genotype genotype) {
        var cells = new LinkedHashMap<String, CellGraph>();
        var choices = checked(genotype).choices().iterator();
        // Both inputs of a cell without others are the stem.
        boolean alone = options.stack().stages() == 1 && options.stack().cells() == 1;
        for (String kind : kinds(options.stack())) {
            var cell = new CellGraph.Builder(2, alone);
            var values = new ArrayList<int[]>(List.of(cell.input(0), cell.input(1)));
            for (int node = 2; node < options.nodes() - 1; node++) {
                List<List<Integer>> sets = inputs(options, node);
                List<Integer> inputs = sets.get(sets.size() > 1 ? choices.next() : 0);
                int most = sets.stream().mapToInt(List::size).max().orElseThrow();
                var terms = new ArrayList<int[]>();
                for (int k = 0; k < most; k++) {
                    int operation = choices.next();
                    if (k < inputs.size()) {
                        int input = inputs.get(k);
                        boolean halves = kind.equals(REDUCTION) && input < 2;
                        terms.add(cell.apply(operation(operation, halves), values.get(input)));
                    }
                }
                values.add(cell.sum(terms));
            }
            List<int[]> nodes = values.subList(2, values.size());
            cells.put(kind, cell.build(options.concat() ? cell.join(nodes) : cell.sum(nodes)));
        }
        return cells;
    }

    /**
     * The product over the kinds of cells. With single inputs a cell may leave out one before it; then different pairs of cells can
     * be one network, and nothing is counted.
     */
    @Override
    public OptionalLong multiplicity(Genotype representative) {
        if (options.inputs().contains(1)) {
            return OptionalLong.empty();
        }
        long product = 1;
        for (var cell : cells(representative).entrySet()) {
            var matching = new Matching(cell.getValue());
            var pairs = new Pairs(matching, cell.getKey().equals(REDUCTION));
            product *= matching.ways(pairs::ways) / matching.symmetries();
        }
        return OptionalLong.of(product);
    }

    /** All cells of a kind whose nodes have two inputs, laid over one. */
    private final class Pairs {
        private final Matching matching;
        private final boolean reduces;

        Pairs(Matching matching, boolean reduces) {
            this.matching = matching;
            this.reduces = reduces;
        }

        long ways(List<int[]> values) {
            int node = values.size();
            if (node == options.nodes() - 1) {
                List<int[]> nodes = values.subList(2, node);
                return options.concat() ? matching.join(nodes, matching::end) : matching.end(Matching.sum(nodes));
            }
            long ways = 0;
            for (List<Integer> pair : inputs(options, node)) {
                ways += edges(
                        pair.get(0),
                        values,
                        first -> edges(pair.get(1), values, second -> {
                            int[] sum = Matching.sum(List.of(first, second));
                            return matching.reachesOutput(sum) ? ways(with(values, sum)) : 0;
                        }));
            }
            return ways;
        }

        private long edges(int input, List<int[]> values, Matching.Next next) {
            long ways = 0;
            for (int choice = 0; choice < operations.size(); choice++) {
                ways += matching.apply(operation(choice, reduces && input < 2), values.get(input), next);
            }
            return ways;
        }

        private static List<int[]> with(List<int[]> values, int[] value) {
            var more = new ArrayList<>(values);
            more.add(value);
            return more;
        }
    }

    private CellOperation operation(int choice, boolean halves) {
        CellOperation operation = operations.get(choice);
        return halves && operation == CellOperation.SKIP ? CellOperation.CONV1 : operation;
    }

    /** The cells in their row by their kinds, and which of them a later one reads. */
    private static final class Row {
        final List<String> kinds = new ArrayList<>();
        final boolean[] alive;
        private final Reading reading;

        /** Whether cells of a kind read an input. */
        @FunctionalInterface
        interface Reading {
            boolean reads(String kind, int input);
        }

        Row(StackOptions stack, Map<String, CellGraph> cells) {
            this(stack, (kind, input) -> Objects.requireNonNull(cells.get(kind)).reads(input));
        }

        Row(StackOptions stack, Reading reading) {
            this.reading = reading;
            for (int stage = 0; stage < stack.stages(); stage++) {
                kinds.addAll(stage > 0 ? List.of(REDUCTION) : List.of());
                kinds.addAll(Collections.nCopies(stack.cells(), NORMAL));
            }
            alive = new boolean[kinds.size()];
            alive[alive.length - 1] = true;
            for (int i = alive.length - 1; i >= 0; i--) {
                for (int input = 0; input < 2; input++) {
                    if (alive[i] && source(i, input) >= 0 && reads(i, input)) {
                        alive[source(i, input)] = true;
                    }
                }
            }
        }

        boolean reads(int cell, int input) {
            return reading.reads(kinds.get(cell), input);
        }

        /** The cell that gives another its input; below 0 for the stem. */
        int source(int cell, int input) {
            return cell - 2 + input;
        }

        /** How often the sides have been halved after this cell. */
        int halved(int cell) {
            return (int) IntStream.rangeClosed(0, cell)
                    .filter(i -> kinds.get(i).equals(REDUCTION))
                    .count();
        }

        /**
         * Whether some cell does not read both cells before it. Then cells may stand side by side, or be left out, and different
         * inputs can give the same network; otherwise a network has one row only.
         */
        boolean isLoose() {
            return IntStream.range(0, alive.length).anyMatch(i -> alive[i] && !(reads(i, 0) && reads(i, 1)));
        }

        List<String> kindsInUse() {
            return IntStream.range(0, alive.length)
                    .filter(i -> alive[i])
                    .mapToObj(kinds::get)
                    .distinct()
                    .sorted()
                    .toList();
        }
    }

    @Override
    public String architectureHash(Genotype genotype) {
        SequencedMap<String, CellGraph> cells = cells(genotype);
        var row = new Row(options.stack(), cells);
        String network = row.isLoose()
                ? signature(graph(genotype))
                : row.kindsInUse().stream()
                        .map(kind -> Objects.requireNonNull(cells.get(kind)).signature())
                        .collect(Collectors.joining(" "));
        return Fingerprint.of("darts cell " + task + " " + options.stack() + " " + network);
    }

    /** The whole network in colours. */
    static String signature(Graph graph) {
        Map<String, Integer> places = new HashMap<>();
        var sources = new int[graph.nodes().size()][];
        var kinds = new long[sources.length];
        for (int i = 0; i < sources.length; i++) {
            Graph.Node node = graph.nodes().get(i);
            places.put(node.name(), i);
            sources[i] = node.inputs().stream()
                    .mapToInt(name -> Objects.requireNonNull(places.get(name)))
                    .toArray();
            kinds[i] = Colouring.mix((node.operator() + node.attributes() + node.shape()).hashCode());
        }
        var colouring = new Colouring(sources, new int[] {sources.length - 1});
        return Arrays.stream(Colouring.sorted(colouring.distinguished(kinds)))
                .mapToObj(Long::toHexString)
                .collect(Collectors.joining(","));
    }

    @Override
    public Layers layers(Genotype genotype) {
        var cells = new LinkedHashMap<String, CellGraph>();
        var copies = new HashMap<String, CellLayers>();
        cells(genotype).forEach((kind, cell) -> {
            CellGraph canonical = cell.canonical();
            cells.put(kind, canonical);
            copies.put(kind, new CellLayers(canonical, Activation.BEFORE));
        });
        return network(
                new Row(options.stack(), cells),
                (layers, kind, width, stride, inputs) ->
                        Objects.requireNonNull(copies.get(kind)).addTo(layers, width, width, stride, inputs));
    }

    /** Adds a cell of a kind to a network. */
    @FunctionalInterface
    private interface Cell {
        int addTo(Layers layers, String kind, int width, int stride, int... inputs);
    }

    private Layers network(Row row, Cell cell) {
        var layers = new Layers();
        int input = layers.input(task);
        layers.scope("stem");
        int stem = layers.conv("conv", input, STEM * options.stack().width(), Window.of(3, 1));
        stem = layers.batchNorm("norm", stem);
        var results = new int[row.alive.length];
        for (int i = 0; i < results.length; i++) {
            if (row.alive[i]) {
                layers.scope("cell" + (i + 1));
                int width = options.stack().width() << row.halved(i);
                int[] inputs = inputs(layers, row, i, width, stem, results);
                int stride = row.kinds.get(i).equals(REDUCTION) ? 2 : 1;
                results[i] = cell.addTo(layers, row.kinds.get(i), width, stride, inputs);
            }
        }
        layers.scope("head");
        layers.dense("logits", layers.globalAvgPool("pool", results[results.length - 1]), task.classes());
        return layers;
    }

    /** Every node reads all before it. */
    @Override
    public Layers open() {
        List<String> kinds = kinds(options.stack());
        int mixtures = mixtures().size() / kinds.size();
        return network(
                new Row(options.stack(), (kind, input) -> true),
                (layers, kind, width, stride, inputs) ->
                        open(new OpenCell(layers, width), kinds.indexOf(kind) * mixtures, stride, inputs));
    }

    private int open(OpenCell cell, int firstMixture, int stride, int... inputs) {
        int mixture = firstMixture;
        var values = new ArrayList<Integer>(List.of(inputs[0], inputs[1]));
        for (int node = 2; node < options.nodes() - 1; node++) {
            var terms = new ArrayList<Integer>();
            for (int from = 0; from < node; from++, mixture++) {
                int pace = from < 2 ? stride : 1;
                terms.add(cell.edge("edge" + from + "-" + node, mixture, operations, values.get(from), pace));
            }
            values.add(cell.sum("node" + node, terms));
        }
        List<Integer> nodes = values.subList(2, values.size());
        return options.concat() ? cell.join(nodes) : cell.sum("output", nodes);
    }

    /** One for each edge, as in the paper; of each node's edges the strongest stay, as many as a node may have inputs. */
    @Override
    public List<Mixture> mixtures() {
        int keep = Collections.max(options.inputs());
        var mixtures = new ArrayList<Mixture>();
        for (String kind : kinds(options.stack())) {
            for (int node = 2; node < options.nodes() - 1; node++) {
                for (int from = 0; from < node; from++) {
                    String name = kind + ".edge" + from + "-" + node;
                    mixtures.add(new Mixture(name, options.operations(), kind + ".node" + node, keep));
                }
            }
        }
        return mixtures;
    }

    @Override
    public Genotype closed(List<Integer> choices) {
        var closed = new ArrayList<Integer>();
        var edges = choices.iterator();
        for (int i = 0; i < kinds(options.stack()).size(); i++) {
            for (int node = 2; node < options.nodes() - 1; node++) {
                var inputs = new ArrayList<Integer>();
                var chosen = new ArrayList<Integer>();
                for (int from = 0; from < node; from++) {
                    int operation = edges.next();
                    if (operation >= 0) {
                        inputs.add(from);
                        chosen.add(operation);
                    }
                }
                List<List<Integer>> sets = inputs(options, node);
                closed.addAll(sets.size() > 1 ? List.of(sets.indexOf(inputs)) : List.of());
                int most = sets.stream().mapToInt(List::size).max().orElseThrow();
                closed.addAll(chosen);
                closed.addAll(Collections.nCopies(most - chosen.size(), -1));
            }
        }
        return checked(new Genotype(closed));
    }

    /** The cell's inputs in its width and with the sides of the cell just before it. */
    private static int[] inputs(Layers layers, Row row, int cell, int width, int stem, int[] results) {
        var inputs = new int[2];
        for (int i = 0; i < inputs.length; i++) {
            if (row.reads(cell, i)) {
                int source = row.source(cell, i);
                layers.part(i == 0 ? "before2" : "before1");
                int relu = layers.relu("relu", source < 0 ? stem : results[source]);
                int stride = row.halved(source) < row.halved(cell - 1) ? 2 : 1;
                int conv = layers.conv("conv", relu, width, Window.of(1, stride));
                inputs[i] = layers.batchNorm("norm", conv);
            }
        }
        return inputs;
    }

    @Override
    public Cost smallest() {
        return new Cost(
                Smallest.of(this, g -> cost(g).params()),
                Smallest.of(this, g -> cost(g).macs()),
                Smallest.of(this, g -> cost(g).activationBytes()));
    }

    @Override
    public List<Reference> references() {
        return references;
    }

    @Override
    public DartsCellSpace scaled(Multipliers by) {
        return new DartsCellSpace(options.with(stack().scaled(by)), operations, task, decisions, references);
    }

    @Override
    public StackOptions stack() {
        return options.stack();
    }

    @Override
    public String stacking() {
        return CellStack.words(stack(), "normal cells in each");
    }
}
