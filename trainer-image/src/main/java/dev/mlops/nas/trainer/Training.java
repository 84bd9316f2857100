package dev.mlops.nas.trainer;

import dev.mlops.nas.contract.TrialFile;
import dev.mlops.nas.contract.TrialResult.Epoch;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.SplittableRandom;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Trains one network epoch by epoch; order of batches, augmentation and dropout depend on seed, epoch and batch alone. */
final class Training {
    private static final int EVALUATION_BATCH = 128;

    /** A training whose loss rises beyond so many times that of guessing does not come back. */
    private static final double HOPELESS = 10;

    private final TrialFile file;
    private final Network network;
    private final Partition partition;
    private final BoundNetwork learner;
    private final BoundNetwork judge;
    private final Optimizer optimizer;
    private final BooleanSupplier stopRequested;
    private final Checkpoints checkpoints;
    private final Checkpoints resumed;
    private final int batch;
    private final int batchesPerEpoch;
    private final double guessing;
    private final List<Epoch> history = new ArrayList<>();
    private int firstBatch;
    private double lossSum;
    private double seconds;
    private double learningSeconds;
    private long learned;
    private double startSeconds;
    private boolean isAnothersContinuation;
    private final Energy energy;

    /**
     * A training that has not begun.
     *
     * @param batchSize examples per step; fewer where the training part is smaller
     * @throws TrialException with exit code 69 when the batch does not fit into memory
     */
    Training(
            TrialFile file,
            Network network,
            Examples examples,
            Partition partition,
            int batchSize,
            MemoryLimit limit,
            BooleanSupplier stopRequested) {
        this.file = file;
        this.network = network;
        this.partition = partition;
        this.stopRequested = stopRequested;
        this.batch = Math.min(batchSize, partition.train().length);
        this.batchesPerEpoch = partition.train().length / batch;
        var augmentation = file.recipe().augmentation();
        this.learner = new BoundNetwork(
                network.compile(batch, true, limit),
                examples,
                Loss.of(file.recipe(), examples.targets(), partition.train()),
                augmentation == null ? Augmentation.NONE : new Augmentation(augmentation, examples.shape()));
        int judged = Math.min(EVALUATION_BATCH, Math.max(partition.validation().length, partition.test().length));
        this.judge = new BoundNetwork(network.compile(judged, false, limit), examples);
        this.guessing = Loss.ofGuessing(examples.targets());
        this.optimizer = new Optimizer(
                file.recipe(),
                network.parameters(),
                (long) scheduleEpochs(file) * batchesPerEpoch,
                (long) warmUpEpochs(file) * batchesPerEpoch);
        this.energy = Energy.ofThisMachine();
        this.checkpoints = new Checkpoints(file, file.folders().checkpoints());
        this.resumed = new Checkpoints(file, file.folders().resume());
    }

    /** Epochs that the schedule spans. */
    static int scheduleEpochs(TrialFile file) {
        Integer epochs = file.recipe().scheduleEpochs();
        return epochs == null ? file.epochs() : epochs;
    }

    /** Epochs in which the learning rate rises. */
    static int warmUpEpochs(TrialFile file) {
        Integer epochs = file.recipe().warmUpEpochs();
        return epochs == null ? 0 : epochs;
    }

    /** Whether a later trial may go on where this one ends. */
    private boolean mayGoOn() {
        return file.epochs() < scheduleEpochs(file);
    }

    /**
     * Trains all epochs that are not done yet.
     *
     * @throws TrialException with exit code 64 when the training diverges, 75 when asked to stop
     */
    void run() {
        restore();
        for (int epoch = history.size() + 1; epoch <= file.epochs(); epoch++) {
            long start = System.nanoTime();
            learn(epoch);
            network.statistics().publish();
            var score = judge.evaluate(partition.validation()).score();
            seconds += (System.nanoTime() - start) / 1e9;
            energy.read();
            refuseDivergence(epoch, score.loss());
            history.add(new Epoch(
                    epoch,
                    System.currentTimeMillis(),
                    rounded(lossSum / batchesPerEpoch),
                    known(score, "accuracy"),
                    rounded(score.loss()),
                    known(score, "macroF1"),
                    known(score, "auc"),
                    known(score, "rmse"),
                    known(score, "r2"),
                    null));
            lossSum = 0;
            firstBatch = 0;
            if (epoch < file.epochs() || mayGoOn()) {
                checkpoints.write(() -> checkpoint(0));
            }
            System.out.printf(
                    "%s epoch %d/%d: train loss %s, %s%n",
                    file.trial(), epoch, file.epochs(), history.getLast().trainLoss(), score);
        }
    }

