package dev.mlops.nas.trainer;

import dev.mlops.nas.contract.Operators;
import dev.mlops.nas.contract.TrialFile.GraphNode;
import dev.mlops.nas.trainer.Network.Node;
import dev.mlops.nas.trainer.Network.Shape;
import dev.mlops.nas.trainer.Network.Shape.Form;
import dev.mlops.nas.trainer.Plain.Activation.Kind;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Turns graph nodes into layers, checking each against its declared shape. */
final class NetworkBuilder {
    private static final Set<String> RECTIFIERS = Set.of("relu", "gelu", "silu");

    /** Operators whose weights for fewer channels or a smaller kernel are a part of those for more. */
    private static final Set<String> SLICED =
            Set.of("conv", "conv1d", "batchNorm", "layerNorm", "squeezeExcite", "dense", "embedding");

    private final List<GraphNode> graph;
    private final Shape input;
    private final int classes;
    private final Set<String> ignored;
    private final Parameters parameters;
    private final @Nullable Mixtures mixtures;
    private final Statistics statistics = new Statistics();
    private final List<Node> nodes = new ArrayList<>();
    private final Map<String, Integer> positions = new HashMap<>();

    NetworkBuilder(List<GraphNode> graph, Shape input, int classes) {
        this(graph, input, classes, Set.of(), new Parameters());
    }

    /**
     * A builder with its own ideas.
     *
     * @param ignored operators to build as identities, each with one input and its shape
     * @param parameters where the network's belong; those of a node of the same name, operator and shape are there already
     */
    NetworkBuilder(List<GraphNode> graph, Shape input, int classes, Set<String> ignored, Parameters parameters) {
        this(graph, input, classes, ignored, parameters, null);
    }

    /** A builder of a graph with open choices. */
    NetworkBuilder(List<GraphNode> graph, Shape input, int classes, Mixtures mixtures) {
        this(graph, input, classes, Set.of(), new Parameters(), mixtures);
    }

    private NetworkBuilder(
            List<GraphNode> graph,
            Shape input,
            int classes,
            Set<String> ignored,
            Parameters parameters,
            @Nullable Mixtures mixtures) {
        this.graph = graph;
        this.input = input;
        this.classes = classes;
        this.ignored = ignored;
        this.parameters = parameters;
        this.mixtures = mixtures;
    }

    /** The network without arrays. */
    Network build() {
        if (graph.isEmpty()) {
            throw TrialException.architecture(
                    "The graph has no nodes: this trainer needs a search space with a network.");
        }
        for (var node : graph) {
            add(node);
        }
        if (graph.stream().filter(node -> node.operator().equals("input")).count() != 1) {
            throw TrialException.architecture("The graph must have exactly one input node.");
        }
        var last = graph.getLast();
        if (!last.operator().equals("dense") || nodes.getLast().layer().shape().size() != classes) {
            throw TrialException.architecture(
                    "Node %s is the last one and must be a dense node with %d units, one per class.",
                    last.name(), classes);
        }
        return new Network(nodes, parameters, statistics);
    }

    private void add(GraphNode node) {
        var inputs = inputs(node);
        var shapes = inputs.stream().map(i -> nodes.get(i).layer().shape()).toList();
        parameters.belongTo(node.name() + ' ' + kind(node), isSliced(node, inputs));
        statistics.belongTo(node.name());
        var layer = layer(new Draft(node, shapes));
        if (!layer.shape().equals(declared(node))) {
            throw TrialException.architecture(
                    "Node %s (%s) declares shape %s, but gives %s.",
                    node.name(), node.operator(), node.shape(), layer.shape());
        }
        if (positions.putIfAbsent(node.name(), nodes.size()) != null) {
            throw TrialException.architecture("Node %s occurs twice in the graph.", node.name());
        }
        nodes.add(new Node(node.name(), layer, inputs));
    }

    /** The operator; convolutions in groups have other weights than those without. */
    private static String kind(GraphNode node) {
        boolean groups = node.attributes() != null && node.attributes().getOrDefault("groups", 1.0) > 1;
        return groups ? node.operator() + "-grouped" : node.operator();
    }

