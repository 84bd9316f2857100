package dev.mlops.nas.trainer;

import dev.mlops.nas.contract.TrialFile.GraphNode;
import dev.mlops.nas.contract.TrialFile.Recipe;
import dev.mlops.nas.trainer.Network.Shape;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * Prints how many images one core trains per second. Processor time of the thread counts, so that other work on the machine
 * hardly matters; therefore run it with OMP_NUM_THREADS=1, by the command in the module's README.
 */
final class TrainerBenchmark {
    private static final int WARM_UP = 30;
    private static final int STEPS = 100;

    private TrainerBenchmark() {}

    public static void main(String[] arguments) {
        print("digits 8x8, conv-norm-relu 16, 32, 64, batch 32", Graphs.smallCnn(), Shape.image(1, 8, 8), 32);
        print("images 28x28, conv-relu 16, 32, two poolings, batch 64", plainCnn(), Shape.image(1, 28, 28), 64);
        print("residual stack of 400 nodes on 4x4, batch 32", TrialTest.deep(98), Shape.image(1, 8, 8), 32);
        System.out.printf("peak memory of all of this: %d MiB%n", Device.peakMemoryMiB());
    }

    private static List<GraphNode> plainCnn() {
        return Graphs.input(1, 28, 28)
                .then("a", "conv", Map.of("filters", 16.0, "kernel", 3.0), 16, 28, 28)
                .then("a-relu", "relu", Map.of(), 16, 28, 28)
                .then("a-pool", "maxPool", Map.of("kernel", 2.0, "stride", 2.0), 16, 14, 14)
                .then("b", "conv", Map.of("filters", 32.0, "kernel", 3.0), 32, 14, 14)
                .then("b-relu", "relu", Map.of(), 32, 14, 14)
                .then("b-pool", "maxPool", Map.of("kernel", 2.0, "stride", 2.0), 32, 7, 7)
                .logits(10);
    }

    private static void print(String name, List<GraphNode> graph, Shape shape, int batch) {
        var random = new SplittableRandom(1);
        var features = new float[batch * shape.size()];
        for (int i = 0; i < features.length; i++) {
            features[i] = (float) (random.nextDouble() * 2 - 1);
        }
        var labels = IntStream.range(0, batch).map(i -> i % 10).toArray();
        var rows = IntStream.range(0, batch).toArray();
        var examples = new Examples("random", shape, 10, features, labels);
        var limit = MemoryLimit.ofThisProcess();
        var clock = ManagementFactory.getThreadMXBean();
        long start = clock.getCurrentThreadCpuTime();
        var network = Network.of(graph, shape, 10, 1, limit);
        var learner = new Classifier(network.compile(batch, true, limit), examples);
        double compiled = (clock.getCurrentThreadCpuTime() - start) / 1e6;
        var optimizer =
                new Optimizer(new Recipe("adamw", 1e-4, "constant", batch, 0, null), network.parameters(), STEPS, 0);
        long before = 0;
        for (int i = 0; i < WARM_UP + STEPS; i++) {
            if (i == WARM_UP) {
                before = clock.getCurrentThreadCpuTime();
            }
            learner.learn(rows, 0, random);
            network.statistics().update();
            optimizer.update();
        }
        double seconds = (clock.getCurrentThreadCpuTime() - before) / 1e9;
        System.out.printf(
                "%s: %,.0f images/s, step %.2f ms, compiled in %.0f ms%n",
                name, batch * STEPS / seconds, seconds * 1e3 / STEPS, compiled);
    }
}
