package dev.mlops.nas.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mlops.nas.api.NasExperimentSpec;
import dev.mlops.nas.experiment.ExperimentFactory;
import dev.mlops.nas.search.Experiment;
import dev.mlops.nas.search.Experiments;
import dev.mlops.nas.search.History;
import dev.mlops.nas.search.Purpose;
import dev.mlops.nas.search.TrialRequest;
import dev.mlops.nas.search.TrialState;
import dev.mlops.nas.validation.ExperimentReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a report says of evaluation.scores. */
class ScoresInReportTest {
    private static final Instant START = Instant.parse("2026-01-05T09:00:00Z");

    @TempDir
    private Path folder;

    @Test
    void theScoresThatTrialsReportAreHeldAgainstTheirResults() throws Exception {
        SearchRecord search = search(true, true);

        assertThat(String.join(" ", FinalTable.lines(search)).replaceAll("\\s+", " "))
                .contains("scores Kendall tau with the accuracy of 6 architectures: ")
                .containsPattern("naswot 1.00 \\[0.\\d\\d, 1.00]")
                .containsPattern("params -?[01].\\d\\d \\[");
        assertThat(MarkdownReport.of(search)).contains("Scores without training: Kendall tau with the accuracy");
        assertThat(HtmlReport.of(search)).contains("Scores without training: Kendall tau with the accuracy");
        assertThat((List<?>) ResultDocument.of(search).get("scores")).hasSize(4);
    }

    @Test
    void aTrainerThatReportsNoneIsNamedAndNothingIsSaidWhereNobodyAsked() throws Exception {
        assertThat(String.join(" ", FinalTable.lines(search(true, false))).replaceAll("\\s+", " "))
                .contains("scores the trainer reported none for three architectures or more");
        assertThat(String.join(" ", FinalTable.lines(search(false, true)))).doesNotContain("naswot");
        assertThat(ResultDocument.of(search(false, true))).doesNotContainKey("scores");
    }

    private SearchRecord search(boolean asked, boolean reported) throws Exception {
        Path file = Files.writeString(folder.resolve("digits.yaml"), """
                apiVersion: nas.mlops.dev/v1alpha1
                kind: NasExperiment
                metadata: {name: digits}
                spec:
                  dataset: {uri: digits.csv, shape: [1, 8, 8], classes: 10}
                  searchSpace: {preset: small-cnn}
                  strategy: {name: Random}
                  evaluation: {scores: %s}
                  budget: {trials: 8}
                """.formatted(asked));
        NasExperimentSpec spec = new ExperimentReader().read(file).getSpec();
        Experiment experiment = ExperimentFactory.create("digits", spec);
        var random = new SplittableRandom(1);
        List<History.Trial> trials = new ArrayList<>();
        for (int i = 1; i <= 6; i++) {
            Map<String, Double> metrics = new HashMap<>(Map.of("accuracy", 0.9 + 0.01 * i, "latencyMs", 1.0));
            if (reported) {
                metrics.put("naswot", 400.0 + i);
            }
            var request =
                    new TrialRequest(i, Purpose.SEARCH, experiment.space().sample(random), 20, i, null, null, null);
            trials.add(new History.Trial(request, new TrialState.Completed(metrics, 2)));
        }
        var history = new History(START, trials);
        var plan = Experiments.decide(experiment, history, START.plusSeconds(60));
        return new SearchRecord(
                spec, experiment, history, plan.phase(), plan.summary(), START.plusSeconds(60), Map.of());
    }
}
