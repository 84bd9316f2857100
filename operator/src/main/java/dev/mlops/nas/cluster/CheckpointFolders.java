package dev.mlops.nas.cluster;

import dev.mlops.nas.api.NasApi;
import dev.mlops.nas.api.NasExperiment;
import dev.mlops.nas.api.NasExperimentSpec.Checkpoints;
import dev.mlops.nas.api.NasExperimentSpec.Resource;
import dev.mlops.nas.api.NasExperimentSpec.SchedulerName;
import dev.mlops.nas.api.NasExperimentSpec.StrategyName;
import dev.mlops.nas.api.NasTrialSpec;
import dev.mlops.nas.api.TrialPurpose;
import dev.mlops.nas.contract.TrialFile.Folders;
import dev.mlops.nas.search.Preparation;
import dev.mlops.nas.search.SpaceException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Where trainers find checkpoints: on the claim of {@code spec.trainer.checkpoints}, a folder per trial in one per experiment. */
final class CheckpointFolders {
    /** Where the claim is mounted. */
    static final String MOUNT = "/nas/checkpoints";

    /** Name of the claim's volume. */
    static final String VOLUME = "nas-checkpoints";

    /** The claim's name; null where the experiment has none. */
    static @Nullable String claim(NasExperiment experiment) {
        Checkpoints checkpoints = experiment.getSpec().trainer().checkpoints();
        return checkpoints == null ? null : checkpoints.volumeClaim();
    }

    /** The folders of a trial. */
    static Folders folders(NasExperiment experiment, NasTrialSpec trial, String data) {
        if (claim(experiment) == null) {
            return new Folders(data, null, null);
        }
        boolean inherits = experiment.getSpec().evaluation().weightSharing() != null
                && trial.purpose() != TrialPurpose.Preparation;
        Integer earlier = fewerEpochs(experiment) ? trial.continues() : null;
        return new Folders(
                data,
                folder(experiment, trial.number()),
                earlier == null ? null : folder(experiment, earlier),
                TrialRecords.purpose(trial.purpose()).opensTest()
                        ? folder(experiment, trial.number()) + "/model"
                        : null,
                inherits ? folder(experiment, Preparation.NUMBER) : null);
    }

    /**
     * Refuses what cannot be done without a claim.
     *
     * @throws SpaceException if weights are to be shared and there is no place for them
     */
    static void check(NasExperiment experiment) {
        if (experiment.getSpec().evaluation().weightSharing() != null && claim(experiment) == null) {
            throw new SpaceException(
                    "trainer.checkpoints",
                    "evaluation.weightSharing needs a volume claim where trials find the shared weights: set trainer.checkpoints.volumeClaim");
        }
    }

    /** Whether what is promoted goes on from a checkpoint: on other examples, or with a larger network, a training begins anew. */
    private static boolean fewerEpochs(NasExperiment experiment) {
        return experiment.getSpec().evaluation().fidelity().resource() == Resource.epochs;
    }

    private static String folder(NasExperiment experiment, int number) {
        return "%s/%s/%s"
                .formatted(
                        MOUNT,
                        experiment.getMetadata().getUid(),
                        NasApi.trialName(experiment.getMetadata().getName(), number));
    }

    /** What the user should know of trainings that are kept nowhere, a sentence each; none where all is well. */
    static List<String> notices(NasExperiment experiment) {
        if (claim(experiment) != null) {
            return List.of();
        }
        var notices = new ArrayList<String>();
        if (experiment.getSpec().evaluation().fidelity().scheduler() != SchedulerName.None && fewerEpochs(experiment)) {
            notices.add(
                    "spec.trainer.checkpoints is not set: a promoted trial trains from scratch and costs all its epochs");
        }
        if (experiment.getSpec().strategy().name() == StrategyName.Differentiable) {
            notices.add(
                    "spec.trainer.checkpoints is not set: trial %d, which trains the open choices, begins anew when its pod is evicted or retried"
                            .formatted(Preparation.NUMBER));
        }
        return notices;
    }

    private CheckpointFolders() {}
}
