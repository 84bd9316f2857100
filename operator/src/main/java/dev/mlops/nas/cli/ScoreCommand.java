package dev.mlops.nas.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import dev.mlops.nas.local.BadInputException;
import dev.mlops.nas.local.LocalScores;
import dev.mlops.nas.report.ScoreReport;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "score",
        description = {
            "Scores architectures of FILE without training them: synflow, naswot, gradNorm, params and MACs of the human designs and of random draws, on the experiment's data, in one process. With --shared-epochs, also their accuracy with weights that all of them share.",
            "",
            "With the folder of a search of the same experiment, what it has trained is scored too, and Kendall tau tells how well each score ranks it: whether the scores are worth anything on these data, and whether they are worth more than counting parameters.",
            ""
        },
        mixinStandardHelpOptions = true,
        sortOptions = false,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {"0:done", "2:bad input"})
final class ScoreCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec command;

    @Parameters(paramLabel = "FILE", description = "the experiment")
    @SuppressWarnings("NullAway.Init")
    private Path file;

    @Option(
            names = "--samples",
            paramLabel = "N",
            defaultValue = "20",
            description = "how many architectures to draw (default: ${DEFAULT-VALUE})")
    private int samples;

    @Option(
            names = "--shared-epochs",
            paramLabel = "N",
            description =
                    "train one set of weights that all these architectures share for N epochs, each batch on one of them, and score each by its accuracy with the weights that it inherits (sharedAccuracy)")
    private @Nullable Integer sharedEpochs;

    @Option(
            names = "--state",
            paramLabel = "DIR",
            description = "the folder of a search, finished or not, whose results the scores are held against")
    private @Nullable Path state;

    @Option(
            names = "--trainer",
            paramLabel = "COMMAND",
            description =
                    "a trainer of your own in place of the built-in one that knows the trial file's field scoring")
    private @Nullable String trainer;

    @Option(names = "--json", description = "print one JSON document and nothing else")
    private boolean json;

    @Override
    public Integer call() throws IOException, InterruptedException {
        PrintWriter out = command.commandLine().getOut();
        try {
            if (samples < 0 || samples > 10_000) {
                throw new BadInputException("--samples is %d: give 0 to 10000".formatted(samples));
            }
            if (sharedEpochs != null && (sharedEpochs < 1 || sharedEpochs > 10_000)) {
                throw new BadInputException("--shared-epochs is %d: give 1 to 10000".formatted(sharedEpochs));
            }
            var findings = new LocalScores(System.getenv("NAS_HOME")).run(file, samples, sharedEpochs, state, trainer);
            if (json) {
                out.println(text(ScoreReport.document(findings)));
            } else {
                ScoreReport.lines(findings).forEach(out::println);
            }
            out.flush();
            return 0;
        } catch (BadInputException unusable) {
            command.commandLine().getErr().println("nas score: " + unusable.getMessage());
            return 2;
        }
    }

    private static String text(Object document) {
        try {
            return new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT).writeValueAsString(document);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a document of maps and lists is JSON", e);
        }
    }
}
