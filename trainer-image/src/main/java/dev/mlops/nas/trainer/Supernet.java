package dev.mlops.nas.trainer;

import dev.mlops.nas.contract.TrialFile;
import dev.mlops.nas.contract.TrialFile.GraphNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Training of {@link SharedWeights}: every step trains some of the architectures, the paths, that a {@link PathSampler} chooses. Their
 * networks borrow their weights before, and the gradients of all of them are added up; the optimiser sees gradients of 0 for weights
 * off the paths. The networks have one place for their weights together, so that memory does not grow with their number.
 */
final class Supernet implements AutoCloseable {
    private final TrialFile file;
    private final Examples examples;
    private final Partition partition;
    private final List<Network> networks = new ArrayList<>();
    private final Parameters parameters;
    private final SharedWeights weights;
    private final float[] gradients;
    private final Optimizer optimizer;
    private final Map<Integer, BoundNetwork> learners = new HashMap<>();
    private final Arena learning;
    private final Arena judging;
    private final int batch;
    private final int batches;
    private final int epochs;
    private final Loss loss;
    private final Augmentation augmentation;

    /**
     * The weights before training.
     *
     * @param epochs of the whole training
     * @param batch examples of a step
     * @throws TrialException with exit code 64 when one of the graphs cannot be built, 69 when the weights, or one of the networks, do
     *     not fit into memory
     */
    Supernet(
            TrialFile file,
            Examples examples,
            Partition partition,
            List<List<GraphNode>> graphs,
            int epochs,
            int batch,
            MemoryLimit limit) {
        this.file = file;
        this.examples = examples;
        this.partition = partition;
        this.epochs = epochs;
        this.learning = new Arena(limit);
        this.judging = new Arena(limit);
        this.batch = batch;
        this.batches = partition.train().length / batch;
        this.loss = Loss.of(file.recipe(), examples.targets(), partition.train());
        var changes = file.recipe().augmentation();
        this.augmentation = changes == null ? Augmentation.NONE : new Augmentation(changes, examples.shape());
        for (var graph : graphs) {
            networks.add(new NetworkBuilder(
                            graph, examples.shape(), examples.targets().outputs())
                    .build());
        }
        this.parameters = SharedWeights.union(networks);
        // Values, gradients and two moments of the optimiser, and both again outside of it.
        limit.claim(Math.multiplyExact(parameters.count(), 6L * Float.BYTES));
        parameters.allocate(new SplittableRandom(file.seed()));
        this.weights = SharedWeights.of(parameters);
        this.gradients = new float[Math.toIntExact(parameters.count())];
        place(limit);
        int warmUp = Math.min(Training.warmUpEpochs(file), epochs);
        this.optimizer = new Optimizer(file.recipe(), parameters, (long) epochs * batches, (long) warmUp * batches);
        compile();
    }

    /** All before the first step: what does not fit into memory must not show when half of the training is paid for. */
    private void compile() {
        try {
            IntStream.range(0, networks.size()).forEach(this::learner);
            var _ = Calibration.judge(networks.getFirst(), examples, partition, judging);
        } catch (TrialException e) {
            close();
            throw e;
        }
    }

    private void place(MemoryLimit limit) {
        long largest =
                networks.stream().mapToLong(n -> n.parameters().count()).max().orElse(0);
        limit.claim(Math.multiplyExact(largest, 2L * Float.BYTES));
        var values = Nd4j.create(DataType.FLOAT, largest);
        var slopes = Nd4j.create(DataType.FLOAT, largest);
        for (var network : networks) {
            network.parameters().allocate(values, slopes);
            network.statistics().allocate();
        }
    }

    /** How many weights there are. */
    long params() {
        return parameters.count();
    }

    /** How many architectures are trained. */
    int paths() {
        return networks.size();
    }

    SharedWeights weights() {
        return weights;
    }

    /** Steps of the optimiser so far. */
    long steps() {
        return optimizer.step();
    }

    /** Weights and both moments of the optimiser. */
    List<INDArray> vectors() {
        return List.of(parameters.values(), optimizer.first(), optimizer.second());
    }

    /** Goes on after so many steps, from {@link #vectors} that have been filled. */
    void restore(long stepsSoFar) {
        optimizer.restore(stepsSoFar);
        weights.update(parameters);
    }

    /** Trains all epochs, on one path at a time. */
    void train(BooleanSupplier stopRequested) {
        for (int epoch = 1; epoch <= epochs; epoch++) {
            double mean = learn(epoch, PathSampler.uniform(paths(), sampling(epoch)), stopRequested);
            System.out.printf(
                    "%s shared weights, epoch %d/%d: train loss %s%n",
                    file.trial(), epoch, epochs, Training.rounded(mean));
        }
    }

    /** Where the choice of an epoch's paths comes from. */
    SplittableRandom sampling(int epoch) {
        return new SplittableRandom(file.seed() + epoch * 0x9e3779b97f4a7c15L);
    }

    /**
     * Trains on all examples of the training part once.
     *
     * @param epoch from 1
     * @return the mean loss
     * @throws TrialException with exit code 64 when the loss is no number any more, 75 when asked to stop
     */
    double learn(int epoch, PathSampler sampler, BooleanSupplier stopRequested) {
        var random = new SplittableRandom(file.seed() * 1_000_003 + epoch);
        var order = partition.train().clone();
        Partition.shuffle(order, random);
        double sum = 0;
        for (int i = 0; i < batches; i++) {
            if (stopRequested.getAsBoolean()) {
                throw TrialException.terminated("Terminated in epoch %d of %d of the shared weights.", epoch, epochs);
            }
            sum += step(sampler.next(), order, i * batch, random, epoch);
        }
        return sum / batches;
    }

    private double step(List<Integer> paths, int[] order, int from, SplittableRandom random, int epoch) {
        Arrays.fill(gradients, 0);
        double sum = 0;
        for (int path : paths) {
            weights.lend(networks.get(path));
            // What lies behind a node that passes nothing on is not written.
            networks.get(path).parameters().gradients().assign(0f);
            var learner = learner(path);
            learner.tape().draw(random.split());
            double batchLoss = learner.learn(order, from, random.split());
            if (!Double.isFinite(batchLoss)) {
                throw TrialException.architecture(
                        "Training of the shared weights diverged at epoch %d of %d: the loss is %s.",
                        epoch, epochs, batchLoss);
            }
            weights.collect(networks.get(path), gradients);
            sum += batchLoss;
        }
        Floats.write(gradients, parameters.gradients());
        optimizer.update();
        weights.update(parameters);
        return sum / paths.size();
    }

    /** The score of one of the architectures on the validation part with the weights that it inherits. */
    Score score(int path) {
        var network = networks.get(path);
        weights.lend(network);
        return Calibration.evaluate(network, learner(path), examples, partition, file.seed(), judging);
    }

    private BoundNetwork learner(int path) {
        return learners.computeIfAbsent(
                path,
                p -> new BoundNetwork(networks.get(p).compile(batch, true, learning), examples, loss, augmentation));
    }

    @Override
    public void close() {
        learning.close();
        judging.close();
    }
}
