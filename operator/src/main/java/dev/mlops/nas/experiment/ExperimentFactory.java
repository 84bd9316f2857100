package dev.mlops.nas.experiment;

import dev.mlops.nas.api.NasExperimentSpec;
import dev.mlops.nas.api.NasExperimentSpec.Cell;
import dev.mlops.nas.api.NasExperimentSpec.CellOutput;
import dev.mlops.nas.api.NasExperimentSpec.Chain;
import dev.mlops.nas.api.NasExperimentSpec.DifferentiableOptions;
import dev.mlops.nas.api.NasExperimentSpec.Evaluation;
import dev.mlops.nas.api.NasExperimentSpec.Hierarchical;
import dev.mlops.nas.api.NasExperimentSpec.Limit;
import dev.mlops.nas.api.NasExperimentSpec.ReferenceDesign;
import dev.mlops.nas.api.NasExperimentSpec.SamplingName;
import dev.mlops.nas.api.NasExperimentSpec.SchedulerName;
import dev.mlops.nas.api.NasExperimentSpec.Space;
import dev.mlops.nas.api.NasExperimentSpec.Stack;
import dev.mlops.nas.api.NasExperimentSpec.Strategy;
import dev.mlops.nas.api.NasExperimentSpec.StrategyName;
import dev.mlops.nas.api.NasExperimentSpec.WeightSharing;
import dev.mlops.nas.search.Experiment;
import dev.mlops.nas.search.Experiment.Budget;
import dev.mlops.nas.search.Experiment.Constraint;
import dev.mlops.nas.search.Experiment.Fidelity;
import dev.mlops.nas.search.Experiment.Objective;
import dev.mlops.nas.search.Experiment.Protocol;
import dev.mlops.nas.search.Experiment.Resource;
import dev.mlops.nas.search.Experiment.SchedulerKind;
import dev.mlops.nas.search.Experiment.StrategyOptions;
import dev.mlops.nas.search.Experiment.SurrogateKind;
import dev.mlops.nas.search.Experiment.TradeOff;
import dev.mlops.nas.search.NetworkKind;
import dev.mlops.nas.search.Preparation.OpenChoices;
import dev.mlops.nas.search.Preparation.Order;
import dev.mlops.nas.search.Preparation.Sampling;
import dev.mlops.nas.search.SearchSpace;
import dev.mlops.nas.search.SharedPaths;
import dev.mlops.nas.search.SpaceException;
import dev.mlops.nas.search.Spaces;
import dev.mlops.nas.search.Spaces.Categorical;
import dev.mlops.nas.search.Spaces.CellOptions;
import dev.mlops.nas.search.Spaces.ChainOptions;
import dev.mlops.nas.search.Spaces.DartsCellOptions;
import dev.mlops.nas.search.Spaces.HierarchicalOptions;
import dev.mlops.nas.search.Spaces.LevelOptions;
import dev.mlops.nas.search.Spaces.NodeCellOptions;
import dev.mlops.nas.search.Spaces.StackOptions;
import dev.mlops.nas.search.Spaces.StageOptions;
import dev.mlops.nas.search.Spaces.Task;
import io.fabric8.kubernetes.api.model.IntOrString;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Turns a spec, valid by the CRD and with its defaults filled in, into the engine's records. */
public final class ExperimentFactory {
    /**
     * The engine's experiment.
     *
     * @throws SpaceException with field and sentence where only the engine can see that the spec contradicts itself
     */
    public static Experiment create(String name, NasExperimentSpec spec) {
        if (spec.warmStart() != null && spec.warmStart().experiments().contains(name)) {
            int at = spec.warmStart().experiments().indexOf(name);
            throw new SpaceException(
                    "warmStart.experiments[%d]".formatted(at),
                    "warmStart.experiments[%d] is %s, this experiment itself: name earlier ones".formatted(at, name));
        }
        var experiment = new Experiment(
                name,
                space(spec, spec.dataset().shape()),
                objective(spec.objective()),
                spec.constraints() == null
                        ? List.of()
                        : spec.constraints().stream()
                                .map(ExperimentFactory::constraint)
                                .toList(),
                strategy(spec.strategy(), spec.budget().trials()),
                spec.evaluation().epochs(),
                fidelity(spec.evaluation()),
                new Budget(
                        spec.budget().trials(),
                        spec.budget().parallelTrials(),
                        duration(spec.budget().wallClock()),
                        spec.budget().maxFailedTrials()),
                new Protocol(
                        spec.protocol().randomArm(),
                        spec.protocol().references().seeds(),
                        spec.protocol().finalists().count(),
                        spec.protocol().finalists().seeds(),
                        spec.protocol().confidence()),
                spec.seed(),
                spec.suspend());
        RungSpaces.check(experiment, spec);
        WeightSharing sharing = spec.evaluation().weightSharing();
        if (sharing != null) {
            return experiment.preparedBy(SharedPaths.draw(
                    experiment, sharing.epochs(), sampling(sharing.sampling()), sharing.architectures()));
        }
        return spec.strategy().name() == StrategyName.Differentiable
                ? experiment.preparedBy(
                        openChoices(experiment.space(), spec.strategy().differentiable()))
                : experiment;
    }

