package dev.mlops.nas.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import dev.mlops.nas.api.NasExperiment;
import dev.mlops.nas.api.NasTrialSpec;
import dev.mlops.nas.api.TrialPurpose;
import dev.mlops.nas.contract.TrialFile.Folders;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

final class JobFactoryTest {
    private static final TrainerDefaults DEFAULTS = new TrainerDefaults("trainer:default", "/data", 3600);

    @Test
    void theJobRunsOneRestrictedPodThatReadsTheTrialFile() throws IOException {
        try (InputStream expected = JobFactoryTest.class.getResourceAsStream("job.yaml")) {
            assertThat(Serialization.asYaml(job("")))
                    .isEqualTo(new String(expected.readAllBytes(), StandardCharsets.UTF_8));
        }
    }

    @Test
    void resultsAreNeverRetriedDisruptionsAreFreeAndTheRestCountsAgainstTheLimit() {
        var spec = job("").getSpec();
        assertThat(spec.getBackoffLimit()).isEqualTo(3);
        assertThat(spec.getActiveDeadlineSeconds()).isEqualTo(600);
        assertThat(spec.getTtlSecondsAfterFinished()).isEqualTo(3600);
        var rules = spec.getPodFailurePolicy().getRules();
        assertThat(rules.get(0).getAction()).isEqualTo("FailJob");
        assertThat(rules.get(0).getOnExitCodes().getContainerName()).isEqualTo("trainer");
        assertThat(rules.get(0).getOnExitCodes().getValues()).containsExactly(64, 65, 69);
        assertThat(rules.get(1).getAction()).isEqualTo("Ignore");
        assertThat(rules.get(1).getOnPodConditions())
                .extracting("type", "status")
                .containsExactly(tuple("DisruptionTarget", "True"));
    }

    @Test
    void theUsersTemplateIsLaidOverTheDefaultsByTheContainersName() {
        PodSpec pod = job("""
                trainer:
                  backoffLimit: 3
                  deadlineSeconds: 600
                  template:
                    metadata: {labels: {team: vision}, annotations: {note: mine}}
                    spec:
                      priorityClassName: batch
                      tolerations: [{key: nvidia.com/gpu, operator: Exists}]
                      containers:
                      - name: trainer
                        resources: {limits: {nvidia.com/gpu: 1, cpu: 3500m, memory: 16Gi}}
                        env: [{name: MY, value: own}]
                """).getSpec().getTemplate().getSpec();
        assertThat(pod.getPriorityClassName()).isEqualTo("batch");
        assertThat(pod.getTolerations()).hasSize(1);
        assertThat(pod.getSecurityContext().getRunAsNonRoot()).isTrue();
        Container trainer = pod.getContainers().getFirst();
        assertThat(trainer.getImage()).isEqualTo("trainer:default");
        assertThat(trainer.getResources().getLimits()).containsKeys("nvidia.com/gpu", "cpu", "memory");
        assertThat(trainer.getResources().getRequests()).containsKeys("cpu", "memory");
        assertThat(trainer.getSecurityContext().getReadOnlyRootFilesystem()).isTrue();
        assertThat(env(trainer)).containsEntry("MY", "own").containsEntry("OMP_NUM_THREADS", "4");
    }

    @Test
    void whatTheContractNeedsWinsOverTheTemplate() {
        PodSpec pod = job("""
                trainer:
                  image: mine:2
                  backoffLimit: 3
                  deadlineSeconds: 600
                  template:
                    metadata: {labels: {nas.mlops.dev/trial: other}}
                    spec:
                      restartPolicy: OnFailure
                      volumes: [{name: nas-trial, emptyDir: {}}, {name: scratch, emptyDir: {}}]
                      containers:
                      - name: trainer
                        image: theirs:1
                        terminationMessagePath: /tmp/x
                        env: [{name: NAS_TRIAL_FILE, value: /x}, {name: NAS_RESULT_FILE, value: /y}, {name: OMP_NUM_THREADS, value: "9"}]
                        volumeMounts: [{name: scratch, mountPath: /etc/nas}, {name: scratch, mountPath: /scratch}]
                """).getSpec().getTemplate().getSpec();
        Container trainer = pod.getContainers().getFirst();
        assertThat(pod.getRestartPolicy()).isEqualTo("Never");
        assertThat(trainer.getImage()).isEqualTo("mine:2");
        assertThat(trainer.getTerminationMessagePath()).isEqualTo("/dev/termination-log");
        assertThat(env(trainer))
                .containsEntry("NAS_TRIAL_FILE", "/etc/nas/trial.json")
                .containsEntry("OMP_NUM_THREADS", "9")
                .doesNotContainKey("NAS_RESULT_FILE");
        assertThat(trainer.getVolumeMounts())
                .extracting(VolumeMount::getMountPath, VolumeMount::getName)
                .containsExactlyInAnyOrder(
                        tuple("/tmp", "nas-tmp"), tuple("/etc/nas", "nas-trial"), tuple("/scratch", "scratch"));
        assertThat(pod.getVolumes().stream()
                        .filter(v -> v.getName().equals("nas-trial"))
                        .findFirst()
                        .orElseThrow()
                        .getConfigMap()
                        .getName())
                .isEqualTo("digits-00017");
        assertThat(job("").getSpec().getTemplate().getMetadata().getLabels())
                .containsEntry("nas.mlops.dev/trial", "digits-00017");
    }

