package dev.mlops.nas.search;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A search as the engine sees it: the user's spec with all defaults filled in and the space built.
 *
 * @param name for trial names and messages
 * @param space which architectures exist
 * @param objective what to optimise
 * @param constraints hard limits
 * @param strategy how to explore
 * @param epochs full fidelity
 * @param fidelity how many of the epochs a search trial gets
 * @param budget when to stop
 * @param protocol baselines and finalists
 * @param seed of every random choice
 * @param suspended start nothing new
 * @param earlier experiments that the predictor may learn from
 * @param preparation what is trained before the search begins; null where nothing is
 */
public record Experiment(
        String name,
        SearchSpace space,
        Objective objective,
        List<Constraint> constraints,
        StrategyOptions strategy,
        int epochs,
        Fidelity fidelity,
        Budget budget,
        Protocol protocol,
        long seed,
        boolean suspended,
        List<Earlier> earlier,
        @Nullable Preparation preparation) {
    /** Copies the lists. */
    public Experiment {
        constraints = List.copyOf(constraints);
        earlier = List.copyOf(earlier);
    }

    /** Without a preparation. */
    public Experiment(
            String name,
            SearchSpace space,
            Objective objective,
            List<Constraint> constraints,
            StrategyOptions strategy,
            int epochs,
            Fidelity fidelity,
            Budget budget,
            Protocol protocol,
            long seed,
            boolean suspended,
            List<Earlier> earlier) {
        this(
                name,
                space,
                objective,
                constraints,
                strategy,
                epochs,
                fidelity,
                budget,
                protocol,
                seed,
                suspended,
                earlier,
                null);
    }

    /** Without earlier experiments and preparation. */
    public Experiment(
            String name,
            SearchSpace space,
            Objective objective,
            List<Constraint> constraints,
            StrategyOptions strategy,
            int epochs,
            Fidelity fidelity,
            Budget budget,
            Protocol protocol,
            long seed,
            boolean suspended) {
        this(
                name,
                space,
                objective,
                constraints,
                strategy,
                epochs,
                fidelity,
                budget,
                protocol,
                seed,
                suspended,
                List.of());
    }

    /** The same, learning from these. */
    public Experiment learningFrom(List<Earlier> others) {
        return with(fidelity, others, preparation);
    }

    /** Whether no search trial gets fewer epochs than a full training. */
    public boolean trainsInFull() {
        return fidelity.rungs().equals(List.of(epochs));
    }

    /**
     * Whether a trial trains a smaller network in its architecture's place, so that the costs of what it trains are not the
     * architecture's.
     */
    public boolean trainsProxy(TrialRequest request) {
        return request.purpose().hasArchitecture()
                && request.epochs() < epochs
                && fidelity.resource().shrinksNetworks();
    }

    /** By how much networks are narrower or shallower at so much effort: by the part of the full cost that it stands for. */
    public Multipliers multipliers(int effort) {
        double cost = (double) effort / epochs;
        return switch (fidelity.resource()) {
            case EPOCHS, DATA, RESOLUTION -> Multipliers.ONE;
            case WIDTH -> Multipliers.narrowing(cost);
            case DEPTH -> Multipliers.shortening(cost);
        };
    }

    /** The part of what is cut that is left at so much effort: of epochs, examples, pixels, channels or layers. */
    public double part(int effort) {
        return switch (fidelity.resource()) {
            case EPOCHS, DATA, RESOLUTION -> (double) effort / epochs;
            case WIDTH -> multipliers(effort).width();
            case DEPTH -> multipliers(effort).depth();
        };
    }

    /**
     * The rungs, but for those whose networks are no narrower or shallower than at the next effort above, since widths and depths are
     * whole numbers: a promotion from there would train the same once more.
     */
    public List<Integer> distinctRungs() {
        return switch (fidelity.resource()) {
            case EPOCHS, DATA, RESOLUTION -> fidelity.rungs();
            case WIDTH, DEPTH -> {
                var distinct = new ArrayList<Integer>();
                List<Integer> above = space.sizes();
                for (int rung : fidelity.rungs().reversed()) {
                    List<Integer> sizes = space.scaled(multipliers(rung)).sizes();
                    if (rung == epochs || !sizes.equals(above)) {
                        distinct.addFirst(rung);
                    }
                    above = sizes;
                }
                yield distinct;
            }
        };
    }

    /** Epochs that a trial trains itself; one that continues another begins where that ended, where checkpoints are kept. */
    public int paidEpochs(TrialRequest request, History history) {
        return fidelity.resumes() ? history.added(request) : request.epochs();
    }

    /** The same where no checkpoints are kept: what is promoted trains from scratch. */
    public Experiment withoutCheckpoints() {
        var without = new Fidelity(fidelity.scheduler(), fidelity.rungs(), false, fidelity.resource());
        return with(without, earlier, preparation);
    }

    /** The same after a preparation. */
    public Experiment preparedBy(Preparation other) {
        return with(fidelity, earlier, other);
    }

    private Experiment with(Fidelity otherFidelity, List<Earlier> others, @Nullable Preparation other) {
        return new Experiment(
                name,
                space,
                objective,
                constraints,
                strategy,
                epochs,
                otherFidelity,
                budget,
                protocol,
                seed,
                suspended,
                others,
                other);
    }

    /** Whether search trials inherit their weights and train nothing. */
    public boolean inherits() {
        return preparation instanceof Preparation.SharedWeights;
    }

    /** Metrics other than the objective that trials must report: of measured limits and of a measured trade-off. */
    public Set<String> measuredCosts() {
        Set<String> metrics = new LinkedHashSet<>();
        constraints.stream()
                .filter(c -> !c.isAnalytic())
                .map(Constraint::metric)
                .forEach(metrics::add);
        if (objective.tradeOff() != null) {
            metrics.addAll(objective.tradeOff().measured());
        }
        return metrics;
    }

    /** Epochs that the training of a trial may come to in the end, in it or in those that continue it. */
    public int trainingEpochs(TrialRequest request) {
        return switch (request.purpose()) {
            case WARM_UP, SEARCH -> Math.max(request.epochs(), fidelity.highest());
            case PREPARATION, RANDOM_ARM, REFERENCE, FINALIST, RANDOM_FINALIST -> request.epochs();
        };
    }

    /**
     * What to optimise.
     *
     * @param metric of the trial contract
     * @param maximize whether more is better
     * @param tradeOff costs that are kept low at the same time; null where only the metric counts
     */
    public record Objective(
            String metric, boolean maximize, @Nullable TradeOff tradeOff) {
        /** The metric alone. */
        public Objective(String metric, boolean maximize) {
            this(metric, maximize, null);
        }

        /** The metric on the test split, in which finalists and baselines are compared: {@code testAccuracy} for accuracy. */
        public String testMetric() {
            return "test" + Character.toUpperCase(metric.charAt(0)) + metric.substring(1);
        }

        /** The standard error of {@link #testMetric} over other draws of the test split, where a trainer reports it. */
        public String testError() {
            return testMetric() + "Se";
        }

        /** The least value that the metric can have. */
        public double least() {
            return switch (metric) {
                case "accuracy", "macroF1", "auc", "loss", "rmse", "mae" -> 0;
                default -> Double.NEGATIVE_INFINITY;
            };
        }

        /** The largest value that the metric can have. */
        public double most() {
            return switch (metric) {
                case "accuracy", "macroF1", "auc", "r2" -> 1;
                default -> Double.POSITIVE_INFINITY;
            };
        }

        /** The value as something to maximise. */
        public double score(double value) {
            return maximize ? value : -value;
        }
    }

    /**
     * Further objectives, to be minimised.
     *
     * @param metrics one or more, each as that of a {@link Constraint}
     */
    public record TradeOff(List<String> metrics) {
        /** Copies the list. */
        public TradeOff {
            metrics = List.copyOf(metrics);
        }

        /** Of these metrics. */
        public TradeOff(String... metrics) {
            this(List.of(metrics));
        }

        /** Those that are learned from trials. */
        public List<String> measured() {
            return metrics.stream().filter(m -> !isAnalytic(m)).toList();
        }
    }

    /** Whether the value of every architecture is known without training. */
    static boolean isAnalytic(String metric) {
        return SearchSpace.Cost.METRICS.contains(metric);
    }

    /**
     * An upper bound.
     *
     * @param metric {@code params}, {@code macs} or {@code activationBytes} (known before training), or one that
     *     trials report, such as {@code latencyMs}, {@code latencyP99Ms} or {@code trainSeconds} (measured, learned before)
     * @param max largest allowed value
     */
    public record Constraint(String metric, double max) {
        /** Whether the value of every architecture is known without training. */
        public boolean isAnalytic() {
            return Experiment.isAnalytic(metric);
        }
    }

    /** How to explore. */
    public sealed interface StrategyOptions {
        /** Uniform random search. */
        record RandomSearch() implements StrategyOptions {}

        /** Draws that fill the space evenly. */
        record QuasiRandom() implements StrategyOptions {}

        /** Regularized evolution: population and tournament size. */
        record Evolution(int population, int sample) implements StrategyOptions {}

        /** Local search: random draws before each climb. */
        record LocalSearch(int draws) implements StrategyOptions {}

        /** REINFORCE: step of the controller, weight of its entropy, and what remains of the old baseline at each trial. */
        record Reinforce(double learningRate, double entropy, double baselineDecay) implements StrategyOptions {}

        /** NSGA-II, for an objective with a trade-off: size of the population. */
        record Nsga2(int population) implements StrategyOptions {}

        /** Candidates from a preparation by {@link Preparation.OpenChoices}, then neighbours of the best. */
        record Differentiable() implements StrategyOptions {}

        /** A strategy outside the engine, see {@link Question}. */
        record External() implements StrategyOptions {}

        /** Surrogates choose after a warm-up; evolution explores while they rank no better than chance. */
        record Predictor(int warmUp, List<SurrogateKind> surrogates, Evolution fallback) implements StrategyOptions {}
    }

    /** Surrogate models. */
    public enum SurrogateKind {
        RANDOM_FOREST,
        GRADIENT_BOOSTING,
        GAUSSIAN_PROCESS
    }

    /**
     * How much search trials get, as an effort in epochs: so many epochs, or all of them on a part of the data or of the pixels, or
     * with a narrower or shallower network. An architecture is started once, at the lowest rung but for Hyperband; what its scheduler
     * promotes is trained on to the next rung. Finalists and baselines get all epochs.
     *
     * @param scheduler who goes on to the next rung
     * @param rungs numbers of epochs, ascending, none above {@link Experiment#epochs}; 0 where weights are inherited
     * @param resumes whether what is promoted goes on from a checkpoint and pays the difference only; never where the resource is
     *     not epochs, as a training on other examples or of another network begins anew
     * @param resource what is cut
     */
    public record Fidelity(SchedulerKind scheduler, List<Integer> rungs, boolean resumes, Resource resource) {
        /** Copies the rungs. */
        public Fidelity {
            rungs = rungs.stream().sorted().distinct().toList();
            resumes = resumes && resource == Resource.EPOCHS;
        }

        /** Fewer epochs. */
        public Fidelity(SchedulerKind scheduler, List<Integer> rungs, boolean resumes) {
            this(scheduler, rungs, resumes, Resource.EPOCHS);
        }

        /** With checkpoints. */
        public Fidelity(SchedulerKind scheduler, List<Integer> rungs) {
            this(scheduler, rungs, true);
        }

        /** Every trial is trained in full. */
        public static Fidelity full(int epochs) {
            return new Fidelity(SchedulerKind.NONE, List.of(epochs));
        }

        /** No search trial is trained: each is evaluated with weights that it inherits. */
        public static Fidelity inherited() {
            return full(0);
        }

        /** The most epochs that a search trial gets. */
        public int highest() {
            return rungs.getLast();
        }
    }

    /** What a lower fidelity has less of. */
    public enum Resource {
        EPOCHS,
        /** Examples of the training part. */
        DATA,
        /** Pixels of each example. */
        RESOLUTION,
        /** Channels and units of the network, see {@link Multipliers}. */
        WIDTH,
        /** Blocks, cells and layers of the network, see {@link Multipliers}. */
        DEPTH;

        /** Whether what a lower fidelity trains is a smaller network in the architecture's place, with other costs. */
        public boolean shrinksNetworks() {
            return switch (this) {
                case EPOCHS, DATA -> false;
                case RESOLUTION, WIDTH, DEPTH -> true;
            };
        }
    }

    /** Schedulers of fidelities. */
    public enum SchedulerKind {
        /** Every trial gets the epochs of the last rung. */
        NONE,
        SUCCESSIVE_HALVING,
        HYPERBAND,
        ASHA
    }

    /** Architectures that the search starts, trials at a time, time after which no search trial starts, failures before the experiment fails. */
    public record Budget(
            int trials, int parallelTrials, @Nullable Duration wallClock, int maxFailedTrials) {}

    /** Baselines, finalists, seeds for each, and the level of intervals. */
    public record Protocol(
            boolean randomArm, int referenceSeeds, int finalists, int finalistSeeds, double confidence) {}
}