    private static OpenChoices openChoices(SearchSpace space, DifferentiableOptions options) {
        Order order = switch (options.order()) {
            case First -> Order.FIRST;
            case Second -> Order.SECOND;
        };
        return OpenChoices.of(space, options.epochs(), options.candidates(), order);
    }

    private static Sampling sampling(SamplingName name) {
        return switch (name) {
            case uniform -> Sampling.UNIFORM;
            case fair -> Sampling.FAIR;
            case sandwich -> Sampling.SANDWICH;
        };
    }

    private static Fidelity fidelity(Evaluation evaluation) {
        if (evaluation.weightSharing() != null) {
            return Fidelity.inherited();
        }
        return new Fidelity(
                scheduler(evaluation.fidelity().scheduler()),
                evaluation.fidelity().rungsOf(evaluation.epochs()),
                true,
                switch (evaluation.fidelity().resource()) {
                    case epochs -> Resource.EPOCHS;
                    case data -> Resource.DATA;
                    case resolution -> Resource.RESOLUTION;
                    case width -> Resource.WIDTH;
                    case depth -> Resource.DEPTH;
                });
    }

    /** The engine's scheduler of a name. */
    public static SchedulerKind scheduler(SchedulerName name) {
        return switch (name) {
            case None -> SchedulerKind.NONE;
            case SuccessiveHalving -> SchedulerKind.SUCCESSIVE_HALVING;
            case Hyperband -> SchedulerKind.HYPERBAND;
            case Asha -> SchedulerKind.ASHA;
        };
    }

    /** What to optimise, as the engine knows it. */
    private static Objective objective(NasExperimentSpec.Objective objective) {
        return new Objective(
                objective.metric().name(),
                objective.maximizes(),
                objective.tradeOff() == null
                        ? null
                        : new TradeOff(objective.tradeOff().metrics().stream()
                                .map(Enum::name)
                                .toList()));
    }

    /** The space, for examples of a shape: channels, height, width. Its decisions are the same for all shapes. */
    static SearchSpace space(NasExperimentSpec spec, List<Integer> shape) {
        Space space = spec.searchSpace();
        var task = new Task(
                shape.get(0), shape.get(1), shape.get(2), spec.dataset().outputs(), categorical(spec.dataset()));
        Map<String, Map<String, String>> references = references(space.references());
        if (space.chain() != null) {
            return Spaces.chain(chain(space.chain()), task, references);
        }
        if (space.cell() != null) {
            return cell(space.cell(), task, references);
        }
        if (space.hierarchical() != null) {
            return Spaces.hierarchical(hierarchical(space.hierarchical()), task, references);
        }
        if (space.parameters() != null) {
            return Spaces.parameters(FreeParameters.of(space.parameters()), network(space.network()), task, references);
        }
        if (space.preset() == null) {
            throw new SpaceException(
                    "searchSpace",
                    "searchSpace must hold exactly one of preset, chain, cell, hierarchical and parameters");
        }
        return Spaces.preset(presetName(space.preset()), task, references);
    }

    /** Columns of categories in their order, as a trial file has them. */
    private static List<Categorical> categorical(NasExperimentSpec.Dataset dataset) {
        List<NasExperimentSpec.Categorical> given = dataset.categorical() == null ? List.of() : dataset.categorical();
        for (int i = 0; i < given.size(); i++) {
            refuseTwins("dataset.categorical[%d].values".formatted(i), given.get(i));
        }
        return given.stream()
                .map(c -> new Categorical(c.column(), c.count()))
                .sorted(Comparator.comparingInt(Categorical::column))
                .toList();
    }

    /** In files white space around a value does not count. */
    private static void refuseTwins(String field, NasExperimentSpec.Categorical column) {
        var seen = new HashSet<String>();
        for (String value : column.values() == null ? List.<String>of() : column.values()) {
            if (!seen.add(value.strip())) {
                throw new SpaceException(
                        field,
                        "values of column " + column.column() + " hold \"" + value.strip()
                                + "\" twice: give every category once");
            }
        }
    }

    /** The preset's name, as users write it. */
    public static String presetName(NasExperimentSpec.Preset preset) {
        return switch (preset) {
            case SMALL_CNN -> "small-cnn";
            case NB101_CELL -> "nb101-cell";
            case NB201_CELL -> "nb201-cell";
            case DARTS_CELL -> "darts-cell";
            case HIERARCHICAL_CNN -> "hierarchical-cnn";
            case MLP_TABULAR -> "mlp-tabular";
            case TRANSFORMER_TINY -> "transformer-tiny";
            case SIGNAL_1D -> "signal-1d";
        };
    }

    private static @Nullable NetworkKind network(NasExperimentSpec.@Nullable Network network) {
        return switch (network) {
            case null -> null;
            case Mlp -> NetworkKind.MLP;
            case Transformer -> NetworkKind.TRANSFORMER;
            case Signal -> NetworkKind.SIGNAL;
        };
    }

