package dev.mlops.nas.cluster;

import dev.mlops.nas.api.NasApi;
import dev.mlops.nas.api.NasExperiment;
import dev.mlops.nas.api.NasExperimentSpec.Trainer;
import dev.mlops.nas.api.NasTrial;
import dev.mlops.nas.contract.ExitCode;
import dev.mlops.nas.contract.TrialFile;
import dev.mlops.nas.experiment.TrialFiles;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.EnvVarBuilder;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.PodTemplateSpecBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeBuilder;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.VolumeMountBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.PodFailurePolicy;
import io.fabric8.kubernetes.api.model.batch.v1.PodFailurePolicyBuilder;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Builds what runs a trial. A pod is the operator's defaults, overlaid with the user's {@code spec.trainer.template},
 * overlaid with what the trial contract needs.
 */
final class JobFactory {
    private static final String FILE = "trial.json";
    private static final String FILE_FOLDER = "/etc/nas";
    private static final String CONTRACT_VOLUME = "nas-trial";
    private static final String TEMPORARY_VOLUME = "nas-tmp";

    /** What a ConfigMap of 1 MiB has room for beside a trial file, bytes. */
    private static final int LARGEST_LIST = 1_000_000;

    /** Group that may write checkpoints, whatever user a trainer's image has. */
    private static final Long GROUP = 10001L;

    /** Labels by which GitOps tools recognise what they manage; handing them down would make them manage the Jobs. */
    private static final List<String> NOT_INHERITED = List.of(
            "app.kubernetes.io/",
            "helm.sh/",
            "argocd.argoproj.io/",
            "kustomize.toolkit.fluxcd.io/",
            "helm.toolkit.fluxcd.io/",
            "kubectl.kubernetes.io/");

    /**
     * The trial file as an immutable ConfigMap of the trial's name.
     *
     * @param architectures what lies beside it; null for nothing
     * @throws TemplateException if a ConfigMap cannot hold so much
     */
    static ConfigMap configMap(NasTrial trial, String trialFileJson, byte @Nullable [] architectures) {
        var map = new ConfigMapBuilder()
                .withMetadata(metadata(trial, Map.of()))
                .withImmutable(true)
                .addToData(FILE, trialFileJson);
        if (architectures == null) {
            return map.build();
        }
        if (architectures.length > LARGEST_LIST) {
            throw new TemplateException(
                    "the architectures to train shared weights on take %d bytes, and a ConfigMap has room for %d: create the experiment again with a smaller evaluation.weightSharing.architectures"
                            .formatted(architectures.length, LARGEST_LIST));
        }
        return map.addToBinaryData(TrialFiles.ARCHITECTURES, Base64.getEncoder().encodeToString(architectures))
                .build();
    }

    /**
     * The trial's Job.
     *
     * @param tracking environment of the trainer for MLflow; empty while untracked
     * @throws TemplateException if no pod comes of the user's template
     */
    static Job job(NasExperiment experiment, NasTrial trial, Map<String, String> tracking, TrainerDefaults defaults) {
        Trainer trainer = experiment.getSpec().trainer();
        Map<String, String> inherited = inherited(experiment);
        PodTemplateSpec user = PodTemplates.merge(basis(experiment, defaults), trainer.template());
        return new JobBuilder()
                .withMetadata(metadata(trial, inherited))
                .withNewSpec()
                .withBackoffLimit(trainer.backoffLimit())
                .withActiveDeadlineSeconds(trainer.deadlineSeconds().longValue())
                .withTtlSecondsAfterFinished(defaults.ttlSeconds())
                .withPodFailurePolicy(failurePolicy())
                .withTemplate(contract(user, experiment, trial, inherited, tracking, trainer.image()))
                .endSpec()
                .build();
    }

