package dev.mlops.nas.search;

import java.util.List;

/**
 * One block of a chain with everything known.
 *
 * @param operator what it does
 * @param kernel side of its convolution or pooling
 * @param expansion of mbconv; 1 otherwise
 * @param in channels before
 * @param out channels after
 * @param stride of its only strided operation
 * @param residual whether the input is added to the result
 * @param height of the image before
 * @param width of the image before
 */
record Block(
        Operator operator,
        int kernel,
        int expansion,
        int in,
        int out,
        int stride,
        boolean residual,
        int height,
        int width) {

    /** What blocks do. Every convolution is followed by batch norm and, unless said otherwise, ReLU. */
    enum Operator {
        /** A convolution. */
        CONV("conv"),
        /** A depthwise convolution, then a 1x1 convolution. */
        SEPARABLE("separable"),
        /**
         * A 1x1 convolution that widens (left out where the expansion is 1), a depthwise one, a 1x1 convolution without ReLU:
         * Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks", CVPR 2018.
         */
        MBCONV("mbconv"),
        /** Pooling, then a 1x1 convolution where the channels change. */
        MAX_POOL("maxpool"),
        /** Pooling, then a 1x1 convolution where the channels change. */
        AVG_POOL("avgpool");

        private final String text;

        Operator(String text) {
            this.text = text;
        }

        /** As users write it. */
        String text() {
            return text;
        }

        boolean pools() {
            return this == MAX_POOL || this == AVG_POOL;
        }
    }

    /** Puts blocks that are the same graph into the same words. */
    Block {
        if (operator != Operator.MBCONV) {
            expansion = 1;
        }
        residual = residual && stride == 1 && in == out;
        if (operator.pools() && stride == 1 && height == 1 && width == 1) {
            kernel = 1;
        }
        if (operator.pools() && kernel == 1) {
            operator = stride == 1 && in != out ? Operator.CONV : Operator.MAX_POOL;
        }
    }

    /** Whether it gives what it gets, and so is no block at all. */
    boolean isIdentity() {
        return operator.pools() && kernel == 1 && stride == 1;
    }

    int heightAfter() {
        return Layers.strided(height, stride);
    }

    int widthAfter() {
        return Layers.strided(width, stride);
    }

    private long hidden() {
        return (long) in * expansion;
    }

    /** Trainable parameters, batch norm included. */
    long params() {
        long square = (long) kernel * kernel;
        return switch (operator) {
            case CONV -> square * in * out + 2L * out;
            case SEPARABLE -> square * in + 2L * in + (long) in * out + 2L * out;
            case MBCONV ->
                (expansion > 1 ? in * hidden() + 2 * hidden() : 0)
                        + square * hidden()
                        + 2 * hidden()
                        + hidden() * out
                        + 2L * out;
            case MAX_POOL, AVG_POOL -> in == out ? 0 : (long) in * out + 2L * out;
        };
    }

    /** Multiply-accumulates of its convolutions. */
    long macs() {
        long square = (long) kernel * kernel;
        long before = (long) height * width;
        long after = (long) heightAfter() * widthAfter();
        return switch (operator) {
            case CONV -> square * in * out * after;
            case SEPARABLE -> (square * in + (long) in * out) * after;
            case MBCONV -> (expansion > 1 ? in * hidden() * before : 0) + (square * hidden() + hidden() * out) * after;
            case MAX_POOL, AVG_POOL -> in == out ? 0 : (long) in * out * after;
        };
    }

    /** Numbers alive at once while it runs; its input is kept to the end where it is added. */
    long activations() {
        if (isIdentity()) {
            return 0;
        }
        long before = (long) in * height * width;
        long pixels = (long) heightAfter() * widthAfter();
        long after = out * pixels;
        long kept = residual ? before : 0;
        // The first layer reads the input itself; every convolution's result is read by a batch norm of the same size.
        long peak = kept + 2 * after;
        return switch (operator) {
            case CONV -> Math.max(peak, before + after);
            case SEPARABLE -> Math.max(peak, inner(before, in * pixels, kept, after));
            case MBCONV -> {
                long deep = hidden() * pixels;
                long wide = hidden() * height * width;
                yield expansion == 1
                        ? Math.max(peak, inner(before, deep, kept, after))
                        : Math.max(
                                Math.max(peak, before + wide),
                                Math.max(kept + 2 * wide, inner(wide + kept, deep, kept, after)));
            }
            case MAX_POOL, AVG_POOL ->
                in == out
                        ? Math.max(before + after, residual ? peak : 0)
                        : Math.max(peak, Math.max(before + in * pixels, in * pixels + after));
        };
    }

    /** A convolution and its batch norm in the middle of the block, read by the last convolution. */
    private static long inner(long read, long size, long kept, long after) {
        return Math.max(read + size, kept + size + Math.max(size, after));
    }

    /** The layers as a text, the same for blocks with the same layers. */
    String layers() {
        String layers = switch (operator) {
            case CONV -> layer(out, kernel, stride, 1) + "r";
            case SEPARABLE -> layer(in, kernel, stride, in) + "r" + layer(out, 1, 1, 1) + "r";
            case MBCONV ->
                (expansion == 1 ? "" : layer((int) hidden(), 1, 1, 1) + "r")
                        + layer((int) hidden(), kernel, stride, (int) hidden()) + "r"
                        + layer(out, 1, 1, 1);
            case MAX_POOL, AVG_POOL ->
                operator.text() + kernel + "/" + stride + (in == out ? "" : layer(out, 1, 1, 1) + "r");
        };
        return residual ? "(" + layers + ")" : layers;
    }

    private static String layer(int filters, int kernel, int stride, int groups) {
        return "c" + kernel + "/" + stride + "x" + filters + "g" + groups;
    }

    /** Adds the block's nodes and returns the last. */
    String addTo(GraphBuilder graph, String name, String input) {
        String last = switch (operator) {
            case CONV -> convolution(graph, name, input, out, kernel, stride, 1);
            case SEPARABLE -> {
                String depthwise = convolution(graph, name + ".depthwise", input, in, kernel, stride, in);
                yield convolution(graph, name + ".pointwise", depthwise, out, 1, 1, 1);
            }
            case MBCONV -> bottleneck(graph, name, input);
            case MAX_POOL, AVG_POOL -> pooling(graph, name, input);
        };
        return residual ? graph.sum(name + ".sum", List.of(input, last)) : last;
    }

    private String bottleneck(GraphBuilder graph, String name, String input) {
        int hidden = in * expansion;
        String wide = expansion == 1 ? input : convolution(graph, name + ".expand", input, hidden, 1, 1, 1);
        String depthwise = convolution(graph, name + ".depthwise", wide, hidden, kernel, stride, hidden);
        String project = graph.conv(name + ".project.conv", depthwise, out, 1, 1, 1);
        return graph.batchNorm(name + ".project.norm", project);
    }

    private String pooling(GraphBuilder graph, String name, String input) {
        String pooled = operator == Operator.MAX_POOL
                ? graph.maxPool(name + ".pool", input, kernel, stride)
                : graph.avgPool(name + ".pool", input, kernel, stride);
        return in == out ? pooled : convolution(graph, name + ".widen", pooled, out, 1, 1, 1);
    }

    private static String convolution(
            GraphBuilder graph, String name, String input, int filters, int kernel, int stride, int groups) {
        String conv = graph.conv(name + ".conv", input, filters, kernel, stride, groups);
        return graph.relu(name + ".relu", graph.batchNorm(name + ".norm", conv));
    }
}