    /** Behind a flattened image, positions stand between the channels, and behind an embedding, one vector behind the other. */
    private boolean isSliced(GraphNode node, List<Integer> inputs) {
        return SLICED.contains(node.operator())
                && inputs.stream()
                        .map(nodes::get)
                        .noneMatch(input -> node.operator().equals("dense")
                                && (input.layer() instanceof Plain.Reshape
                                        || input.layer() instanceof Embedding
                                        || input.layer().shape().form() == Form.IMAGE));
    }

    private List<Integer> inputs(GraphNode node) {
        var names = node.inputs() == null ? List.<String>of() : node.inputs();
        var inputs = new ArrayList<Integer>();
        for (int i = 0; i < names.size(); i++) {
            var position = positions.get(names.get(i));
            if (position == null) {
                throw TrialException.architecture(
                        "Node %s reads %s, which is not an earlier node of the graph.", node.name(), names.get(i));
            }
            inputs.add(position);
        }
        return inputs;
    }

    private static Shape declared(GraphNode node) {
        var sides = node.shape();
        if (sides.isEmpty() || sides.size() > 3 || sides.stream().anyMatch(side -> side == null || side < 1)) {
            throw TrialException.architecture(
                    "Node %s has shape %s; allowed: one number; channels, length; or channels, height, width.",
                    node.name(), sides);
        }
        return Shape.of(sides);
    }

    private Layer layer(Draft draft) {
        if (ignored.contains(draft.node.operator())) {
            return new Plain.Identity(draft.only());
        }
        return switch (draft.node.operator()) {
            case "input" -> input(draft);
            case "conv" -> convolution(draft, draft.image());
            case "conv1d" -> convolution(draft, draft.sequence());
            case "batchNorm" -> new BatchNorm(draft.only(), parameters, statistics);
            case "relu" -> new Plain.Relu(draft.only());
            case "add" -> new Plain.Add(draft.equalInputs());
            case "concat" -> concat(draft);
            case "maxPool" -> Pool.windows(draft.image(), true, draft.positive("kernel"), draft.positive("stride"));
            case "avgPool" -> Pool.windows(draft.image(), false, draft.positive("kernel"), draft.positive("stride"));
            case "globalAvgPool" -> new Plain.GlobalAvgPool(draft.positions());
            case "globalMaxPool" -> Pool.globalMaximum(draft.positions());
            case "lastPosition" -> new Sequences.LastPosition(draft.sequence());
            case "squeezeExcite" -> new SqueezeExcite(draft.image(), draft.positive("units"), parameters);
            case "dense" -> dense(draft);
            case "dropout" -> new Plain.Dropout(draft.only(), draft.rate());
            case "zero" -> zero(draft);
            case "identity" -> new Plain.Identity(draft.only());
            case "flatten" ->
                new Plain.Reshape(draft.only(), Shape.flat(draft.only().size()));
            case "sequence" -> sequence(draft.image());
            case "positionEmbedding" -> new Sequences.PositionEmbedding(draft.sequence(), parameters);
            case "attention" -> new Attention(heads(draft), draft.wholeOrNone("window"));
            case "linearAttention" -> new LinearAttention(heads(draft));
            case "lstm" -> recurrence(new RecurrentCell.Lstm(), draft);
            case "gru" -> recurrence(new RecurrentCell.Gru(), draft);
            case "gelu" -> new Plain.Activation(draft.only(), Kind.GELU);
            case "silu" -> new Plain.Activation(draft.only(), Kind.SILU);
            case "tanh" -> new Plain.Activation(draft.only(), Kind.TANH);
            case "layerNorm" -> new LayerNorm(draft.only(), parameters);
            case "embedding" -> embedding(draft);
            case "choice" -> {
                if (mixtures == null) {
                    throw unknown(draft);
                }
                yield choice(draft, mixtures);
            }
            default -> throw unknown(draft);
        };
    }

    private static TrialException unknown(Draft draft) {
        return TrialException.architecture(
                "Node %s has the operator %s, which this trainer cannot build; it builds %s.",
                draft.node.name(), draft.node.operator(), String.join(", ", Operators.ALL));
    }

