package dev.mlops.nas.devcluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.ContainerStateTerminated;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 15, unit = TimeUnit.MINUTES)
class PodRunnerTest {
    private static final String NAMESPACE = "default";

    @TempDir
    static Path folder;

    private static ControlPlane plane;
    private static KubernetesClient client;
    private static PodRunner runner;

    @BeforeAll
    static void start() {
        plane = ControlPlane.start(folder.resolve("plane"));
        client = plane.client();
        runner = PodRunner.start(client, PodRunner.Options.forTests(folder.resolve("pods"), 3));
    }

    @AfterAll
    static void stop() {
        runner.close();
        client.close();
        plane.close();
    }

    @Test
    void runsAJobToItsEndAndReportsItsMessageItsTimesAndItsLog() throws IOException {
        var job = client.batch()
                .v1()
                .jobs()
                .inNamespace(NAMESPACE)
                .resource(job("says", 0, "echo to the log; printf '{\"accuracy\":0.9}' > /dev/termination-log"))
                .create();
        awaitCondition(job, "Complete");
        var pod = podsOf(job).getFirst();
        var end = end(pod);
        assertThat(pod.getStatus().getPhase()).isEqualTo("Succeeded");
        assertThat(end.getExitCode()).isZero();
        assertThat(end.getReason()).isEqualTo("Completed");
        assertThat(end.getMessage()).isEqualTo("{\"accuracy\":0.9}");
        assertThat(Instant.parse(end.getStartedAt())).isBeforeOrEqualTo(Instant.parse(end.getFinishedAt()));
        assertThat(runner.log(pod, "main")).hasContent("to the log\n");
    }

    @Test
    void letsThePodFailurePolicyOfAJobTellResultsFromFailuresThatPass() {
        var wrong = client.batch()
                .v1()
                .jobs()
                .inNamespace(NAMESPACE)
                .resource(job("wrong", 3, "exit 64"))
                .create();
        var again = client.batch()
                .v1()
                .jobs()
                .inNamespace(NAMESPACE)
                .resource(
                        job("again", 3, "test -e %1$s || { touch %1$s; exit 75; }".formatted(folder.resolve("again"))))
                .create();
        assertThat(awaitCondition(wrong, "Failed").getReason()).isEqualTo("PodFailurePolicy");
        assertThat(podsOf(wrong)).hasSize(1);
        assertThat(end(podsOf(wrong).getFirst()).getExitCode()).isEqualTo(64);
        awaitCondition(again, "Complete");
        assertThat(podsOf(again)).hasSize(2);
    }

