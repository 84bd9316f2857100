package dev.mlops.nas.local;

import dev.mlops.nas.api.NasExperiment;
import dev.mlops.nas.api.NasExperimentSpec.Dataset;
import dev.mlops.nas.experiment.BuiltInTrainer;
import dev.mlops.nas.experiment.ExperimentFactory;
import dev.mlops.nas.experiment.GpuLimits;
import dev.mlops.nas.search.Experiment;
import dev.mlops.nas.search.Experiments;
import dev.mlops.nas.search.History;
import dev.mlops.nas.search.SpaceException;
import dev.mlops.nas.validation.ExperimentReader;
import dev.mlops.nas.validation.InvalidExperimentException;
import dev.mlops.nas.validation.Problem;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** From an experiment's file to what a local search needs; everything that is wrong is found here, before anything starts. */
final class SetupReader {
    private static final long LARGEST_TRAINER = 8L << 30;

    private final ExperimentReader reader = new ExperimentReader();
    private final @Nullable String home;

    /** Takes the value of NAS_HOME. */
    SetupReader(@Nullable String home) {
        this.home = home;
    }

    /**
     * Reads and checks the file.
     *
     * @param trainer the user's own command; null for the built-in trainer
     * @throws BadInputException with a line for each thing that is wrong
     */
    Setup read(Path file, @Nullable String trainer) {
        NasExperiment resource;
        try {
            resource = reader.read(file);
        } catch (InvalidExperimentException e) {
            throw new BadInputException(e.lines(file));
        }
        refuseClaims(file, resource.getSpec().dataset());
        Experiment experiment;
        try {
            experiment = ExperimentFactory.create(resource.getMetadata().getName(), resource.getSpec());
            var _ = Experiments.decide(experiment, new History(Instant.EPOCH, List.of()), Instant.EPOCH);
        } catch (SpaceException e) {
            throw new BadInputException(Problem.of(e).line(file));
        }
        if (trainer == null) {
            refuseForeign(file, experiment);
        }
        int parallel = experiment.budget().parallelTrials();
        TrainerCommand command =
                trainer == null ? TrainerCommand.builtIn(home, memory(parallel)) : TrainerCommand.own(trainer);
        Path folder = file.toAbsolutePath().normalize().getParent();
        return new Setup(
                resource,
                experiment,
                command,
                folder == null ? Path.of("/") : folder,
                Math.max(1, Runtime.getRuntime().availableProcessors() / parallel));
    }

    /**
     * Whether a search that is stored may go on as submitted now.
     *
     * @throws BadInputException if it is another experiment, or a field differs that must stay as it is
     */
    void checkUpdate(Path file, Path state, NasExperiment stored, NasExperiment submitted) {
        String before = stored.getMetadata().getName();
        String now = submitted.getMetadata().getName();
        if (!before.equals(now)) {
            throw new BadInputException(
                    "--state %s holds the experiment %s, and %s describes %s: give each experiment its own folder"
                            .formatted(state, before, file, now));
        }
        try {
            reader.validateUpdate(stored, submitted);
        } catch (InvalidExperimentException e) {
            throw new BadInputException(e.lines(file));
        }
    }

    /** What the file asks for and only a cluster can give, one sentence each. */
    static List<String> notices(NasExperiment resource) {
        var notices = new ArrayList<String>();
        var trainer = resource.getSpec().trainer();
        if (trainer.image() != null) {
            notices.add(
                    "spec.trainer.image %s is for clusters: here trials run as processes of the trainer on this machine"
                            .formatted(trainer.image()));
        }
        if (trainer.checkpoints() != null) {
            notices.add("spec.trainer.checkpoints is for clusters: here checkpoints lie in the folder of the search");
        }
        if (trainer.template() != null && !trainer.template().isEmpty()) {
            notices.add(
                    "spec.trainer.template is for clusters: here trials run as processes, without its pod settings%s"
                            .formatted(GpuLimits.of(trainer)
                                    .map(given -> " and without " + given)
                                    .orElse("")));
        }
        return notices;
    }

    private static void refuseForeign(Path file, Experiment experiment) {
        BuiltInTrainer.lack(experiment.space()).ifPresent(lack -> {
            throw new BadInputException(
                    new Problem("spec.searchSpace", lack + ": name a trainer of your own by --trainer").line(file));
        });
    }

    private static void refuseClaims(Path file, Dataset dataset) {
        Stream.of(dataset.uri(), dataset.labels() == null ? "" : dataset.labels())
                .filter(uri -> uri.startsWith("pvc://"))
                .findFirst()
                .ifPresent(uri -> {
                    throw new BadInputException(new Problem(
                                    "spec.dataset.uri",
                                    "%s is a volume claim, which needs a cluster; for nas run give a path relative to the file, or file:///PATH"
                                            .formatted(uri))
                            .line(file));
                });
    }

    /** Most of the machine, divided among the trainers. */
    private static long memory(int parallelTrials) {
        long total = ManagementFactory.getOperatingSystemMXBean() instanceof com.sun.management.OperatingSystemMXBean os
                ? os.getTotalMemorySize()
                : LARGEST_TRAINER;
        return Math.min(LARGEST_TRAINER, total / 4 * 3 / parallelTrials);
    }
}
