package dev.mlops.nas.report;

import dev.mlops.nas.search.Calibration;
import dev.mlops.nas.search.Experiment;
import dev.mlops.nas.search.Genotype;
import dev.mlops.nas.search.Plan;
import dev.mlops.nas.search.Plan.Front;
import dev.mlops.nas.search.Plan.PredictorQuality;
import dev.mlops.nas.search.Plan.Promotions;
import dev.mlops.nas.search.Plan.RankingNoise;
import dev.mlops.nas.search.Plan.Summary;
import dev.mlops.nas.search.Purpose;
import dev.mlops.nas.search.Relaxation;
import dev.mlops.nas.search.ScoreStudy;
import dev.mlops.nas.search.ScoreStudy.Ranking;
import dev.mlops.nas.search.TrialState.Completed;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** What terminal and report say in the same words. */
final class Sentences {
    /** How far the predictor can be trusted; the summary has one. */
    static String predictor(Summary summary) {
        PredictorQuality quality = Objects.requireNonNull(summary.predictor());
        String figures = "%s, Kendall tau %s [%s, %s] in cross-validation on %d trials"
                .formatted(
                        quality.surrogate(),
                        Figures.correlation(quality.kendallTau()),
                        Figures.correlation(quality.low()),
                        Figures.correlation(quality.high()),
                        quality.trials());
        if (summary.exploresByEvolution()) {
            return figures + ": no better than chance, so evolution explored instead";
        }
        return figures
                + (quality.low() > 0 ? ": it ranks better than chance" : ": this is not distinguishable from chance");
    }

    /** How sure the predictor was of what it foretold, and how sure it should have been. */
    static String calibration(Calibration calibration) {
        return String.format(
                Locale.ROOT,
                "Of the %d results that it foretold, %.0f %% came out within its 50 %% intervals, %.0f %% within 80 %% and %.0f %% within 95 %%",
                calibration.predictions(),
                100 * calibration.within50(),
                100 * calibration.within80(),
                100 * calibration.within95());
    }

    /** What intervals lack; empty where they hold all that they should. */
    static Optional<String> seedsOnly(SearchRecord search) {
        return search.summary().comparison().stream().anyMatch(Plan.Entrant::seedsOnly)
                ? Optional.of(
                        "The trainer reported no standard error of the test %s: intervals hold the spread over seeds only, not that over test examples."
                                .formatted(search.experiment().objective().metric()))
                : Optional.empty();
    }

    /** How well one training on validation foretold the retrained result. */
    static String rankCorrelation(double tau) {
        return "Kendall tau %s between the first training's validation result and the mean of the trainings from scratch"
                .formatted(Figures.correlation(tau));
    }

    /** Who chose what went on to the next rung, and how well. */
    static String promotions(Promotions promotions, Experiment experiment) {
        Double foretold = promotions.tauOfForetold();
        return "%s went on %s; Kendall tau %s between results before%s and after, on the %d architectures that did%s"
                .formatted(
                        promotions.byPredictor() ? "the predictor chose what" : "the best results",
                        Fidelities.step(experiment, promotions.from(), promotions.to()),
                        Figures.correlation(promotions.tauOfResults()),
                        experiment.fidelity().resource() == Experiment.Resource.EPOCHS
                                ? " (the best of the last three epochs)"
                                : "",
                        promotions.architectures(),
                        foretold == null
                                ? ""
                                : ", and %s between what was foretold of them and their results"
                                        .formatted(Figures.correlation(foretold)));
    }

    /** What a lower fidelity is worth. */
    static String rankingNoise(RankingNoise noise, Experiment experiment) {
        boolean inherited = noise.epochs() == 0;
        return "Kendall tau %s%s between %s, on the %d architectures that were trained in full too%s"
                .formatted(
                        Figures.correlation(noise.kendallTau()),
                        inherited
                                ? " [%s, %s]"
                                        .formatted(Figures.correlation(noise.low()), Figures.correlation(noise.high()))
                                : "",
                        Fidelities.both(experiment, noise.epochs()),
                        noise.architectures(),
                        inherited && noise.low() <= 0 ? ": this is not distinguishable from chance" : "");
    }

