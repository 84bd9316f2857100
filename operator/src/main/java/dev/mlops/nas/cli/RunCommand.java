package dev.mlops.nas.cli;

import dev.mlops.nas.local.LocalRun;
import java.nio.file.Path;
import java.time.Clock;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "run",
        description = {
            "Runs the search that FILE describes on this machine, without a cluster.",
            "",
            "FILE is what kubectl apply takes: one NasExperiment in YAML. Trials run as processes on this machine; Ctrl-C stops them, and the same command with --state goes on where they were, also after a crash. When the search is done, the same command prints its result again.",
            ""
        },
        mixinStandardHelpOptions = true,
        sortOptions = false,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:the search is done (or suspended by spec.suspend)",
            "1:the search ended without a result",
            "2:bad input; nothing was started",
            "130:ended by Ctrl-C or SIGTERM"
        })
final class RunCommand implements Callable<Integer> {
    private enum Tracking {
        auto,
        off
    }

    @Parameters(paramLabel = "FILE", description = "the experiment")
    @SuppressWarnings("NullAway.Init")
    private Path file;

    @Option(
            names = "--state",
            paramLabel = "DIR",
            description =
                    "folder that keeps the search (default: a new one, nas-runs/NAME-DATE-TIME); with the folder of an earlier search, goes on with it")
    private @Nullable Path state;

    @Option(
            names = "--trainer",
            paramLabel = "COMMAND",
            description =
                    "a trainer of your own in place of the built-in one, such as \"python3 my_trainer.py\": any program that keeps the trial contract")
    private @Nullable String trainer;

    @Option(
            names = "--tracking",
            paramLabel = "auto|off",
            defaultValue = "auto",
            description =
                    "auto logs every trial to MLflow: at the file's tracking.mlflow.uri, else at MLFLOW_TRACKING_URI, else at the server of nas mlflow, started where it does not run; off logs nowhere (default: ${DEFAULT-VALUE})")
    @SuppressWarnings("NullAway.Init")
    private Tracking tracking;

    @Option(names = "--json", description = "print one JSON document with the result and nothing else")
    private boolean json;

    @Option(names = "--quiet", description = "show no progress")
    private boolean quiet;

    @Override
    public Integer call() throws Exception {
        return new LocalRun(
                        new LocalRun.Options(file, state, json, trainer, tracking == Tracking.auto, quiet),
                        System.getenv("NAS_HOME"),
                        Clock.systemUTC())
                .run();
    }
}
