package dev.mlops.nas.report;

import dev.mlops.nas.api.NasApi;
import dev.mlops.nas.report.Plot.Axis;
import dev.mlops.nas.search.Experiment.Constraint;
import dev.mlops.nas.search.History.Trial;
import dev.mlops.nas.search.Plan.Entrant;
import dev.mlops.nas.search.SearchSpace.Cost;
import dev.mlops.nas.search.TrialRequest.Prediction;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;

/** The three charts of the report. */
final class Charts {
    /** Best so far against trainings, for the search and for random search; lower rungs count by their epochs. */
    static String bestSoFar(SearchRecord search) {
        List<Double> found = Arms.bestSoFar(search, Arms.SEARCH);
        List<Double> random = Arms.hasRandomArm(search) ? Arms.bestSoFar(search, Arms.RANDOM) : List.of();
        int trainings = Math.max(2, Math.max(found.size(), random.size()));
        var plot = new Plot(
                new Axis(
                        "trainings of the arm%s".formatted(epochs(search)),
                        1,
                        trainings,
                        v -> Long.toString(Math.round(v)),
                        false),
                Axis.around(
                        "best validation %s so far".formatted(metric(search)),
                        Stream.concat(found.stream(), random.stream()).mapToDouble(d -> d),
                        Charts::score));
        plot.stairs(random, "random");
        plot.stairs(found, "search");
        return plot.svg("best result so far against the number of trainings")
                + legend(random.isEmpty() ? List.of("search") : List.of("search", "random search"));
    }

    /** How long the trainings in a chart are, where the search trains not all alike. */
    private static String epochs(SearchRecord search) {
        if (search.experiment().inherits()) {
            return ", evaluated with inherited weights";
        }
        return search.experiment().trainsInFull()
                ? ""
                : ", in units of %d epochs"
                        .formatted(search.experiment().fidelity().highest());
    }

    /** Trials that the predictor chose, and that have a result. */
    static List<Trial> predicted(SearchRecord search) {
        return search.history().trials().stream()
                .filter(t -> t.request().prediction() != null && !Double.isNaN(Arms.value(search, t)))
                .toList();
    }

    /** Measured against predicted; the bars are two standard deviations of the prediction. */
    static String predictions(SearchRecord search) {
        List<Trial> trials = predicted(search);
        DoubleStream values = trials.stream().flatMapToDouble(t -> {
            Prediction p = Objects.requireNonNull(t.request().prediction());
            return DoubleStream.of(p.mean(), Arms.value(search, t));
        });
        Axis both = Axis.around("predicted before training", values, Charts::score);
        var plot = new Plot(both, new Axis("measured", both.low(), both.high(), Charts::score, false));
        plot.line(both.low(), both.low(), both.high(), both.high(), "guide");
        for (Trial trial : trials) {
            Prediction p = Objects.requireNonNull(trial.request().prediction());
            double value = Arms.value(search, trial);
            plot.line(
                    Math.max(both.low(), p.mean() - 2 * p.sd()),
                    value,
                    Math.min(both.high(), p.mean() + 2 * p.sd()),
                    value,
                    "spread");
            plot.dot(
                    p.mean(),
                    value,
                    3.5,
                    "search",
                    "%s: predicted %s ± %s, measured %s"
                            .formatted(
                                    name(search, trial),
                                    Figures.score(p.mean()),
                                    Figures.score(p.sd()),
                                    Figures.score(value)));
        }
        return plot.svg("measured against predicted results");
    }

