package dev.mlops.nas.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mlops.nas.api.NasExperimentSpec;
import dev.mlops.nas.experiment.ExperimentFactory;
import dev.mlops.nas.search.Experiments;
import dev.mlops.nas.search.History;
import dev.mlops.nas.search.Plan;
import dev.mlops.nas.search.TrialRequest;
import dev.mlops.nas.search.TrialState.Completed;
import dev.mlops.nas.validation.ExperimentReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The report tells the latency of what it compares as the trainer runs them and as they are deployed. */
class DeployedInReportTest {
    private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

    /** Of trainings that leave a model where there is ONNX Runtime. */
    private static final Map<String, Double> EXPORTED = Map.of(
            "exportedLatencyMs", 0.25,
            "exportedLatencyP99Ms", 0.5,
            "exportedLatencySpread", 0.9,
            "exportedBatchLatencyMs", 3.0);

    @TempDir
    private Path folder;

    @Test
    void bothLatenciesStandSideBySide() throws Exception {
        SearchRecord search = search(EXPORTED, "");

        assertThat(String.join("\n", FinalTable.lines(search)))
                .contains("latency 1 ms, in ONNX Runtime 0.25 ms", "latency  ONNX Runtime");
        assertThat(MarkdownReport.of(search))
                .contains("## Latency as deployed")
                .contains(
                        "| search | 1 ms | 0.25 ms | 0.50 ms | 90 % | 8 ms | 3 ms |",
                        "| mlp-like | 1 ms | 0.25 ms | 0.50 ms | 90 % | 8 ms | 3 ms |")
                .containsPattern("Latency is unreliable: in (\\d+) of \\d+ measurements");
        assertThat(HtmlReport.of(search)).contains("Latency as deployed", "<td>0.25 ms</td>");
    }

    @Test
    void whatWasNotMeasuredIsNotTold() throws Exception {
        SearchRecord search = search(Map.of(), "");

        assertThat(String.join("\n", FinalTable.lines(search)))
                .contains("latency 1 ms")
                .doesNotContain("ONNX");
        assertThat(MarkdownReport.of(search)).doesNotContain("ONNX", "unreliable");
    }

    @Test
    void whatALimitGoesByStandsBesideEveryTrial() throws Exception {
        String limits = "[{metric: latencyMs, max: 5}, {metric: exportedBatchLatencyMs, max: 5}]";

        assertThat(MarkdownReport.of(search(EXPORTED, "  constraints: " + limits)))
                .contains("| params | latency | exportedBatchLatencyMs | epochs |")
                .containsPattern("\\| search \\| completed .*\\| 1 ms \\| 3 ms \\| \\d+ \\|")
                .containsPattern("\\| finalist \\| completed .*\\| 1 ms \\| 3 ms \\| \\d+ \\|");
    }

    private SearchRecord search(Map<String, Double> exported, String more) throws Exception {
        Path file = Files.writeString(folder.resolve("mlp.yaml"), """
                apiVersion: nas.mlops.dev/v1alpha1
                kind: NasExperiment
                metadata: {name: mlp}
                spec:
                  dataset: {uri: numbers.csv, shape: [8, 1, 1], classes: 3}
                  searchSpace: {preset: mlp-tabular}
                  strategy: {name: Random}
                  budget: {trials: 4, parallelTrials: 4}
                """ + more);
        NasExperimentSpec spec = new ExperimentReader().read(file).getSpec();
        var experiment = ExperimentFactory.create("mlp", spec);
        List<History.Trial> trials = new ArrayList<>();
        Plan plan;
        do {
            plan = Experiments.decide(experiment, new History(START, trials), START);
            plan.start()
                    .forEach(request ->
                            trials.add(new History.Trial(request, completed(request, exported, !more.isEmpty()))));
        } while (!plan.start().isEmpty());
        return new SearchRecord(
                spec, experiment, new History(START, trials), plan.phase(), plan.summary(), START, Map.of());
    }

    private static Completed completed(TrialRequest request, Map<String, Double> exported, boolean everyTrial) {
        Map<String, Double> metrics = new HashMap<>(Map.of(
                "accuracy", 0.9,
                "testAccuracy", 0.9,
                "testExamples", 300.0,
                "latencyMs", 1.0,
                "latencySpread", 0.1,
                "batchLatencyMs", 8.0));
        if (request.purpose().opensTest() || everyTrial) {
            metrics.putAll(exported);
        }
        return new Completed(metrics, 5);
    }
}