    private Layer input(Draft draft) {
        if (!draft.shapes.isEmpty()) {
            throw TrialException.architecture("Node %s is an input and cannot read other nodes.", draft.node.name());
        }
        var declared = declared(draft.node);
        if (!declared.equals(input)) {
            throw TrialException.architecture(
                    "Node %s declares shape %s, but dataset.shape is %s.", draft.node.name(), declared, input);
        }
        return new Plain.Input(declared);
    }

    private Layer convolution(Draft draft, Shape shape) {
        int filters = draft.positive("filters");
        int groups = draft.positive("groups", 1);
        int stride = draft.positive("stride", 1);
        int dilation = draft.positive("dilation", 1);
        if (shape.channels() % groups != 0 || filters % groups != 0) {
            throw TrialException.architecture(
                    "Node %s has %d groups, which must divide its %d input channels and its %d filters.",
                    draft.node.name(), groups, shape.channels(), filters);
        }
        return new Convolution(shape, filters, draft.positive("kernel"), stride, groups, dilation, parameters);
    }

    private Layer concat(Draft draft) {
        draft.require(2);
        var first = draft.shapes.getFirst();
        int channels = 0;
        for (var shape : draft.shapes) {
            if (!shape.withChannels(1).equals(first.withChannels(1))) {
                throw TrialException.architecture(
                        "Node %s joins channels of inputs with different sides: %s.", draft.node.name(), draft.shapes);
            }
            channels = Math.addExact(channels, shape.channels());
        }
        return new Plain.Concat(first.withChannels(channels));
    }

    private static Layer choice(Draft draft, Mixtures mixtures) {
        int mixture = draft.wholeOrNone("mixture");
        int count = mixtures.list().size();
        if (mixture >= count) {
            throw TrialException.architecture(
                    "Node %s names mixture %d; allowed: 0 to %d.", draft.node.name(), mixture, count - 1);
        }
        int choices = mixtures.list().get(mixture).choices().size();
        var shape = draft.equalInputs();
        if (draft.shapes.size() != choices) {
            throw TrialException.architecture(
                    "Node %s has %d inputs, but mixture %s has %d choices.",
                    draft.node.name(),
                    draft.shapes.size(),
                    mixtures.list().get(mixture).name(),
                    choices);
        }
        return new Choice(shape, mixtures, mixture);
    }

    private Layer dense(Draft draft) {
        // What leads to a rectifier loses half of its variance there (He et al. 2015).
        double gain = graph.stream().anyMatch(reader -> rectifies(reader, draft.node)) ? 2 : 1;
        return new Dense(draft.only(), draft.positive("units"), gain, parameters);
    }

    private static boolean rectifies(GraphNode reader, GraphNode node) {
        return RECTIFIERS.contains(reader.operator())
                && reader.inputs() != null
                && reader.inputs().contains(node.name());
    }

    private static Layer sequence(Shape image) {
        return new Plain.Reshape(image, Shape.sequence(image.channels(), image.positions()));
    }

    private static Heads heads(Draft draft) {
        var shape = draft.attended();
        int heads = draft.positive("heads", 1);
        if (shape.channels() % heads != 0) {
            throw TrialException.architecture(
                    "Node %s has %d heads, which must divide its %d channels.",
                    draft.node.name(), heads, shape.channels());
        }
        return new Heads(shape, heads);
    }

    private Layer recurrence(RecurrentCell cell, Draft draft) {
        return new Recurrence(
                cell, draft.sequence(), draft.positive("units"), draft.wholeOrNone("reverse") > 0, parameters);
    }

    private Layer embedding(Draft draft) {
        var table = draft.only();
        boolean ofInput = nodes.get(inputs(draft.node).getFirst()).layer() instanceof Plain.Input;
        if (!ofInput || table.positions() > 1) {
            throw TrialException.architecture(
                    "Node %s (embedding) needs the input itself, one value high and wide, but reads %s of shape %s.",
                    draft.node.name(), draft.node.inputs().getFirst(), table);
        }
        return new Embedding(draft.node.name(), table.channels(), draft.categorical(table.channels()), parameters);
    }

    private static Layer zero(Draft draft) {
        return new Plain.Zero(draft.only().strided(draft.positive("stride", 1)));
    }