    /** What scores without training are worth; empty where they were not asked for. */
    static Optional<String> scores(SearchRecord search) {
        if (!search.spec().evaluation().scores()) {
            return Optional.empty();
        }
        List<Ranking> rankings = ScoreStudy.rankings(search.experiment(), search.history());
        if (rankings.isEmpty()) {
            return Optional.of("the trainer reported none for three architectures or more");
        }
        return Optional.of("Kendall tau with the %s of %d architectures: %s"
                .formatted(
                        search.experiment().objective().metric(),
                        rankings.getFirst().architectures(),
                        rankings.stream()
                                .map(r -> "%s %s [%s, %s]"
                                        .formatted(
                                                ScoreReport.label(r.score()),
                                                Figures.correlation(r.kendallTau()),
                                                Figures.correlation(r.low()),
                                                Figures.correlation(r.high())))
                                .collect(Collectors.joining(", "))));
    }

    /** What open choices came to, and what was lost when they were closed; empty for other searches, and before they are trained. */
    static Optional<String> openChoices(SearchRecord search) {
        return search.history().trials().stream()
                .filter(t -> t.state() instanceof Completed c && !c.derived().isEmpty())
                .findFirst()
                .map(t -> openChoices(search, t.request().epochs(), (Completed) t.state()));
    }

    private static String openChoices(SearchRecord search, int epochs, Completed trained) {
        Map<String, Double> metrics = trained.metrics();
        double kept = metrics.getOrDefault("keptEpoch", (double) epochs);
        String stopped = kept < epochs
                ? String.format(
                        Locale.ROOT,
                        "; stopped early with the choices of epoch %.0f of %d, as the curvature of the loss rose",
                        kept,
                        epochs)
                : "";
        return String.format(
                Locale.ROOT,
                "accuracy %s with all of them open; %s with the strongest alone and the same weights, a gap of %s%s; of these"
                        + " choices %.0f %% are skips and %.0f %% nothing%s",
                Figures.score(metric(metrics, "relaxedAccuracy")),
                Figures.score(metric(metrics, "derivedAccuracy")),
                Figures.score(metric(metrics, "relaxedGap")),
                standAlone(search, trained),
                100 * metric(metrics, "skipShare"),
                100 * metric(metrics, "noneShare"),
                stopped);
    }

    private static double metric(Map<String, Double> metrics, String name) {
        return metrics.getOrDefault(name, Double.NaN);
    }

    /** What the first derived architecture had when it was trained by itself. */
    private static String standAlone(SearchRecord search, Completed trained) {
        Genotype first = Relaxation.closed(
                search.experiment().space(), trained.derived().getFirst().choices());
        return search.history().trials().stream()
                .filter(t -> t.request().purpose() == Purpose.SEARCH
                        && t.request().genotype().equals(first))
                .reduce((earlier, later) -> later)
                .map(t -> ", and %s when trained by itself (trial %d)"
                        .formatted(
                                Figures.score(Arms.value(search, t)),
                                t.request().number()))
                .orElse("");
    }

    /** What the front covers. */
    static String hypervolume(Front front, String metric) {
        return String.format(
                Locale.ROOT,
                "Hypervolume %.4g (%s times %s), up to the worst of the first %d architectures measured, or the limit: %s %s and %s.",
                front.hypervolume(),
                metric,
                String.join(" times ", front.metrics()),
                Front.REFERENCE,
                metric,
                Figures.score(front.referenceValue()),
                IntStream.range(0, front.metrics().size())
                        .mapToObj(i -> front.metrics().get(i) + " "
                                + Content.costs(front, front.referenceCosts()).get(i))
                        .collect(Collectors.joining(", ")));
    }

    private Sentences() {}
}
