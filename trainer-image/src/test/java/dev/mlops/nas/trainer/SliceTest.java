package dev.mlops.nas.trainer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SliceTest {
    @Test
    void theMiddleOfTheKernelAndTheFirstChannelsAreThePart() {
        // 3 x 3 x 2 x 2, numbered; the middle tap begins at 4 taps of 2 x 2.
        assertThat(part(List.of(3L, 3L, 2L, 2L), List.of(1L, 1L, 2L, 2L))).containsExactly(16, 17, 18, 19);
        assertThat(part(List.of(3L, 3L, 2L, 2L), List.of(1L, 1L, 1L, 1L))).containsExactly(16);
        assertThat(part(List.of(1L, 5L, 1L, 2L), List.of(1L, 3L, 1L, 1L))).containsExactly(2, 4, 6);
        assertThat(part(List.of(4L, 3L), List.of(2L, 2L))).containsExactly(0, 1, 3, 4);
        assertThat(part(List.of(5L), List.of(2L))).containsExactly(0, 1);
    }

    @Test
    void theWholeIsAPartOfItself() {
        assertThat(part(List.of(3L, 3L, 4L, 2L), List.of(3L, 3L, 4L, 2L)))
                .isEqualTo(IntStream.range(0, 72).boxed().toList());
    }

    @Test
    void whatIsLongerOrOfAnotherRankIsNoPart() {
        assertThat(Slice.fits(List.of(3L, 3L, 2L, 2L), List.of(3L, 3L, 2L, 2L))).isTrue();
        assertThat(Slice.fits(List.of(3L, 3L, 2L, 2L), List.of(5L, 5L, 2L, 2L))).isFalse();
        assertThat(Slice.fits(List.of(3L, 3L), List.of(3L))).isFalse();
    }

    /** Places in the whole of the part's numbers, in the part's order. */
    private static List<Integer> part(List<Long> whole, List<Long> part) {
        var places = new ArrayList<Integer>();
        new Slice(whole, part).forEach((from, to, length) -> {
            assertThat(to).isEqualTo(places.size());
            IntStream.range(from, from + length).forEach(places::add);
        });
        return places;
    }
}
