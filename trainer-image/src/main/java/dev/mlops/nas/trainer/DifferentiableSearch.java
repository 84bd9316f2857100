package dev.mlops.nas.trainer;

import dev.mlops.nas.contract.TrialFile;
import dev.mlops.nas.contract.TrialFile.Relaxed;
import dev.mlops.nas.contract.TrialResult.Derived;
import dev.mlops.nas.contract.TrialResult.Epoch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;

/**
 * Trains a graph with open choices, weights and choices by turns (Liu, Simonyan and Yang, "DARTS: Differentiable Architecture Search",
 * ICLR 2019, first order): a batch of one half of the training part moves the choices by the slope of its loss at the present weights,
 * then one of the other half moves the weights. Stops where {@link Curvature} rises and goes back to the choices before that.
 */
final class DifferentiableSearch implements AutoCloseable {
    private static final int EVALUATION_BATCH = 128;

    /** Batches that the curvature is measured on, at most; of few batches an eighth. */
    private static final int PROBED = 4;

    private final TrialFile file;
    private final Relaxed relaxed;
    private final Partition partition;
    private final int[] weightRows;
    private final int[] choiceRows;
    private final int[] probes;
    private final Mixtures mixtures;
    private final Network network;
    private final Arena learning;
    private final Arena judging;
    private final Classifier learner;
    private final Classifier plain;
    private final Classifier judge;
    private final Optimizer optimizer;
    private final ChoiceOptimizer choices;
    private final Curvature curvature = new Curvature();
    private final BooleanSupplier stopRequested;
    private final int batch;
    private final int batches;
    private final List<double[]> logits = new ArrayList<>();
    private final List<Epoch> history = new ArrayList<>();
    private int kept;

    /**
     * A search that has not begun.
     *
     * @throws TrialException with exit code 64 when the graph cannot be built, 69 when it does not fit into memory
     */
    DifferentiableSearch(
            TrialFile file,
            Relaxed relaxed,
            Examples examples,
            Partition partition,
            MemoryLimit limit,
            BooleanSupplier stopRequested) {
        this.file = file;
        this.relaxed = relaxed;
        this.partition = partition;
        this.stopRequested = stopRequested;
        this.weightRows =
                partition.withLessToLearnFrom(examples, 0.5, file.splitSeed()).train();
        this.choiceRows = without(partition.train(), weightRows);
        if (choiceRows.length == 0) {
            throw TrialException.data(
                    "The training part has %d examples, which cannot be cut in two.", partition.train().length);
        }
        this.probes = choiceRows.clone();
        Partition.shuffle(probes, new SplittableRandom(file.splitSeed()));
        this.batch = Math.min(file.recipe().batchSize(), Math.min(weightRows.length, choiceRows.length));
        this.batches = weightRows.length / batch;
        this.mixtures = new Mixtures(relaxed.mixtures());
        this.network = Network.of(
                new NetworkBuilder(
                        relaxed.graph(), examples.shape(), examples.targets().outputs(), mixtures),
                file.seed(),
                limit);
        this.learning = new Arena(limit);
        this.judging = new Arena(limit);
        var compiled = network.compile(batch, true, learning);
        var changes = file.recipe().augmentation();
        this.learner = new Classifier(
                compiled,
                examples,
                Loss.of(file.recipe(), examples.targets(), partition.train()),
                changes == null ? Augmentation.NONE : new Augmentation(changes, examples.shape()));
        this.plain = new Classifier(compiled, examples);
        int judged = Math.min(EVALUATION_BATCH, partition.validation().length);
        this.judge = new Classifier(network.compile(judged, false, judging), examples);
        long warmUp = Math.min(Training.warmUpEpochs(file), file.epochs());
        this.optimizer =
                new Optimizer(file.recipe(), network.parameters(), (long) file.epochs() * batches, warmUp * batches);
        this.choices = new ChoiceOptimizer(mixtures.logits(), (long) file.epochs() * batches);
    }

    private static int[] without(int[] rows, int[] others) {
        return Arrays.stream(rows)
                .filter(row -> Arrays.binarySearch(others, row) < 0)
                .toArray();
    }

    /**
     * Trains until the last epoch, or until the curvature rises.
     *
     * @throws TrialException with exit code 64 when the loss is no number any more, 75 when asked to stop
     */
    void run() {
        for (int epoch = 1; epoch <= file.epochs() && !curvature.rises(file.epochs()); epoch++) {
            double loss = learn(epoch);
            network.statistics().publish();
            var score = judge.evaluate(partition.validation()).score();
            logits.add(mixtures.logits());
            double eigenvalue =
                    curvature.measure(mixtures.logits(), this::slopes, new SplittableRandom(file.seed() * 31 + epoch));
            var more = new LinkedHashMap<>(shares(heaviest(epoch)));
            more.put("curvature", Training.rounded(eigenvalue));
            history.add(new Epoch(
                    epoch,
                    System.currentTimeMillis(),
                    Training.rounded(loss),
                    Training.rounded(score.of("accuracy")),
                    Training.rounded(score.of("loss")),
                    null,
                    null,
                    null,
                    null,
                    more));
            System.out.printf(
                    "%s open choices, epoch %d/%d: train loss %s, accuracy %s, %s%n",
                    file.trial(),
                    epoch,
                    file.epochs(),
                    Training.rounded(loss),
                    Training.rounded(score.of("accuracy")),
                    more);
        }
        boolean stopped = curvature.rises(file.epochs());
        kept = stopped ? history.size() - Curvature.WINDOW : history.size();
        if (stopped) {
            System.out.printf(
                    "%s stops after epoch %d of %d: the curvature rises; the choices are those of epoch %d%n",
                    file.trial(), history.size(), file.epochs(), kept);
        }
    }

