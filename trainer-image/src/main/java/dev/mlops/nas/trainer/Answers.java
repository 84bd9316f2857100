package dev.mlops.nas.trainer;

import java.util.Arrays;

/** What a network says of some examples beside what is so, to be scored over all of them or over draws of them. */
sealed interface Answers permits Classified, Regressed {
    /** Examples. */
    int count();

    /** Numbers that the network says of each. */
    int outputs();

    /**
     * The score where every example counts so many times.
     *
     * @param times one for each example, not all 0
     */
    Score score(int[] times);

    /** The score where every example counts once. */
    default Score score() {
        var once = new int[count()];
        Arrays.fill(once, 1);
        return score(once);
    }
}
