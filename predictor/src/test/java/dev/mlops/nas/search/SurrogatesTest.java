package dev.mlops.nas.search;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mlops.nas.search.Experiment.SurrogateKind;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ForkJoinPool;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SurrogatesTest {
    private static final SearchSpace SPACE = Laboratory.cell("none", "skip", "conv1x1", "conv3x3");

    @Test
    void everySurrogateRanksArchitecturesThatItHasNotSeen() {
        for (SurrogateKind kind : SurrogateKind.values()) {
            assertThat(unseenTau(kind)).as(kind.name()).isGreaterThan(0.5);
        }
    }

    @Test
    void theNumberOfThreadsChangesNothing() throws Exception {
        List<Features.Vector> rows = rows(0, 60);
        double[] targets = targets(0, 60);
        List<Double> alone = pooled(1, rows, targets);
        List<Double> together = pooled(4, rows, targets);
        assertThat(together).isEqualTo(alone);
    }

    @Test
    void theGaussianProcessIsSureWhereItHasSeenAndUnsureFarAway() {
        List<Features.Vector> rows = rows(0, 40);
        var process = GaussianProcess.fit(rows, targets(0, 40), null);
        double seen = rows.stream()
                .mapToDouble(r -> process.predict(r).sd())
                .average()
                .orElseThrow();
        double unseen = rows(300, 400).stream()
                .mapToDouble(r -> process.predict(r).sd())
                .average()
                .orElseThrow();
        assertThat(unseen).isGreaterThan(1.2 * seen);
    }

    @Test
    void aPendingTrialTakesDoubtAwayButMovesNoMean() {
        var process = GaussianProcess.fit(rows(0, 30), targets(0, 30), null);
        Features.Vector pending = rows(200, 201).getFirst();
        var before = process.predict(pending);
        var after = process.believing(List.of(pending)).predict(pending);
        assertThat(after.sd()).isLessThan(before.sd());
        assertThat(after.mean()).isCloseTo(before.mean(), org.assertj.core.data.Offset.offset(0.2));
    }

    @Test
    void noiseIsSeldomTakenForKnowledge() {
        List<Features.Vector> rows = rows(0, 25);
        long trusted = IntStream.range(0, 20)
                .filter(i -> Ensemble.fit(
                                List.of(SurrogateKind.values()),
                                rows,
                                new java.util.SplittableRandom(i).doubles(25).toArray(),
                                new Memory(64))
                        .validation()
                        .trusted())
                .count();
        assertThat(trusted).isLessThanOrEqualTo(4);
    }

    @Test
    void weightsSumToOneAndRoundsNeverRunAhead() {
        Ensemble ensemble = Ensemble.fit(List.of(SurrogateKind.values()), rows(0, 40), targets(0, 40), new Memory(64));
        assertThat(ensemble.validation().weights().values().stream()
                        .mapToDouble(w -> w)
                        .sum())
                .isCloseTo(1, org.assertj.core.data.Offset.offset(1e-9));
        for (int n = 4; n < 3000; n++) {
            for (int fold = Ensemble.WHOLE; fold < 5; fold++) {
                assertThat(Ensemble.round(n, fold)).isBetween(n - n / 7 - 1, n);
            }
        }
    }

    private static List<Double> pooled(int threads, List<Features.Vector> rows, double[] targets) throws Exception {
        try (var pool = new ForkJoinPool(threads)) {
            return pool.submit(() -> {
                        Trees forest = Trees.forest(rows, targets);
                        Trees boosting = Trees.boosting(rows, targets);
                        Ensemble ensemble =
                                Ensemble.fit(List.of(SurrogateKind.values()), rows, targets, new Memory(64));
                        var process = GaussianProcess.fit(rows, targets, ensemble.scales());
                        return rows(100, 160).stream()
                                .map(r -> forest.predict(r).mean()
                                        + boosting.predict(r).mean()
                                        + ensemble.predict(r, process).sd())
                                .toList();
                    })
                    .get();
        }
    }

    private static double unseenTau(SurrogateKind kind) {
        Ensemble ensemble = Ensemble.fit(List.of(kind), rows(0, 60), targets(0, 60), new Memory(64));
        var process = GaussianProcess.fit(rows(0, 60), targets(0, 60), null);
        double[] predictions = rows(100, 300).stream()
                .mapToDouble(r -> ensemble.predict(r, process).mean())
                .toArray();
        return Statistics.kendallTau(predictions, targets(100, 300));
    }

    private static List<Candidate> candidates(int from, int to) {
        var candidates = new Candidates(SPACE, List.of());
        List<Candidate> drawn = new ArrayList<>();
        IntStream.range(from, to).forEach(i -> drawn.add(candidates.of(SPACE.sample(Seeds.stream(3, "test", i)))));
        return drawn;
    }

    private static List<Features.Vector> rows(int from, int to) {
        var features = new Features(SPACE);
        return candidates(from, to).stream().map(features::of).toList();
    }

    private static double[] targets(int from, int to) {
        return candidates(from, to).stream()
                .mapToDouble(c -> Math.log(c.cost().params())
                        + 0.3
                                * c.genotype().choices().stream()
                                        .mapToInt(x -> x == 3 ? 1 : 0)
                                        .sum())
                .toArray();
    }
}
