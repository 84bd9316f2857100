package dev.mlops.nas.local;

import dev.mlops.nas.local.TrainerCheck.Finding;
import dev.mlops.nas.local.TrainerCheck.Verdict;
import java.util.function.Consumer;

/** What a check finds, told as it is found. */
final class CheckReport {
    private final Consumer<Finding> listener;
    private boolean kept = true;

    CheckReport(Consumer<Finding> listener) {
        this.listener = listener;
    }

    /** Whether all demands were met so far. */
    boolean isKept() {
        return kept;
    }

    /** Tells of something that the contract demands; returns the condition. */
    boolean demand(boolean condition, String good, String bad) {
        listener.accept(new Finding(condition ? Verdict.OK : Verdict.FAILED, condition ? good : bad));
        kept &= condition;
        return condition;
    }

    /** Tells of something that the contract leaves to the trainer. */
    void note(boolean condition, String good, String bad) {
        listener.accept(new Finding(condition ? Verdict.OK : Verdict.NOTE, condition ? good : bad));
    }
}