    /** A node on its way to a layer, with the shapes of its inputs. */
    private record Draft(GraphNode node, List<Shape> shapes) {
        private static final String CATEGORIES = "categories.";
        private static final String UNITS = "units.";

        void require(int atLeast) {
            if (shapes.size() < atLeast) {
                throw TrialException.architecture(
                        "Node %s (%s) has %d input(s) and needs at least %d.",
                        node.name(), node.operator(), shapes.size(), atLeast);
            }
        }

        Shape only() {
            if (shapes.size() != 1) {
                throw TrialException.architecture(
                        "Node %s (%s) has %d inputs and needs exactly one.",
                        node.name(), node.operator(), shapes.size());
            }
            return shapes.getFirst();
        }

        Shape image() {
            return of("an image", Form.IMAGE);
        }

        Shape sequence() {
            return of("a sequence", Form.SEQUENCE);
        }

        Shape positions() {
            return of("an image or a sequence", Form.IMAGE, Form.SEQUENCE);
        }

        private Shape of(String what, Form... forms) {
            var shape = only();
            if (!List.of(forms).contains(shape.form())) {
                throw TrialException.architecture(
                        "Node %s (%s) needs %s, but its input has shape %s.",
                        node.name(), node.operator(), what, shape);
            }
            return shape;
        }

        /** The shape of queries, keys and values. */
        Shape attended() {
            if (shapes.size() != 3
                    || shapes.getFirst().form() != Form.SEQUENCE
                    || shapes.stream().distinct().count() > 1) {
                throw TrialException.architecture(
                        "Node %s (%s) needs three sequences of one shape, queries, keys and values, but its inputs have"
                                + " shapes %s.",
                        node.name(), node.operator(), shapes);
            }
            return shapes.getFirst();
        }

        Shape equalInputs() {
            require(2);
            for (var shape : shapes) {
                if (!shape.equals(shapes.getFirst())) {
                    throw TrialException.architecture(
                            "Node %s adds inputs of different shapes: %s.", node.name(), shapes);
                }
            }
            return shapes.getFirst();
        }

        /** Of the attributes {@code categories.COLUMN} and {@code units.COLUMN}. */
        List<Embedding.Column> categorical(int columns) {
            var attributes = node.attributes() == null ? Map.<String, Double>of() : node.attributes();
            var found = IntStream.range(0, columns)
                    .filter(column -> attributes.containsKey(CATEGORIES + column))
                    .mapToObj(column ->
                            new Embedding.Column(column, positive(CATEGORIES + column), positive(UNITS + column)))
                    .toList();
            if (found.isEmpty() || 2 * found.size() != attributes.size()) {
                throw TrialException.architecture(
                        "Node %s (embedding) has the attributes %s; allowed: %sC and %sC for each column C of its categories,"
                                + " from 0 to %d.",
                        node.name(), new TreeMap<>(attributes), CATEGORIES, UNITS, columns - 1);
            }
            return found;
        }

        private double number(String attribute, double otherwise) {
            var value = node.attributes() == null ? null : node.attributes().get(attribute);
            return value == null ? otherwise : value;
        }

        int positive(String attribute) {
            return whole(attribute, Double.NaN, 1);
        }

        /** 0 where it is left out. */
        int wholeOrNone(String attribute) {
            return whole(attribute, 0, 0);
        }

        int positive(String attribute, int otherwise) {
            return whole(attribute, otherwise, 1);
        }

        private int whole(String attribute, double otherwise, int least) {
            double value = number(attribute, otherwise);
            if (!(value >= least) || value != Math.rint(value) || value > Integer.MAX_VALUE) {
                throw TrialException.architecture(
                        "Node %s (%s) has %s %s; allowed: a whole number of at least %d.",
                        node.name(), node.operator(), attribute, Double.isNaN(value) ? "missing" : value, least);
            }
            return (int) value;
        }

        double rate() {
            double value = number("rate", Double.NaN);
            if (!(value >= 0 && value < 1)) {
                throw TrialException.architecture(
                        "Node %s (dropout) has rate %s; allowed: 0 up to, but not including, 1.", node.name(), value);
            }
            return value;
        }
    }
}
