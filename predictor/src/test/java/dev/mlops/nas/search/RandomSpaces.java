package dev.mlops.nas.search;

import dev.mlops.nas.search.Spaces.CellOptions;
import dev.mlops.nas.search.Spaces.ChainOptions;
import dev.mlops.nas.search.Spaces.DartsCellOptions;
import dev.mlops.nas.search.Spaces.HierarchicalOptions;
import dev.mlops.nas.search.Spaces.LevelOptions;
import dev.mlops.nas.search.Spaces.NodeCellOptions;
import dev.mlops.nas.search.Spaces.StackOptions;
import dev.mlops.nas.search.Spaces.StageOptions;
import dev.mlops.nas.search.Spaces.Task;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/** A family of small spaces of every kind, one for each number. */
final class RandomSpaces {
    /**
     * Where properties begin to draw: the same on every run, so that a build that fails tells of the change and not of the draw. Who
     * changes spaces takes it away for once, with a hundred times the tries.
     */
    static final String SEED = "20261126";

    /** What has no columns of categories. */
    private static final Task NUMBERS = new Task(1, 1, 1, 2);

    static final BigInteger FEW = BigInteger.valueOf(4_000);

    /** What a draw may run into; any other refusal is a mistake. */
    private static final Set<String> EXPECTED =
            Set.of("skip", "stride", "chain", "stages", "heads", "patch", "parameters", "when", "shape");

    private static final List<String> ON_NODES =
            List.of("skip", "conv1x1", "conv3x3", "sepconv3x3", "dilconv5x5", "avgpool3x3", "maxpool3x3");

    static SearchSpace of(long seed) {
        var random = new Random(seed);
        while (true) {
            try {
                return switch (random.nextInt(6)) {
                    case 0 -> chain(random);
                    case 1 -> cell(random);
                    case 2 -> nodeCell(random);
                    case 3 -> dartsCell(random);
                    case 4 -> hierarchical(random);
                    default -> parameters(random);
                };
            } catch (SpaceException e) {
                String last = e.field().substring(e.field().lastIndexOf('.') + 1);
                if (!EXPECTED.contains(last)) {
                    throw e;
                }
            }
        }
    }

    /** The next space of the family that can be listed and holds more than one architecture. */
    static SearchSpace small(long seed) {
        for (long s = seed; ; s++) {
            SearchSpace space = of(s);
            if (space.size().compareTo(FEW) <= 0 && hasSeveralArchitectures(space)) {
                return space;
            }
        }
    }

    /** The next such space that tells how many of its representatives are one architecture. */
    static SearchSpace counted(long seed) {
        for (long s = seed; ; s++) {
            SearchSpace space = small(s);
            if (space.multiplicity(space.sampleRepresentative(new Random(s))).isPresent()) {
                return space;
            }
        }
    }

    private static boolean hasSeveralArchitectures(SearchSpace space) {
        return space.all().map(space::architectureHash).distinct().limit(2).count() == 2;
    }

    private static SearchSpace chain(Random random) {
        var stages = new ArrayList<StageOptions>();
        int count = 1 + random.nextInt(3);
        for (int s = 1; s <= count; s++) {
            int stride = 1 + random.nextInt(2);
            List<Integer> depths = some(random, stride == 1 ? List.of(0, 1, 2, 3) : List.of(1, 2, 3), 2);
            List<String> operators = some(random, List.of("conv", "separable", "mbconv", "maxpool", "avgpool"), 3);
            stages.add(new StageOptions(
                    "s" + s,
                    stride,
                    depths.equals(List.of(0)) ? List.of(0, 1) : depths,
                    operators,
                    some(random, List.of(1, 3, 5), 2),
                    operators.contains("mbconv") ? some(random, List.of(1, 2, 4), 2) : List.of(1),
                    some(random, List.of(1, 2, 3, 6), 2),
                    some(random, List.of(true, false), 2)));
        }
        var options = new ChainOptions(1 + random.nextInt(3), stages, some(random, List.of(0.0, 0.1, 0.5), 2));
        return Spaces.chain(options, task(random), Map.of());
    }

