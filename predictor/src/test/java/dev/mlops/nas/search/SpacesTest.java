package dev.mlops.nas.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.mlops.nas.search.Spaces.CellOptions;
import dev.mlops.nas.search.Spaces.ChainOptions;
import dev.mlops.nas.search.Spaces.StageOptions;
import dev.mlops.nas.search.Spaces.Task;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class SpacesTest {
    private static final Task DIGITS = new Task(1, 8, 8, 10);
    private static final List<String> OPERATIONS = List.of("none", "skip", "conv3x3");

    @Test
    void aStageThatHalvesTheImageCannotBeLeftOut() {
        refuses(
                () -> chain(stage("s1", 2, List.of(0, 1), List.of("conv"), List.of(1), List.of(false))),
                "searchSpace.chain.stages[0].depth",
                "depth holds 0 in stage s1, but its stride is 2: only a stage with stride 1 can be left out");
    }

    @Test
    void aStageThatNeverExistsIsRefused() {
        refuses(
                () -> chain(stage("s1", 1, List.of(0), List.of("conv"), List.of(1), List.of(false))),
                "searchSpace.chain.stages[0].depth",
                "depth is only 0 in stage s1, so that it never exists: give a depth of 1 or more");
    }

    @Test
    void anImageOf1x1IsNotHalvedAgain() {
        StageOptions half = stage("s1", 4, List.of(1, 2), List.of("conv"), List.of(1), List.of(false));
        StageOptions again = stage("s2", 4, List.of(1), List.of("conv"), List.of(1), List.of(false));
        StageOptions tooOften = stage("s3", 2, List.of(1), List.of("conv"), List.of(1), List.of(false));
        refuses(
                () -> chain(half, again, tooOften),
                "searchSpace.chain.stages[2].stride",
                "stride is 2 in stage s3, where the image is 1x1 already: give 1, or fewer stages with a stride");
    }

    @Test
    void anExpansionWithoutMbconvIsRefusedInsteadOfIgnored() {
        refuses(
                () -> chain(stage("s1", 1, List.of(1, 2), List.of("conv"), List.of(3, 6), List.of(false))),
                "searchSpace.chain.stages[0].expansion",
                "expansion is [3, 6] in stage s1, but only mbconv expands and it is not among the operators [conv]: leave"
                        + " expansion out");
    }

    @Test
    void aSkipThatNoBlockCanHaveIsRefusedInsteadOfIgnored() {
        refuses(
                () -> chain(stage("s1", 2, List.of(1), List.of("conv"), List.of(1), List.of(true, false))),
                "searchSpace.chain.stages[0].skip",
                "skip is [true, false] in stage s1, but its only block always changes the shape: give false, a depth of 2 or"
                        + " more, or stride 1 and a width that the stage before has");
    }

    @Test
    void aChainWithoutAChoiceIsRefused() {
        refuses(
                () -> chain(stage("s1", 1, List.of(1), List.of("conv"), List.of(1), List.of(false))),
                "searchSpace.chain",
                "chain leaves nothing to search, because every list has one entry: give at least one list two");
    }

    @Test
    void twoStagesOfOneNameAreRefused() {
        StageOptions stage = stage("s1", 1, List.of(1, 2), List.of("conv"), List.of(1), List.of(false));
        StageOptions same = stage("s1", 2, List.of(1, 2), List.of("conv"), List.of(1), List.of(false));
        refuses(
                () -> chain(stage, same),
                "searchSpace.chain.stages[1].name",
                "name is s1, as an earlier stage's: give every stage its own");
    }

    @Test
    void aChoiceThatStandsTwiceIsRefused() {
        refuses(
                () -> chain(stage("s1", 1, List.of(1, 1), List.of("conv"), List.of(1), List.of(false))),
                "searchSpace.chain.stages[0].depth",
                "depth holds 1 twice: give every choice once");
        refuses(
                () -> Spaces.cell(new CellOptions(4, List.of("skip", "skip"), 1, 1, 4), DIGITS, Map.of()),
                "searchSpace.cell.operations",
                "operations holds skip twice: give every choice once");
    }

    @Test
    void anUnknownOperatorIsNamedWithThoseThatExist() {
        refuses(
                () -> chain(stage("s1", 1, List.of(1), List.of("conv", "lstm"), List.of(1), List.of(false))),
                "searchSpace.chain.stages[0].operator",
                "operator holds \"lstm\" in stage s1: give some of conv, separable, mbconv, maxpool, avgpool");
        refuses(
                () -> Spaces.cell(new CellOptions(4, List.of("skip", "conv7x7"), 1, 1, 4), DIGITS, Map.of()),
                "searchSpace.cell.operations",
                "operations holds \"conv7x7\": give some of none, skip, conv1x1, conv3x3, sepconv3x3, sepconv5x5,"
                        + " dilconv3x3, dilconv5x5, avgpool3x3, maxpool3x3");
    }

    @Test
    void moreStagesThanTheImageCanBeHalvedAreRefused() {
        refuses(
                () -> Spaces.cell(new CellOptions(4, OPERATIONS, 5, 1, 4), DIGITS, Map.of()),
                "searchSpace.cell.stack.stages",
                "stages is 5, but an image of 8x8 is 1x1 after 4 already: give at most 4");
    }

    @Test
    void aReferenceThatIsNotInTheSpaceIsExplained() {
        refusesReference(
                Map.of("edge0-1", "skip", "edge9-9", "skip"),
                "reference mine: decision \"edge9-9\" is unknown: the space has edge0-1");
        refusesReference(
                Map.of("edge0-1", "conv5x5"),
                "reference mine: decision edge0-1 is \"conv5x5\": give none or skip or conv3x3");
        refusesReference(Map.of(), "reference mine: decision edge0-1 is missing: give none or skip or conv3x3");
    }

    @Test
    void aDecisionWithoutEffectIsRefused() {
        StageOptions stage = stage("s1", 1, List.of(0, 1), List.of("conv", "mbconv"), List.of(2, 4), List.of(false));
        SearchSpace space = chain(stage);
        refuses(
                () -> space.parse(Map.of("s1.depth", "1", "s1.operator", "conv", "s1.expansion", "4")),
                "decisions",
                "decision s1.expansion has no effect here and must be left out: it needs s1.depth 1 and s1.operator mbconv");
        refuses(
                () -> space.parse(Map.of("s1.depth", "0", "s1.kernel", "5")),
                "decisions",
                "decision s1.kernel is \"5\", but the space allows only 3");
    }

    @Test
    void ownReferencesComeAfterTheBuiltInOnesAndMayNotTakeTheirNames() {
        var design = Map.of(
                "edge0-1", "skip", "edge0-2", "none", "edge1-2", "none", "edge0-3", "skip", "edge1-3", "none",
                "edge2-3", "skip");
        SearchSpace space = Spaces.preset("nb201-cell", DIGITS, Map.of("mine", design));
        assertThat(space.references().getLast().name()).isEqualTo("mine");
        assertThat(space.describe(space.references().getLast().genotype())).isEqualTo(design);
        refuses(
                () -> Spaces.preset("nb201-cell", DIGITS, Map.of("resnet-like", design)),
                "searchSpace.references[0].name",
                "name is \"resnet-like\", which this space has already: give the design another name or leave it out");
    }

    @Test
    void anUnknownPresetIsNamedWithThoseThatExist() {
        refuses(
                () -> Spaces.preset("big-cnn", DIGITS, Map.of()),
                "searchSpace.preset",
                "preset is \"big-cnn\": give small-cnn, nb101-cell, nb201-cell, darts-cell, hierarchical-cnn, mlp-tabular,"
                        + " transformer-tiny or signal-1d");
    }

    @Test
    void aPresetThatTheImageIsTooSmallForIsRefusedByItsName() {
        refuses(
                () -> Spaces.preset("small-cnn", new Task(1, 2, 2, 10), Map.of()),
                "searchSpace.preset",
                "preset small-cnn does not fit images of 2x2: stride is 2 in stage s3, where the image is 1x1 already: give"
                        + " 1, or fewer stages with a stride");
        refuses(
                () -> Spaces.preset("nb201-cell", new Task(1, 2, 2, 10), Map.of()),
                "searchSpace.preset",
                "preset nb201-cell does not fit images of 2x2: stages is 3, but an image of 2x2 is 1x1 after 2"
                        + " already: give at most 2");
    }

    private static void refusesReference(Map<String, String> design, String sentence) {
        refuses(
                () -> Spaces.cell(new CellOptions(2, OPERATIONS, 1, 1, 4), DIGITS, Map.of("mine", design)),
                "searchSpace.references[0].decisions",
                sentence);
    }

    private static void refuses(ThrowingCallable building, String field, String sentence) {
        assertThatExceptionOfType(SpaceException.class)
                .isThrownBy(building)
                .withMessage(sentence)
                .satisfies(e -> assertThat(e.field()).isEqualTo(field));
    }

    private static SearchSpace chain(StageOptions... stages) {
        return Spaces.chain(new ChainOptions(8, List.of(stages), List.of(0.0)), DIGITS, Map.of());
    }

    private static StageOptions stage(
            String name,
            int stride,
            List<Integer> depth,
            List<String> operators,
            List<Integer> expansions,
            List<Boolean> skips) {
        return new StageOptions(name, stride, depth, operators, List.of(3), expansions, List.of(8), skips);
    }
}
