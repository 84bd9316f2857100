package dev.mlops.nas.cli;

import dev.mlops.nas.bench.BenchException;
import dev.mlops.nas.bench.TrainerBench;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
        name = "trainer",
        description = {
            "Trains the human designs of the presets on random data, with the built-in trainer and with others, one after the other, and prints how many examples each trains per second.",
            "",
            "Speed is measured without the first epoch; \"start\" is the time from the start of the process to the end of the first epoch, and MiB the process's peak memory, for each trainer in turn. A preset with operators that the built-in trainer does not build is named and left out.",
            ""
        },
        mixinStandardHelpOptions = true,
        sortOptions = false,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {"0:done", "2:bad input, or a trainer that does not train"})
final class BenchTrainerCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec command;

    @Option(
            names = "--with",
            paramLabel = "COMMAND",
            description =
                    "a trainer to compare with, written as for nas run --trainer, such as \"python3 examples/trainers/pytorch/trainer.py\"; may be given several times")
    private List<String> others = List.of();

    @Option(
            names = "--preset",
            split = ",",
            paramLabel = "NAME",
            description = "presets whose designs are trained (default: all)")
    private List<String> presets = TrainerBench.presets();

    @Option(
            names = "--threads",
            paramLabel = "N",
            description = "threads of each trainer (default: the processors of this machine)")
    private int threads = Runtime.getRuntime().availableProcessors();

    @Option(
            names = "--batch",
            paramLabel = "N",
            defaultValue = "32",
            description = "examples of a step (default: ${DEFAULT-VALUE})")
    private int batch;

    @Option(names = "--json", paramLabel = "FILE", description = "write the results there too")
    private @Nullable Path json;

    @Override
    public Integer call() throws IOException, InterruptedException {
        try {
            TrainerBench.run(
                    new TrainerBench.Options(System.getenv("NAS_HOME"), others, presets, threads, batch, json),
                    command.commandLine().getOut());
            return 0;
        } catch (BenchException unusable) {
            command.commandLine().getErr().println("nas bench: " + unusable.getMessage());
            return 2;
        }
    }
}
