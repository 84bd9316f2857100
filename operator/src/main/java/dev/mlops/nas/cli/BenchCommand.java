package dev.mlops.nas.cli;

import picocli.CommandLine.Command;

@Command(
        name = "bench",
        description =
                "Measures the search engine on architectures that were all trained before, trainers on networks of the presets, and learning curves of your own searches.",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {
            BenchSearchCommand.class,
            BenchPredictorCommand.class,
            BenchTrainerCommand.class,
            BenchCurvesCommand.class
        })
final class BenchCommand {}
