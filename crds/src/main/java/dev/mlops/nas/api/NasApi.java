package dev.mlops.nas.api;

/** Names of the API that more than one place needs. */
public final class NasApi {
    /** The API group. */
    public static final String GROUP = "nas.mlops.dev";

    /** The API version. */
    public static final String VERSION = "v1alpha1";

    /** {@code apiVersion} of every object of this API. */
    public static final String API_VERSION = GROUP + "/" + VERSION;

    /** Label on trials, jobs and pods: the experiment's name. */
    public static final String EXPERIMENT_LABEL = GROUP + "/experiment";

    /** Label on jobs and pods: the trial's name. */
    public static final String TRIAL_LABEL = GROUP + "/trial";

    /** Name of the container, in a trial's pod, whose termination message is the result. */
    public static final String TRAINER_CONTAINER = "trainer";

    /** The trial's name: the experiment's with the number in five digits or more. */
    public static String trialName(String experiment, int number) {
        return "%s-%05d".formatted(experiment, number);
    }

    private NasApi() {}
}
