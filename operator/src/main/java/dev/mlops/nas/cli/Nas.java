package dev.mlops.nas.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The command {@code nas}. Exit codes: 0 done, 1 the work failed, 2 bad input (nothing was started), 130 interrupted. */
@Command(
        name = "nas",
        description = "Neural architecture search: on this machine, or on Kubernetes through the operator.",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {})
public final class Nas {
    /** Runs one command and exits with its code. */
    public static void main(String[] args) {
        System.exit(commandLine().execute(args));
    }

    static CommandLine commandLine() {
        return new CommandLine(new Nas()).setCaseInsensitiveEnumValuesAllowed(true);
    }
}
