package dev.mlops.nas.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.MAP;

import dev.mlops.nas.local.TrialFolder.OutcomeFile;
import dev.mlops.nas.report.ScoreReport;
import dev.mlops.nas.report.ScoreReport.Findings;
import dev.mlops.nas.search.Genotype;
import dev.mlops.nas.search.Purpose;
import dev.mlops.nas.search.TrialRequest;
import dev.mlops.nas.search.TrialState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code nas score} with a trainer of one's own whose only score, naswot, is the number of filters. */
class LocalScoresTest {
    private static final String EXPERIMENT = """
            apiVersion: nas.mlops.dev/v1alpha1
            kind: NasExperiment
            metadata:
              name: digits
            spec:
              dataset: {uri: digits.csv.gz, shape: [1, 8, 8], classes: 10}
              searchSpace:
                chain:
                  stages:
                  - {name: s1, depth: [0, 1, 2], width: [4, 8, 16, 32]}
                references:
                - {name: none, decisions: {s1.depth: "0"}}
              budget: {trials: 5, parallelTrials: 2}
            """;

    @TempDir
    private Path folder;

    private Path file;

    @BeforeEach
    void putTheExperimentBesideItsData() throws IOException {
        Files.copy(Path.of("../examples/data/digits.csv.gz"), folder.resolve("digits.csv.gz"));
        file = Files.writeString(folder.resolve("digits.yaml"), EXPERIMENT);
    }

    @Test
    void scoresAreHeldAgainstWhatASearchTrained() throws Exception {
        Path state = folder.resolve("state");
        train(state, List.of("4", "32", "8", "16"), List.of(0.80, 0.95, 0.85, 0.90));

        Findings findings = score(2, state);

        assertThat(String.join("\n", ScoreReport.lines(findings)))
                .containsPattern(" +params +MACs +synflow +naswot +gradNorm +mean rank +accuracy\n +trial 2 .*0.9500\n")
                .containsPattern("none +not scored: There is no convolution but the stem's.")
                .containsPattern("draw 2 ")
                .containsPattern("Kendall tau with the accuracy of 4 trained architectures, 95 % interval\n")
                .containsPattern("naswot +1.00 +\\[-?0.\\d\\d, 1.00]");
        var document = ScoreReport.document(findings);
        assertThat(document).containsEntry("metric", "accuracy").containsEntry("rankings", findings.rankings());
        assertThat((List<?>) document.get("architectures"))
                .hasSize(7)
                .anySatisfy(a -> assertThat(a)
                        .asInstanceOf(MAP)
                        .containsEntry("name", "trial 1")
                        .containsEntry("value", 0.8)
                        .containsEntry("decisions", Map.of("s1.depth", "1", "s1.width", "4")));
    }

    @Test
    void withoutASearchTheScoresStandAlone() throws Exception {
        assertThat(ScoreReport.lines(score(3, null)))
                .anyMatch(l -> l.contains("draw 3 "))
                .anyMatch(l -> l.contains("unknown, as it takes three trained architectures"));
    }

    @Test
    void badInputIsOneSentence() throws IOException {
        refuses("--state %s holds no search".formatted(folder.resolve("empty")), folder.resolve("empty"));
        Path state = folder.resolve("state");
        train(state, List.of(), List.of());
        Files.writeString(file, EXPERIMENT.replace("name: digits", "name: letters"));
        refuses("--state %s holds the experiment digits".formatted(state), state);
        Files.writeString(file, EXPERIMENT.replace("[1, 8, 8]", "[1, 8, 9]"));
        refuses("spec.dataset: ", null);
        Files.writeString(file, """
                apiVersion: nas.mlops.dev/v1alpha1
                kind: NasExperiment
                metadata: {name: digits}
                spec:
                  dataset: {uri: digits.csv.gz, shape: [1, 8, 8], classes: 10}
                  searchSpace: {parameters: {width: {choice: ["1", "2"]}}}
                  budget: {trials: 5}
                """);
        refuses("spec.searchSpace: has no network, so that nothing can be scored before training", null);
    }

    private void refuses(String sentence, @Nullable Path state) {
        assertThatThrownBy(() -> score(1, state))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(sentence);
    }

    private Findings score(int samples, @Nullable Path state) throws IOException, InterruptedException {
        return new LocalScores(null).run(file, samples, null, state, NasProcess.softmaxTrainer(""));
    }

    /** Leaves what a search would that trained networks of one convolution of these widths. */
    private void train(Path path, List<String> widths, List<Double> accuracies) throws IOException {
        Setup setup = new SetupReader(null).read(file, "sh");
        try (StateFolder state = StateFolder.open(path, setup.resource(), Clock.systemUTC())) {
            for (int i = 0; i < widths.size(); i++) {
                Genotype genotype =
                        setup.experiment().space().parse(Map.of("s1.depth", "1", "s1.width", widths.get(i)));
                var outcome = new TrialState.Completed(Map.of("accuracy", accuracies.get(i)), 1);
                state.create(new TrialRequest(i + 1, Purpose.SEARCH, genotype, 20, i, null, null, null))
                        .end(OutcomeFile.of(outcome, Instant.EPOCH));
            }
        }
    }
}
