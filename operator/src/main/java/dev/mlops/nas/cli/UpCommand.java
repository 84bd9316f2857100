package dev.mlops.nas.cli;

import dev.mlops.nas.devcluster.DevCluster;
import dev.mlops.nas.devcluster.DevClusterException;
import dev.mlops.nas.tracking.MlflowServer;
import dev.mlops.nas.tracking.MlflowServerException;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Starts a throw-away cluster on this machine. */
@Command(
        name = "up",
        description =
                "Starts a throw-away Kubernetes control plane on this machine, with the operator and a stand-in for the"
                        + " nodes that runs trial pods as local processes.",
        mixinStandardHelpOptions = true,
        subcommands = UpCommand.StatusCommand.class,
        footer = {
            "",
            "Everything goes on until nas down; called again it starts what is missing. The programs of the control plane"
                    + " are taken from KUBEBUILDER_ASSETS or the cache, else downloaded, else compiled (7 minutes, needs Go)."
        })
final class UpCommand implements Callable<Integer> {
    /** Whether trials are tracked. */
    enum TrackingMode {
        /** In MLflow. */
        ON,
        /** Nowhere. */
        OFF
    }

    @Option(
            names = "--dir",
            paramLabel = "DIR",
            description = "Folder of all data and logs; default: in the user's cache.")
    private @Nullable Path folder;

    @Option(
            names = "--data",
            paramLabel = "DIR",
            description = "Where relative paths of data sets start; default: the folder examples of nas-operator.")
    private @Nullable Path data;

    @Option(
            names = "--cores",
            paramLabel = "N",
            description = "CPU cores that trials may ask for at a time, the others wait; default: all of this machine.")
    private @Nullable Integer cores;

    @Option(
            names = "--tracking",
            paramLabel = "on|off",
            defaultValue = "on",
            description = "on (default): MLflow at MLFLOW_TRACKING_URI, or the server of nas mlflow; off: none.")
    private TrackingMode tracking = TrackingMode.ON;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        var started = Instant.now();
        var out = spec.commandLine().getOut();
        var err = spec.commandLine().getErr();
        Consumer<String> progress = line -> {
            err.println("nas: " + line);
            err.flush();
        };
        try {
            var cluster = new DevCluster(folderOrDefault(folder), progress);
            var settings = settings(progress);
            var already = cluster.isUp();
            cluster.up(settings);
            out.println(
                    already
                            ? "The cluster is up already."
                            : "The cluster is up after %d s."
                                    .formatted(Duration.between(started, Instant.now())
                                            .toSeconds()));
            printStatus(cluster, out);
            if (settings.mlflow() != null) {
                out.println("MLflow: " + settings.mlflow());
            }
            printNextSteps(cluster, out);
            return 0;
        } catch (DevClusterException e) {
            err.println("nas up: " + e.getMessage());
            return 1;
        }
    }

    private DevCluster.Settings settings(Consumer<String> progress) {
        var folderOfData =
                Optional.ofNullable(data).orElseGet(DevCluster::exampleData).toAbsolutePath();
        if (!Files.isDirectory(folderOfData)) {
            throw new ParameterException(
                    spec.commandLine(), "--data is " + folderOfData + ", which is not a folder; give one that exists");
        }
        var wanted =
                Optional.ofNullable(cores).orElseGet(() -> Runtime.getRuntime().availableProcessors());
        if (wanted < 1) {
            throw new ParameterException(spec.commandLine(), "--cores is " + wanted + "; give 1 or more");
        }
        return new DevCluster.Settings(folderOfData, wanted, tracking == TrackingMode.ON ? mlflow(progress) : null);
    }

    private URI mlflow(Consumer<String> progress) {
        var given = System.getenv("MLFLOW_TRACKING_URI");
        try {
            return given == null || given.isBlank()
                    ? MlflowServer.ofUser(progress).ensureRunning()
                    : new URI(given);
        } catch (URISyntaxException e) {
            throw new ParameterException(
                    spec.commandLine(), "MLFLOW_TRACKING_URI is " + given + ", which is not an address", e);
        } catch (IOException | MlflowServerException e) {
            throw new DevClusterException(e.getMessage() + " (nas up --tracking off works without)", e);
        }
    }

    private static void printNextSteps(DevCluster cluster, PrintWriter out) {
        out.println("KUBECONFIG=" + cluster.kubeconfig());
        out.println();
        out.println("Next:");
        out.println("  export KUBECONFIG=" + cluster.kubeconfig());
        out.println("  kubectl apply -f examples/digits.yaml");
        out.println("  kubectl get nasexperiments -w");
        out.println();
        out.println("Logs of trials: %s (kubectl logs needs a kubelet, which this cluster has not). End it: nas down"
                .formatted(cluster.podLogs()));
        out.flush();
    }

    private static void printStatus(DevCluster cluster, PrintWriter out) {
        for (var part : cluster.status()) {
            out.println("  %-24s %-14s %s"
                    .formatted(part.name(), part.pid() == null ? "does not run" : "pid " + part.pid(), part.log()));
        }
        out.flush();
    }

    private static Path folderOrDefault(@Nullable Path folder) {
        return Optional.ofNullable(folder).orElseGet(DevCluster::defaultFolder);
    }

    /** Shows what runs. */
    @Command(
            name = "status",
            description = "Shows what of the cluster runs; exit code 1 where something is missing.",
            mixinStandardHelpOptions = true)
    static final class StatusCommand implements Callable<Integer> {
        @Option(
                names = "--dir",
                paramLabel = "DIR",
                description = "The folder given to nas up; default: in the user's cache.")
        private @Nullable Path folder;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() {
            var cluster = new DevCluster(folderOrDefault(folder), line -> {});
            printStatus(cluster, spec.commandLine().getOut());
            return cluster.isUp() ? 0 : 1;
        }
    }
}
