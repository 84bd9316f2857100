package dev.mlops.nas.cli;

import dev.mlops.nas.bench.BenchException;
import dev.mlops.nas.bench.PredictorBench;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
        name = "predictor",
        description = {
            "Measures the predictor's surrogates: how well each ranks architectures of a table that it has not seen, and what proposals and predictions cost as a search grows.",
            "",
            "The interval is the one that cross-validation on the rows gives (90 %%); it holds when the rank correlation on the architectures that were not learned from lies in it. Times are of this machine; those of proposals and predictions are measured on made-up results.",
            ""
        },
        mixinStandardHelpOptions = true,
        sortOptions = false,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {"0:done", "2:bad input; nothing was run"})
final class BenchPredictorCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec command;

    @Option(
            names = "--space",
            required = true,
            paramLabel = "FILE",
            description =
                    "YAML with searchSpace (and dataset: shape and classes; strategy: options), or a NasExperiment")
    @SuppressWarnings("NullAway.Init")
    private Path space;

    @Option(
            names = "--table",
            paramLabel = "CSV",
            description =
                    "the table, plain or gzip: a header, then one row per genotype (without one, only times are measured)")
    private @Nullable Path table;

    @Option(
            names = "--choices",
            paramLabel = "COLUMN",
            defaultValue = "ops",
            description = "column with one digit per decision, as for nas bench search (default: ${DEFAULT-VALUE})")
    @SuppressWarnings("NullAway.Init")
    private String choices;

    @Option(names = "--objective", paramLabel = "COLUMN", description = "column to rank")
    private @Nullable String objective;

    @Option(names = "--minimize", description = "less is better")
    private boolean minimize;

    @Option(
            names = "--rows",
            split = ",",
            paramLabel = "N",
            defaultValue = "25,50,100,200,400",
            description = "numbers of random architectures to learn from (default: ${DEFAULT-VALUE})")
    @SuppressWarnings("NullAway.Init")
    private List<Integer> rows;

    @Option(
            names = "--seeds",
            paramLabel = "N",
            defaultValue = "20",
            description = "runs of each (default: ${DEFAULT-VALUE})")
    private int seeds;

    @Option(
            names = "--trials",
            split = ",",
            paramLabel = "N",
            defaultValue = "100,400,1000,2000,4000,10000",
            description = "numbers of finished trials at which a proposal is timed (default: ${DEFAULT-VALUE})")
    @SuppressWarnings("NullAway.Init")
    private List<Integer> trials;

    @Option(
            names = "--candidates",
            split = ",",
            paramLabel = "N",
            defaultValue = "1000,10000,100000,1000000",
            description = "numbers of candidates to predict (default: ${DEFAULT-VALUE})")
    @SuppressWarnings("NullAway.Init")
    private List<Integer> candidates;

    @Option(names = "--json", paramLabel = "FILE", description = "write the results there too")
    private @Nullable Path json;

    @Override
    public Integer call() {
        try {
            PredictorBench.run(
                    new PredictorBench.Options(
                            space, table, choices, objective, minimize, rows, seeds, trials, candidates, json),
                    command.commandLine().getOut());
            return 0;
        } catch (BenchException unusable) {
            command.commandLine().getErr().println("nas bench: " + unusable.getMessage());
            return 2;
        }
    }
}
