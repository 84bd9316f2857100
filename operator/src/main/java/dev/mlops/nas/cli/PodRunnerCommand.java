package dev.mlops.nas.cli;

import dev.mlops.nas.devcluster.DevCluster;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The background process of {@code nas up} that runs pods. */
@Command(
        name = "pod-runner",
        hidden = true,
        description = "Runs the pods of a throw-away cluster as processes of this machine; started by nas up.",
        mixinStandardHelpOptions = true)
final class PodRunnerCommand implements Callable<Integer> {
    @Option(names = "--dir", paramLabel = "DIR", required = true, description = "Folder of the pods' state and logs.")
    private Path folder;

    @Option(names = "--data", paramLabel = "DIR", required = true, description = "The built-in trainer's data folder.")
    private Path data;

    @Option(names = "--cores", paramLabel = "N", required = true, description = "CPU cores for pods at a time.")
    private int cores;

    @Option(names = "--kubeconfig", paramLabel = "FILE", required = true, description = "How to reach the API server.")
    private Path kubeconfig;

    @Override
    public Integer call() throws Exception {
        DevCluster.runPods(folder, data, cores, kubeconfig);
        return 0;
    }
}