    @Test
    void aVolumeClaimWithTheDataIsMountedReadOnly() {
        PodSpec pod = job("""
                dataset: {uri: "pvc://data.sets/signs/a.csv", format: csv, labelColumn: -1, shape: [1, 8, 8], classes: 10,
                          split: {train: 0.6, validation: 0.2, test: 0.2}}
                """).getSpec().getTemplate().getSpec();
        assertThat(pod.getVolumes()).anySatisfy(v -> {
            assertThat(v.getName()).isEqualTo("nas-claim-data-sets");
            assertThat(v.getPersistentVolumeClaim().getClaimName()).isEqualTo("data.sets");
            assertThat(v.getPersistentVolumeClaim().getReadOnly()).isTrue();
        });
        assertThat(pod.getContainers().getFirst().getVolumeMounts()).anySatisfy(m -> {
            assertThat(m.getMountPath()).isEqualTo("/nas/claims/data.sets");
            assertThat(m.getReadOnly()).isTrue();
        });
    }

    @Test
    void checkpointsLieOnTheirClaimAndAPromotedTrialFindsThoseOfTheEarlierOne() {
        String block =
                "trainer: {backoffLimit: 1, deadlineSeconds: 9, checkpoints: {volumeClaim: nas-checkpoints-claim}}";
        PodSpec pod = job(block).getSpec().getTemplate().getSpec();
        assertThat(pod.getSecurityContext().getFsGroup()).isEqualTo(10001);
        assertThat(pod.getVolumes()).anySatisfy(v -> {
            assertThat(v.getName()).isEqualTo("nas-checkpoints");
            assertThat(v.getPersistentVolumeClaim().getClaimName()).isEqualTo("nas-checkpoints-claim");
            assertThat(v.getPersistentVolumeClaim().getReadOnly()).isFalse();
        });
        assertThat(pod.getContainers().getFirst().getVolumeMounts())
                .anySatisfy(m -> assertThat(m.getMountPath()).isEqualTo("/nas/checkpoints"));

        NasExperiment experiment = Samples.experiment(block);
        NasTrialSpec first = Samples.trial().getSpec();
        String uid = experiment.getMetadata().getUid();
        String name = experiment.getMetadata().getName();
        assertThat(CheckpointFolders.folders(experiment, first, "/data").resume())
                .isNull();
        var promoted = new NasTrialSpec(
                first.experiment(),
                12,
                first.purpose(),
                first.genotype(),
                first.decisions(),
                first.architecture(),
                first.epochs(),
                first.seed(),
                null,
                7,
                null,
                null);
        var folders = CheckpointFolders.folders(experiment, promoted, "/data");
        assertThat(folders.checkpoints()).isEqualTo("/nas/checkpoints/%s/%s-00012".formatted(uid, name));
        assertThat(folders.resume()).isEqualTo("/nas/checkpoints/%s/%s-00007".formatted(uid, name));
        assertThat(folders.model()).isNull();
        var reference = new NasTrialSpec(
                first.experiment(),
                13,
                TrialPurpose.Reference,
                first.genotype(),
                first.decisions(),
                first.architecture(),
                first.epochs(),
                first.seed(),
                null,
                null,
                null,
                null);
        assertThat(CheckpointFolders.folders(experiment, reference, "/data").model())
                .isEqualTo("/nas/checkpoints/%s/%s-00013/model".formatted(uid, name));
        assertThat(CheckpointFolders.folders(Samples.experiment(""), promoted, "/data"))
                .isEqualTo(new Folders("/data", null, null));
    }

    @Test
    void trackingVariablesReachTheTrainerWhenThereAreSome() {
        Job job = JobFactory.job(Samples.experiment(""), Samples.trial(), Map.of("MLFLOW_RUN_ID", "r1"), DEFAULTS);
        assertThat(env(job.getSpec().getTemplate().getSpec().getContainers().getFirst()))
                .containsEntry("MLFLOW_RUN_ID", "r1");
        assertThat(env(job("").getSpec().getTemplate().getSpec().getContainers().getFirst()))
                .doesNotContainKey("MLFLOW_RUN_ID");
    }

    @Test
    void aTemplateThatIsNoPodTemplateIsRefusedWithASentence() {
        assertThatThrownBy(() -> job("trainer: {backoffLimit: 1, deadlineSeconds: 9, template: {spce: {}}}"))
                .isInstanceOf(TemplateException.class)
                .hasMessage("spec.trainer.template holds spce, which a PodTemplateSpec does not have");
        assertThatThrownBy(
                        () -> job("trainer: {backoffLimit: 1, deadlineSeconds: 9, template: {spec: {containers: 3}}}"))
                .isInstanceOf(TemplateException.class)
                .hasMessageStartingWith("spec.trainer.template is not a PodTemplateSpec: ");
        assertThatThrownBy(() -> job(
                        "trainer: {backoffLimit: 1, deadlineSeconds: 9, template: {spec: {containers: [{image: a}]}}}"))
                .isInstanceOf(TemplateException.class)
                .hasMessage("spec.trainer.template.spec.containers must name its containers; the trainer's is trainer");
    }

    @Test
    void withoutAnyImageTheSentenceSaysWhereToNameOne() {
        assertThatThrownBy(() -> JobFactory.job(
                        Samples.experiment(""), Samples.trial(), Map.of(), new TrainerDefaults(null, "/data", 60)))
                .isInstanceOf(TemplateException.class)
                .hasMessageStartingWith("spec.trainer.image is missing");
    }

    private static Job job(String extraSpec) {
        return JobFactory.job(Samples.experiment(extraSpec), Samples.trial(), Map.of(), DEFAULTS);
    }

    private static Map<String, String> env(Container container) {
        return container.getEnv().stream().collect(Collectors.toMap(EnvVar::getName, EnvVar::getValue));
    }
}