    /** The operator's pod as it is without any template. */
    private static PodTemplateSpec basis(NasExperiment experiment, TrainerDefaults defaults) {
        return new PodTemplateSpecBuilder()
                .withNewSpec()
                .withAutomountServiceAccountToken(false)
                .withEnableServiceLinks(false)
                .withNewSecurityContext()
                .withRunAsNonRoot(true)
                .withFsGroup(CheckpointFolders.claim(experiment) == null ? null : GROUP)
                .withNewSeccompProfile()
                .withType("RuntimeDefault")
                .endSeccompProfile()
                .endSecurityContext()
                .addNewContainer()
                .withName(NasApi.TRAINER_CONTAINER)
                .withImage(defaults.image())
                .withTerminationMessagePolicy("FallbackToLogsOnError")
                .withNewResources()
                .addToRequests("cpu", new Quantity("1"))
                .addToRequests("memory", new Quantity("1Gi"))
                .endResources()
                .withNewSecurityContext()
                .withAllowPrivilegeEscalation(false)
                .withReadOnlyRootFilesystem(true)
                .withNewCapabilities()
                .addToDrop("ALL")
                .endCapabilities()
                .endSecurityContext()
                .endContainer()
                .endSpec()
                .build();
    }

    private static PodTemplateSpec contract(
            PodTemplateSpec pod,
            NasExperiment experiment,
            NasTrial trial,
            Map<String, String> inherited,
            Map<String, String> tracking,
            @Nullable String image) {
        List<String> claims = Datasets.claims(experiment.getSpec().dataset());
        String checkpoints = CheckpointFolders.claim(experiment);
        List<Container> containers = pod.getSpec().getContainers().stream()
                .map(c -> c.getName().equals(NasApi.TRAINER_CONTAINER)
                        ? trainer(c, claims, checkpoints != null, tracking, image)
                        : c)
                .toList();
        return new PodTemplateSpecBuilder(pod)
                .editOrNewMetadata()
                .addToLabels(inherited)
                .addToLabels(labels(trial))
                .endMetadata()
                .editSpec()
                .withRestartPolicy("Never")
                .withContainers(containers)
                .withVolumes(volumes(pod.getSpec().getVolumes(), trial, claims, checkpoints))
                .endSpec()
                .build();
    }

    private static Container trainer(
            Container container,
            List<String> claims,
            boolean checkpoints,
            Map<String, String> tracking,
            @Nullable String image) {
        String chosen = image == null ? container.getImage() : image;
        if (chosen == null) {
            throw new TemplateException(
                    "spec.trainer.image is missing, and the operator was started without NAS_TRAINER_IMAGE: name the trainer's image");
        }
        var env = new LinkedHashMap<String, EnvVar>();
        env.put("OMP_NUM_THREADS", variable("OMP_NUM_THREADS", Integer.toString(threads(container))));
        env.put("HOME", variable("HOME", "/tmp"));
        container.getEnv().forEach(e -> env.put(e.getName(), e));
        env.put(TrialFile.PATH_VARIABLE, variable(TrialFile.PATH_VARIABLE, FILE_FOLDER + "/" + FILE));
        env.remove(TrialFile.RESULT_VARIABLE);
        tracking.forEach((name, value) -> env.put(name, variable(name, value)));

        var mounts = new LinkedHashMap<String, VolumeMount>();
        mounts.put("/tmp", mount(TEMPORARY_VOLUME, "/tmp", false));
        container.getVolumeMounts().forEach(m -> mounts.put(m.getMountPath(), m));
        mounts.put(FILE_FOLDER, mount(CONTRACT_VOLUME, FILE_FOLDER, true));
        claims.forEach(c -> mounts.put(Datasets.folder(c), mount(Datasets.volume(c), Datasets.folder(c), true)));
        if (checkpoints) {
            mounts.put(CheckpointFolders.MOUNT, mount(CheckpointFolders.VOLUME, CheckpointFolders.MOUNT, false));
        }

        return new ContainerBuilder(container)
                .withImage(chosen)
                .withEnv(List.copyOf(env.values()))
                .withVolumeMounts(List.copyOf(mounts.values()))
                .withTerminationMessagePath("/dev/termination-log")
                .build();
    }