    @Test
    void givesAContainerItsVariablesAndFiles() {
        client.configMaps()
                .inNamespace(NAMESPACE)
                .resource(new ConfigMapBuilder()
                        .withNewMetadata()
                        .withName("settings")
                        .endMetadata()
                        .addToData("colour", "blue")
                        .addToData("trial.json", "{\"uri\":\"file:///etc/nas/x\"}")
                        .build())
                .create();
        client.secrets()
                .inNamespace(NAMESPACE)
                .resource(new SecretBuilder()
                        .withNewMetadata()
                        .withName("password")
                        .endMetadata()
                        .addToStringData("word", "sesame")
                        .build())
                .create();
        var container = new ContainerBuilder()
                .withName("main")
                .withImage("any")
                .withCommand("sh", "-c")
                .withArgs("""
                        { echo "$PLAIN $COMPOSED $COLOUR $WORD $NAME $UID_OF_POD $pre_colour $CPUS"
                          echo $(FILE) "$FILE"; cat /etc/nas/trial.json; echo; cat /secret/word; echo; cat /info/labels; echo
                          echo kept > /scratch/file; cat /scratch/file
                          tr -d '\\n' < /var/run/secrets/kubernetes.io/serviceaccount/namespace
                        } > /dev/termination-log
                        """)
                .addNewEnv()
                .withName("PLAIN")
                .withValue("plain")
                .endEnv()
                .addNewEnv()
                .withName("COMPOSED")
                .withValue("$(PLAIN)-$$(PLAIN)")
                .endEnv()
                .addNewEnv()
                .withName("FILE")
                .withValue("/etc/nas/trial.json")
                .endEnv()
                .addNewEnv()
                .withName("COLOUR")
                .withNewValueFrom()
                .withNewConfigMapKeyRef("colour", "settings", false)
                .endValueFrom()
                .endEnv()
                .addNewEnv()
                .withName("WORD")
                .withNewValueFrom()
                .withNewSecretKeyRef("word", "password", false)
                .endValueFrom()
                .endEnv()
                .addNewEnv()
                .withName("NAME")
                .withNewValueFrom()
                .withNewFieldRef("v1", "metadata.name")
                .endValueFrom()
                .endEnv()
                .addNewEnv()
                .withName("UID_OF_POD")
                .withNewValueFrom()
                .withNewFieldRef("v1", "metadata.uid")
                .endValueFrom()
                .endEnv()
                .addNewEnv()
                .withName("CPUS")
                .withNewValueFrom()
                .withNewResourceFieldRef()
                .withResource("limits.cpu")
                .endResourceFieldRef()
                .endValueFrom()
                .endEnv()
                .addNewEnvFrom()
                .withPrefix("pre_")
                .withNewConfigMapRef("settings", false)
                .endEnvFrom()
                .addNewVolumeMount()
                .withName("settings")
                .withMountPath("/etc/nas")
                .endVolumeMount()
                .addNewVolumeMount()
                .withName("secret")
                .withMountPath("/secret/")
                .endVolumeMount()
                .addNewVolumeMount()
                .withName("info")
                .withMountPath("/info")
                .endVolumeMount()
                .addNewVolumeMount()
                .withName("scratch")
                .withMountPath("/scratch")
                .endVolumeMount()
                .withNewResources()
                .addToLimits("cpu", new Quantity("1500m"))
                .addToRequests("cpu", new Quantity("100m"))
                .endResources()
                .build();
        var pod = create(new PodBuilder(pod("reads", "true"))
                .editMetadata()
                .addToLabels("team", "vision")
                .endMetadata()
                .editSpec()
                .withContainers(container)
                .addNewVolume()
                .withName("settings")
                .withNewConfigMap()
                .withName("settings")
                .endConfigMap()
                .endVolume()
                .addNewVolume()
                .withName("secret")
                .withNewSecret()
                .withSecretName("password")
                .endSecret()
                .endVolume()
                .addNewVolume()
                .withName("info")
                .withNewDownwardAPI()
                .addNewItem()
                .withPath("labels")
                .withNewFieldRef("v1", "metadata.labels")
                .endItem()
                .endDownwardAPI()
                .endVolume()
                .addNewVolume()
                .withName("scratch")
                .withNewEmptyDir()
                .endEmptyDir()
                .endVolume()
                .endSpec()
                .build());
        var lines = end(awaitPhase(pod, "Succeeded")).getMessage().lines().toList();
        assertThat(lines.getFirst())
                .isEqualTo("plain plain-$(PLAIN) blue sesame reads "
                        + pod.getMetadata().getUid() + " blue 2");
        var file = lines.get(1).split(" ")[0];
        assertThat(lines.get(1)).isEqualTo(file + " " + file);
        assertThat(Path.of(file)).exists();
        var home = Path.of(file).getParent();
        assertThat(lines.subList(2, lines.size()))
                .containsExactly("{\"uri\":\"file://" + home + "/x\"}", "sesame", "team=\"vision\"", "kept", NAMESPACE);
    }

    @Test
    void waitsForAConfigMapThatDoesNotExistYet() {
        var pod = create(new PodBuilder(pod("patient", "printf \"$LATE\" > /dev/termination-log"))
                .editSpec()
                .editFirstContainer()
                .addNewEnv()
                .withName("LATE")
                .withNewValueFrom()
                .withNewConfigMapKeyRef("key", "late", false)
                .endValueFrom()
                .endEnv()
                .endContainer()
                .endSpec()
                .build());
        await().atMost(Duration.ofMinutes(1)).until(() -> waiting(pod).equals("CreateContainerConfigError"));
        assertThat(events(pod)).anyMatch(text -> text.contains("\"late\" not found"));
        client.configMaps()
                .inNamespace(NAMESPACE)
                .resource(new ConfigMapBuilder()
                        .withNewMetadata()
                        .withName("late")
                        .endMetadata()
                        .addToData("key", "came")
                        .build())
                .create();
        assertThat(end(awaitPhase(pod, "Succeeded")).getMessage()).isEqualTo("came");
    }

