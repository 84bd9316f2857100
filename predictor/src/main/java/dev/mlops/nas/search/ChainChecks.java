package dev.mlops.nas.search;

import dev.mlops.nas.search.Block.Operator;
import dev.mlops.nas.search.Spaces.ChainOptions;
import dev.mlops.nas.search.Spaces.StageOptions;
import dev.mlops.nas.search.Spaces.Task;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** Builds a chain from options that make sense, and says which do not. */
final class ChainChecks {
    private static final String CHAIN = "searchSpace.chain.";

    static ChainSpace build(
            ChainOptions options,
            Task task,
            Map<String, Map<String, String>> builtIn,
            Map<String, Map<String, String>> references) {
        Spaces.checkNumbers(task);
        Spaces.atLeast(CHAIN + "stem.width", "width", options.stemWidth(), 1);
        Spaces.checkChoices(CHAIN + "stages", "stages", options.stages());
        checkDropouts(options.dropouts());
        var stages = new ArrayList<Stage>();
        var names = new HashSet<String>();
        Set<Integer> before = Set.of(options.stemWidth());
        int decided = 0;
        int height = task.height();
        int width = task.width();
        for (int i = 0; i < options.stages().size(); i++) {
            StageOptions stage = options.stages().get(i);
            String field = CHAIN + "stages[" + i + "].";
            if (!names.add(stage.name())) {
                throw new SpaceException(
                        field + "name",
                        "name is " + stage.name() + ", as an earlier stage's: give every stage its own");
            }
            check(field, stage);
            if (stage.stride() > 1 && height == 1 && width == 1) {
                throw new SpaceException(
                        field + "stride",
                        "stride is " + stage.stride() + " in stage " + stage.name()
                                + ", where the image is 1x1 already: give 1, or fewer stages with a stride");
            }
            checkSkip(field, stage, before);
            var built = new Stage(stage, operators(field, stage), decided, height, width);
            stages.add(built);
            decided += built.decisions().size();
            height = built.heightAfter();
            width = built.widthAfter();
            before = after(stage, before);
        }
        Decisions decisions = ChainSpace.decisions(stages, options.dropouts());
        if (decisions.all().isEmpty()) {
            throw new SpaceException(
                    "searchSpace.chain",
                    "chain leaves nothing to search, because every list has one entry: give at least one list two");
        }
        return new ChainSpace(
                options.stemWidth(),
                stages,
                options.dropouts(),
                task,
                decisions,
                Spaces.references(decisions, builtIn, references));
    }

    private static void checkDropouts(List<Double> dropouts) {
        String field = CHAIN + "head.dropout";
        Spaces.checkChoices(field, "dropout", dropouts);
        for (double rate : dropouts) {
            if (!(rate >= 0 && rate < 1)) {
                throw new SpaceException(field, "dropout holds " + rate + ": give rates from 0 to below 1");
            }
        }
    }

    private static void check(String field, StageOptions stage) {
        Spaces.atLeast(field + "stride", "stride", stage.stride(), 1);
        checkNumbers(field, "depth", stage.depth(), 0);
        checkNumbers(field, "kernel", stage.kernels(), 1);
        checkNumbers(field, "expansion", stage.expansions(), 1);
        checkNumbers(field, "width", stage.widths(), 1);
        Spaces.checkChoices(field + "skip", "skip", stage.skips());
        for (int kernel : stage.kernels()) {
            if (kernel % 2 == 0) {
                throw new SpaceException(
                        field + "kernel", "kernel holds " + kernel + " in stage " + stage.name() + ": give odd sides");
            }
        }
        if (stage.depth().equals(List.of(0))) {
            throw new SpaceException(
                    field + "depth",
                    "depth is only 0 in stage " + stage.name()
                            + ", so that it never exists: give a depth of 1 or more");
        }
        if (stage.depth().contains(0) && stage.stride() > 1) {
            throw new SpaceException(
                    field + "depth",
                    "depth holds 0 in stage " + stage.name() + ", but its stride is " + stage.stride()
                            + ": only a stage with stride 1 can be left out");
        }
        if (!stage.operators().contains(Operator.MBCONV.text())
                && !stage.expansions().equals(List.of(1))) {
            throw new SpaceException(
                    field + "expansion",
                    "expansion is " + stage.expansions() + " in stage " + stage.name()
                            + ", but only mbconv expands and it is not among the operators " + stage.operators()
                            + ": leave expansion out");
        }
    }

    private static void checkNumbers(String field, String name, List<Integer> choices, int least) {
        Spaces.checkChoices(field + name, name, choices);
        choices.forEach(c -> Spaces.atLeast(field + name, name, c, least));
    }

    private static List<Operator> operators(String field, StageOptions stage) {
        Spaces.checkChoices(field + "operator", "operator", stage.operators());
        return stage.operators().stream()
                .map(text -> Arrays.stream(Operator.values())
                        .filter(o -> o.text().equals(text))
                        .findFirst()
                        .orElseThrow(() -> new SpaceException(
                                field + "operator",
                                "operator holds \"" + text + "\" in stage " + stage.name() + ": give some of "
                                        + Arrays.stream(Operator.values())
                                                .map(Operator::text)
                                                .collect(Collectors.joining(", ")))))
                .toList();
    }

    /** A residual connection needs a block that keeps the shape: a second one, or a first one with stride 1 and equal width. */
    private static void checkSkip(String field, StageOptions stage, Set<Integer> before) {
        boolean hasPlace = stage.depth().stream().anyMatch(d -> d > 1)
                || (stage.stride() == 1 && stage.widths().stream().anyMatch(before::contains));
        if (stage.skips().contains(true) && !hasPlace) {
            throw new SpaceException(
                    field + "skip",
                    "skip is " + stage.skips() + " in stage " + stage.name()
                            + ", but its only block always changes the shape: give false, a depth of 2 or more, or stride 1"
                            + " and a width that the stage before has");
        }
    }

    private static Set<Integer> after(StageOptions stage, Set<Integer> before) {
        var after = new HashSet<>(stage.widths());
        if (stage.depth().contains(0)) {
            after.addAll(before);
        }
        return after;
    }

    private ChainChecks() {}
}
