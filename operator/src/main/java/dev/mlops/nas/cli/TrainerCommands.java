package dev.mlops.nas.cli;

import picocli.CommandLine.Command;

@Command(
        name = "trainer",
        description = "Helps with trainers of your own.",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {TrainerCheckCommand.class})
final class TrainerCommands {}