    @Test
    void endsAPodAtItsDeadline() {
        var pod = create(new PodBuilder(pod("late", "sleep 300"))
                .editSpec()
                .withActiveDeadlineSeconds(2L)
                .withTerminationGracePeriodSeconds(1L)
                .endSpec()
                .build());
        var ended = awaitPhase(pod, "Failed");
        assertThat(ended.getStatus().getReason()).isEqualTo("DeadlineExceeded");
        assertThat(end(ended).getExitCode()).isEqualTo(143);
        assertNothingRuns(pod);
    }

    @Test
    void asksADeletedPodToLeaveAndThenRemovesIt() {
        var left = folder.resolve("left");
        var polite = create(
                pod("polite", "trap 'echo bye > %s; exit 75' TERM; while :; do sleep 0.1; done".formatted(left)));
        var stubborn = create(pod("stubborn", "trap '' TERM; while :; do sleep 0.1; done"));
        awaitPhase(polite, "Running");
        awaitPhase(stubborn, "Running");
        client.resource(polite).delete();
        client.resource(stubborn).withGracePeriod(1).delete();
        for (var pod : List.of(polite, stubborn)) {
            await().atMost(Duration.ofMinutes(1))
                    .until(() -> client.resource(pod).get() == null);
            assertNothingRuns(pod);
        }
        assertThat(left).hasContent("bye\n");
    }

    @Test
    void keepsTheEndOfALogAsTheMessageOfAFailureWithinFourKibibytes() {
        var talkative = create(pod("talkative", "head -c 10000 /dev/zero | tr '\\0' x > /dev/termination-log"));
        var failing = create(new PodBuilder(pod("failing", "for i in $(seq 200); do echo line $i; done; exit 3"))
                .editSpec()
                .editFirstContainer()
                .withTerminationMessagePolicy("FallbackToLogsOnError")
                .endContainer()
                .endSpec()
                .build());
        assertThat(end(awaitPhase(talkative, "Succeeded")).getMessage()).hasSize(4096);
        var end = end(awaitPhase(failing, "Failed"));
        assertThat(end.getExitCode()).isEqualTo(3);
        assertThat(end.getMessage().lines()).hasSize(80).last().isEqualTo("line 200");
    }

    @Test
    void restartsAContainerThatFailedWhereThePolicySaysSo() {
        var mark = folder.resolve("mark");
        var pod = create(new PodBuilder(pod("tries", "test -e %1$s || { touch %1$s; exit 1; }".formatted(mark)))
                .editSpec()
                .withRestartPolicy("OnFailure")
                .addNewInitContainer()
                .withName("before")
                .withImage("any")
                .withCommand("sh", "-c", "echo init >> %s.init".formatted(mark))
                .endInitContainer()
                .endSpec()
                .build());
        var ended = awaitPhase(pod, "Succeeded");
        assertThat(ended.getStatus().getContainerStatuses().getFirst().getRestartCount())
                .isEqualTo(1);
        assertThat(Path.of(mark + ".init")).hasContent("init\n");
    }

    @Test
    void saysWhatItCannotRun() {
        var imageOnly = create(new PodBuilder(pod("image", "true"))
                .editSpec()
                .editFirstContainer()
                .withCommand(List.of())
                .endContainer()
                .endSpec()
                .build());
        var nfs = create(new PodBuilder(pod("nfs", "true"))
                .editSpec()
                .addNewVolume()
                .withName("share")
                .withNewNfs("/", false, "server")
                .endVolume()
                .endSpec()
                .build());
        await().atMost(Duration.ofMinutes(1)).until(() -> waiting(imageOnly).equals("ErrImagePull"));
        assertThat(events(imageOnly)).anyMatch(text -> text.contains("needs a command"));
        var failed = awaitPhase(nfs, "Failed");
        assertThat(failed.getStatus().getReason()).isEqualTo("Unsupported");
        assertThat(failed.getStatus().getMessage()).startsWith("volume share is of a kind");
        client.resource(imageOnly).delete();
    }

