package dev.mlops.nas.cli;

import dev.mlops.nas.devcluster.DevCluster;
import dev.mlops.nas.devcluster.DevClusterException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Ends the throw-away cluster. */
@Command(
        name = "down",
        description =
                "Ends the cluster that nas up has started, running trials included; its data stay for the next nas up.",
        mixinStandardHelpOptions = true)
final class DownCommand implements Callable<Integer> {
    @Option(
            names = "--dir",
            paramLabel = "DIR",
            description = "The folder given to nas up; default: in the user's cache.")
    private @Nullable Path folder;

    @Option(names = "--delete", description = "Also removes experiments, data, keys and logs of the cluster.")
    private boolean delete;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        var where = Optional.ofNullable(folder).orElseGet(DevCluster::defaultFolder);
        var out = spec.commandLine().getOut();
        try {
            new DevCluster(where, out::println).down(delete);
            out.println(
                    delete
                            ? "The cluster has ended, its data are removed."
                            : "The cluster has ended, its data are in " + where);
            return 0;
        } catch (DevClusterException e) {
            spec.commandLine().getErr().println("nas down: " + e.getMessage());
            return 1;
        }
    }
}
