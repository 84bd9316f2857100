package dev.mlops.nas.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.mlops.nas.search.Experiment.Objective;
import dev.mlops.nas.search.Experiment.StrategyOptions;
import dev.mlops.nas.search.Experiment.TradeOff;
import dev.mlops.nas.search.Pareto.Point;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class ParetoTest {
    private static final SearchSpace SPACE = Laboratory.cell("none", "skip", "conv1x1", "conv3x3");
    private static final TradeOff PARAMS = new TradeOff("params");

    @Property(tries = 200, seed = RandomSpaces.SEED)
    void aFrontIsDominatedByTheOneBeforeAndNotWithin(@ForAll @Size(min = 1, max = 30) List<Byte> figures) {
        List<Point> points = new ArrayList<>();
        for (int i = 0; i < figures.size(); i++) {
            points.add(new Point(figures.get(i) / 8, figures.get((i * 7 + 3) % figures.size()) / 8));
        }
        int[] fronts = Pareto.fronts(points);
        for (int i = 0; i < fronts.length; i++) {
            int own = fronts[i];
            int above = own;
            for (int j = 0; j < fronts.length; j++) {
                if (points.get(j).dominates(points.get(i))) {
                    assertThat(fronts[j]).isLessThan(own);
                    above = fronts[j] == own - 1 ? own - 1 : above;
                }
            }
            assertThat(above).isEqualTo(Math.max(0, own - 1));
        }
    }

    @Property(tries = 200, seed = RandomSpaces.SEED)
    void theNextPointIsAlwaysOneThatAddsMost(
            @ForAll @Size(min = 1, max = 40) List<Byte> figures, @ForAll @IntRange(min = 1, max = 3) int costs) {
        List<Point> points = new ArrayList<>();
        for (int i = 0; i < figures.size(); i++) {
            int at = i;
            points.add(new Point(
                    figures.get(i) / 8,
                    IntStream.rangeClosed(1, costs)
                            .mapToDouble(c -> figures.get((at * 7 + 3 * c) % figures.size()) / 8)
                            .toArray()));
        }
        var reference = Pareto.worst(points);
        List<Integer> chosen = Pareto.covering(points, points.size());
        List<Point> covered = new ArrayList<>(List.of(points.get(chosen.getFirst())));
        for (int next : chosen.subList(1, chosen.size())) {
            double most = chosen.subList(covered.size(), chosen.size()).stream()
                    .mapToDouble(i -> volume(covered, points.get(i), reference))
                    .max()
                    .orElseThrow();
            assertThat(volume(covered, points.get(next), reference)).isEqualTo(most);
            covered.add(points.get(next));
        }
    }

    private static double volume(List<Point> covered, Point added, Point reference) {
        List<Point> all = new ArrayList<>(covered);
        all.add(added);
        return Pareto.hypervolume(all, reference);
    }

    @Test
    void theHypervolumeIsTheDominatedArea() {
        var reference = new Point(0, 10);
        assertThat(Pareto.hypervolume(List.of(), reference)).isZero();
        assertThat(Pareto.hypervolume(List.of(new Point(2, 4)), reference)).isCloseTo(12, within(1e-12));
        assertThat(Pareto.hypervolume(List.of(new Point(2, 4), new Point(3, 8), new Point(1, 9)), reference))
                .isCloseTo(14, within(1e-12));
        assertThat(Pareto.hypervolume(List.of(new Point(5, 11), new Point(-1, 2)), reference))
                .isZero();
    }

    @Test
    void theEndsOfAFrontAndLonelyPointsAreLeastCrowded() {
        double[] crowding = Pareto.crowding(
                List.of(new Point(0, 0), new Point(1, 1), new Point(1.2, 1.2), new Point(5, 5), new Point(10, 10)));
        assertThat(crowding[0]).isInfinite();
        assertThat(crowding[4]).isInfinite();
        assertThat(crowding[3]).isGreaterThan(crowding[1]);
        assertThat(crowding[3]).isGreaterThan(crowding[2]);
    }

    @Test
    void aFewPointsCoverTheFrontWithTheBestScoreFirst() {
        List<Point> points = List.of(
                new Point(0.2, 1),
                new Point(0.5, 2),
                new Point(0.7, 3),
                new Point(0.71, 9),
                new Point(0.6, 9),
                new Point(0.1, 10));
        assertThat(Pareto.covering(points, 2)).containsExactly(3, 2);
        assertThat(Pareto.covering(points, 3)).containsExactly(3, 2, 1);
        assertThat(Pareto.covering(points, 9)).containsExactly(3, 2, 1, 0);
        assertThat(Pareto.covering(List.of(new Point(1, 1), new Point(1, 1)), 2))
                .containsExactly(0);
    }

    /** The exact integral over the front's steps, against the mean over many draws of the score. */
    @Test
    void theExpectedGainInAreaIsTheMeanOverDrawsOfTheScore() {
        List<Point> front = List.of(new Point(0, 1), new Point(0.8, 2), new Point(1, 4), new Point(0.5, 3));
        Candidate candidate = new Candidates(SPACE, List.of()).list().getFirst();
        var random = new java.util.Random(5);
        var reference = new Point(-0.1, 4.3);
        for (double cost : new double[] {0.5, 1.5, 2.5, 4.1}) {
            var goal = new Goal.FrontImprovement(PARAMS, front, c -> new double[] {cost});
            double before = Pareto.hypervolume(front, reference);
            double sum = 0;
            for (int i = 0; i < 40_000; i++) {
                List<Point> after = new ArrayList<>(front);
                after.add(new Point(0.6 + 0.5 * random.nextGaussian(), cost));
                sum += Pareto.hypervolume(after, reference) - before;
            }
            assertThat(goal.gain(candidate, new GaussianProcess.Normal(0.6, 0.5)))
                    .isCloseTo(sum / 40_000, org.assertj.core.data.Offset.offset(0.02));
        }
        assertThat(new Goal.FrontImprovement(PARAMS, front, c -> new double[] {5})
                        .gain(candidate, new GaussianProcess.Normal(9, 1)))
                .isZero();
    }

    @Test
    void withSeveralCostsTheVolumeIsThatOfTheBoxesAndTheGainTheMeanOverDraws() {
        var random = new java.util.Random(6);
        var reference = new Point(0, 1, 1, 1);
        List<Point> points = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            points.add(new Point(random.nextDouble(), random.nextDouble(), random.nextDouble(), random.nextDouble()));
        }
        int inside = 0;
        for (int i = 0; i < 200_000; i++) {
            var draw = new Point(random.nextDouble(), random.nextDouble(), random.nextDouble(), random.nextDouble());
            inside += points.stream().anyMatch(p -> p.dominates(draw)) ? 1 : 0;
        }
        assertThat(Pareto.hypervolume(points, reference)).isCloseTo(inside / 200_000.0, within(0.005));

        List<Point> front = List.of(new Point(0, 1, 3), new Point(0.8, 2, 1), new Point(1, 4, 2), new Point(0.5, 3, 4));
        Candidate candidate = new Candidates(SPACE, List.of()).list().getFirst();
        var both = new TradeOff("params", "macs");
        var end = new Point(-0.1, 4.3, 4.3);
        for (double[] costs : new double[][] {{0.5, 2.5}, {1.5, 1.5}, {2.5, 0.5}, {4.1, 4.2}}) {
            double before = Pareto.hypervolume(front, end);
            double sum = 0;
            for (int i = 0; i < 40_000; i++) {
                List<Point> after = new ArrayList<>(front);
                after.add(new Point(0.6 + 0.5 * random.nextGaussian(), costs));
                sum += Pareto.hypervolume(after, end) - before;
            }
            assertThat(new Goal.FrontImprovement(both, front, c -> costs)
                            .gain(candidate, new GaussianProcess.Normal(0.6, 0.5)))
                    .isCloseTo(sum / 40_000, within(0.05));
        }
    }

    @Test
    void threeObjectivesHaveAFrontToo() {
        var both = new TradeOff("params", "activationBytes");
        Experiment experiment = several(SPACE, Laboratory.predictor(6), both);
        Plan.Summary summary =
                new Laboratory(experiment, Laboratory.trainer(SPACE), 1).run().summary();
        Plan.Front front = java.util.Objects.requireNonNull(summary.front());
        assertThat(front.metrics()).containsExactly("params", "activationBytes");
        assertThat(front.referenceCosts()).hasSize(2);
        for (Plan.Front.Point one : front.points()) {
            for (Plan.Front.Point other : front.points()) {
                assertThat(new Point(one.value(), one.costs()).dominates(new Point(other.value(), other.costs())))
                        .isFalse();
            }
        }
    }

    @Test
    void theFinalistsComeFromTheFrontAndTheFrontShowsTheirTests() {
        Plan.Summary summary = new Laboratory(two(SPACE, new StrategyOptions.Nsga2(8)), Laboratory.trainer(SPACE), 1)
                .run()
                .summary();
        Plan.Front front = java.util.Objects.requireNonNull(summary.front());
        List<Plan.Front.Point> retrained =
                front.points().stream().filter(p -> Double.isFinite(p.test())).toList();
        assertThat(retrained).hasSizeGreaterThan(1).contains(front.points().getLast());
        assertThat(front.points()).anyMatch(p -> Double.isNaN(p.test()));
    }

    @Test
    void bothStrategiesCoverMoreOfTheTradeOffThanRandomSearch() {
        double random = covered(new RandomSearch());
        assertThat(covered(new Nsga2(new StrategyOptions.Nsga2(12), PARAMS))).isGreaterThan(random);
        assertThat(covered(new PredictorSearch((StrategyOptions.Predictor) Laboratory.predictor(8), List.of(), PARAMS)))
                .isGreaterThan(random);
    }

    @Test
    void thePlanShowsTheFrontAndItsHypervolume() {
        Experiment plain = Laboratory.experiment(SPACE, Laboratory.EVOLUTION, 20, 2);
        assertThat(new Laboratory(plain, Laboratory.trainer(SPACE), 1)
                        .run()
                        .summary()
                        .front())
                .isNull();
        Experiment experiment = two(SPACE, new StrategyOptions.Nsga2(8));
        Plan.Front front = java.util.Objects.requireNonNull(new Laboratory(experiment, Laboratory.trainer(SPACE), 1)
                .run()
                .summary()
                .front());
        assertThat(front.points()).hasSizeGreaterThan(2);
        for (int i = 1; i < front.points().size(); i++) {
            assertThat(front.points().get(i).costs().getFirst())
                    .isGreaterThan(front.points().get(i - 1).costs().getFirst());
            assertThat(front.points().get(i).value())
                    .isGreaterThan(front.points().get(i - 1).value());
        }
        assertThat(front.hypervolume()).isPositive();
    }

    @Test
    void theReferenceOfTheHypervolumeStays() {
        var lab = new Laboratory(two(SPACE, new StrategyOptions.Nsga2(8)), Laboratory.trainer(SPACE), 1);
        lab.run();
        List<Plan.Front> fronts = lab.steps().stream()
                .filter(s -> s.history().trials().size() > Plan.Front.REFERENCE + 1)
                .map(s -> java.util.Objects.requireNonNull(s.plan().summary().front()))
                .toList();
        assertThat(fronts)
                .extracting(Plan.Front::referenceCosts)
                .containsOnly(fronts.getLast().referenceCosts());
        assertThat(fronts)
                .extracting(Plan.Front::referenceValue)
                .containsOnly(fronts.getLast().referenceValue());
        assertThat(fronts).extracting(Plan.Front::hypervolume).isSorted();
    }

    @Test
    void theSameHistoryGivesTheSamePlanInAFreshEngine() {
        for (StrategyOptions strategy : List.of(new StrategyOptions.Nsga2(5), Laboratory.predictor(6))) {
            var lab = new Laboratory(two(SPACE, strategy), Laboratory.trainer(SPACE), 1);
            lab.run();
            Experiment fresh = two(Laboratory.cell("none", "skip", "conv1x1", "conv3x3"), strategy);
            for (int i = lab.steps().size() - 1; i >= 0; i--) {
                Laboratory.Step step = lab.steps().get(i);
                assertThat(Experiments.decide(fresh, step.history(), Laboratory.START.plusSeconds(i)))
                        .isEqualTo(step.plan());
            }
        }
    }

    private static Experiment two(SearchSpace space, StrategyOptions strategy) {
        return several(space, strategy, PARAMS);
    }

    private static Experiment several(SearchSpace space, StrategyOptions strategy, TradeOff tradeOff) {
        Experiment plain = Laboratory.experiment(space, strategy, 20, 2);
        return new Experiment(
                plain.name(),
                space,
                new Objective("accuracy", true, tradeOff),
                plain.constraints(),
                strategy,
                plain.epochs(),
                plain.fidelity(),
                plain.budget(),
                plain.protocol(),
                plain.seed(),
                plain.suspended());
    }

    /** Hypervolume after 40 trials of a landscape in which size helps with luck, summed over some seeds. */
    private static double covered(Strategy strategy) {
        double sum = 0;
        var candidates = new Candidates(SPACE, List.of());
        for (int seed = 0; seed < 2; seed++) {
            List<Observation> known = new ArrayList<>();
            while (known.size() < 40) {
                Candidate next =
                        strategy.propose(candidates, known, 1, seed).getFirst().candidate();
                double score = score(next);
                known.add(new Observation(
                        next,
                        Observation.Status.MEASURED,
                        score,
                        Map.of(),
                        0,
                        1,
                        List.of(new Observation.Rung(1, 1, score))));
            }
            sum += Pareto.hypervolume(
                    known.stream().map(o -> Pareto.point(o, PARAMS)).toList(), new Point(0, 10_000));
        }
        return sum;
    }

    private static double score(Candidate candidate) {
        long wide = candidate.genotype().choices().stream().filter(c -> c == 3).count();
        long skips = candidate.genotype().choices().stream().filter(c -> c == 1).count();
        return StrictMath.log(1 + wide) + 0.3 * Math.min(skips, 3);
    }
}
