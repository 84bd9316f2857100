package dev.mlops.nas.search;

import dev.mlops.nas.search.SearchSpace.Cost;
import dev.mlops.nas.search.Spaces.Task;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A network layer by layer, as numbers: quick to count, and the graph once names and attributes are wanted. Methods take the
 * places of earlier layers and return the new one's; they work out shapes, and throw where inputs do not fit together.
 */
final class Layers {
    private enum Operator {
        INPUT("input"),
        CONV("conv"),
        BATCH_NORM("batchNorm"),
        RELU("relu"),
        ADD("add"),
        CONCAT("concat"),
        MAX_POOL("maxPool"),
        AVG_POOL("avgPool"),
        GLOBAL_AVG_POOL("globalAvgPool"),
        ZERO("zero"),
        DROPOUT("dropout"),
        CHOICE("choice"),
        DENSE("dense");

        private final String text;

        Operator(String text) {
            this.text = text;
        }
    }

    /**
     * A convolution without bias.
     *
     * @param groups channels are split into so many
     * @param dilation distance between the pixels that a kernel reads, 1 for neighbours
     */
    record Window(int kernel, int stride, int groups, int dilation) {
        static Window of(int kernel, int stride) {
            return new Window(kernel, stride, 1, 1);
        }
    }

    /** One layer; height and width are 0 after flattening. */
    private static final class Layer {
        final Operator operator;
        final String scope;
        final String part;
        final String name;
        final int[] inputs;
        final int channels;
        final int height;
        final int width;
        final Window window;
        /** The rate of dropout, the mixture of a choice. */
        final double number;

        Layer(
                Operator operator,
                String scope,
                String part,
                String name,
                int[] inputs,
                int channels,
                int height,
                int width,
                Window window,
                double number) {
            this.operator = operator;
            this.scope = scope;
            this.part = part;
            this.name = name;
            this.inputs = inputs;
            this.channels = channels;
            this.height = height;
            this.width = width;
            this.window = window;
            this.number = number;
        }

        long size() {
            return isFlat() ? channels : (long) channels * height * width;
        }

        boolean isFlat() {
            return height == 0;
        }
    }

    private static final Window POINT = Window.of(1, 1);

    private final List<Layer> layers = new ArrayList<>();
    private String scope = "";
    private String part = "";
    private long params;
    private long macs;

    /** Later layers have this before their names, and a dot. */
    void scope(String name) {
        scope = name;
        part = "";
    }

    /** Later layers have this between the scope and their names; nothing where it is empty. */
    void part(String name) {
        part = name;
    }

    int input(Task task) {
        return add(Operator.INPUT, "input", task.channels(), task.height(), task.width(), POINT);
    }

    int conv(String name, int input, int filters, Window window) {
        Layer in = image(name, input);
        if (in.channels % window.groups != 0 || filters % window.groups != 0) {
            throw new IllegalArgumentException(name + ": " + in.channels + " channels and " + filters
                    + " filters do not split into " + window.groups);
        }
        int conv = strided(Operator.CONV, name, input, filters, window);
        Layer out = layers.get(conv);
        long weights = (long) window.kernel * window.kernel * (in.channels / window.groups) * filters;
        params += weights;
        macs += weights * out.height * out.width;
        return conv;
    }

    int batchNorm(String name, int input) {
        params += 2L * channels(input);
        return same(Operator.BATCH_NORM, name, input);
    }

    int relu(String name, int input) {
        return same(Operator.RELU, name, input);
    }

    int zero(String name, int input, int stride) {
        return strided(Operator.ZERO, name, input, channels(input), Window.of(1, stride));
    }

    /** One of the inputs, which have the same shape: which one is open. */
    int choice(String name, int mixture, int... inputs) {
        Layer first = alike(name, "chooses between", inputs);
        layers.add(new Layer(
                Operator.CHOICE, scope, part, name, inputs, first.channels, first.height, first.width, POINT, mixture));
        return layers.size() - 1;
    }

    /** The sum; an input may stand twice. */
    int sum(String name, int... inputs) {
        Layer first = alike(name, "adds", inputs);
        return add(Operator.ADD, name, first.channels, first.height, first.width, POINT, inputs);
    }

    /** The first of inputs of the same shape. */
    private Layer alike(String name, String does, int... inputs) {
        Layer first = layers.get(inputs[0]);
        for (int input : inputs) {
            Layer in = layers.get(input);
            if (in.channels != first.channels || in.height != first.height || in.width != first.width) {
                throw new IllegalArgumentException(name + " " + does + " " + shape(inputs[0]) + " and " + shape(input));
            }
        }
        return first;
    }

    /** Channels one behind the other; an input may stand twice. */
    int concat(String name, int... inputs) {
        Layer first = image(name, inputs[0]);
        int channels = 0;
        for (int input : inputs) {
            Layer in = layers.get(input);
            if (in.height != first.height || in.width != first.width) {
                throw new IllegalArgumentException(name + " joins " + shape(input) + " and " + shape(inputs[0]));
            }
            channels += in.channels;
        }
        return add(Operator.CONCAT, name, channels, first.height, first.width, POINT, inputs);
    }