    @Test
    void letsPodsWaitForFreeCores() throws IOException {
        var wide = create(
                new PodBuilder(pod("wide", "while [ ! -e %s ]; do sleep 0.1; done".formatted(folder.resolve("go"))))
                        .editSpec()
                        .editFirstContainer()
                        .withNewResources()
                        .addToRequests("cpu", new Quantity("3"))
                        .endResources()
                        .endContainer()
                        .endSpec()
                        .build());
        awaitPhase(wide, "Running");
        var next = create(pod("next", "true"));
        await().atMost(Duration.ofMinutes(1))
                .until(() -> client.resource(next).get().getStatus().getConditions().stream()
                        .anyMatch(c -> "Unschedulable".equals(c.getReason())));
        assertThat(client.resource(next).get().getStatus().getPhase()).isEqualTo("Pending");
        Files.createFile(folder.resolve("go"));
        awaitPhase(next, "Succeeded");
    }

    private static Pod create(Pod pod) {
        return client.resource(pod).create();
    }

    private static Pod pod(String name, String script) {
        return new PodBuilder()
                .withNewMetadata()
                .withName(name)
                .withNamespace(NAMESPACE)
                .endMetadata()
                .withNewSpec()
                .withRestartPolicy("Never")
                .addNewContainer()
                .withName("main")
                .withImage("any")
                .withCommand("sh", "-c", script)
                .endContainer()
                .endSpec()
                .build();
    }

    private static Job job(String name, int backoffLimit, String script) {
        return new JobBuilder()
                .withNewMetadata()
                .withName(name)
                .withNamespace(NAMESPACE)
                .endMetadata()
                .withNewSpec()
                .withBackoffLimit(backoffLimit)
                .withNewPodFailurePolicy()
                .addNewRule()
                .withAction("FailJob")
                .withNewOnExitCodes()
                .withContainerName("main")
                .withOperator("In")
                .withValues(64, 69)
                .endOnExitCodes()
                .endRule()
                .endPodFailurePolicy()
                .withNewTemplate()
                .withSpec(pod(name, script).getSpec())
                .endTemplate()
                .endSpec()
                .build();
    }

    private static List<Pod> podsOf(Job job) {
        return client.pods()
                .inNamespace(NAMESPACE)
                .withLabel("batch.kubernetes.io/job-name", job.getMetadata().getName())
                .list()
                .getItems();
    }

    private static io.fabric8.kubernetes.api.model.batch.v1.JobCondition awaitCondition(Job job, String type) {
        return await().atMost(Duration.ofMinutes(2))
                .until(
                        () -> client.resource(job).get().getStatus().getConditions().stream()
                                .filter(c -> c.getType().equals(type))
                                .findFirst(),
                        Optional::isPresent)
                .orElseThrow();
    }

    private static Pod awaitPhase(Pod pod, String phase) {
        return await().atMost(Duration.ofMinutes(2))
                .until(
                        () -> client.resource(pod).get(),
                        now -> phase.equals(now.getStatus().getPhase()));
    }

    private static String waiting(Pod pod) {
        return client.resource(pod).get().getStatus().getContainerStatuses().stream()
                .map(status -> status.getState().getWaiting())
                .filter(Objects::nonNull)
                .map(state -> state.getReason())
                .findFirst()
                .orElse("");
    }

    private static ContainerStateTerminated end(Pod pod) {
        return pod.getStatus().getContainerStatuses().getFirst().getState().getTerminated();
    }

    private static List<String> events(Pod pod) {
        return await().atMost(Duration.ofMinutes(1))
                .until(
                        () -> client
                                .v1()
                                .events()
                                .inNamespace(NAMESPACE)
                                .withField(
                                        "involvedObject.uid", pod.getMetadata().getUid())
                                .list()
                                .getItems()
                                .stream()
                                .map(event -> event.getMessage())
                                .toList(),
                        texts -> texts.size() > 1);
    }

    private static void assertNothingRuns(Pod pod) {
        await().atMost(Duration.ofSeconds(30))
                .until(() -> ProcessHandle.allProcesses()
                        .noneMatch(process -> process.info()
                                .commandLine()
                                .orElse("")
                                .contains(pod.getMetadata().getUid())));
    }
}