    private static @Nullable Double known(Score score, String metric) {
        double value = score.of(metric);
        return Double.isNaN(value) ? null : (Double) rounded(value);
    }

    private void learn(int epoch) {
        var random = new SplittableRandom(file.seed() * 1_000_003 + epoch);
        var order = partition.train().clone();
        Partition.shuffle(order, random);
        var draws = random.split();
        long start = System.nanoTime();
        for (int i = 0; i < batchesPerEpoch; i++) {
            var draw = draws.split();
            if (i < firstBatch) {
                continue;
            }
            if (stopRequested.getAsBoolean()) {
                seconds += (System.nanoTime() - start) / 1e9;
                int done = i;
                throw checkpoints.terminated("epoch %d of %d".formatted(epoch, file.epochs()), () -> checkpoint(done));
            }
            learner.tape().draw(draw);
            double batchLoss = learner.learn(order, i * batch, draw);
            if (!Double.isFinite(batchLoss)) {
                throw diverged(epoch, "the loss is " + batchLoss);
            }
            network.statistics().update();
            optimizer.update();
            lossSum += batchLoss;
            learned += batch;
            if (startSeconds == 0) {
                startSeconds = Device.secondsSinceStart();
            }
        }
        learningSeconds += (System.nanoTime() - start) / 1e9;
    }

    /** Ends a training that cannot come to anything, so that it costs no further epochs. */
    private void refuseDivergence(int epoch, double validationLoss) {
        if (!Double.isFinite(validationLoss)) {
            throw diverged(epoch, "the validation loss is " + validationLoss);
        }
        double mean = lossSum / batchesPerEpoch;
        if (!history.isEmpty() && mean > history.getLast().trainLoss() && mean > HOPELESS * guessing) {
            throw diverged(
                    epoch,
                    "the loss rose from %s to %s, and guessing has %s"
                            .formatted(history.getLast().trainLoss(), rounded(mean), rounded(guessing)));
        }
    }

    private TrialException diverged(int epoch, String reason) {
        return TrialException.architecture("Training diverged at epoch %d of %d: %s.", epoch, file.epochs(), reason);
    }

    private Checkpoint checkpoint(int batchesDone) {
        return new Checkpoint(
                Checkpoint.fingerprint(file),
                batchesDone,
                lossSum,
                optimizer.step(),
                network.statistics().batches(),
                seconds,
                history,
                vectors().stream().map(INDArray::toFloatVector).toList(),
                List.of());
    }

    private void restore() {
        var vectors = vectors();
        var own = checkpoints.read(vectors);
        var saved = own == null ? resumed.read(vectors) : own;
        if (saved == null) {
            return;
        }
        saved.copyTo(vectors);
        history.addAll(saved.history());
        firstBatch = saved.batchesDone();
        lossSum = saved.lossSum();
        // What the earlier trial took is on its own account.
        seconds = own == null ? 0 : saved.seconds();
        isAnothersContinuation = own != null;
        optimizer.restore(saved.steps());
        network.statistics().restore(saved.statisticsBatches());
        System.out.printf(
                "%s goes on from %s checkpoint: %d epochs and %d batches are done%n",
                file.trial(), own == null ? "an earlier trial's" : "its", history.size(), firstBatch);
    }

    private List<INDArray> vectors() {
        return List.of(
                network.parameters().values(),
                optimizer.first(),
                optimizer.second(),
                network.statistics().average());
    }

    /** What the machine used while this process trained; empty where it does not say, or where an earlier process did a part. */
    OptionalDouble joules() {
        return isAnothersContinuation ? OptionalDouble.empty() : energy.joules();
    }

    /** What the energy is of, or why it is not known. */
    String energyTold() {
        return isAnothersContinuation ? "not available: an earlier process did a part of the training" : energy.told();
    }

    /** Removes the checkpoints that nobody will go on from. */
    void forget() {
        if (!mayGoOn()) {
            checkpoints.remove();
        }
        resumed.remove();
    }

    List<Epoch> history() {
        return List.copyOf(history);
    }

    Answers evaluate(int[] rows) {
        return judge.evaluate(rows);
    }

    double seconds() {
        return seconds;
    }

    /** Training examples per second of pure training in this process; 0 when it did not train. */
    double imagesPerSecond() {
        return learningSeconds > 0 ? learned / learningSeconds : 0;
    }

    /** From the start of the process to the end of its first batch; 0 when it did not train. */
    double startSeconds() {
        return startSeconds;
    }

    /** Five significant digits: what the message has room for. */
    static double rounded(double value) {
        return Double.isFinite(value) ? Double.parseDouble("%.5g".formatted(value)) : value;
    }
}
