package dev.mlops.nas.trainer;

import dev.mlops.nas.contract.TrialFile;
import dev.mlops.nas.contract.TrialFile.Relaxed;
import dev.mlops.nas.contract.TrialResult.Epoch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.BooleanSupplier;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A graph with open choices, whose weights and choices are trained by turns (Liu, Simonyan and Yang, "DARTS: Differentiable Architecture
 * Search", ICLR 2019): a batch of one half of the training part moves the choices, then one of the other half moves the weights. What an
 * epoch draws depends on seed, epoch and batch alone.
 */
final class Bilevel implements AutoCloseable {
    private static final int EVALUATION_BATCH = 128;

    /** Batches that slopes are measured on, at most; of few batches an eighth. */
    private static final int PROBED = 4;

    private final TrialFile file;
    private final Partition partition;
    private final int[] weightRows;
    private final int[] choiceRows;
    private final int[] probes;
    private final Mixtures mixtures;
    private final Network network;
    private final Arena learning;
    private final Arena judging;
    private final BoundNetwork learner;
    private final BoundNetwork plain;
    private final BoundNetwork judge;
    private final Optimizer optimizer;
    private final ChoiceOptimizer choices;
    private final int batch;
    private final int batches;
    private final ChoiceSlopes choiceSlopes;
    private int batchesDone;
    private double lossSum;

    /**
     * A graph before its training.
     *
     * @param batch examples of a step, as far as either half of the training part has so many
     * @throws TrialException with exit code 64 when the graph cannot be built, 65 when there are too few examples, 69 when it does not
     *     fit into memory
     */
    Bilevel(TrialFile file, Relaxed relaxed, Examples examples, Partition partition, int batch, MemoryLimit limit) {
        this.file = file;
        this.partition = partition;
        this.weightRows =
                partition.withLessToLearnFrom(examples, 0.5, file.splitSeed()).train();
        this.choiceRows = without(partition.train(), weightRows);
        if (choiceRows.length == 0) {
            throw TrialException.data(
                    "The training part has %d examples, which cannot be cut in two.", partition.train().length);
        }
        this.probes = choiceRows.clone();
        Partition.shuffle(probes, new SplittableRandom(file.splitSeed()));
        this.batch = Math.min(batch, Math.min(weightRows.length, choiceRows.length));
        this.batches = weightRows.length / this.batch;
        this.mixtures = new Mixtures(relaxed.mixtures());
        this.network = Network.of(
                new NetworkBuilder(
                        relaxed.graph(), examples.shape(), examples.targets().outputs(), mixtures),
                file.seed(),
                limit);
        this.learning = new Arena(limit);
        this.judging = new Arena(limit);
        var compiled = network.compile(this.batch, true, learning);
        var changes = file.recipe().augmentation();
        this.learner = new BoundNetwork(
                compiled,
                examples,
                Loss.of(file.recipe(), examples.targets(), partition.train()),
                changes == null ? Augmentation.NONE : new Augmentation(changes, examples.shape()));
        this.plain = new BoundNetwork(compiled, examples);
        int judged = Math.min(EVALUATION_BATCH, partition.validation().length);
        this.judge = new BoundNetwork(network.compile(judged, false, judging), examples);
        long warmUp = Math.min(Training.warmUpEpochs(file), file.epochs());
        this.optimizer =
                new Optimizer(file.recipe(), network.parameters(), (long) file.epochs() * batches, warmUp * batches);
        this.choices = new ChoiceOptimizer(mixtures.logits(), (long) file.epochs() * batches);
        this.choiceSlopes = "second".equals(relaxed.order())
                ? ChoiceSlopes.ahead(mixtures, network.parameters(), limit)
                : ChoiceSlopes.present(mixtures);
    }

    private static int[] without(int[] rows, int[] others) {
        return Arrays.stream(rows)
                .filter(row -> Arrays.binarySearch(others, row) < 0)
                .toArray();
    }

    Mixtures mixtures() {
        return mixtures;
    }

    /** How many weights there are. */
    long params() {
        return network.parameters().count();
    }

    /**
     * Trains on what is left of an epoch.
     *
     * @param epoch from 1
     * @return whether the epoch is over; false when asked to stop before
     * @throws TrialException with exit code 64 when the loss is no number any more
     */
    boolean learn(int epoch, BooleanSupplier stopRequested) {
        var random = new SplittableRandom(file.seed() * 1_000_003 + epoch);
        var forWeights = weightRows.clone();
        var forChoices = choiceRows.clone();
        Partition.shuffle(forWeights, random);
        Partition.shuffle(forChoices, random);
        int choiceBatches = forChoices.length / batch;
        for (int i = 0; i < batches; i++) {
            var draws = random.split();
            if (i < batchesDone) {
                continue;
            }
            if (stopRequested.getAsBoolean()) {
                return false;
            }
            int choice = i % choiceBatches;
            step(
                    Arrays.copyOfRange(forWeights, i * batch, (i + 1) * batch),
                    Arrays.copyOfRange(forChoices, choice * batch, (choice + 1) * batch),
                    draws,
                    epoch);
            batchesDone++;
        }
        network.statistics().publish();
        return true;
    }

    /** Moves the choices by one batch, then the weights by the other. */
    private void step(int[] forWeights, int[] forChoices, SplittableRandom draws, int epoch) {
        long seedOfWeights = draws.nextLong();
        long seedOfChoices = draws.nextLong();
        var slopes = choiceSlopes.of(
                () -> pass(forWeights, seedOfWeights, epoch),
                () -> pass(forChoices, seedOfChoices, epoch),
                optimizer.rate());
        mixtures.open(choices.update(mixtures.logits(), slopes));
        lossSum += pass(forWeights, seedOfWeights, epoch);
        network.statistics().update();
        optimizer.update();
    }

    /** Forward and backward; the gradients of weights and choices are there. */
    private double pass(int[] rows, long seed, int epoch) {
        var random = new SplittableRandom(seed);
        mixtures.clearGradients();
        learner.tape().draw(random.split());
        double loss = learner.learn(rows, 0, random.split());
        if (!Double.isFinite(loss)) {
            throw TrialException.architecture(
                    "The differentiable search diverged at epoch %d of %d: the loss is %s.",
                    epoch, file.epochs(), loss);
        }
        return loss;
    }

    /** The mean training loss of the epoch that is over; the next one begins. */
    double closeEpoch() {
        double mean = lossSum / batches;
        lossSum = 0;
        batchesDone = 0;
        return mean;
    }

    /** Slopes of the loss of always the same examples by the choices, at other logits and with the weights as they are. */
    double[] slopes(double[] at) {
        var before = mixtures.logits();
        mixtures.open(at);
        mixtures.clearGradients();
        var fixed = new SplittableRandom(file.seed());
        int probed = Math.clamp(probes.length / batch / 8, 1, PROBED);
        for (int i = 0; i < probed; i++) {
            plain.tape().draw(fixed.split());
            plain.learn(probes, i * batch, fixed.split());
        }
        var slopes = mixtures.slopes();
        mixtures.open(before);
        return Arrays.stream(slopes).map(slope -> slope / probed).toArray();
    }

    /** On the validation part, as the network is after an epoch. */
    Score score() {
        return judge.evaluate(partition.validation()).score();
    }

    /** On the validation part with other choices open or closed, after the normalisations saw some batches; for after the training. */
    double accuracy() {
        Calibration.calibrate(network, plain, partition, file.seed());
        return score().of("accuracy");
    }

    /**
     * All that the training needs to go on from here, and what else is to be kept with it.
     *
     * @param seconds trained so far
     * @param more numbers of others
     */
    Checkpoint checkpoint(List<Epoch> history, double seconds, List<double[]> more) {
        var numbers = new ArrayList<>(List.of(mixtures.logits()));
        numbers.addAll(choices.moments());
        numbers.addAll(more);
        return new Checkpoint(
                Checkpoint.fingerprint(file),
                batchesDone,
                lossSum,
                optimizer.step(),
                network.statistics().batches(),
                seconds,
                history,
                vectors().stream().map(INDArray::toFloatVector).toList(),
                numbers);
    }

    /** Goes on from a checkpoint; returns the numbers of others in it. */
    List<double[]> restore(Checkpoint saved) {
        var numbers = saved.numbers();
        saved.copyTo(vectors());
        optimizer.restore(saved.steps());
        network.statistics().restore(saved.statisticsBatches());
        mixtures.open(numbers.getFirst());
        choices.restore(numbers.subList(1, 3), saved.steps());
        batchesDone = saved.batchesDone();
        lossSum = saved.lossSum();
        return numbers.subList(3, numbers.size());
    }

    /** Weights, both moments of their optimiser, averages of the normalisations. */
    List<INDArray> vectors() {
        return List.of(
                network.parameters().values(),
                optimizer.first(),
                optimizer.second(),
                network.statistics().average());
    }

    @Override
    public void close() {
        learning.close();
        judging.close();
    }
}
