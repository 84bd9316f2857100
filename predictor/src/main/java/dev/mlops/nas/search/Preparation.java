package dev.mlops.nas.search;

import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * What is trained before the search begins. It is trial {@value #NUMBER} of the experiment, alone, and no architecture of the budget;
 * when it comes to nothing, neither does the experiment.
 */
public sealed interface Preparation {
    /** The number of the trial that prepares. */
    int NUMBER = 1;

    /** Epochs to train. */
    int epochs();

    /** What it costs in epochs of an average architecture: the random arm may pay as much. */
    long paidEpochs();

    /** The same once its trial has reported these metrics, which may say that it was over sooner. */
    default long paidEpochs(Map<String, Double> metrics) {
        return paidEpochs();
    }

    /** A metric that its trial reports; where it is missing, the trainer does not know of this preparation. */
    String metric();

    /**
     * Weights that all architectures of the space share. Search trials inherit theirs from there, and their fidelity is of 0 epochs;
     * all others train from scratch.
     *
     * @param epochs passes over the training part
     * @param sampling which of the paths a step trains
     * @param pathsPerStep how many
     * @param paths architectures that the weights are trained on; those of a step of {@link Sampling#FAIR} one behind the other, and
     *     of {@link Sampling#SANDWICH} first the smallest and the largest
     */
    record SharedWeights(int epochs, Sampling sampling, int pathsPerStep, List<Genotype> paths) implements Preparation {
        /** Copies the paths. */
        public SharedWeights {
            paths = List.copyOf(paths);
        }

        @Override
        public long paidEpochs() {
            return (long) epochs * pathsPerStep;
        }

        @Override
        public String metric() {
            return "sharedPaths";
        }
    }

    /**
     * A graph with all choices of the space open, whose choices are trained with its weights; the search's first architectures are what
     * they come to, see {@link Relaxation}.
     *
     * @param epochs passes over the training part
     * @param derive how many architectures to derive at most
     * @param order of the slopes of the choices
     * @param networks multiply-accumulates of the open graph, in those of an average architecture
     */
    record OpenChoices(int epochs, int derive, Order order, double networks) implements Preparation {
        /** Nodes of the open graph; a trial file of more does not reach a pod, which takes at most 1 MiB. */
        public static final int MOST_NODES = 4_600;

        private static final int DRAWS = 100;

        /**
         * For a space, of which an average architecture is one of {@value #DRAWS} draws; costs are multiply-accumulates.
         *
         * @throws SpaceException if the open graph has more than {@value #MOST_NODES} nodes
         * @throws IllegalArgumentException if the space has no {@link Relaxation}
         */
        public static OpenChoices of(SearchSpace space, int epochs, int derive, Order order) {
            if (!(space instanceof OpenSpace open)) {
                throw new IllegalArgumentException("choices of this space cannot be open all at once");
            }
            Layers layers = open.open();
            int nodes = layers.graph().nodes().size();
            if (nodes > MOST_NODES) {
                throw new SpaceException(
                        "strategy.name",
                        "strategy.name is Differentiable, but with all choices open the network has " + nodes
                                + " nodes: give searchSpace fewer cells, nodes or operations, for at most "
                                + MOST_NODES);
            }
            var random = new SplittableRandom(1);
            double mean = IntStream.range(0, DRAWS)
                    .mapToDouble(i -> space.cost(space.sample(random)).macs())
                    .average()
                    .orElseThrow();
            return new OpenChoices(epochs, derive, order, layers.cost().macs() / mean);
        }

        @Override
        public long paidEpochs() {
            return paid(epochs);
        }

        @Override
        public long paidEpochs(Map<String, Double> metrics) {
            return paid(Math.clamp(metrics.getOrDefault("trainedEpochs", (double) epochs), 0, epochs));
        }

        private long paid(double trained) {
            return Math.round(trained * order.passes() * networks);
        }

        @Override
        public String metric() {
            return "relaxedAccuracy";
        }
    }

    /** How the slopes of open choices are taken (Liu, Simonyan, Yang, "DARTS: Differentiable Architecture Search", ICLR 2019). */
    enum Order {
        /** At the weights as they are: each half of the training part is passed once an epoch, one for weights and one for choices. */
        FIRST(1),
        /**
         * At the weights one step ahead, with a Hessian-vector product by central differences (equations 7 and 8): the half for the
         * weights is passed four times.
         */
        SECOND(2.5);

        private final double passes;

        Order(double passes) {
            this.passes = passes;
        }

        /** Passes over the training part in an epoch. */
        double passes() {
            return passes;
        }
    }

    /** Which paths through shared weights a step of their training takes. */
    enum Sampling {
        /** One, drawn uniformly (Guo et al., "Single Path One-Shot Neural Architecture Search with Uniform Sampling", ECCV 2020). */
        UNIFORM,
        /**
         * So many that every choice of every decision is among them, as often as the others as far as their numbers allow (strict
         * fairness: Chu et al., "FairNAS: Rethinking Evaluation Fairness of Weight Sharing Neural Architecture Search", ICCV 2021).
         */
        FAIR,
        /**
         * The smallest of the space by parameters, the largest, and two others (Yu and Huang, "Universally Slimmable Networks and Improved Training
         * Techniques", ICCV 2019; Yu et al., "BigNAS", ECCV 2020).
         */
        SANDWICH
    }
}
