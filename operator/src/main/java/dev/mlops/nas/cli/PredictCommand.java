package dev.mlops.nas.cli;

import dev.mlops.nas.local.BadInputException;
import dev.mlops.nas.local.TrainerCommand;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "predict",
        description = {
            "Applies a network that the built-in trainer left to examples without labels: prints the most probable class of each, and its probability, or the numbers that it foretells.",
            "",
            "nas run names the winner's folder at its end. There, model.json has the graph and how values are standardised, and weights.npz, which NumPy reads, the weights: other programs need nothing else. model.onnx beside them is the same for ONNX runtimes.",
            ""
        },
        mixinStandardHelpOptions = true,
        sortOptions = false,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {"0:done", "2:bad input"})
final class PredictCommand implements Callable<Integer> {
    private static final long MEMORY = 2L << 30;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec command;

    @Parameters(index = "0", paramLabel = "MODEL", description = "folder with model.json and weights.npz")
    @SuppressWarnings("NullAway.Init")
    private Path model;

    @Parameters(
            index = "1",
            paramLabel = "FILE",
            description = "CSV, plain or gzip: an example per line, as in training but without the label")
    @SuppressWarnings("NullAway.Init")
    private Path file;

    @Override
    public Integer call() throws IOException, InterruptedException {
        try {
            var prediction = TrainerCommand.prediction(System.getenv("NAS_HOME"), MEMORY)
                    .with(model.toString(), file.toAbsolutePath().toString());
            TrainerProgram.print(prediction.words(), command.commandLine().getOut());
            return 0;
        } catch (BadInputException unusable) {
            command.commandLine().getErr().println("nas predict: " + unusable.getMessage());
            return 2;
        }
    }
}