    private static SearchSpace cell(Random random) {
        List<String> operations =
                operations(random, List.of("none", "skip", "conv1x1", "conv3x3", "avgpool3x3", "maxpool3x3"));
        var options = new CellOptions(
                2 + random.nextInt(4), operations, 1 + random.nextInt(3), 1 + random.nextInt(2), 1 + random.nextInt(3));
        return Spaces.cell(options, task(random), Map.of());
    }

    private static SearchSpace nodeCell(Random random) {
        int nodes = 3 + random.nextInt(3);
        int maxEdges = 2 + random.nextInt(NodeCellSpace.edges(nodes) - 1);
        var options =
                new NodeCellOptions(nodes, maxEdges, operations(random, ON_NODES), random.nextBoolean(), stack(random));
        return Spaces.nodeCell(options, task(random), Map.of());
    }

    private static SearchSpace dartsCell(Random random) {
        var options = new DartsCellOptions(
                4 + random.nextInt(3),
                some(random, List.of(1, 2), 2),
                operations(random, ON_NODES),
                random.nextBoolean(),
                stack(random));
        return Spaces.dartsCell(options, task(random), Map.of());
    }

    private static SearchSpace hierarchical(Random random) {
        var levels = new ArrayList<>(List.of(new LevelOptions(1 + random.nextInt(2), 2 + random.nextInt(2))));
        if (random.nextInt(4) == 0) {
            levels.add(new LevelOptions(1 + random.nextInt(2), 2));
        }
        levels.add(new LevelOptions(1, 2 + random.nextInt(2)));
        List<String> primitives =
                operations(random, List.of("none", "skip", "conv1x1", "conv3x3", "sepconv3x3", "maxpool3x3"));
        return Spaces.hierarchical(new HierarchicalOptions(primitives, levels, stack(random)), task(random), Map.of());
    }

    private static StackOptions stack(Random random) {
        return new StackOptions(1 + random.nextInt(3), 1 + random.nextInt(2), 1 + random.nextInt(5));
    }

    private static List<String> operations(Random random, List<String> all) {
        List<String> operations = List.of();
        while (operations.size() < 2) {
            operations = some(random, all, 5);
        }
        return operations;
    }

    /** Some settings of a network, each with some values, some under a condition on an earlier one. */
    private static SearchSpace parameters(Random random) {
        NetworkKind kind = some(random, List.of(NetworkKind.values()), 1).getFirst();
        var parameters = new ArrayList<Parameter>();
        for (NetworkKind.Setting setting : some(random, kind.settings(NUMBERS), 6)) {
            List<String> values = some(random, values(setting), 3);
            String when = "";
            if (values.size() > 1 && !parameters.isEmpty() && random.nextInt(3) == 0) {
                Parameter other = parameters.get(random.nextInt(parameters.size()));
                when = other.name()
                        + (random.nextBoolean() ? " == " : " != ")
                        + other.choices().getFirst();
            }
            parameters.add(new Parameter(setting.name(), new Parameter.Choice(values), when));
        }
        Task any = task(random);
        Task task = kind == NetworkKind.SIGNAL ? new Task(any.channels(), 1, any.width(), any.classes()) : any;
        return Spaces.parameters(parameters, kind, task, Map.of());
    }

    private static List<String> values(NetworkKind.Setting setting) {
        if (!setting.values().isEmpty()) {
            return setting.values();
        }
        return setting.whole()
                ? List.of("0", "1", "2", "3", "4", "6").subList((int) setting.least(), 6)
                : List.of("0", "0.1", "0.5");
    }

    private static Task task(Random random) {
        return new Task(1 + random.nextInt(3), 1 + random.nextInt(9), 1 + random.nextInt(9), 2 + random.nextInt(4));
    }

    private static <T> List<T> some(Random random, List<T> all, int most) {
        var shuffled = new ArrayList<>(all);
        Collections.shuffle(shuffled, random);
        return List.copyOf(shuffled.subList(0, 1 + random.nextInt(Math.min(most, all.size()))));
    }

    private RandomSpaces() {}
}
