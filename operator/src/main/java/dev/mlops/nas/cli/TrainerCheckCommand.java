package dev.mlops.nas.cli;

import dev.mlops.nas.local.BadInputException;
import dev.mlops.nas.local.ScratchFolder;
import dev.mlops.nas.local.TrainerCheck;
import dev.mlops.nas.local.TrainerCheck.Finding;
import dev.mlops.nas.local.TrainerCommand;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "check",
        description = {
            "Holds a trainer against the trial contract: starts COMMAND with small trials, good and bad ones, and says what it kept and what it broke.",
            "",
            "COMMAND is one word for the shell, written as for nas run --trainer, such as \"python3 trainer.py\". For an image, run it in a container of that image, with the image's own entry point as COMMAND.",
            ""
        },
        mixinStandardHelpOptions = true,
        sortOptions = false,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {"0:the contract is kept", "1:it is not", "2:bad input"})
final class TrainerCheckCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec command;

    @Parameters(paramLabel = "COMMAND", description = "starts the trainer; no shell runs")
    @SuppressWarnings("NullAway.Init")
    private String trainer;

    @Option(
            names = "--timeout",
            paramLabel = "SECONDS",
            defaultValue = "300",
            description = "how long one small trial may take (default: ${DEFAULT-VALUE})")
    private int timeout;

    @Override
    public Integer call() throws IOException, InterruptedException {
        PrintWriter out = command.commandLine().getOut();
        PrintWriter err = command.commandLine().getErr();
        if (timeout < 1) {
            err.println("nas trainer check: --timeout is %d: give 1 or more".formatted(timeout));
            return 2;
        }
        try (var folder = new ScratchFolder("nas-trainer-check")) {
            boolean kept = new TrainerCheck(
                            TrainerCommand.own(trainer), folder.path(), Duration.ofSeconds(timeout), f -> print(f, out))
                    .run();
            if (kept) {
                out.println("the contract is kept");
            } else {
                folder.keep();
                out.println("the contract is broken; trial files and logs are in " + folder.path());
            }
            out.flush();
            return kept ? 0 : 1;
        } catch (BadInputException unusable) {
            err.println("nas trainer check: " + unusable.getMessage());
            return 2;
        }
    }

    private static void print(Finding finding, PrintWriter out) {
        String mark = switch (finding.verdict()) {
            case OK -> "ok    ";
            case NOTE -> "note  ";
            case FAILED -> "FAILED";
        };
        out.println(mark + "  " + finding.sentence());
        out.flush();
    }
}
