package dev.mlops.nas.cli;

import dev.mlops.nas.api.NasExperimentSpec.SchedulerName;
import dev.mlops.nas.api.NasExperimentSpec.StrategyName;
import dev.mlops.nas.bench.BenchException;
import dev.mlops.nas.bench.SearchBench;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
        name = "search",
        description = {
            "Runs search strategies on a table of trained architectures, many times, and prints how fast they find the best one.",
            "",
            "A query is one architecture, asked for once; rows of equal architectures count as one, with their mean. The search sees the objective; its answer is the feasible architecture with the best objective so far. Regret is how far the answer is from the best feasible architecture, in the score column (before anything feasible was found, the distance of the worst feasible one). Queries to the best: until the architecture that is best in the score column was asked for, whether or not its objective is the best. A run that does not find it counts as budget + 1.",
            "",
            "With --fidelities the search starts architectures on cheaper columns and a scheduler decides which of them are asked for in full; each strategy then runs twice, without and with them. Every query costs what its column costs, in units of a full one; only full ones make an answer.",
            ""
        },
        mixinStandardHelpOptions = true,
        sortOptions = false,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {"0:done", "2:bad input; nothing was run"})
final class BenchSearchCommand implements Callable<Integer> {
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
            required = true,
            paramLabel = "CSV",
            description = "the table, plain or gzip: a header, then one row per genotype")
    @SuppressWarnings("NullAway.Init")
    private Path table;

    @Option(
            names = "--choices",
            paramLabel = "COLUMN",
            defaultValue = "ops",
            description =
                    "column with one digit per decision (a for 10 to z for 35; or numbers with dots between them), - where a decision is inactive (default: ${DEFAULT-VALUE})")
    @SuppressWarnings("NullAway.Init")
    private String choices;

    @Option(names = "--objective", required = true, paramLabel = "COLUMN", description = "column with the objective")
    @SuppressWarnings("NullAway.Init")
    private String objective;

    @Option(
            names = "--score",
            paramLabel = "COLUMN",
            description = "column in which the result is judged; the search never sees it (default: the objective)")
    private @Nullable String score;

    @Option(names = "--minimize", description = "less is better")
    private boolean minimize;

    @Option(
            names = "--trade-off",
            paramLabel = "NAME",
            split = ",",
            description =
                    "further objectives, to be kept low, one or more with commas: a column of the table, else params, macs or activationBytes of the space; what counts then is the part of the table's hypervolume that is missing, up to the lower quartile of the scores and the largest costs")
    private List<String> tradeOff = List.of();

    @Option(
            names = "--constraint",
            paramLabel = "NAME<=NUMBER",
            description =
                    "hard limit, may be given several times: on a column of the table if there is one of that name (measured by every query, learned by the search), else on params or macs of the space (known before; what breaks it is never asked for)")
    private List<String> constraints = List.of();

    @Option(
            names = "--earlier",
            split = ",",
            paramLabel = "COLUMN:RESULTS",
            description =
                    "earlier experiments that the predictor learns from (warmStart): so many random architectures, others for every seed, with their values in a column, such as accuracy_other:100")
    private List<String> earlier = List.of();

    @Option(
            names = "--fidelities",
            split = ",",
            paramLabel = "COLUMN:COST",
            description =
                    "cheaper columns and what one of their results costs, where one of the objective costs 1, such as accuracy_e12:12/200")
    private List<String> fidelities = List.of();

    @Option(
            names = "--scheduler",
            paramLabel = "NAME",
            description =
                    "who is asked for in full, with --fidelities: SuccessiveHalving, Hyperband, Asha (default: Asha)")
    private @Nullable SchedulerName scheduler;

    @Option(
            names = "--strategy",
            split = ",",
            paramLabel = "NAME",
            description =
                    "${COMPLETION-CANDIDATES}, separated by commas (default: predictor,evolution,random; with --trade-off predictor,nsga2,random)")
    private List<StrategyName> strategies = List.of();

    @Option(
            names = "--seeds",
            paramLabel = "N",
            defaultValue = "20",
            description = "runs of each strategy (default: ${DEFAULT-VALUE})")
    private int seeds;

    @Option(
            names = "--budget",
            paramLabel = "N",
            defaultValue = "300",
            description = "queries of each run, with --fidelities their cost (default: ${DEFAULT-VALUE})")
    private int budget;

    @Option(
            names = "--parallel",
            paramLabel = "N",
            defaultValue = "1",
            description =
                    "trials in flight: results come one by one in the order of their start, and the next trial is chosen as soon as one is in, with the others pending (default: ${DEFAULT-VALUE})")
    private int parallel;

    @Option(names = "--json", paramLabel = "FILE", description = "write the results there too")
    private @Nullable Path json;

    @Override
    public Integer call() {
        try {
            SearchBench.run(
                    new SearchBench.Options(
                            space,
                            table,
                            choices,
                            objective,
                            score,
                            minimize,
                            tradeOff,
                            constraints,
                            earlier,
                            fidelities,
                            scheduler,
                            strategies,
                            seeds,
                            budget,
                            parallel,
                            json),
                    command.commandLine().getOut());
            return 0;
        } catch (BenchException unusable) {
            command.commandLine().getErr().println("nas bench: " + unusable.getMessage());
            return 2;
        }
    }
}
