package dev.mlops.nas.devcluster;

import dev.mlops.nas.contract.TrialFile;
import dev.mlops.nas.local.BadInputException;
import dev.mlops.nas.local.TrainerCommand;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Quantity;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What is started for a container.
 *
 * @param command program and arguments
 * @param environment all of the process's environment
 * @param folder the working folder
 */
record LaunchPlan(List<String> command, Map<String, String> environment, Path folder) {
    /** Of this process's own environment a container gets these, where its manifest does not set them. */
    private static final List<String> INHERITED =
            List.of("HOME", "USER", "LANG", "LC_ALL", "TZ", "TMPDIR", "JAVA_HOME", "LD_LIBRARY_PATH");

    private static final long DEFAULT_MEMORY = 2L << 30;

    /**
     * Plans the start of a container.
     *
     * @param variables by the pod's manifest, as for a container with mounts
     * @param mounts from path in the container to path here
     * @param terminationLog where the termination message is read
     * @param fallbackFolder where the container works when its working folder is not in a mount
     */
    static LaunchPlan of(
            Container container,
            Map<String, String> variables,
            Map<String, Path> mounts,
            Path terminationLog,
            Path fallbackFolder,
            PodRunner.Options options)
            throws NotReadyException {
        var paths = new HashMap<>(mounts);
        paths.put(terminationPath(container), terminationLog);
        var rewriter = new PathRewriter(paths);
        var words = new ArrayList<String>();
        for (var word : program(container, options)) {
            // The built-in trainer's own paths are of this machine, wherever the checkout lies: below a mount's path,
            // too.
            words.add(container.getCommand().isEmpty() ? word : rewriter.rewrite(word));
        }
        for (var argument : container.getArgs()) {
            words.add(rewriter.rewrite(ContainerEnvironment.expand(argument, variables)));
        }
        return new LaunchPlan(
                List.copyOf(words),
                environment(container, variables, rewriter, terminationLog, options),
                Optional.ofNullable(container.getWorkingDir())
                        .map(rewriter::rewrite)
                        .map(Path::of)
                        .filter(Files::isDirectory)
                        .orElse(fallbackFolder));
    }

    static String terminationPath(Container container) {
        return Optional.ofNullable(container.getTerminationMessagePath()).orElse("/dev/termination-log");
    }

    /** Whether an image, such as {@code registry.example.com/nas/nas-trainer:1.0}, is the product's own trainer. */
    static boolean isTrainer(@Nullable String image, PodRunner.Options options) {
        if (image == null) {
            return false;
        }
        var last = image.substring(image.lastIndexOf('/') + 1);
        return image.equals(options.trainerImage()) || last.split("[:@]", 2)[0].equals(options.trainerImage());
    }

    private static List<String> program(Container container, PodRunner.Options options) throws NotReadyException {
        if (!container.getCommand().isEmpty()) {
            return container.getCommand();
        }
        if (!isTrainer(container.getImage(), options)) {
            throw new NotReadyException(
                    "ErrImagePull",
                    "images are not pulled here: container %s with image %s needs a command that this machine can run, or the image %s for the built-in trainer"
                            .formatted(container.getName(), container.getImage(), options.trainerImage()));
        }
        try {
            return TrainerCommand.builtIn(String.valueOf(options.home()), memory(container))
                    .words();
        } catch (BadInputException e) {
            throw new NotReadyException("ErrImagePull", String.valueOf(e.getMessage()));
        }
    }

    private static long memory(Container container) {
        return Optional.ofNullable(container.getResources())
                .map(resources ->
                        resources.getLimits() != null && resources.getLimits().containsKey("memory")
                                ? resources.getLimits()
                                : resources.getRequests())
                .map(table -> table.get("memory"))
                .map(Quantity::getNumericalAmount)
                .map(amount -> Math.max(amount.longValue(), DEFAULT_MEMORY))
                .orElse(DEFAULT_MEMORY);
    }

    private static Map<String, String> environment(
            Container container,
            Map<String, String> variables,
            PathRewriter rewriter,
            Path terminationLog,
            PodRunner.Options options) {
        var environment = new HashMap<String, String>();
        for (var name : INHERITED) {
            Optional.ofNullable(System.getenv(name)).ifPresent(value -> environment.put(name, value));
        }
        environment.put("NAS_HOME", options.home().toString());
        environment.put(TrialFile.RESULT_VARIABLE, terminationLog.toString());
        if (isTrainer(container.getImage(), options)) {
            environment.put(TrialFile.DATA_VARIABLE, options.data().toString());
        }
        variables.forEach((name, value) -> environment.put(name, rewriter.rewrite(value)));
        var own = Optional.ofNullable(System.getenv("PATH")).orElse("/usr/bin:/bin");
        environment.merge("PATH", own, (theirs, ours) -> theirs + File.pathSeparator + ours);
        return environment;
    }
}
