package dev.mlops.nas.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mlops.nas.experiment.Outcomes.Wanted;
import dev.mlops.nas.search.TrialState;
import dev.mlops.nas.search.TrialState.Completed;
import dev.mlops.nas.search.TrialState.Failed;
import dev.mlops.nas.search.TrialState.Infeasible;
import dev.mlops.nas.search.TrialState.Rejected;
import io.fabric8.kubernetes.api.model.ContainerStatusBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class TrialEndTest {
    private static final String TRIAL = "digits-00017";
    private static final String GOOD = Samples.result(TRIAL, 0, "{\"accuracy\": 0.97}", null);

    @Test
    void aResultIsReadFromThePodBeforeTheJobIsMarkedComplete() {
        var ended = ended(Samples.job(), Samples.ended(0, "Completed", GOOD));
        assertThat(ended.outcome()).isEqualTo(new Completed(Map.of("accuracy", 0.97), 90, List.of(), List.of(0.8)));
        assertThat(ended.since()).isEqualTo(Instant.parse("2026-01-01T10:00:00Z"));
        assertThat(ended.reason()).isEqualTo("Completed");
    }

    @Test
    void anArchitectureThatCannotBeBuiltFailsWithTheTrainersSentence() {
        String message = Samples.result(TRIAL, 64, "{}", "the loss became NaN in epoch 2");
        assertThat(ended(Samples.job(), Samples.ended(64, "Error", message)).outcome())
                .isEqualTo(new Failed("the loss became NaN in epoch 2", 90));
    }

    @Test
    void badDataRejectsTheExperiment() {
        String message = Samples.result(TRIAL, 65, "{}", "row 3 has 63 numbers instead of 65");
        var ended = ended(Samples.job(), Samples.ended(65, "Error", message));
        assertThat(ended.outcome()).isEqualTo(new Rejected("row 3 has 63 numbers instead of 65", 90));
        assertThat(ended.reason()).isEqualTo("DataUnusable");
    }

    @Test
    void aDeviceThatLacksMemoryMakesTheTrialInfeasible() {
        String message = Samples.result(TRIAL, 69, "{}", "out of memory");
        assertThat(ended(Samples.job(), Samples.ended(69, "Error", message)).outcome())
                .isEqualTo(new Infeasible("out of memory", 90));
    }

    @Test
    void aTrainerKilledByTheKernelForItsMemoryIsInfeasibleAndNamesTheLimit() {
        var ended = ended(Samples.job(), Samples.ended(137, "OOMKilled", null));
        assertThat(ended.outcome())
                .isEqualTo(new Infeasible("the trainer was ended for using more memory than its limit of 2Gi", 90));
        assertThat(ended.reason()).isEqualTo("OutOfMemory");
    }

    @Test
    void temporaryEndsAndUnknownCodesAreLeftToTheJob() {
        assertThat(progress(Samples.job(), Samples.ended(75, "Error", null))).isInstanceOf(TrialEnd.Waiting.class);
        assertThat(progress(Samples.job(), Samples.ended(1, "Error", "Segmentation fault")))
                .isInstanceOf(TrialEnd.Waiting.class);
    }

    @Test
    void theRetryThatSucceedsGivesTheResultAndBothTriesAreCost() {
        var ended = (TrialEnd.Ended)
                progress(Samples.job(), Samples.ended(75, "Error", null), Samples.ended(0, "Completed", GOOD));
        assertThat(ended.outcome()).isEqualTo(new Completed(Map.of("accuracy", 0.97), 180, List.of(), List.of(0.8)));
    }

    @Test
    void retriesThatAreUsedUpFailWithTheLastReason() {
        var job = Samples.job("Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit");
        assertThat(ended(job, Samples.ended(1, "Error", "first line\njava.lang.Error: no device\n"))
                        .outcome())
                .isEqualTo(new Failed(
                        "the trainer failed more often than spec.trainer.backoffLimit allows;"
                                + " the last time with exit code 1: java.lang.Error: no device",
                        90));
    }

    @Test
    void retriesThatAreUsedUpOnMachinesThatWillNotDoSayNothingOfTheArchitecture() {
        var job = Samples.job("Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit");

        var ended = ended(job, Samples.ended(75, "Error", "there is no GPU"));

        assertThat(ended.reason()).isEqualTo("TrainerUnavailable");
        assertThat(ended.outcome())
                .isEqualTo(new Failed(
                        "the trainer failed more often than spec.trainer.backoffLimit allows;"
                                + " the last time with exit code 75: there is no GPU",
                        90,
                        true));
    }

    @Test
    void aTrialOverItsDeadlineFailsAndNamesTheField() {
        var job = Samples.job("Failed", "DeadlineExceeded", "Job was active longer than specified deadline");
        assertThat(((TrialEnd.Ended) progress(job)).outcome())
                .isEqualTo(new Failed(
                        "the trial was not done after spec.trainer.deadlineSeconds = 600 and was ended; its trainer never started",
                        0));
    }

    @Test
    void aTrialWhosePodIsGoneStillCostsTheTimeSinceItWasSeenToRun() {
        var job = Samples.job("Failed", "DeadlineExceeded", "Job was active longer than specified deadline");
        job.getStatus().getConditions().getFirst().setLastTransitionTime("2026-01-01T10:10:00Z");
        var ended = (TrialEnd.Ended) TrialEnd.of(
                TRIAL,
                new Wanted("accuracy", List.of("accuracy"), List.of(), true),
                600,
                Instant.parse("2026-01-01T10:00:00Z"),
                job,
                List.of());
        assertThat(ended.outcome())
                .isEqualTo(new Failed(
                        "the trial was not done after spec.trainer.deadlineSeconds = 600 and was ended", 600));
    }

    @Test
    void garbageInsteadOfAResultFailsTheTrialAndQuotesIt() {
        var ended = ended(Samples.job(), Samples.ended(0, "Completed", "\u0000\u0001 not json"));
        assertThat(ended.outcome())
                .isEqualTo(new Failed(
                        "the trainer ended with exit code 0 but left no readable result: \u0000\u0001 not json", 90));
        for (String garbage :
                List.of("{}", "[]", "null", "17", "{\"trial\": 3}", "{\"metrics\": {\"accuracy\": \"x\"}}")) {
            assertThat(ended(Samples.job(), Samples.ended(0, "Completed", garbage))
                            .outcome())
                    .isInstanceOf(Failed.class);
        }
    }

    @Test
    void aResultOfAnotherTrialOrWithoutTheObjectiveIsNoResult() {
        assertThat(ended(
                                Samples.job(),
                                Samples.ended(
                                        0, "Completed", Samples.result("other-00001", 0, "{\"accuracy\": 1}", null)))
                        .outcome())
                .isInstanceOf(Failed.class);
        assertThat(ended(Samples.job(), Samples.ended(0, "Completed", Samples.result(TRIAL, 0, "{\"loss\": 1}", null)))
                        .outcome())
                .isEqualTo(new Failed("the trainer's result has no metric accuracy", 90));
    }

    @Test
    void aResultWithoutACostThatALimitGoesBySaysNothingOfTheArchitecture() {
        var wanted = new Wanted("accuracy", List.of("accuracy"), List.of("exportedLatencyMs"), true);

        var ended = (TrialEnd.Ended)
                TrialEnd.of(TRIAL, wanted, 600, null, Samples.job(), List.of(Samples.ended(0, "Completed", GOOD)));

        assertThat(ended.reason()).isEqualTo("TrainerUnavailable");
        assertThat(ended.outcome())
                .isEqualTo(new Failed(
                        "the trainer's result has no metric exportedLatencyMs, and a limit or trade-off goes by it",
                        90,
                        true));
    }

    @Test
    void aCompleteJobWhosePodIsUnknownIsReadAgainAndNeverWaitedFor() {
        assertThat(progress(Samples.job("Complete", null, null))).isEqualTo(new TrialEnd.Unread());
        assertThat(TrialEnd.lost(Samples.job("Complete", null, null), null).outcome())
                .isInstanceOf(Failed.class);
    }

    @Test
    void theExitCodeIsReadFromTheJobWhenThePodIsGone() {
        var job = Samples.job(
                "Failed",
                "PodFailurePolicy",
                "Container trainer for pod team/digits-00017-x failed with exit code 65 matching FailJob rule at index 0");
        assertThat(((TrialEnd.Ended) progress(job)).outcome()).isInstanceOf(TrialState.Rejected.class);
    }

    @Test
    void aPodThatCannotStartSaysWhy() {
        assertThat(progress(Samples.job(), Samples.waiting("ImagePullBackOff", "Back-off pulling image")))
                .isEqualTo(new TrialEnd.Waiting(
                        "ImageUnavailable", "the image trainer:1 cannot be pulled; see pod digits-00017-abcde"));
        assertThat(progress(Samples.job(), Samples.waiting("ErrImagePull", "not found")))
                .isEqualTo(progress(Samples.job(), Samples.waiting("ImagePullBackOff", "Back-off")));
        Pod unschedulable = Samples.pod()
                .editStatus()
                .addNewCondition()
                .withType("PodScheduled")
                .withStatus("False")
                .withMessage("0/3 nodes are available: 3 Insufficient nvidia.com/gpu.")
                .endCondition()
                .endStatus()
                .build();
        assertThat(progress(Samples.job(), unschedulable))
                .isEqualTo(new TrialEnd.Waiting(
                        "Unschedulable",
                        "the pod cannot be scheduled: 0/3 nodes are available: 3 Insufficient nvidia.com/gpu."));
        assertThat(progress(Samples.job("Suspended", null, null)))
                .isEqualTo(
                        new TrialEnd.Waiting("Suspended", "the Job is suspended: it waits for admission by its queue"));
        assertThat(progress(Samples.job())).isEqualTo(new TrialEnd.Waiting(null, null));
    }

    @Test
    void aTrainerThatRunsIsRunningSinceItsContainerStarted() {
        Pod running = Samples.pod()
                .editStatus()
                .withContainerStatuses(new ContainerStatusBuilder()
                        .withName("trainer")
                        .withNewState()
                        .withNewRunning("2026-01-01T10:00:00Z")
                        .endState()
                        .build())
                .endStatus()
                .build();
        assertThat(progress(Samples.job(), running))
                .isEqualTo(new TrialEnd.Running(Instant.parse("2026-01-01T10:00:00Z")));
    }

    private static TrialEnd.Ended ended(Job job, Pod pod) {
        return (TrialEnd.Ended) progress(job, pod);
    }

    private static TrialEnd.Progress progress(Job job, Pod... pods) {
        return TrialEnd.of(
                TRIAL, new Wanted("accuracy", List.of("accuracy"), List.of(), true), 600, null, job, List.of(pods));
    }
}
