package dev.mlops.nas.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mlops.nas.api.NasExperimentSpec;
import dev.mlops.nas.experiment.ExperimentFactory;
import dev.mlops.nas.search.Experiment;
import dev.mlops.nas.search.Experiments;
import dev.mlops.nas.search.Genotype;
import dev.mlops.nas.search.History;
import dev.mlops.nas.search.Purpose;
import dev.mlops.nas.search.TrialRequest;
import dev.mlops.nas.search.TrialState.Completed;
import dev.mlops.nas.search.TrialState.Derived;
import dev.mlops.nas.validation.ExperimentReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The report of a differentiable search tells what closing the choices cost. */
class OpenChoicesInReportTest {
    private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");
    private static final List<Integer> CHOICES = List.of(1, 3, 3, 1, 0, 3);

    @TempDir
    private Path folder;

    @Test
    void theGapAndTheTrainingByItselfAreTold() throws Exception {
        String told =
                "accuracy 0.9700 with all of them open; 0.4200 with the strongest alone and the same weights, a gap of 0.5500,"
                        + " and 0.9500 when trained by itself (trial 2); of these choices 33 % are skips and 17 % nothing";

        SearchRecord search = search(20);

        assertThat(text(search)).contains("open choices " + told).doesNotContain("stopped early");
        assertThat(MarkdownReport.of(search)).contains("Open choices: " + told + ".");
        assertThat(HtmlReport.of(search)).contains("Open choices: " + told + ".");
    }

    @Test
    void anEarlyStopIsToldWithItsReason() throws Exception {
        assertThat(text(search(12)))
                .contains(
                        "17 % nothing; stopped early with the choices of epoch 12 of 20, as the curvature of the loss rose");
    }

    private static String text(SearchRecord search) {
        return String.join(" ", FinalTable.lines(search)).replaceAll("\\s+", " ");
    }

    private SearchRecord search(int kept) throws Exception {
        Path file = Files.writeString(folder.resolve("digits.yaml"), """
                apiVersion: nas.mlops.dev/v1alpha1
                kind: NasExperiment
                metadata: {name: digits}
                spec:
                  dataset: {uri: digits.csv, shape: [1, 8, 8], classes: 10}
                  searchSpace: {preset: nb201-cell}
                  strategy: {name: Differentiable, differentiable: {epochs: 20}}
                  budget: {trials: 8}
                """);
        NasExperimentSpec spec = new ExperimentReader().read(file).getSpec();
        Experiment experiment = ExperimentFactory.create("digits", spec);
        Map<String, Double> metrics = Map.of(
                "relaxedAccuracy",
                0.97,
                "derivedAccuracy",
                0.42,
                "relaxedGap",
                0.55,
                "skipShare",
                1 / 3.0,
                "noneShare",
                1 / 6.0,
                "keptEpoch",
                (double) kept);
        List<History.Trial> trials = new ArrayList<>();
        trials.add(new History.Trial(
                new TrialRequest(1, Purpose.PREPARATION, Genotype.NONE, 20, 1, null, null, null),
                new Completed(metrics, 60, List.of(new Derived(CHOICES, 0.42)), List.of())));
        trials.add(new History.Trial(
                new TrialRequest(2, Purpose.SEARCH, new Genotype(CHOICES), 20, 2, null, null, null),
                new Completed(Map.of("accuracy", 0.95, "latencyMs", 1.0), 5)));
        var history = new History(START, trials);
        var plan = Experiments.decide(experiment, history, START.plusSeconds(70));
        return new SearchRecord(
                spec, experiment, history, plan.phase(), plan.summary(), START.plusSeconds(70), Map.of());
    }
}
