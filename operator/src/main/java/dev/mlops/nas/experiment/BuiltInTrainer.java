package dev.mlops.nas.experiment;

import dev.mlops.nas.search.SearchSpace;
import java.util.Optional;

/** Whether the built-in trainer can train a space, before a trial fails to. It builds every operator of the trial contract. */
public final class BuiltInTrainer {
    /** Why it cannot, in one sentence; empty where it can. */
    public static Optional<String> lack(SearchSpace space) {
        return space.hasNetwork()
                ? Optional.empty()
                : Optional.of(
                        "searchSpace has no network, so that the built-in trainer cannot know what its decisions mean");
    }

    private BuiltInTrainer() {}
}
