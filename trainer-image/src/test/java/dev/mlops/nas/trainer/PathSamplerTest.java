package dev.mlops.nas.trainer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PathSamplerTest {
    @Test
    void uniformStepsTrainOnePathAndEachAsOftenAsTheOthers() {
        List<List<Integer>> steps = steps(PathSampler.uniform(5, new SplittableRandom(1)), 15);

        assertThat(steps).allSatisfy(step -> assertThat(step).hasSize(1));
        for (int round = 0; round < 15; round += 5) {
            assertThat(steps.subList(round, round + 5).stream().map(List::getFirst))
                    .containsExactlyInAnyOrder(0, 1, 2, 3, 4);
        }
        assertThat(steps.subList(0, 5)).isNotEqualTo(steps.subList(5, 10));
    }

    @Test
    void fairStepsTrainWhatBelongsTogether() {
        List<List<Integer>> steps = steps(PathSampler.fair(6, 3, new SplittableRandom(1)), 4);

        assertThat(steps).allSatisfy(step -> assertThat(step).isIn(List.of(0, 1, 2), List.of(3, 4, 5)));
        assertThat(steps.subList(0, 2)).containsExactlyInAnyOrder(List.of(0, 1, 2), List.of(3, 4, 5));
    }

    @Test
    void everySandwichHoldsTheFirstTwoAndOthersInTurn() {
        List<List<Integer>> steps = steps(PathSampler.sandwich(6, 4, new SplittableRandom(1)), 10);

        assertThat(steps).allSatisfy(step -> assertThat(step).hasSize(4).startsWith(0, 1));
        for (int round = 0; round < 10; round += 2) {
            assertThat(steps.subList(round, round + 2).stream().flatMap(step -> step.subList(2, 4).stream()))
                    .containsExactlyInAnyOrder(2, 3, 4, 5);
        }
    }

    @Test
    void aSandwichOfFewerPathsHoldsWhatThereIs() {
        assertThat(steps(PathSampler.sandwich(3, 4, new SplittableRandom(1)), 2))
                .containsExactly(List.of(0, 1, 2), List.of(0, 1, 2));
        assertThat(steps(PathSampler.sandwich(1, 4, new SplittableRandom(1)), 1))
                .containsExactly(List.of(0));
    }

    private static List<List<Integer>> steps(PathSampler sampler, int count) {
        var steps = new ArrayList<List<Integer>>();
        IntStream.range(0, count).forEach(i -> steps.add(sampler.next()));
        return steps;
    }
}