    private double learn(int epoch) {
        var random = new SplittableRandom(file.seed() * 1_000_003 + epoch);
        var forWeights = weightRows.clone();
        var forChoices = choiceRows.clone();
        Partition.shuffle(forWeights, random);
        Partition.shuffle(forChoices, random);
        int choiceBatches = forChoices.length / batch;
        double sum = 0;
        for (int i = 0; i < batches; i++) {
            if (stopRequested.getAsBoolean()) {
                throw TrialException.terminated(
                        "Terminated in epoch %d of %d of the differentiable search.", epoch, file.epochs());
            }
            step(forChoices, i % choiceBatches * batch, random, epoch);
            mixtures.open(choices.update(mixtures.logits(), mixtures.slopes()));
            sum += step(forWeights, i * batch, random, epoch);
            network.statistics().update();
            optimizer.update();
        }
        return sum / batches;
    }

    /** Forward and backward; the gradients of weights and choices are there. */
    private double step(int[] rows, int from, SplittableRandom random, int epoch) {
        mixtures.clearGradients();
        learner.tape().draw(random.split());
        double loss = learner.learn(rows, from, random.split());
        if (!Double.isFinite(loss)) {
            throw TrialException.architecture(
                    "The differentiable search diverged at epoch %d of %d: the loss is %s.",
                    epoch, file.epochs(), loss);
        }
        return loss;
    }

    /** Slopes of the loss of always the same examples for the choices, at other logits and with the weights as they are. */
    private double[] slopes(double[] at) {
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

    /** Epochs that were trained. */
    List<Epoch> history() {
        return List.copyOf(history);
    }

    /** How many weights there are. */
    long params() {
        return network.parameters().count();
    }

    /** What the result has to say beside the architectures. */
    Map<String, Double> metrics(List<Derived> derived) {
        mixtures.open(at(kept));
        double open = accuracy();
        double closed = derived.getFirst().accuracy();
        var metrics = new LinkedHashMap<String, Double>();
        metrics.put("relaxedAccuracy", Training.rounded(open));
        metrics.put("derivedAccuracy", closed);
        metrics.put("relaxedGap", Training.rounded(open - closed));
        metrics.putAll(shares(derived.getFirst().choices()));
        metrics.put(
                "curvature",
                Objects.requireNonNull(history.get(kept - 1).more()).getOrDefault("curvature", 0.0));
        metrics.put("keptEpoch", (double) kept);
        metrics.put("trainedEpochs", (double) history.size());
        metrics.put("params", (double) params());
        return metrics;
    }

    /**
     * The architectures: the heaviest at the choices that count; then, by the accuracy that they have with the weights as they are, what
     * was heaviest at epochs before, as half of the rest at most, and the next heaviest.
     */
    List<Derived> derive() {
        Set<List<Integer>> found = new LinkedHashSet<>(List.of(heaviest(kept)));
        int ofEarlier = 1 + (relaxed.derive() - 1) / 2;
        for (int epoch = kept - 1; epoch > 0 && found.size() < ofEarlier; epoch--) {
            found.add(heaviest(epoch));
        }
        for (var next : derivation(kept).heaviest(relaxed.derive())) {
            if (found.size() < relaxed.derive()) {
                found.add(next);
            }
        }
        var derived = new ArrayList<Derived>();
        for (var closed : found) {
            mixtures.close(closed);
            derived.add(new Derived(closed, Training.rounded(accuracy())));
        }
        derived.subList(1, derived.size())
                .sort(Comparator.comparingDouble(Derived::accuracy).reversed());
        return derived;
    }

    private double[] at(int epoch) {
        return logits.get(epoch - 1);
    }

    private List<Integer> heaviest(int epoch) {
        return derivation(epoch).heaviest(1).getFirst();
    }

    private Derivation derivation(int epoch) {
        return new Derivation(mixtures.list(), mixtures.shares(at(epoch)));
    }

    /** Part of the choices that are a skip, and nothing. */
    private Map<String, Double> shares(List<Integer> closed) {
        var names = IntStream.range(0, closed.size())
                .filter(m -> closed.get(m) >= 0)
                .mapToObj(m -> mixtures.list().get(m).choices().get(closed.get(m)))
                .toList();
        var shares = new LinkedHashMap<String, Double>();
        for (var watched : List.of("skip", "none")) {
            double count = names.stream().filter(watched::equals).count();
            shares.put(watched + "Share", Training.rounded(count / names.size()));
        }
        return shares;
    }

    /** On the validation part with the choices as they are, after the normalisations saw some batches. */
    private double accuracy() {
        Calibration.calibrate(network, plain, partition, file.seed());
        return judge.evaluate(partition.validation()).score().of("accuracy");
    }

    @Override
    public void close() {
        learning.close();
        judging.close();
    }
}
