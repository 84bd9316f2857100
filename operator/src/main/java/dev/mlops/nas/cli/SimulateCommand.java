package dev.mlops.nas.cli;

import dev.mlops.nas.bench.BenchException;
import dev.mlops.nas.bench.ExperimentSimulation;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "simulate",
        description = {
            "Runs the search that FILE describes on a table of trained architectures, in virtual time: nothing is trained.",
            "",
            "Everything of the experiment counts: strategy, parallel trials, fidelities, limits, random arm, references, finalists. The engine decides as in nas run and on a cluster; a trial's result is its architecture's in the table, its time that of its epochs. With several columns for the objective (and the test), each stands for a training seed. A limit on a measured metric needs a column of that name.",
            ""
        },
        mixinStandardHelpOptions = true,
        sortOptions = false,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {"0:done", "2:bad input; nothing was run"})
final class SimulateCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec command;

    @Parameters(paramLabel = "FILE", description = "the experiment")
    @SuppressWarnings("NullAway.Init")
    private Path file;

    @Option(
            names = "--table",
            required = true,
            paramLabel = "CSV",
            description = "the table, plain or gzip: a header, then one row per genotype")
    @SuppressWarnings("NullAway.Init")
    private Path table;

    @Option(
            names = "--choices",
            paramLabel = "COLUMN",
            defaultValue = "ops",
            description = "column with the choices, as in nas bench search (default: ${DEFAULT-VALUE})")
    @SuppressWarnings("NullAway.Init")
    private String choices;

    @Option(
            names = "--objective",
            required = true,
            split = ",",
            paramLabel = "COLUMN",
            description = "column with the objective after a full training; several for several training seeds")
    @SuppressWarnings("NullAway.Init")
    private List<String> objective;

    @Option(
            names = "--test",
            split = ",",
            paramLabel = "COLUMN",
            description = "column with the objective on the test split, likewise (default: the objective)")
    private List<String> test = List.of();

    @Option(
            names = "--fidelities",
            split = ",",
            paramLabel = "COLUMN:EPOCHS",
            description = "column with the objective after fewer epochs, for every lower rung of the experiment")
    private List<String> fidelities = List.of();

    @Option(
            names = "--scale",
            paramLabel = "NUMBER",
            defaultValue = "1",
            description =
                    "what the numbers of these columns are multiplied with: 0.01 for per cent (default: ${DEFAULT-VALUE})")
    private double scale;

    @Option(
            names = "--test-examples",
            paramLabel = "N",
            defaultValue = "0",
            description = "size of the test part, for intervals (default: unknown, no intervals)")
    private int testExamples;

    @Option(
            names = "--seconds-per-epoch",
            paramLabel = "SECONDS",
            defaultValue = "1",
            description =
                    "virtual time of an epoch; a promoted trial takes that of the epochs it adds (default: ${DEFAULT-VALUE})")
    private double secondsPerEpoch;

    @Option(
            names = "--failures",
            paramLabel = "PART",
            defaultValue = "0",
            description = "part of the trainings that fail, half-way (default: ${DEFAULT-VALUE})")
    private double failures;

    @Option(
            names = "--seeds",
            paramLabel = "N",
            defaultValue = "1",
            description =
                    "runs, with the experiment's seed and those after it; one line each (default: ${DEFAULT-VALUE})")
    private int seeds;

    @Option(names = "--json", description = "print one JSON document and nothing else")
    private boolean json;

    @Override
    public Integer call() {
        try {
            ExperimentSimulation.run(
                    new ExperimentSimulation.Options(
                            file,
                            table,
                            choices,
                            objective,
                            test,
                            fidelities,
                            scale,
                            testExamples,
                            secondsPerEpoch,
                            failures,
                            seeds,
                            json),
                    command.commandLine().getOut());
            return 0;
        } catch (BenchException unusable) {
            command.commandLine().getErr().println("nas simulate: " + unusable.getMessage());
            return 2;
        }
    }
}
