package dev.mlops.nas.search;

/** Why a trial is trained. */
public enum Purpose {
    /** Has no architecture: makes what the search cannot begin without, see {@link Preparation}. */
    PREPARATION,
    /** A uniform random draw before the surrogate has data; counts for the random arm too. */
    WARM_UP,
    /** Chosen by the strategy. */
    SEARCH,
    /** A uniform random draw of the protocol's random-search baseline. */
    RANDOM_ARM,
    /** A human-designed architecture, trained like a finalist. */
    REFERENCE,
    /** The search's best, retrained from scratch with another seed; the test split is opened. */
    FINALIST,
    /** The random arm's best, retrained like a finalist. */
    RANDOM_FINALIST;

    /** Whether trials of this purpose may open the test split. */
    public boolean opensTest() {
        return switch (this) {
            case PREPARATION, WARM_UP, SEARCH, RANDOM_ARM -> false;
            case REFERENCE, FINALIST, RANDOM_FINALIST -> true;
        };
    }

    /** Whether one architecture is trained or evaluated; where not, the genotype is {@link Genotype#NONE}. */
    public boolean hasArchitecture() {
        return this != PREPARATION;
    }
}
