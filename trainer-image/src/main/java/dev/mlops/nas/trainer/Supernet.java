package dev.mlops.nas.trainer;

import dev.mlops.nas.contract.TrialFile;
import dev.mlops.nas.contract.TrialFile.GraphNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;

/**
 * Weights that many architectures share: those of a node of the same name, operator and weight shape are the same ones. Every batch
 * trains a single path, one of the architectures (Guo et al. 2020, Single path one-shot neural architecture search with uniform
 * sampling); in a random order, but each as often as the others, since what is trained more often ranks higher than it should (Chu et
 * al. 2021, FairNAS). The optimiser sees gradients of 0 for weights off the path.
 */
final class Supernet implements AutoCloseable {
    /** Batches of the training part that an architecture's normalisations are calibrated by before it is judged. */
    private static final int CALIBRATION = 20;

    private static final int EVALUATION_BATCH = 128;

    private final TrialFile file;
    private final Examples examples;
    private final Partition partition;
    private final Parameters parameters = new Parameters();
    private final List<Network> networks = new ArrayList<>();
    private final Map<Integer, Classifier> learners = new HashMap<>();
    private final Arena learning;
    private final Arena judging;
    private final int batch;
    private final Loss loss;
    private final Augmentation augmentation;

    /**
     * The weights before training.
     *
     * @throws TrialException with exit code 64 when one of the graphs cannot be built, 69 when the weights do not fit into memory
     */
    Supernet(TrialFile file, Examples examples, Partition partition, List<List<GraphNode>> graphs, MemoryLimit limit) {
        this.file = file;
        this.examples = examples;
        this.partition = partition;
        this.learning = new Arena(limit);
        this.judging = new Arena(limit);
        this.batch = Math.min(file.recipe().batchSize(), partition.train().length);
        this.loss = Loss.of(file.recipe(), examples.targets(), partition.train());
        var changes = file.recipe().augmentation();
        this.augmentation = changes == null ? Augmentation.NONE : new Augmentation(changes, examples.shape());
        for (var graph : graphs) {
            networks.add(new NetworkBuilder(
                            graph, examples.shape(), examples.targets().outputs(), Set.of(), parameters)
                    .build());
        }
        // Values, gradients and two moments of the optimiser.
        limit.claim(Math.multiplyExact(parameters.count(), 4L * Float.BYTES));
        parameters.allocate(new SplittableRandom(file.seed()));
        networks.forEach(network -> network.statistics().allocate());
    }

    /** How many weights there are. */
    long params() {
        return parameters.count();
    }

    /**
     * Trains on all examples of the training part in every epoch, each batch on one architecture.
     *
     * @throws TrialException with exit code 64 when the loss is no number any more, 75 when asked to stop
     */
    void train(int epochs, BooleanSupplier stopRequested) {
        int batches = partition.train().length / batch;
        int warmUp = Math.min(Training.warmUpEpochs(file), epochs);
        var optimizer = new Optimizer(file.recipe(), parameters, (long) epochs * batches, (long) warmUp * batches);
        var deck = new Deck(networks.size(), new SplittableRandom(file.seed()));
        for (int epoch = 1; epoch <= epochs; epoch++) {
            var random = new SplittableRandom(file.seed() * 1_000_003 + epoch);
            var order = partition.train().clone();
            Partition.shuffle(order, random);
            double sum = 0;
            for (int i = 0; i < batches; i++) {
                if (stopRequested.getAsBoolean()) {
                    throw TrialException.terminated(
                            "Terminated in epoch %d of %d of the shared weights.", epoch, epochs);
                }
                var learner = learner(deck.next());
                parameters.gradients().assign(0f);
                learner.tape().draw(random.split());
                double batchLoss = learner.learn(order, i * batch, random.split());
                if (!Double.isFinite(batchLoss)) {
                    throw TrialException.architecture(
                            "Training of the shared weights diverged at epoch %d of %d: the loss is %s.",
                            epoch, epochs, batchLoss);
                }
                optimizer.update();
                sum += batchLoss;
            }
            System.out.printf(
                    "%s shared weights, epoch %d/%d: train loss %s%n",
                    file.trial(), epoch, epochs, Training.rounded(sum / batches));
        }
    }

    /**
     * Accuracy of one of the architectures on the validation part with the weights that it inherits, after its normalisations saw
     * some batches of the training part.
     */
    double accuracy(int architecture) {
        var network = networks.get(architecture);
        var random = new SplittableRandom(file.seed());
        var order = partition.train().clone();
        Partition.shuffle(order, random);
        var learner = learner(architecture);
        network.statistics().restart();
        for (int i = 0; i < Math.min(CALIBRATION, order.length / batch); i++) {
            learner.fill(order, i * batch, batch);
            learner.tape().draw(random.split());
            learner.tape().runForward();
            network.statistics().update();
        }
        network.statistics().publish();
        int judged = Math.min(EVALUATION_BATCH, partition.validation().length);
        var judge = new Classifier(network.compile(judged, false, judging), examples);
        return judge.evaluate(partition.validation()).score().of("accuracy");
    }

    private Classifier learner(int architecture) {
        return learners.computeIfAbsent(
                architecture,
                a -> new Classifier(networks.get(a).compile(batch, true, learning), examples, loss, augmentation));
    }

    @Override
    public void close() {
        learning.close();
        judging.close();
    }

    /** Numbers in random order, all of them before any comes again. */
    private static final class Deck {
        private final int[] cards;
        private final SplittableRandom random;
        private int dealt;

        Deck(int size, SplittableRandom random) {
            this.cards = IntStream.range(0, size).toArray();
            this.random = random;
            this.dealt = size;
        }

        int next() {
            if (dealt == cards.length) {
                Partition.shuffle(cards, random);
                dealt = 0;
            }
            return cards[dealt++];
        }
    }
}
