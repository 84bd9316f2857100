package dev.mlops.nas.api;

/** Why a trial is trained. */
public enum TrialPurpose {
    /** Has no architecture: makes what the search cannot begin without. */
    Preparation,
    /** A uniform random draw before the surrogate has data; counts for the random arm too. */
    WarmUp,
    /** Chosen by the strategy. */
    Search,
    /** A uniform random draw of the protocol's random-search baseline. */
    RandomArm,
    /** A human-designed architecture, trained in the same way. */
    Reference,
    /** The search's best, retrained from scratch with another seed; opens the test split. */
    Finalist,
    /** The random arm's best, retrained like a finalist. */
    RandomFinalist
}