    private static Map<String, Map<String, String>> references(@Nullable List<ReferenceDesign> designs) {
        var byName = new LinkedHashMap<String, Map<String, String>>();
        if (designs != null) {
            designs.forEach(d -> byName.put(d.name(), d.decisions()));
        }
        return byName;
    }

    private static ChainOptions chain(Chain chain) {
        return new ChainOptions(
                chain.stem().width(),
                chain.stages().stream()
                        .map(s -> new StageOptions(
                                s.name(),
                                s.stride(),
                                s.depth(),
                                s.operator().stream().map(Enum::name).toList(),
                                s.kernel(),
                                s.expansion(),
                                s.width(),
                                s.skip()))
                        .toList(),
                chain.head().dropout());
    }

    private static SearchSpace cell(Cell cell, Task task, Map<String, Map<String, String>> references) {
        List<String> operations = cell.operations().stream().map(Enum::name).toList();
        StackOptions stack = stack(cell.stack());
        boolean concat = cell.output() != CellOutput.sum;
        if (cell.maxEdges() != null) {
            var options = new NodeCellOptions(cell.nodes(), cell.maxEdges(), operations, concat, stack);
            return Spaces.nodeCell(options, task, references);
        }
        if (cell.inputs() != null) {
            var options = new DartsCellOptions(cell.nodes(), cell.inputs(), operations, concat, stack);
            return Spaces.dartsCell(options, task, references);
        }
        return Spaces.cell(
                new CellOptions(cell.nodes(), operations, stack.stages(), stack.cells(), stack.width()),
                task,
                references);
    }

    private static HierarchicalOptions hierarchical(Hierarchical hierarchical) {
        return new HierarchicalOptions(
                hierarchical.primitives().stream().map(Enum::name).toList(),
                hierarchical.levels().stream()
                        .map(l -> new LevelOptions(l.motifs(), l.nodes()))
                        .toList(),
                stack(hierarchical.stack()));
    }

    private static StackOptions stack(Stack stack) {
        return new StackOptions(stack.stages(), stack.cells(), stack.width());
    }

    private static Constraint constraint(Limit limit) {
        String metric = switch (limit.metric()) {
            case params,
                    macs,
                    activationBytes,
                    batchLatencyMs,
                    exportedBatchLatencyMs,
                    modelBytes,
                    memoryMiB,
                    trainSeconds,
                    energyJoules -> limit.metric().name();
            case latencyMs -> limit.percentile() == 99 ? "latencyP99Ms" : "latencyMs";
            case exportedLatencyMs -> limit.percentile() == 99 ? "exportedLatencyP99Ms" : "exportedLatencyMs";
        };
        return new Constraint(metric, quantity(limit.max()));
    }

    private static double quantity(IntOrString max) {
        if (max.getIntVal() != null) {
            return max.getIntVal();
        }
        String text = max.getStrVal();
        double factor = switch (text.charAt(text.length() - 1)) {
            case 'k' -> 1e3;
            case 'M' -> 1e6;
            case 'G' -> 1e9;
            default -> 1;
        };
        return Double.parseDouble(factor == 1 ? text : text.substring(0, text.length() - 1)) * factor;
    }

    /** The engine's options of a strategy in a search of so many trials. */
    public static StrategyOptions strategy(Strategy strategy, int trials) {
        var evolution = new StrategyOptions.Evolution(
                strategy.evolution().population(), strategy.evolution().tournament());
        return switch (strategy.name()) {
            case Random -> new StrategyOptions.RandomSearch();
            case Reinforce ->
                new StrategyOptions.Reinforce(
                        strategy.reinforce().learningRate(),
                        strategy.reinforce().entropyBonus(),
                        strategy.reinforce().baselineDecay());
            case Nsga2 -> new StrategyOptions.Nsga2(strategy.nsga2().population());
            case Differentiable -> new StrategyOptions.Differentiable();
            case External -> new StrategyOptions.External();
            case QuasiRandom -> new StrategyOptions.QuasiRandom();
            case Evolution -> evolution;
            case LocalSearch ->
                new StrategyOptions.LocalSearch(strategy.localSearch().draws());
            case Predictor ->
                new StrategyOptions.Predictor(
                        strategy.predictor().warmUpOf(trials),
                        strategy.predictor().surrogates().stream()
                                .map(s -> switch (s) {
                                    case RandomForest -> SurrogateKind.RANDOM_FOREST;
                                    case GradientBoosting -> SurrogateKind.GRADIENT_BOOSTING;
                                    case GaussianProcess -> SurrogateKind.GAUSSIAN_PROCESS;
                                })
                                .toList(),
                        evolution);
        };
    }

    /** "90s", "30m", "24h" as the CRD's pattern allows. */
    private static @Nullable Duration duration(@Nullable String text) {
        if (text == null) {
            return null;
        }
        long number = Long.parseLong(text.substring(0, text.length() - 1));
        return switch (text.charAt(text.length() - 1)) {
            case 's' -> Duration.ofSeconds(number);
            case 'm' -> Duration.ofMinutes(number);
            default -> Duration.ofHours(number);
        };
    }

    private ExperimentFactory() {}
}
