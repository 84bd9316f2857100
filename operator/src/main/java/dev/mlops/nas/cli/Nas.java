package dev.mlops.nas.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Properties;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** The command {@code nas}. Exit codes: 0 done, 1 the work failed, 2 bad input (nothing was started), 130 interrupted. */
@Command(
        name = "nas",
        description = "Neural architecture search: on this machine, or on Kubernetes through the operator.",
        mixinStandardHelpOptions = true,
        versionProvider = Nas.Version.class,
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {
            RunCommand.class,
            UpCommand.class,
            DownCommand.class,
            MlflowCommand.class,
            SpaceCommand.class,
            ScoreCommand.class,
            PredictCommand.class,
            DataCommand.class,
            BenchCommand.class,
            SimulateCommand.class,
            TrainerCommands.class,
            TestCommand.class,
            PodRunnerCommand.class
        })
public final class Nas {
    /** Runs one command and exits with its code. */
    public static void main(String[] args) {
        Logging.begin();
        System.exit(commandLine().execute(args));
    }

    static CommandLine commandLine() {
        return new CommandLine(new Nas())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setParameterExceptionHandler((mistake, arguments) -> refused(mistake));
    }

    /** One sentence, and what was perhaps meant, in place of all that the help says. */
    private static int refused(ParameterException mistake) {
        CommandLine line = mistake.getCommandLine();
        String name = line.getCommandSpec().qualifiedName();
        line.getErr().println("%s: %s (%s --help lists what it takes)".formatted(name, mistake.getMessage(), name));
        UnmatchedArgumentException.printSuggestions(mistake, line.getErr());
        line.getErr().flush();
        return line.getCommandSpec().exitCodeOnInvalidInput();
    }

    /** The version that Maven wrote into the jar. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            var properties = new Properties();
            try (var in = Nas.class.getResourceAsStream("/nas.properties")) {
                properties.load(in);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            return new String[] {"nas " + properties.getProperty("version")};
        }
    }
}
