package dev.mlops.nas.trainer;

import dev.mlops.nas.contract.TrialFile.GraphNode;
import dev.mlops.nas.trainer.Network.Compiled;
import dev.mlops.nas.trainer.Tape.Slot;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * What can be said of a network before it is trained, after Abdelfattah et al. 2021 (Zero-cost proxies for lightweight NAS). More is
 * better, or is held to be. Dropout is left out.
 */
final class Scores {
    /** Examples that a network is shown; the first so many of the training part in a random order. */
    static final int BATCH = 64;

    private static final Set<String> NOISE = Set.of("dropout");
    private static final Set<String> NOISE_AND_NORMALISATION = Set.of("dropout", "batchNorm", "layerNorm");

    /** What the input and the slope of the output are scaled by until the products stay within 32-bit floating point. */
    private static final List<Double> SCALES = List.of(1.0, 1e-12, 1e-24, 1e-36);

    /** The vectors of categories are not scaled with the input, where 1 is a category. */
    private static final List<Double> UNSCALED = List.of(1.0);

    private final List<GraphNode> graph;
    private final Examples examples;
    private final long seed;

    Scores(List<GraphNode> graph, Examples examples, long seed) {
        this.graph = graph;
        this.examples = examples;
        this.seed = seed;
    }

    /** Rows of the training part in an order that depends on the seed alone. */
    static int[] rows(Partition partition, long seed) {
        var rows = partition.train().clone();
        Partition.shuffle(rows, new SplittableRandom(seed));
        return rows;
    }

    /**
     * All scores by the names of the contract; those that do not exist for this network are left out.
     *
     * @param rows of the examples to show, {@value #BATCH} of which are used
     * @throws TrialException with exit code 64 or 69 when the network cannot be built
     */
    Map<String, Double> of(int[] rows) {
        var scores = new TreeMap<String, Double>();
        var limit = MemoryLimit.ofThisProcess();
        var network = Network.of(
                new NetworkBuilder(graph, examples.shape(), examples.targets().outputs(), NOISE, new Parameters()),
                seed,
                limit);
        scores.put("params", (double) network.parameters().count());
        scores.put("macs", (double) network.macs());
        var compiled = network.compile(Math.min(BATCH, rows.length), true, limit);
        try (var tape = compiled.tape()) {
            var bound = new BoundNetwork(compiled, examples);
            bound.fill(rows, 0, tape.batch());
            tape.runForward();
            // Before the backward pass, which uses the activations' arrays again.
            put(scores, "naswot", naswot(compiled.activations(), tape.batch()));
            bound.learn(rows, 0, new SplittableRandom(seed));
            put(scores, "gradNorm", gradNorm(network));
        }
        put(scores, "synflow", synflow());
        return scores;
    }

    private static void put(Map<String, Double> scores, String name, OptionalDouble score) {
        score.ifPresent(value -> {
            if (Double.isFinite(value)) {
                scores.put(name, Training.rounded(value));
            }
        });
    }

    /** Sum of the Euclidean norms of the loss's gradients by each weight tensor. */
    private static OptionalDouble gradNorm(Network network) {
        return OptionalDouble.of(network.parameters().weightGradients().stream()
                .mapToDouble(g -> g.norm2Number().doubleValue())
                .sum());
    }

    /**
     * Mellor et al. 2021 (Neural architecture search without training): the logarithm of the determinant of the matrix that counts,
     * for each pair of examples, the units that are on for both or off for both. Examples that a network cannot tell apart make it
     * singular, and there is no score.
     */
    private static OptionalDouble naswot(List<Slot> activations, int batch) {
        var kernel = new double[batch][batch];
        for (var activation : activations) {
            var values = activation.array().data().asFloat();
            int units = values.length / batch;
            var codes = new BitSet[batch];
            for (int i = 0; i < batch; i++) {
                int start = i * units;
                codes[i] = new BitSet(units);
                IntStream.range(0, units).filter(u -> values[start + u] > 0).forEach(codes[i]::set);
            }
            for (int i = 0; i < batch; i++) {
                for (int j = 0; j < batch; j++) {
                    var different = (BitSet) codes[i].clone();
                    different.xor(codes[j]);
                    kernel[i][j] += units - different.cardinality();
                }
            }
        }
        return logDeterminant(kernel);
    }

    /** Of a symmetric matrix without negative eigenvalues, by Cholesky's decomposition in place; empty where it is singular. */
    static OptionalDouble logDeterminant(double[][] matrix) {
        double sum = 0;
        for (int i = 0; i < matrix.length; i++) {
            double diagonal = matrix[i][i];
            for (int j = 0; j <= i; j++) {
                double value = matrix[i][j];
                for (int k = 0; k < j; k++) {
                    value -= matrix[i][k] * matrix[j][k];
                }
                if (i > j) {
                    matrix[i][j] = value / matrix[j][j];
                } else if (value <= 1e-9 * diagonal) {
                    return OptionalDouble.empty();
                } else {
                    matrix[i][i] = Math.sqrt(value);
                    sum += Math.log(value);
                }
            }
        }
        return OptionalDouble.of(sum);
    }

    /**
     * Tanaka et al. 2020 (Pruning neural networks without any data by iteratively conserving synaptic flow): with all weights made
     * positive, an example of ones, and without normalisations, the natural logarithm of the sum over all weights of weight times
     * slope of the sum of the logits. Such a network passes a factor of its input on to its output, so that deep ones, whose products
     * overflow, can be scored with a smaller input; beyond a factor of some 10^70 there is no score, nor beyond some 10^38 with an
     * embedding.
     */
    private OptionalDouble synflow() {
        var limit = MemoryLimit.ofThisProcess();
        var builder = new NetworkBuilder(
                graph, examples.shape(), examples.targets().outputs(), NOISE_AND_NORMALISATION, new Parameters());
        var network = Network.of(builder, seed, limit);
        var values = network.parameters().values();
        var magnitudes = values.toFloatVector();
        for (int i = 0; i < magnitudes.length; i++) {
            magnitudes[i] = Math.abs(magnitudes[i]);
        }
        Floats.write(magnitudes, values);
        var compiled = network.compile(1, true, limit);
        try (var _ = compiled.tape()) {
            boolean embeds = graph.stream().anyMatch(node -> node.operator().equals("embedding"));
            for (double scale : embeds ? UNSCALED : SCALES) {
                double flow = flow(network, compiled, magnitudes, (float) scale);
                if (Double.isFinite(flow)) {
                    return flow > 0 ? OptionalDouble.of(Math.log(flow) - 2 * Math.log(scale)) : OptionalDouble.empty();
                }
            }
        }
        return OptionalDouble.empty();
    }

    private static double flow(Network network, Compiled compiled, float[] weights, float scale) {
        fill(compiled.input(), scale);
        compiled.tape().runForward();
        fill(compiled.logitsGradient(), scale);
        compiled.tape().runBackward();
        var gradients = network.parameters().gradients().toFloatVector();
        double flow = 0;
        for (int i = 0; i < weights.length; i++) {
            flow += weights[i] * (double) gradients[i];
        }
        return flow;
    }

    private static void fill(Slot slot, float value) {
        var values = new float[(int) slot.array().length()];
        Arrays.fill(values, value);
        Floats.write(values, slot.array());
    }
}