    /**
     * The objective against a cost, with the front of what nothing else in the search beats in both; lower rungs are left out.
     *
     * @param cost {@code params} or another analytic cost, or a metric that trials report
     */
    static String pareto(SearchRecord search, String cost) {
        List<Trial> trials = search.history().trials().stream()
                .filter(t -> !Double.isNaN(Arms.value(search, t)) && Double.isFinite(cost(search, t, cost)))
                .filter(t -> !t.request().purpose().opensTest() && Arms.isHighest(search, t))
                .sorted(Comparator.comparingDouble((Trial t) -> cost(search, t, cost))
                        .thenComparingDouble(
                                t -> -search.experiment().objective().score(Arms.value(search, t))))
                .toList();
        List<Entrant> entrants = search.summary().comparison().stream()
                .filter(e -> Double.isFinite(e.validation()) && Double.isFinite(cost(search, e, cost)))
                .toList();
        double limit = search.experiment().constraints().stream()
                .filter(c -> c.metric().equals(cost))
                .mapToDouble(Constraint::max)
                .min()
                .orElse(Double.NaN);
        var x = Axis.logarithmic(
                cost.equals("params") ? "parameters" : cost,
                DoubleStream.concat(
                        DoubleStream.concat(
                                trials.stream().mapToDouble(t -> cost(search, t, cost)),
                                entrants.stream().mapToDouble(e -> cost(search, e, cost))),
                        DoubleStream.of(limit)),
                Figures::count);
        var y = Axis.around(
                "validation " + metric(search),
                DoubleStream.concat(
                        trials.stream().mapToDouble(t -> Arms.value(search, t)),
                        entrants.stream().mapToDouble(Entrant::validation)),
                Charts::score);
        var plot = new Plot(x, y);
        if (Double.isFinite(limit)) {
            plot.line(limit, y.low(), limit, y.high(), "limit");
            plot.label(limit, y.low() + (y.high() - y.low()) * 0.03, "limit " + Figures.count(limit), true);
        }
        List<Trial> front = front(search, trials);
        for (int i = 1; i < front.size(); i++) {
            plot.line(
                    cost(search, front.get(i - 1), cost),
                    Arms.value(search, front.get(i - 1)),
                    cost(search, front.get(i), cost),
                    Arms.value(search, front.get(i)),
                    "front");
        }
        for (Trial trial : trials) {
            boolean random = !Arms.SEARCH.contains(trial.request().purpose());
            plot.dot(
                    cost(search, trial, cost),
                    Arms.value(search, trial),
                    3.5,
                    Arms.isWithinLimits(search, trial) ? random ? "random" : "search" : "beyond",
                    "%s: %s %s, %s %s"
                            .formatted(
                                    name(search, trial),
                                    metric(search),
                                    Figures.score(Arms.value(search, trial)),
                                    x.title(),
                                    Figures.count(cost(search, trial, cost))));
        }
        for (Entrant e : entrants.reversed()) {
            entrant(search, plot, e, cost);
        }
        return plot.svg("result against " + (cost.equals("params") ? "the number of parameters" : cost))
                + legend(List.of("search", "random search", "retrained"));
    }

    /** A retrained architecture; a baseline that is the winner's own is not drawn over it. */
    private static void entrant(SearchRecord search, Plot plot, Entrant e, String cost) {
        boolean winner = e.verdict() == null;
        if (!winner
                && e.genotype().equals(search.summary().comparison().getFirst().genotype())) {
            return;
        }
        double at = cost(search, e, cost);
        plot.dot(
                at,
                e.validation(),
                winner ? 6.5 : 5.5,
                winner ? "winner" : "reference",
                "%s, mean of %d trainings: %s".formatted(e.name(), e.numbers().size(), Figures.score(e.validation())));
        plot.label(at, e.validation(), winner ? "winner" : e.name(), winner || plot.isRightHalf(at));
    }

    private static List<Trial> front(SearchRecord search, List<Trial> byCost) {
        var objective = search.experiment().objective();
        var front = new ArrayList<Trial>();
        double best = Double.NEGATIVE_INFINITY;
        for (Trial trial : byCost) {
            double score = objective.score(Arms.value(search, trial));
            boolean searched = Arms.SEARCH.contains(trial.request().purpose());
            if (searched && Arms.isWithinLimits(search, trial) && score > best) {
                best = score;
                front.add(trial);
            }
        }
        return front;
    }

    /** Ticks need less than four decimals most of the time. */
    private static String score(double value) {
        return Figures.score(value).replaceFirst("0$", "");
    }

    /** The cost of a trial: known from the space, or measured; NaN where it is neither. */
    private static double cost(SearchRecord search, Trial trial, String metric) {
        return Cost.METRICS.contains(metric)
                ? (double) search.experiment()
                        .space()
                        .cost(trial.request().genotype())
                        .value(metric)
                : Arms.metric(trial, metric);
    }

    private static double cost(SearchRecord search, Entrant entrant, String metric) {
        return Cost.METRICS.contains(metric)
                ? (double) search.experiment().space().cost(entrant.genotype()).value(metric)
                : search.history().trials().stream()
                        .filter(t -> entrant.numbers().contains(t.request().number()))
                        .mapToDouble(t -> Arms.metric(t, metric))
                        .filter(Double::isFinite)
                        .average()
                        .orElse(Double.NaN);
    }

    private static String metric(SearchRecord search) {
        return search.experiment().objective().metric();
    }

    private static String name(SearchRecord search, Trial trial) {
        return NasApi.trialName(search.experiment().name(), trial.request().number());
    }

    private static String legend(List<String> names) {
        var html = new StringBuilder("<p class=\"legend\">");
        for (String name : names) {
            String style = switch (name) {
                case "search" -> "search";
                case "random search" -> "random";
                default -> "reference";
            };
            html.append("<span class=\"key %s\"></span>%s ".formatted(style, Html.escaped(name)));
        }
        return html.append("</p>\n").toString();
    }

    private Charts() {}
}
