package dev.mlops.nas.devcluster;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SlotsTest {
    private final Slots slots = new Slots(2);

    @Test
    void servesInTheOrderOfAskingSoThatAWideClaimIsNotOvertaken() {
        var first = slots.claim(1);
        var wide = slots.claim(2);
        var last = slots.claim(1);
        assertThat(first.granted()).isDone();
        assertThat(wide.granted()).isNotDone();
        assertThat(last.granted()).isNotDone();
        first.close();
        assertThat(wide.granted()).isDone();
        assertThat(last.granted()).isNotDone();
        wide.close();
        assertThat(last.granted()).isDone();
    }

    @Test
    void forgetsAClaimThatIsGivenUpWhileItWaits() {
        var first = slots.claim(2);
        var givenUp = slots.claim(2);
        var last = slots.claim(2);
        givenUp.close();
        first.close();
        assertThat(givenUp.granted()).isNotDone();
        assertThat(last.granted()).isDone();
    }

    @Test
    void countsAClaimForMoreThanThereIsAsAllAndAReturnOnlyOnce() {
        var all = slots.claim(64);
        assertThat(all.granted()).isDone();
        all.close();
        all.close();
        var one = slots.claim(1);
        var two = slots.claim(1);
        var three = slots.claim(1);
        assertThat(one.granted()).isDone();
        assertThat(two.granted()).isDone();
        assertThat(three.granted()).isNotDone();
    }

    @Test
    void letsWhatRunsAlreadyGoOnEvenWhereNothingIsFree() {
        var running = slots.take(2);
        var more = slots.take(1);
        var next = slots.claim(1);
        assertThat(running.granted()).isDone();
        assertThat(more.granted()).isDone();
        running.close();
        assertThat(next.granted()).isDone();
        more.close();
    }
}
