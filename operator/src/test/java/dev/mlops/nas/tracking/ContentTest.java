package dev.mlops.nas.tracking;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.mlops.nas.search.Experiment;
import dev.mlops.nas.search.Genotype;
import dev.mlops.nas.search.Purpose;
import dev.mlops.nas.search.TrialRequest;
import dev.mlops.nas.search.TrialRequest.Prediction;
import dev.mlops.nas.search.TrialState;
import dev.mlops.nas.search.TrialState.Completed;
import dev.mlops.nas.search.TrialState.Failed;
import dev.mlops.nas.search.TrialState.Infeasible;
import dev.mlops.nas.search.TrialState.Rejected;
import dev.mlops.nas.search.TrialState.Running;
import dev.mlops.nas.search.TrialState.Stopped;
import dev.mlops.nas.tracking.Tracking.Point;
import dev.mlops.nas.tracking.Tracking.RunState;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What runs show, as values. */
class ContentTest {
    private static final Instant TIME = Instant.parse("2026-01-05T09:00:00Z");

    private final Experiment experiment;
    private final Genotype genotype;

    ContentTest() throws Exception {
        experiment = new ExampleSearch("u", "e", 4, "").search().experiment();
        genotype = experiment.space().sample(new SplittableRandom(1));
    }

    @Test
    void thePredictionStandsBesideTheResultWithItsError() {
        var request = request(1, Purpose.SEARCH, new Prediction(0.97, 0.01));

        var points = TrialContent.points(experiment, request, completed(0.95, 5000), null, TIME);

        assertThat(value(points, "accuracy")).isEqualTo(0.95);
        assertThat(value(points, "predicted")).isEqualTo(0.97);
        assertThat(value(points, "predictedSd")).isEqualTo(0.01);
        assertThat(value(points, "predictionError")).isCloseTo(0.02, within(1e-9));
        assertThat(value(points, "seconds")).isEqualTo(9);
    }

    @Test
    void aFailedTrialShowsItsCostAndWhatWasPredictedButNoError() {
        var request = request(1, Purpose.SEARCH, new Prediction(0.97, 0.01));

        var points = TrialContent.points(experiment, request, new Failed("diverged", 3), null, TIME);

        assertThat(points)
                .extracting(Point::metric)
                .containsExactlyInAnyOrder("params", "macs", "seconds", "predicted", "predictedSd");
    }

    @Test
    void everyOutcomeHasItsRunState() {
        assertThat(TrialContent.state(completed(0.9, 1))).isEqualTo(RunState.FINISHED);
        assertThat(TrialContent.state(new Failed("r", 1))).isEqualTo(RunState.FAILED);
        assertThat(TrialContent.state(new Infeasible("r", 1))).isEqualTo(RunState.FAILED);
        assertThat(TrialContent.state(new Rejected("r", 1))).isEqualTo(RunState.FAILED);
        assertThat(TrialContent.state(new Stopped("r", 1))).isEqualTo(RunState.KILLED);
    }

    @Test
    void theCurveCountsFeasibleResultsAndWaitsForATrialThatStillRuns() {
        var trials = List.of(
                trial(1, Purpose.WARM_UP, completed(0.90, 5000)),
                trial(2, Purpose.SEARCH, completed(0.99, 200_000)), // more params than allowed
                trial(3, Purpose.RANDOM_ARM, completed(0.95, 5000)),
                trial(4, Purpose.SEARCH, completed(0.93, 5000)),
                trial(5, Purpose.SEARCH, new Running()),
                trial(6, Purpose.SEARCH, completed(0.98, 5000)));

        var points = Curve.points(experiment, trials);

        assertThat(values(points, "best_accuracy")).containsExactly(0.90, 0.90, 0.93);
        assertThat(values(points, "best_accuracy_random")).containsExactly(0.90, 0.95);
        assertThat(values(points, "train_seconds")).containsExactly(9.0, 18.0, 27.0);
    }

    @Test
    void aResultAfterFewerEpochsCostsButIsNoPointOfTheCurve() {
        var few = new TrialRequest(1, Purpose.SEARCH, genotype, 5, 7, null, null, null);
        var all = new TrialRequest(2, Purpose.SEARCH, genotype, 20, 7, null, 1, null);
        var trials = List.of(
                new TrackedTrial(few, completed(0.97, 5000), null, TIME, TIME.plusSeconds(1), false),
                new TrackedTrial(all, completed(0.93, 5000), null, TIME, TIME.plusSeconds(2), false));

        var points = Curve.points(experiment, trials);

        assertThat(values(points, "best_accuracy")).containsExactly(0.93);
        assertThat(values(points, "train_seconds")).containsExactly(9.0, 18.0);
    }

    @Test
    void aCurveThatGoesOnRepeatsWhatItSaidBefore() {
        var trials = new ArrayList<TrackedTrial>();
        List<Point> before = List.of();
        for (int number = 1; number <= 8; number++) {
            trials.add(trial(number, Purpose.SEARCH, completed(0.9 + (number * 7 % 5) / 100.0, 5000)));
            var points = Curve.points(experiment, trials);
            assertThat(points).containsAll(before).hasSizeGreaterThan(before.size());
            before = points;
        }
    }

    private Completed completed(double accuracy, double params) {
        return new Completed(Map.of("accuracy", accuracy, "params", params), 9);
    }

    private TrackedTrial trial(int number, Purpose purpose, TrialState state) {
        return new TrackedTrial(request(number, purpose, null), state, null, TIME, TIME.plusSeconds(number), false);
    }

    private TrialRequest request(int number, Purpose purpose, @Nullable Prediction prediction) {
        return new TrialRequest(number, purpose, genotype, 20, 7, null, null, prediction);
    }

    private static List<Double> values(List<Point> points, String metric) {
        return points.stream()
                .filter(p -> p.metric().equals(metric))
                .map(Point::value)
                .toList();
    }

    private static double value(List<Point> points, String metric) {
        return values(points, metric).getFirst();
    }
}
