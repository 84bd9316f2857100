package dev.mlops.nas.cli;

import dev.mlops.nas.bench.BenchException;
import dev.mlops.nas.bench.CurveBench;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "curves",
        description = {
            "Measures on searches of your own what the beginnings of trainings say of their ends: the curves of whole trainings are cut, and several rules rank the beginnings.",
            "",
            "The rule by which promotions go while the predictor is not trusted is marked. A low value says that a lower fidelity of so many epochs costs more than it saves.",
            ""
        },
        mixinStandardHelpOptions = true,
        sortOptions = false,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {"0:done", "2:bad input"})
final class BenchCurvesCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec command;

    @Parameters(
            arity = "1..*",
            paramLabel = "FOLDER",
            description = "of a search by nas run, with 8 or more whole trainings of 8 or more epochs")
    @SuppressWarnings("NullAway.Init")
    private List<Path> folders;

    @Option(
            names = "--cuts",
            split = ",",
            paramLabel = "PART",
            defaultValue = "0.25,0.33,0.5,0.75",
            description = "parts of the epochs after which trainings are cut (default: ${DEFAULT-VALUE})")
    @SuppressWarnings("NullAway.Init")
    private List<Double> cuts;

    @Option(names = "--json", paramLabel = "FILE", description = "write the results there too")
    private @Nullable Path json;

    @Override
    public Integer call() {
        try {
            CurveBench.run(
                    new CurveBench.Options(folders, cuts, json),
                    command.commandLine().getOut());
            return 0;
        } catch (BenchException unusable) {
            command.commandLine().getErr().println("nas bench: " + unusable.getMessage());
            return 2;
        }
    }
}
