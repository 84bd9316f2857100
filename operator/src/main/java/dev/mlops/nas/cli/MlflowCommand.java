package dev.mlops.nas.cli;

import dev.mlops.nas.tracking.MlflowServer;
import dev.mlops.nas.tracking.MlflowServer.Status;
import dev.mlops.nas.tracking.MlflowServerException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code nas mlflow}: the embedded MLflow server, which {@code nas run} starts by itself. */
@Command(
        name = "mlflow",
        description = "Starts, stops and shows the MLflow server of this machine, where nas run logs by default.",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "(start | stop | status)",
        footer = {
            "",
            "nas run starts this server by itself and leaves it running. The first start sets up",
            "MLflow in a Python environment (Python 3.10 or later; a minute, 850 MB).",
            "With MLFLOW_TRACKING_URI set, nas run logs to the server there instead; with",
            "--tracking off it logs nowhere."
        })
final class MlflowCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        throw new ParameterException(spec.commandLine(), "nas mlflow needs one of start, stop and status");
    }

    @Command(
            name = "start",
            description = "Starts the server where it does not run, and prints its address.",
            mixinStandardHelpOptions = true,
            exitCodeListHeading = "%nExit codes:%n",
            exitCodeList = {"0:it runs", "1:it cannot be set up or started; one sentence says why", "2:bad usage"})
    int start(
            @Option(
                            names = "--port",
                            paramLabel = "PORT",
                            defaultValue = "" + MlflowServer.DEFAULT_PORT,
                            description =
                                    "Port on loopback for the first start (default: ${DEFAULT-VALUE}); the next free one where it is taken. Later starts take the port they had, where it is free.")
                    int port,
            @Option(
                            names = "--data",
                            paramLabel = "DIR",
                            description =
                                    "Folder of database and artifacts (default: nas-operator/mlflow-data in the user's cache).")
                    @Nullable
                    Path data) {
        if (port < 1 || port > 65535) {
            throw new ParameterException(spec.commandLine(), "--port is %d, and must be 1 to 65535".formatted(port));
        }
        return act(data, port, server -> {
            out().println("MLflow runs at " + server.ensureRunning());
            return 0;
        });
    }

    @Command(
            name = "stop",
            description = "Ends the server; what was logged stays.",
            mixinStandardHelpOptions = true,
            exitCodeListHeading = "%nExit codes:%n",
            exitCodeList = {"0:it does not run any more", "1:it cannot be stopped", "2:bad usage"})
    int stop(@Option(names = "--data", paramLabel = "DIR", description = "As for start.") @Nullable Path data) {
        return act(data, MlflowServer.DEFAULT_PORT, server -> {
            out().println(server.stop() ? "MLflow is stopped" : "MLflow was not running");
            return 0;
        });
    }

    @Command(
            name = "status",
            description = "Shows whether the server runs, where, and where its data lies.",
            mixinStandardHelpOptions = true,
            exitCodeListHeading = "%nExit codes:%n",
            exitCodeList = {"0:it runs", "1:it does not run", "2:bad usage"})
    int status(@Option(names = "--data", paramLabel = "DIR", description = "As for start.") @Nullable Path data) {
        String elsewhere = System.getenv("MLFLOW_TRACKING_URI");
        if (elsewhere != null && !elsewhere.isEmpty()) {
            out().println("MLFLOW_TRACKING_URI is set: nas run logs there, not to the server of this machine");
        }
        return act(data, MlflowServer.DEFAULT_PORT, server -> {
            Optional<Status> status = server.status();
            if (status.isEmpty()) {
                out().println("MLflow does not run; nas mlflow start starts it");
                return 1;
            }
            out().println("MLflow runs at " + status.get().uri());
            out().println("  process  " + status.get().pid());
            out().println("  data     " + status.get().data());
            out().println("  log      " + status.get().log());
            return 0;
        });
    }

    private interface Action {
        int on(MlflowServer server) throws IOException, MlflowServerException;
    }

    private int act(@Nullable Path data, int port, Action action) {
        Path folder = data == null ? MlflowServer.userCache().resolve("mlflow-data") : data;
        try {
            return action.on(new MlflowServer(MlflowServer.userCache(), folder, port, this::progress));
        } catch (MlflowServerException e) {
            progress("nas: " + e.getMessage());
        } catch (IOException e) {
            progress("nas: cannot use %s: %s".formatted(folder, e));
        }
        return 1;
    }

    private PrintWriter out() {
        return spec.commandLine().getOut();
    }

    private void progress(String line) {
        spec.commandLine().getErr().println(line);
        spec.commandLine().getErr().flush();
    }
}
