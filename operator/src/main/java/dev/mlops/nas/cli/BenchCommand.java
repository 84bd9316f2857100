package dev.mlops.nas.cli;

import picocli.CommandLine.Command;

@Command(
        name = "bench",
        description = "Measures the search engine on architectures that were all trained before.",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {BenchSearchCommand.class, BenchPredictorCommand.class})
final class BenchCommand {}
