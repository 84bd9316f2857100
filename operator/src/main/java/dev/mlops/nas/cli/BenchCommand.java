package dev.mlops.nas.cli;

import picocli.CommandLine.Command;

@Command(
        name = "bench",
        description =
                "Measures the search engine on architectures that were all trained before, and trainers on networks of the presets.",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {BenchSearchCommand.class, BenchPredictorCommand.class, BenchTrainerCommand.class})
final class BenchCommand {}