    private static List<Volume> volumes(
            List<Volume> user, NasTrial trial, List<String> claims, @Nullable String checkpoints) {
        var byName = new LinkedHashMap<String, Volume>();
        byName.put(
                TEMPORARY_VOLUME,
                new VolumeBuilder()
                        .withName(TEMPORARY_VOLUME)
                        .withNewEmptyDir()
                        .endEmptyDir()
                        .build());
        user.forEach(v -> byName.put(v.getName(), v));
        byName.put(
                CONTRACT_VOLUME,
                new VolumeBuilder()
                        .withName(CONTRACT_VOLUME)
                        .withNewConfigMap()
                        .withName(trial.getMetadata().getName())
                        .endConfigMap()
                        .build());
        for (String claim : claims) {
            byName.put(
                    Datasets.volume(claim),
                    new VolumeBuilder()
                            .withName(Datasets.volume(claim))
                            .withNewPersistentVolumeClaim(claim, true)
                            .build());
        }
        if (checkpoints != null) {
            byName.put(
                    CheckpointFolders.VOLUME,
                    new VolumeBuilder()
                            .withName(CheckpointFolders.VOLUME)
                            .withNewPersistentVolumeClaim(checkpoints, false)
                            .build());
        }
        return new ArrayList<>(byName.values());
    }

    /** Results are never retried, disruptions cost no retry, everything else counts against the backoff limit. */
    private static PodFailurePolicy failurePolicy() {
        return new PodFailurePolicyBuilder()
                .addNewRule()
                .withAction("FailJob")
                .withNewOnExitCodes()
                .withContainerName(NasApi.TRAINER_CONTAINER)
                .withOperator("In")
                .withValues(ExitCode.ARCHITECTURE.code(), ExitCode.DATA.code(), ExitCode.INFEASIBLE.code())
                .endOnExitCodes()
                .endRule()
                .addNewRule()
                .withAction("Ignore")
                .addNewOnPodCondition("True", "DisruptionTarget")
                .endRule()
                .build();
    }

    /** Whole CPUs that the trainer may use: its limit, else its request, rounded up. */
    private static int threads(Container container) {
        var resources = container.getResources();
        if (resources == null) {
            return 1;
        }
        Quantity cpu =
                resources.getLimits() == null ? null : resources.getLimits().get("cpu");
        if (cpu == null && resources.getRequests() != null) {
            cpu = resources.getRequests().get("cpu");
        }
        return cpu == null
                ? 1
                : Math.max(
                        1,
                        cpu.getNumericalAmount()
                                .setScale(0, RoundingMode.CEILING)
                                .intValue());
    }

    private static ObjectMeta metadata(NasTrial trial, Map<String, String> inherited) {
        return new ObjectMetaBuilder()
                .withName(trial.getMetadata().getName())
                .withNamespace(trial.getMetadata().getNamespace())
                .addToLabels(inherited)
                .addToLabels(labels(trial))
                .withOwnerReferences(Owners.reference(trial))
                .build();
    }

    private static Map<String, String> labels(NasTrial trial) {
        var labels = new LinkedHashMap<String, String>();
        labels.put(NasApi.EXPERIMENT_LABEL, trial.getSpec().experiment());
        labels.put(NasApi.TRIAL_LABEL, trial.getMetadata().getName());
        labels.put(Owners.MANAGED_BY_LABEL, Owners.MANAGER);
        return labels;
    }

    private static Map<String, String> inherited(NasExperiment experiment) {
        var labels = new LinkedHashMap<String, String>();
        if (experiment.getMetadata().getLabels() != null) {
            experiment.getMetadata().getLabels().forEach((name, value) -> {
                if (NOT_INHERITED.stream().noneMatch(name::startsWith)) {
                    labels.put(name, value);
                }
            });
        }
        return labels;
    }

    private static EnvVar variable(String name, String value) {
        return new EnvVarBuilder().withName(name).withValue(value).build();
    }

    private static VolumeMount mount(String volume, String path, boolean readOnly) {
        return new VolumeMountBuilder()
                .withName(volume)
                .withMountPath(path)
                .withReadOnly(readOnly ? true : null)
                .build();
    }

    private JobFactory() {}
}
