package dev.mlops.nas.cli;

import dev.mlops.nas.local.BadInputException;
import dev.mlops.nas.local.TrainerCommand;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "data",
        description = {
            "Prints data that the built-in trainer makes by a procedure, as CSV with the label or number in the last column, for trainers that read files only. Shape, classes, targets and columns of categories stay those that the generator has.",
            ""
        },
        mixinStandardHelpOptions = true,
        sortOptions = false,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {"0:done", "2:bad input"},
        footer = {"", "For example:", "  nas data generator:mnist-1d > signals.csv"})
final class DataCommand implements Callable<Integer> {
    private static final long MEMORY = 1L << 30;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec command;

    @Parameters(
            paramLabel = "ADDRESS",
            description =
                    "what dataset.uri would be: generator:NAME, or generator:NAME?examples=5000&seed=0 with 10 to 999999 examples and a seed up to 999999")
    @SuppressWarnings("NullAway.Init")
    private String address;

    @Override
    public Integer call() throws IOException, InterruptedException {
        try {
            var generation = TrainerCommand.generation(System.getenv("NAS_HOME"), MEMORY);
            TrainerProgram.print(
                    generation.with(address).words(), command.commandLine().getOut());
            return 0;
        } catch (BadInputException unusable) {
            command.commandLine().getErr().println("nas data: " + unusable.getMessage());
            return 2;
        }
    }
}