    int maxPool(String name, int input, int kernel, int stride) {
        return strided(Operator.MAX_POOL, name, input, channels(input), Window.of(kernel, stride));
    }

    int avgPool(String name, int input, int kernel, int stride) {
        return strided(Operator.AVG_POOL, name, input, channels(input), Window.of(kernel, stride));
    }

    int globalAvgPool(String name, int input) {
        return add(Operator.GLOBAL_AVG_POOL, name, image(name, input).channels, 0, 0, POINT, input);
    }

    int dropout(String name, int input, double rate) {
        Layer in = layers.get(input);
        layers.add(new Layer(
                Operator.DROPOUT, scope, part, name, new int[] {input}, in.channels, in.height, in.width, POINT, rate));
        return layers.size() - 1;
    }

    int dense(String name, int input, int units) {
        Layer in = layers.get(input);
        if (!in.isFlat()) {
            throw new IllegalArgumentException(name + " needs a flat input, not " + shape(input));
        }
        params += (in.channels + 1L) * units;
        macs += (long) in.channels * units;
        return add(Operator.DENSE, name, units, 0, 0, POINT, input);
    }

    int channels(int layer) {
        return layers.get(layer).channels;
    }

    /** Channels, height and width; one number after flattening. */
    List<Integer> shape(int layer) {
        Layer of = layers.get(layer);
        return of.isFlat() ? List.of(of.channels) : List.of(of.channels, of.height, of.width);
    }

    /** What the network costs so far. */
    Cost cost() {
        var inputs = new int[layers.size()][];
        var sizes = new long[layers.size()];
        for (int i = 0; i < sizes.length; i++) {
            inputs[i] = layers.get(i).inputs;
            sizes[i] = layers.get(i).size();
        }
        return new Cost(params, macs, Activations.peak(inputs, sizes) * Activations.BYTES);
    }

    Graph graph() {
        List<String> names = layers.stream()
                .map(l -> Stream.of(l.scope, l.part, l.name)
                        .filter(n -> !n.isEmpty())
                        .collect(Collectors.joining(".")))
                .toList();
        if (names.stream().distinct().count() < names.size()) {
            throw new IllegalArgumentException("two layers have one name: " + names);
        }
        var nodes = new ArrayList<Graph.Node>();
        for (int i = 0; i < names.size(); i++) {
            Layer layer = layers.get(i);
            List<String> inputs =
                    Arrays.stream(layer.inputs).mapToObj(names::get).toList();
            nodes.add(new Graph.Node(names.get(i), layer.operator.text, attributes(layer), inputs, shape(i)));
        }
        return new Graph(nodes);
    }

    private static Map<String, Double> attributes(Layer layer) {
        Window window = layer.window;
        return switch (layer.operator) {
            case INPUT, BATCH_NORM, RELU, ADD, CONCAT, GLOBAL_AVG_POOL -> Map.of();
            case CONV -> {
                var attributes = new java.util.HashMap<>(Map.of(
                        "filters", (double) layer.channels,
                        "kernel", (double) window.kernel,
                        "stride", (double) window.stride,
                        "groups", (double) window.groups));
                if (window.dilation > 1) {
                    attributes.put("dilation", (double) window.dilation);
                }
                yield attributes;
            }
            case MAX_POOL, AVG_POOL -> Map.of("kernel", (double) window.kernel, "stride", (double) window.stride);
            case ZERO -> Map.of("stride", (double) window.stride);
            case DROPOUT -> Map.of("rate", layer.number);
            case CHOICE -> Map.of("mixture", layer.number);
            case DENSE -> Map.of("units", (double) layer.channels);
        };
    }

    /** Padding is "same": a side is divided by the stride and rounded up. */
    static int strided(int side, int stride) {
        return (side + stride - 1) / stride;
    }

    private int strided(Operator operator, String name, int input, int channels, Window window) {
        Layer in = image(name, input);
        return add(
                operator,
                name,
                channels,
                strided(in.height, window.stride),
                strided(in.width, window.stride),
                window,
                input);
    }

    private int same(Operator operator, String name, int input) {
        Layer in = layers.get(input);
        return add(operator, name, in.channels, in.height, in.width, POINT, input);
    }

    private Layer image(String name, int input) {
        Layer in = layers.get(input);
        if (in.isFlat()) {
            throw new IllegalArgumentException(name + " needs an image, not " + shape(input));
        }
        return in;
    }

    private int add(Operator operator, String name, int channels, int height, int width, Window window, int... inputs) {
        layers.add(new Layer(operator, scope, part, name, inputs, channels, height, width, window, 0));
        return layers.size() - 1;
    }
}
