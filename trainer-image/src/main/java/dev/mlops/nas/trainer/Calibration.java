package dev.mlops.nas.trainer;

import java.util.SplittableRandom;

/**
 * Evaluates a network with weights that were not trained for it alone: the averages of its normalisations are those of some batches of
 * the training part, shown to it without learning (Guo et al. 2020).
 */
final class Calibration {
    private static final int BATCHES = 20;
    private static final int EVALUATION_BATCH = 128;

    private Calibration() {}

    /**
     * The score on the validation part.
     *
     * @param learner compiled from the network for training
     * @param judging arena of the compiled network that evaluates
     */
    static Score evaluate(
            Network network, BoundNetwork learner, Examples examples, Partition partition, long seed, Arena judging) {
        calibrate(network, learner, partition, seed);
        return judge(network, examples, partition, judging)
                .evaluate(partition.validation())
                .score();
    }

    /** The network compiled to evaluate the validation part. */
    static BoundNetwork judge(Network network, Examples examples, Partition partition, Arena judging) {
        int judged = Math.min(EVALUATION_BATCH, partition.validation().length);
        return new BoundNetwork(network.compile(judged, false, judging), examples);
    }

    /** Gives the normalisations the averages of some batches of the training part, with the weights as they are. */
    static void calibrate(Network network, BoundNetwork learner, Partition partition, long seed) {
        int batch = learner.tape().batch();
        var random = new SplittableRandom(seed);
        var order = partition.train().clone();
        Partition.shuffle(order, random);
        network.statistics().restart();
        for (int i = 0; i < Math.min(BATCHES, order.length / batch); i++) {
            learner.fill(order, i * batch, batch);
            learner.tape().draw(random.split());
            learner.tape().runForward();
            network.statistics().update();
        }
        network.statistics().publish();
    }
}
